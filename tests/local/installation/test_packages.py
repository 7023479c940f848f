from __future__ import annotations

import sys
from pathlib import Path

import pytest

from local.installation.packages import kept, kept_for, site_packages, spark_jars


def test_packages_are_found_where_they_are_installed() -> None:
    assert (Path(site_packages()) / "boto3" / "__init__.py").exists()
    assert list(spark_jars().glob("spark-core_*.jar"))


def test_what_is_made_once_is_kept_in_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "prefix", str(tmp_path))

    assert kept() == tmp_path / "var"


def test_of_an_environment_that_is_not_the_users_it_is_kept_in_their_cache(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("os.access", lambda *_: False)
    monkeypatch.setenv("HOME", str(tmp_path))

    assert kept() == tmp_path / ".cache" / "pipeline-bovespa" / "var"


def test_other_facts_are_another_place_and_the_same_ones_the_same() -> None:
    place = kept_for("thing.jar", ["a", "b"])

    assert place == kept_for("thing.jar", iter(["a", "b"]))
    assert place != kept_for("thing.jar", ["a", "c"])
    assert (place.name.startswith("thing-"), place.suffix) == (True, ".jar")
