"""Runs of a deployment on a Prefect server: planned, waited for, looked at. For the server of this process's environment.

Prefect reads the environment when it is imported, which must be after the environment has been set.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from local.prefect_.programs import client

if TYPE_CHECKING:
    from prefect.client.schemas.objects import FlowRun, State
    from prefect.client.schemas.responses import DeploymentResponse

PATIENCE = 150.0
"""Seconds for anything that is waited for."""

_SOON = timedelta(seconds=15)  # the server looks for deployments that were resumed every five seconds
_SHORTLY = timedelta(seconds=3)
_POLL = 0.5

T = TypeVar("T")


class OverdueError(RuntimeError):
    """What was waited for did not come in time. One readable line."""


def wait_for(what: str, look: Callable[[], T | None]) -> T:
    """What `look` finds, as soon as it finds something.

    Raises:
        OverdueError: it found nothing in time.
    """
    deadline = time.monotonic() + PATIENCE
    while not (found := look()):
        if time.monotonic() > deadline:
            raise OverdueError(f"waited {PATIENCE:.0f} s for {what}")
        time.sleep(_POLL)
    return found


def deployed(name: str) -> DeploymentResponse:
    """A deployment by its flow and its name, `daily/daily`."""
    with client() as server:
        return server.read_deployment_by_name(name)


def runs_of(deployment: DeploymentResponse) -> list[FlowRun]:
    """The deployment's runs, planned, under way or ended."""
    from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterId  # noqa: PLC0415

    wanted = DeploymentFilter(id=DeploymentFilterId(any_=[deployment.id]))
    with client() as server:
        return server.read_flow_runs(deployment_filter=wanted, limit=200)


def scheduled(deployment: DeploymentResponse, slug: str, count: int, parameters: dict[str, str]) -> list[FlowRun]:
    """The runs of a further schedule, due soon and three seconds apart."""
    from prefect.client.schemas.schedules import SCHEDULE_TYPES, RRuleSchedule  # noqa: PLC0415

    begin = datetime.now(UTC) + _SOON
    rule = RRuleSchedule(rrule=f"DTSTART:{begin:%Y%m%dT%H%M%SZ}\nRRULE:FREQ=SECONDLY;INTERVAL=3;COUNT={count}")
    schedules: list[tuple[SCHEDULE_TYPES, bool]] = [(rule, True)]
    before = {run.id for run in runs_of(deployment)}
    with client() as server:
        # The server plans at once what has been resumed; a further schedule alone may wait for a minute.
        server.pause_deployment(deployment.id)
        server.create_deployment_schedules(deployment.id, schedules, parameters=parameters, slug=slug)
        server.resume_deployment(deployment.id)

    def planned() -> list[FlowRun]:
        found = [
            run for run in runs_of(deployment) if run.id not in before and parameters.items() <= run.parameters.items()
        ]
        return found if len(found) == count else []

    return wait_for(f"the schedule {slug} to be planned", planned)


def asked_for(deployment: DeploymentResponse, parameters: dict[str, str]) -> FlowRun:
    """One run that is due in some seconds, as `prefect deployment run --in` plans it.

    What happens within five minutes of a schedule's planning, the server holds back from automations for a quarter of an hour:
    the planning is no event that it could be put behind. Schedules plan days ahead, where that does not matter; here it would.
    """
    from prefect.states import Scheduled  # noqa: PLC0415

    state: State[None] = Scheduled(scheduled_time=datetime.now(UTC) + _SHORTLY)
    with client() as server:
        return server.create_flow_run_from_deployment(deployment.id, parameters=parameters, state=state)


def ended(run: FlowRun) -> FlowRun:
    """The run when it has ended."""

    def found() -> FlowRun | None:
        with client() as server:
            latest = server.read_flow_run(run.id)
        return latest if latest.state and latest.state.is_final() else None

    return wait_for(f"the run {run.name} to end", found)


def last_line(run: FlowRun, beginning: str) -> str:
    """The last line of the run's log that begins like this."""
    from prefect.client.schemas.filters import LogFilter, LogFilterFlowRunId  # noqa: PLC0415

    def found() -> str | None:
        with client() as server:
            logs = server.read_logs(LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run.id])), limit=200)
        lines = [entry.message for entry in logs if entry.message.startswith(beginning)]
        return lines[-1] if lines else None

    return wait_for(f"the log of the run {run.name}", found)


def work(run: FlowRun) -> tuple[datetime, datetime]:
    """When the first of the run's tasks began, and when the last of them ended."""
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId  # noqa: PLC0415

    def found() -> tuple[datetime, datetime] | None:
        with client() as server:
            tasks = server.read_task_runs(flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[run.id])))
        begins = [task.start_time for task in tasks if task.start_time]
        ends = [task.end_time for task in tasks if task.end_time]
        return (min(begins), max(ends)) if begins and ends else None

    return wait_for(f"the tasks of the run {run.name}", found)


def state_of(run: FlowRun) -> str:
    """The type of the run's state, such as COMPLETED."""
    return run.state.type.value if run.state else "none"
