from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import pytest

from local.glue import file_system
from local.glue.file_system import FileSystemError, compiled_file_system
from local.glue.spark import java_home


def test_the_class_is_compiled_once_into_a_jar(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "prefix", str(tmp_path))

    jar = compiled_file_system(java_home())

    assert zipfile.ZipFile(jar).namelist() == ["bovespa/BucketFileSystem.class", "yarn-default.xml"]
    assert compiled_file_system("/no/java/is/needed") == jar
    assert [path.name for path in (tmp_path / "var").iterdir()] == [jar.name]


def test_another_hadoop_is_compiled_for_anew(tmp_path: Path) -> None:
    names = {file_system._kept(Path(file_system.__file__), folder).name for folder in (tmp_path, jars(tmp_path))}
    assert len(names) == 2


def jars(folder: Path) -> Path:
    (folder / "other").mkdir()
    (folder / "other" / "hadoop-client-api-3.4.0.jar").touch()
    return folder / "other"


def test_a_jar_that_cannot_be_compiled_leaves_none_behind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(file_system, "_COMPILER", "no.such.Class")

    with pytest.raises(FileSystemError, match=r"cannot compile .*BucketFileSystem\.java: .*no\.such\.Class"):
        compiled_file_system(java_home())
    assert list((tmp_path / "var").iterdir()) == []


def test_a_java_home_without_java_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "prefix", str(tmp_path))

    with pytest.raises(FileSystemError, match="JAVA_HOME /no/java: no Java can be started there"):
        compiled_file_system("/no/java")


def test_an_environment_without_a_place_for_it_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "var").touch()
    monkeypatch.setattr(sys, "prefix", str(tmp_path))

    with pytest.raises(FileSystemError, match=r"var: no place for bucket-file-system-.*\.jar \(File exists\)"):
        compiled_file_system(java_home())
