"""The command line in end-to-end tests: by itself, or, mostly, forked from a process that has imported what commands import.

What a command imports takes longer than most of what it does. Whether it imports all that it needs is seen where it is by itself.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from flows.cli.main import main
from flows.cli.run import IMPORTED_BY_A_RUN

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

BOVESPA = Path(sys.executable).with_name("bovespa")
_PATIENCE = 200.0

Done = subprocess.CompletedProcess[str]


def by_itself(home: Path, *arguments: str, **environment: str) -> Done:
    """The command as a user calls it, on the account of a home, with further variables."""
    return subprocess.run(
        [BOVESPA, *arguments],
        env=_of(home, environment),
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
        check=False,
    )


def bovespa(home: Path, *arguments: str, **environment: str) -> Done:
    """The same command in a process that is forked."""
    forking = multiprocessing.get_context("forkserver")
    forking.set_forkserver_preload([__name__, *IMPORTED_BY_A_RUN])
    with tempfile.TemporaryDirectory() as folder:
        said = [Path(folder, name) for name in ("output", "errors")]
        process = forking.Process(target=_run, args=(arguments, _of(home, environment), said))
        process.start()
        process.join(_PATIENCE)
        if process.is_alive():
            process.kill()
            raise subprocess.TimeoutExpired([BOVESPA, *arguments], _PATIENCE)
        assert process.exitcode is not None
        return Done([BOVESPA, *arguments], process.exitcode, *(file.read_text(encoding="utf-8") for file in said))


def _of(home: Path, environment: Mapping[str, str]) -> dict[str, str]:
    return {**os.environ, "BOVESPA_HOME": str(home), **environment}


def _run(arguments: Sequence[str], environment: Mapping[str, str], said: Sequence[Path]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    for descriptor, file in enumerate(said, start=1):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT), descriptor)
    sys.argv = [str(BOVESPA), *arguments]
    main()
