"""Child processes of the account: Prefect's server, Lambda invocations, Glue runs."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from local.account.access import AccountAccess

_LAUNCHER = Path(__file__).with_name("launch.py")
_GRACE_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Death:
    """What a program died of: the exception's name, its text, and the way to it."""

    type: str
    message: str
    trace: tuple[str, ...]


class Child:
    """A Python program that runs as long as the account lets it, and no longer than the account.

    Args:
        program: a file or `-m`, a module's name, and the arguments.
        environment: the whole of its environment.
        folder: its working directory, which must exist.
        log: the file to which its output is appended.
        inherited: descriptors of this process that it shares.
    """

    def __init__(
        self,
        program: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        log: Path,
        inherited: Sequence[int] = (),
    ) -> None:
        self._error_file = folder / "error.json"
        with log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 - this Python, our launcher
                [sys.executable, "-S", "-P", str(_LAUNCHER), *program],
                stdin=subprocess.PIPE,  # never written to: see launch.py
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env={**environment, "LAUNCH_ERROR_FILE": str(self._error_file)},
                pass_fds=inherited,
                start_new_session=True,  # so that `stop` reaches the program's own children, such as Spark's JVM
            )

    def wait(self, seconds: float | None = None) -> int | None:
        """The exit code (negative: the signal that ended it), or None when it still runs after so many seconds."""
        try:
            code = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        self._close()
        return code

    def stop(self) -> None:
        """End the program and its children: asked first, made to after some seconds."""
        self._signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_GRACE_SECONDS)
        self._signal(signal.SIGKILL)
        self._process.wait()
        self._close()

    def death(self) -> Death | None:
        """What the program died of, if it was an exception or an exit with a text, and it could still note it."""
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):  # nothing, or half of it, on a full disk
            noted = json.loads(self._error_file.read_text(encoding="utf-8"))
            return Death(noted["type"], noted["message"], tuple(noted["trace"]))
        return None

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)

    def _close(self) -> None:
        if self._process.stdin:
            self._process.stdin.close()


def base_environment(access: AccountAccess, role: str | None) -> dict[str, str]:
    """What every program in the account is given: how to reach AWS as its role, and nothing of the user's own credentials."""
    kept = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE", "VIRTUAL_ENV", "LD_LIBRARY_PATH")
    return {
        **{name: os.environ[name] for name in kept if name in os.environ},
        **access.environment(role),
        "PYTHONUNBUFFERED": "1",
    }
