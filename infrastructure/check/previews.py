"""The executor's other side: one that is started, and asked for one preview after the other."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Timer
from typing import IO

EXECUTOR = Path(__file__).with_name("executor.py")
SECONDS = 300
"""For one preview, which takes two where nothing else runs."""

_IN_A_CIRCLE = {"pulumi_aws.config", "pulumi_aws.config.vars"}  # can be imported through each other only


@dataclass(frozen=True)
class Executor:
    """An executor that is up.

    Attributes:
        process: it.
        errors: what is written to its standard error.
    """

    process: subprocess.Popen[bytes]
    errors: IO[str]

    def run(self, arguments: list[str], environment: dict[str, str]) -> tuple[int, str]:
        """Run the program once.

        Returns:
            The exit code, and what went to standard error.

        Raises:
            TimeoutError: it took too long; the executor is gone.
        """
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        late, code = Event(), b""
        timer = Timer(SECONDS, self._end, [late])
        timer.start()
        with suppress(BrokenPipeError):  # it has ended, and says below with what
            self.process.stdin.write(json.dumps({"arguments": arguments, "environment": environment}).encode() + b"\n")
            code = self.process.stdout.readline()
        timer.cancel()
        if late.is_set():
            raise TimeoutError(f"not previewed within {SECONDS} s")
        return int(code or self.process.wait() or 1), self.errors.read()

    def _end(self, late: Event) -> None:
        late.set()
        self.kill()

    def kill(self) -> None:
        """End it, and the run that it has forked, which has its standard output, too."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)


@contextmanager
def executor(python: Path, folder: Path, environment: Mapping[str, str]) -> Iterator[Executor]:
    """One that the interpreter runs in the folder, up while the block lasts.

    Args:
        environment: all that it has of it; a run may add to it.
    """
    with (
        tempfile.NamedTemporaryFile("r", encoding="utf-8", errors="replace") as errors,
        Path(errors.name).open("a", encoding="utf-8") as written,
        subprocess.Popen(  # noqa: S603 - Pulumi.yaml's interpreter, our executor
            [str(python), "-u", str(EXECUTOR), *_modules()],
            cwd=folder,
            env=environment,
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=written,
            start_new_session=True,
        ) as process,
    ):
        found = Executor(process, errors)
        try:
            yield found
        finally:
            found.kill()


def _modules() -> list[str]:
    """What takes the program its time to import: what has been imported here, where it is recorded, and boto3."""
    found = [name for name in sys.modules if name.startswith("pulumi_aws.") and name not in _IN_A_CIRCLE]
    return ["boto3", "pulumi_aws", *found]
