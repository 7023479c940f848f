from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from local.glue.spark import java_home
from local.installation import class_archive
from local.installation.class_archive import ClassArchive
from local.installation.packages import spark_jars

JAR = next(spark_jars().glob("scala-library-*.jar"))


def start(jar: Path, options: Sequence[str]) -> str:
    program = [f"{java_home()}/bin/java", *options, "-cp", str(jar), "scala.util.Properties"]
    return subprocess.run(program, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def prefix(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    return tmp_path


@dataclass(frozen=True)
class Installation:
    """One in which an archive was made, where there was none but one of another Spark."""

    archive: ClassArchive
    found_before: ClassArchive | None
    found: ClassArchive | None
    of_another_jar: ClassArchive | None
    kept: list[str]


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    folder = tmp_path_factory.mktemp("prefix")
    (folder / "var" / "spark-classes-outdated").mkdir(parents=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "prefix", str(folder))
        before = class_archive.find(java_home(), JAR)
        made = class_archive.make(java_home(), JAR, partial(start, JAR))
        return Installation(
            made,
            before,
            class_archive.find(java_home(), JAR),
            class_archive.find(java_home(), JAR.with_name("other.jar")),
            [path.name for path in (folder / "var").iterdir()],
        )


def test_an_archive_is_found_from_then_on(installation: Installation) -> None:
    assert installation.found_before is None
    assert installation.found == installation.archive


def test_it_is_made_of_what_was_loaded(installation: Installation) -> None:
    assert installation.archive.jars == (str(JAR),)
    loaded = start(JAR, [installation.archive.java_option, "-Xlog:class+load"])
    assert "scala.util.Properties$ source: shared objects file" in loaded


def test_another_file_system_has_no_archive_yet(installation: Installation) -> None:
    assert installation.of_another_jar is None


def test_an_archive_of_another_spark_is_not_kept(installation: Installation) -> None:
    assert installation.kept == [installation.archive.file.parent.name]


def test_a_start_that_fails_leaves_nothing_behind(prefix: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        class_archive.make(java_home(), JAR, partial(start, JAR.with_name("none.jar")))

    assert list((prefix / "var").iterdir()) == []
    assert class_archive.find(java_home(), JAR) is None


def test_a_folder_with_a_blank_gets_no_archive_because_spark_divides_options_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "with blank").mkdir()
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "with blank"))
    folder = class_archive._folder(java_home(), JAR)
    folder.mkdir(parents=True)
    (folder / "classes.jsa").touch()

    assert class_archive.find(java_home(), JAR) is None
