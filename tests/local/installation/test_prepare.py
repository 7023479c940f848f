from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from local.installation import class_archive, prepare
from local.installation.class_archive import ClassArchive


def test_nothing_is_made_twice(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(class_archive, "find", lambda *_: ClassArchive(Path("classes.jsa"), ()))
    monkeypatch.setattr(class_archive, "make", lambda *_: pytest.fail("made again"))

    prepare.main()

    assert capsys.readouterr().err == ""


@pytest.mark.spark
def test_the_classes_are_those_of_a_run_of_the_job(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(class_archive, "find", lambda *_: None)
    monkeypatch.setattr(class_archive, "make", lambda _java, _file_system, start: start(["-Dsome=option"]))

    prepare.main()

    assert "Prepared in" in capsys.readouterr().err


def test_an_archive_that_cannot_be_made_is_done_without(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(*_: object) -> None:
        raise subprocess.CalledProcessError(1, ["java"])

    monkeypatch.setattr(class_archive, "find", lambda *_: None)
    monkeypatch.setattr(class_archive, "make", fails)

    prepare.main()

    assert "Done without, so Spark takes some seconds longer to start" in capsys.readouterr().err


def test_an_installation_without_java_is_no_good_and_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("JAVA_HOME", "/no/java")
    monkeypatch.setattr(sys, "prefix", str(tmp_path))

    with pytest.raises(SystemExit):
        prepare.main()

    assert capsys.readouterr().err.startswith("failed: JAVA_HOME /no/java: no Java can be started there")
