from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from threading import Timer

import pytest

from local.account.locks import LockHeldError, is_locked, locked


def test_a_lock_is_seen_while_it_is_held_and_not_after(tmp_path: Path) -> None:
    with locked(tmp_path / "lock"):
        assert is_locked(tmp_path / "lock")

    assert not is_locked(tmp_path / "lock")


def test_shared_locks_do_not_exclude_each_other(tmp_path: Path) -> None:
    with locked(tmp_path / "lock", shared=True), locked(tmp_path / "lock", shared=True):
        assert not is_locked(tmp_path / "lock")


def test_who_holds_a_lock_is_told_to_whoever_waits_for_it_in_vain(tmp_path: Path) -> None:
    with (
        locked(tmp_path / "lock", patience=0.1),
        pytest.raises(LockHeldError, match=rf"lock is held by process {os.getpid()}$"),
    ):
        locked(tmp_path / "lock", patience=0.1).__enter__()

    with locked(tmp_path / "lock", patience=0.1):
        assert is_locked(tmp_path / "lock")


def test_a_lock_that_is_given_back_in_time_is_had(tmp_path: Path) -> None:
    with ExitStack() as first:
        first.enter_context(locked(tmp_path / "lock"))
        Timer(0.2, first.pop_all().close).start()
        with locked(tmp_path / "lock", patience=30):
            assert is_locked(tmp_path / "lock")


def test_a_killed_process_holds_nothing(tmp_path: Path) -> None:
    program = (
        "import sys, time, pathlib; from local.account.locks import locked\n"
        "with locked(pathlib.Path(sys.argv[1])):\n    print('held', flush=True); time.sleep(60)"
    )
    root = Path(__file__).parents[3]
    holder = subprocess.Popen([sys.executable, "-c", program, str(tmp_path / "lock")], stdout=subprocess.PIPE, cwd=root)
    assert holder.stdout is not None
    holder.stdout.readline()
    assert is_locked(tmp_path / "lock")

    holder.kill()
    holder.wait()

    assert not is_locked(tmp_path / "lock")
