from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest

from local.glue.spark import java_home
from local.installation import class_archive
from local.installation.packages import spark_jars


@pytest.fixture
def prefix(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    return tmp_path


@pytest.fixture
def jar() -> Path:
    return next(spark_jars().glob("scala-library-*.jar"))


def start(jar: Path, options: Sequence[str]) -> str:
    program = [f"{java_home()}/bin/java", *options, "-cp", str(jar), "scala.util.Properties"]
    return subprocess.run(program, check=True, capture_output=True, text=True).stdout


def test_an_archive_is_made_of_what_was_loaded_and_found_from_then_on(prefix: Path, jar: Path) -> None:
    assert class_archive.find(java_home(), jar) is None

    made = class_archive.make(java_home(), jar, partial(start, jar))

    assert class_archive.find(java_home(), jar) == made
    assert made.jars == (str(jar),)
    loaded = start(jar, [made.java_option, "-Xlog:class+load"])
    assert "scala.util.Properties$ source: shared objects file" in loaded
    assert [path.name for path in (prefix / "var").iterdir()] == [made.file.parent.name]


def test_another_file_system_has_no_archive_yet(prefix: Path, jar: Path) -> None:
    class_archive.make(java_home(), jar, partial(start, jar))

    assert class_archive.find(java_home(), jar.with_name("other.jar")) is None


def test_an_archive_of_another_spark_is_not_kept(prefix: Path, jar: Path) -> None:
    outdated = prefix / "var" / "spark-classes-outdated"
    outdated.mkdir(parents=True)

    class_archive.make(java_home(), jar, partial(start, jar))

    assert not outdated.exists()


def test_a_start_that_fails_leaves_nothing_behind(prefix: Path, jar: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        class_archive.make(java_home(), jar, partial(start, jar.with_name("none.jar")))

    assert list((prefix / "var").iterdir()) == []
    assert class_archive.find(java_home(), jar) is None


def test_a_folder_with_a_blank_gets_no_archive_because_spark_divides_options_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, jar: Path
) -> None:
    (tmp_path / "with blank").mkdir()
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "with blank"))
    folder = class_archive._folder(java_home(), jar)
    folder.mkdir(parents=True)
    (folder / "classes.jsa").touch()

    assert class_archive.find(java_home(), jar) is None
