"""What works with a Prefect server from outside: its command line, a worker with its runs, a client."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from local.account.children import Child
from local.installation.packages import site_packages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from prefect.client.orchestration import SyncPrefectClient

POOL = "bovespa-process"
"""The work pool of a machine of one's own, in docs/deploy.md as on the laptop."""

_ROOT = Path(__file__).resolve().parents[2]
_PATIENCE_SECONDS = 150.0


class PrefectCommandError(RuntimeError):
    """A command of Prefect's failed; the message has what it said."""


def deploy(environment: Mapping[str, str]) -> None:
    """Tell the server of the pool and of every deployment of prefect.yaml.

    Args:
        environment: names the server, and gives the rights to change it.

    Raises:
        PrefectCommandError: it could not be told.
    """
    prefect(environment, "work-pool", "create", POOL, "--type", "process", "--overwrite")
    prefect({**environment, "PREFECT_DEFAULT_WORK_POOL_NAME": POOL}, "--no-prompt", "deploy", "--all")


def prefect(environment: Mapping[str, str], *arguments: str) -> None:
    """Run a command of Prefect's in the project's folder.

    Raises:
        PrefectCommandError: it failed.
    """
    try:
        done = subprocess.run(  # noqa: S603 - this Python, Prefect's own command line
            [sys.executable, "-m", "prefect", *arguments],
            env=dict(environment),
            cwd=_ROOT,
            capture_output=True,
            text=True,
            timeout=_PATIENCE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise PrefectCommandError(f"prefect {' '.join(arguments)} took more than {_PATIENCE_SECONDS:.0f} s") from error
    if done.returncode:
        said = "\n".join(part.strip() for part in (done.stdout, done.stderr) if part.strip())
        raise PrefectCommandError(f"prefect {' '.join(arguments)} ended with {done.returncode}: {said}")


@contextmanager
def working(environment: Mapping[str, str], folder: Path, log: Path) -> Iterator[Callable[[], None]]:
    """A worker of the pool within the block; its runs end with it, and both with this process, however that ends.

    Args:
        environment: of the worker and of its runs.
        folder: the worker's own, which exists.
        log: to which it is written what the worker says.

    Yields:
        What raises a PrefectCommandError once the worker has ended by itself.
    """
    # The runs find the flows where this process has them, whatever folder they begin in.
    found = {**environment, "PYTHONPATH": f"{_ROOT}:{site_packages()}"}
    worker = Child(["-m", "prefect", "worker", "start", "--pool", POOL], found, folder, log)

    def check() -> None:
        if (code := worker.wait(0)) is not None:
            raise PrefectCommandError(f"Prefect's worker ended with {code}: see {log}")

    try:
        yield check
    finally:
        worker.stop()


def client() -> SyncPrefectClient:
    """A client of the server that this process's environment names: Prefect reads it when it is imported, so not before."""
    from prefect.client.orchestration import get_client  # noqa: PLC0415

    return get_client(sync_client=True)
