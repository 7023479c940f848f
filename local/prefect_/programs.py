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
    """A command of Prefect's, or its server, failed; the message has what it said."""


def make_pool(server: SyncPrefectClient) -> None:
    """Have the server know the pool as Prefect's workers of that type describe it, as `prefect work-pool create` does."""
    from prefect.client.schemas.actions import WorkPoolCreate  # noqa: PLC0415 - as in `client`
    from prefect.workers.process import ProcessWorker  # noqa: PLC0415

    template = ProcessWorker.get_default_base_job_template()
    server.create_work_pool(
        WorkPoolCreate(name=POOL, type=ProcessWorker.type, base_job_template=template), overwrite=True
    )


def deploy(environment: Mapping[str, str]) -> None:
    """Tell the server, which knows the pool, of every deployment of prefect.yaml.

    Args:
        environment: names the server, and gives the rights to change it.

    Raises:
        PrefectCommandError: it could not be told.
    """
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


@contextmanager
def client() -> Iterator[SyncPrefectClient]:
    """A client of the server that this process's environment names: Prefect reads it when it is imported, so not before.

    Raises:
        PrefectCommandError: within the block the server refused something, failed, or was not to be had.
    """
    from prefect.client.orchestration import get_client  # noqa: PLC0415

    from flows.orchestration import SERVER_FAILED, failure_of  # noqa: PLC0415 - Prefect

    try:
        with get_client(sync_client=True) as server:
            yield server
    except SERVER_FAILED as error:
        raise PrefectCommandError(failure_of(error)) from error
