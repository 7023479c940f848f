from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from local.account.access import AccountAccess
from local.account.children import Child, base_environment

if TYPE_CHECKING:
    from tests.local.conftest import Eventually


def start(folder: Path, program: str, **environment: str) -> Child:
    script = folder / "program.py"
    script.write_text(program, encoding="utf-8")
    return Child([str(script)], {"PATH": os.environ["PATH"], **environment}, folder, folder / "log")


def test_output_and_errors_go_to_the_log(tmp_path: Path) -> None:
    child = start(tmp_path, "import sys; print('out'); print('err', file=sys.stderr)")

    assert child.wait() == 0
    assert sorted((tmp_path / "log").read_text().split()) == ["err", "out"]


def test_waiting_ends_when_the_patience_does(tmp_path: Path) -> None:
    child = start(tmp_path, "import time; time.sleep(60)")

    assert child.wait(0.05) is None
    child.stop()


def test_stopping_ends_the_programs_own_children_too(tmp_path: Path, eventually: Eventually) -> None:
    program = (
        "import subprocess, sys, pathlib\n"
        "inner = subprocess.Popen(['sleep', '60'])\n"
        "pathlib.Path('inner').write_text(str(inner.pid))\n"
        "inner.wait()\n"
    )
    child = start(tmp_path, program)
    while not (tmp_path / "inner").exists() or not (tmp_path / "inner").read_text():
        time.sleep(0.01)

    child.stop()

    # A killed process that is not ours to wait for is gone a moment later.
    inner = int((tmp_path / "inner").read_text())
    eventually(lambda: not is_running(inner))


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False


def test_a_program_that_ignores_the_request_to_end_is_made_to(tmp_path: Path) -> None:
    program = (
        "import signal, time, pathlib\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "pathlib.Path('deaf').touch()\n"
        "time.sleep(60)\n"
    )
    child = start(tmp_path, program)
    while not (tmp_path / "deaf").exists():
        time.sleep(0.01)

    child.stop()

    assert child.wait() == -9


def test_a_program_that_did_not_fail_died_of_nothing(tmp_path: Path) -> None:
    child = start(tmp_path, "pass")

    child.wait()

    assert child.death() is None


@pytest.mark.parametrize("noted", ["", '{"type": "Value', "[]", "{}"])
def test_a_program_that_could_not_note_all_of_what_it_died_of_died_of_nothing_known(tmp_path: Path, noted: str) -> None:
    child = start(tmp_path, f"import os; open(os.environ['LAUNCH_ERROR_FILE'], 'w').write({noted!r}); os._exit(3)")

    assert child.wait() == 3
    assert child.death() is None


def test_a_child_gets_nothing_of_the_users_own_credentials(access: AccountAccess) -> None:
    os.environ["AWS_PROFILE"] = "production"
    os.environ["AWS_SESSION_TOKEN"] = "secret"
    try:
        given = base_environment(access, "etl")
    finally:
        del os.environ["AWS_PROFILE"], os.environ["AWS_SESSION_TOKEN"]

    assert given["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
    assert "AWS_PROFILE" not in given
    assert "AWS_SESSION_TOKEN" not in given


def test_the_users_configuration_files_are_out_of_reach(access: AccountAccess) -> None:
    given = access.environment()

    assert given["AWS_CONFIG_FILE"] == given["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull
    assert given["AWS_REGION"] == given["AWS_DEFAULT_REGION"] == "sa-east-1"
