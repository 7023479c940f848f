"""The deployments of prefect.yaml on the Prefect server of the account: listed by its UI, and run on their schedules.

Prefect reads the environment when it is imported, which must be after the environment names the account's server.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from local.account.locks import is_locked, locked
from local.prefect_.programs import POOL, client, deploy, make_pool, working

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.responses import DeploymentResponse

    from local.account.home import Home

COLLECTING = ("flows.daily.daily", "flows.daily_indices.daily_indices")
"""Entry points of the flows that ask B3."""


class ScheduledElsewhereError(RuntimeError):
    """Another process runs this home's schedules."""


def list_deployments(home: Home, environment: Mapping[str, str]) -> None:
    """Have the UI list the deployments with their schedules; none runs by itself, unless another process sees to that.

    Args:
        home: the account's.
        environment: this process's, which names the account and has the rights of the runs.

    Raises:
        PrefectCommandError: the server could not be told.
    """
    if not is_locked(home.schedules_lock):
        _deployed(environment)


@contextmanager
def running_deployments(home: Home, environment: Mapping[str, str]) -> Iterator[Callable[[], None]]:
    """Run the deployments on their schedules within the block, and at once those that collect.

    B3 shows a session until the next one: whoever begins in the afternoon must not wait for tomorrow.

    Args:
        home: the account's.
        environment: this process's, which names the account and has the rights of the runs.

    Yields:
        What raises a PrefectCommandError once they run no more.

    Raises:
        ScheduledElsewhereError: another process runs them.
        PrefectCommandError: the server could not be told.
    """
    if is_locked(home.schedules_lock):
        raise ScheduledElsewhereError(f"another process runs the schedules of {home.root}")
    with locked(home.schedules_lock):
        found = _deployed(environment)
        with client() as server:
            for deployment in found:
                _end_what_broke_off(server, deployment)
                server.resume_deployment(deployment.id)
                if deployment.entrypoint in COLLECTING:
                    server.create_flow_run_from_deployment(deployment.id)
        polling = {**environment, "PREFECT_WORKER_QUERY_SECONDS": "5"}
        with working(polling, home.prefect, home.logs / "worker.log") as check:
            yield check


def _deployed(environment: Mapping[str, str]) -> list[DeploymentResponse]:
    """The deployments as prefect.yaml has them now, at rest: what was planned when nobody was there to run it is taken back."""
    from prefect.client.schemas.filters import WorkPoolFilter, WorkPoolFilterName  # noqa: PLC0415

    with client() as server:
        make_pool(server)
        deploy(environment)
        found = server.read_deployments(work_pool_filter=WorkPoolFilter(name=WorkPoolFilterName(any_=[POOL])))
        for deployment in found:
            server.pause_deployment(deployment.id)
    return found


def _end_what_broke_off(server: SyncPrefectClient, deployment: DeploymentResponse) -> None:
    """Runs whose process went down with the machine or the account: they would keep the next one waiting for ever."""
    from prefect.client.schemas.filters import (  # noqa: PLC0415
        DeploymentFilter,
        DeploymentFilterId,
        FlowRunFilter,
        FlowRunFilterState,
        FlowRunFilterStateType,
    )
    from prefect.client.schemas.objects import StateType  # noqa: PLC0415
    from prefect.states import Crashed  # noqa: PLC0415

    live = FlowRunFilterStateType(any_=[StateType.PENDING, StateType.RUNNING, StateType.CANCELLING])
    runs = server.read_flow_runs(
        deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=[deployment.id])),
        flow_run_filter=FlowRunFilter(state=FlowRunFilterState(type=live)),
    )
    for run in runs:
        server.set_flow_run_state(run.id, Crashed(message="it broke off with the account on the laptop"), force=True)
