from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from local.account import launch

LAUNCHER = launch.__file__


def run(folder: Path, program: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    script = folder / "program.py"
    script.write_text(program, encoding="utf-8")
    command = [sys.executable, "-S", "-P", LAUNCHER, str(script), *arguments]
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={"PATH": os.environ["PATH"], "LAUNCH_ERROR_FILE": str(folder / "error.json"), **environment},
    )
    assert process.stdout is not None
    said = process.stdout.read()
    return subprocess.CompletedProcess(command, process.wait(), said, "")


def test_a_program_gets_its_arguments_and_its_exit_code_is_the_childs(tmp_path: Path) -> None:
    ended = run(tmp_path, "import sys; print(sys.argv[1:], __name__); sys.exit(3)", "--a", "b")

    assert ended.returncode == 3
    assert ended.stdout == "['--a', 'b'] __main__\n"


def test_what_a_program_died_of_is_noted(tmp_path: Path) -> None:
    ended = run(tmp_path, "raise ValueError('weight 1,2,3 is not a number')")

    noted = json.loads((tmp_path / "error.json").read_text())
    assert ended.returncode == 1
    assert (noted["type"], noted["message"]) == ("ValueError", "weight 1,2,3 is not a number")
    assert "Traceback" in ended.stdout


def test_an_exit_with_a_text_is_noted_and_one_with_a_number_is_not(tmp_path: Path) -> None:
    run(tmp_path, "raise SystemExit('no such bucket')")
    assert json.loads((tmp_path / "error.json").read_text())["message"] == "no such bucket"

    (tmp_path / "error.json").unlink()
    run(tmp_path, "raise SystemExit(1)")
    assert not (tmp_path / "error.json").exists()


def test_only_what_the_python_path_names_can_be_imported(tmp_path: Path) -> None:
    assert run(tmp_path, "import boto3").returncode == 1
    assert run(tmp_path, "import local").returncode == 1

    (tmp_path / "deployed").mkdir()
    (tmp_path / "deployed" / "helper.py").touch()
    assert run(tmp_path, "import helper", PYTHONPATH=str(tmp_path / "deployed")).returncode == 0


@pytest.mark.parametrize("program", ["import time; time.sleep(60)", "while True: pass"])
def test_a_program_ends_when_the_account_does(tmp_path: Path, program: str) -> None:
    script = tmp_path / "program.py"
    script.write_text(program, encoding="utf-8")
    child = subprocess.Popen([sys.executable, "-S", "-P", LAUNCHER, str(script)], stdin=subprocess.PIPE)
    assert child.stdin is not None

    child.stdin.close()  # as the kernel does for a process that was killed

    assert child.wait(10) == launch.ORPHANED
