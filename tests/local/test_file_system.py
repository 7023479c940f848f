from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import pytest

from local import file_system
from local.file_system import FILE_SYSTEM, compiled_file_system
from local.spark import java_home, write_configuration


def settings(folder: Path) -> dict[str, str]:
    lines = (folder / "spark-defaults.conf").read_text().splitlines()
    return dict(line.split(" ", 1) for line in lines)


def test_the_class_is_compiled_once_into_a_jar(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "prefix", str(tmp_path))

    jar = compiled_file_system(java_home())

    assert jar is not None
    assert zipfile.ZipFile(jar).namelist() == ["bovespa/BucketFileSystem.class"]
    assert compiled_file_system("/no/java/is/needed") == jar
    assert [path.name for path in (tmp_path / "var").iterdir()] == [jar.name]


def test_another_hadoop_is_compiled_for_anew(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    names = {file_system._kept(Path(file_system.__file__), folder).name for folder in (tmp_path, jars(tmp_path))}
    assert len(names) == 2


def jars(folder: Path) -> Path:
    (folder / "other").mkdir()
    (folder / "other" / "hadoop-client-api-3.4.0.jar").touch()
    return folder / "other"


@pytest.mark.parametrize("broken", ["java", "folder"])
def test_spark_works_with_hadoops_own_class_where_it_cannot_be_compiled(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, broken: str
) -> None:
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "installed"))
    (tmp_path / "installed").mkdir() if broken == "java" else (tmp_path / "installed").touch()
    monkeypatch.setattr("local.spark.java_home", lambda: "/no/java" if broken == "java" else java_home())

    write_configuration(tmp_path / "conf", [])

    written = settings(tmp_path / "conf")
    assert written["spark.hadoop.fs.file.impl"] == "org.apache.hadoop.fs.RawLocalFileSystem"
    assert "spark.driver.extraClassPath" not in written


def test_spark_is_told_of_the_compiled_class(tmp_path: Path) -> None:
    write_configuration(tmp_path / "conf", [])

    written = settings(tmp_path / "conf")
    assert written["spark.hadoop.fs.file.impl"] == FILE_SYSTEM
    assert written["spark.hadoop.fs.viewfs.overload.scheme.target.file.impl"] == FILE_SYSTEM
    assert Path(written["spark.driver.extraClassPath"]).is_file()
