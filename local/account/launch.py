"""Runs one Python program as a child of the account: `python -S -P launch.py <program> <arguments>`.

The program is a file, or a module as `-m name`. Two things are added to what Python itself does:

* The child lives no longer than the account: its standard input is a pipe that only the account's process holds open, so
  the end of that pipe is the end of the account, however it came (a portable stand-in for Linux's PR_SET_PDEATHSIG).
* What the program died of is written to the file named by LAUNCH_ERROR_FILE, as one JSON object with `type`, `message`
  and `trace`.

It runs before anything is installed or imported, so it uses the standard library only and no module of this project; and
with -S, so that only what PYTHONPATH names can be imported: a program that needs a file which was not deployed with it
fails here as it would in AWS.
"""

from __future__ import annotations

import gc
import json
import os
import runpy
import sys
import threading
import traceback
from pathlib import Path
from types import TracebackType

# What a program imports stays: to look through it every 700 objects, Python's own way, takes a tenth of its start.
_COLLECTED = (20_000, 20, 20)

ORPHANED = 70
"""The exit code of a child that the account left behind."""


def _follow_parent() -> None:
    # Not sys.stdin: its lock would be held by this thread for ever, and interpreters wait for it at their end.
    while os.read(0, 1):
        pass
    os._exit(ORPHANED)


def _note(kind: str, message: str, trace: TracebackType | None = None) -> None:
    target = os.environ.get("LAUNCH_ERROR_FILE")
    if target:
        lines = traceback.format_tb(trace)
        Path(target).write_text(json.dumps({"type": kind, "message": message, "trace": lines}), encoding="utf-8")


def _note_exception(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    _note(kind.__name__, str(error), trace)
    sys.__excepthook__(kind, error, trace)


def main(arguments: list[str]) -> None:
    """Run the program with the arguments that follow it."""
    gc.set_threshold(*_COLLECTED)
    threading.Thread(target=_follow_parent, daemon=True).start()
    sys.excepthook = _note_exception
    try:
        if arguments[0] == "-m":
            sys.argv = arguments[1:]
            runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
        else:
            sys.argv = arguments
            runpy.run_path(arguments[0], run_name="__main__")
    except SystemExit as end:
        if isinstance(end.code, str):
            _note("SystemExit", end.code)
        raise


if __name__ == "__main__":
    main(sys.argv[1:])
