"""`make deploy-check`: what docs/deploy.md has you do in Prefect Cloud, tried on this machine with a real Prefect server.

A new account on the laptop, a stand-in for B3 with the recorded sample, a work pool of the type `process`, `prefect deploy
--all`, a worker, and schedules that are due in some seconds. Everything that is started here ends with it.
"""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from zoneinfo import ZoneInfo

from expectations.contract import B3_TIME_ZONE
from flows.console import Screen
from local import b3_standin, sample, webhook
from local.account import Account, running_account
from local.privileges import FLOW_ROLE

if TYPE_CHECKING:
    from prefect.client.schemas.objects import FlowRun
    from prefect.client.schemas.responses import DeploymentResponse

ROOT = Path(__file__).resolve().parents[1]
POOL = "bovespa-process"
DEPLOYMENT = "daily/daily"
SESSION = sample.SESSIONS[-1]

_SOON = timedelta(seconds=15)  # the server looks for deployments that were resumed every five seconds
_PATIENCE = 150.0  # seconds for anything that is waited for
_POLL = 0.5
_GRACE = 10.0  # seconds that the worker may take to end

T = TypeVar("T")


class CheckFailed(Exception):  # noqa: N818 - what the check ends with
    """Something was not as it should be. One readable line."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What the steps work with."""

    screen: Screen
    account: Account
    stand_in: b3_standin.StandIn
    inbox: webhook.Inbox

    def environment(self) -> dict[str, str]:
        """Of Prefect's command line, its worker and the runs: the flows' role, and B3's stand-in."""
        return {
            **os.environ,
            **self.account.environment(FLOW_ROLE),
            "B3_BASE_URL": self.stand_in.url,
            "BOVESPA_B3_BACKOFF": "0.1",
            "PREFECT_DEFAULT_WORK_POOL_NAME": POOL,
            "PREFECT_WORKER_QUERY_SECONDS": "2",
        }


def main() -> int:
    """Check everything; the exit code."""
    screen = Screen(as_json=False)
    began = time.monotonic()
    try:
        with (
            tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home,
            running_account(Path(home), progress=screen.say) as account,
            b3_standin.serving() as stand_in,
            webhook.receiving() as inbox,
        ):
            _check(Desk(screen, account, stand_in, inbox))
    except CheckFailed as failure:
        screen.fail(str(failure))
        return 1
    screen.line(f"\nAll of it worked, in {time.monotonic() - began:.0f} s.")
    return 0


def _check(desk: Desk) -> None:
    os.environ.update(desk.environment())
    desk.stand_in.show(sample.recorded(SESSION))
    _prefect(desk, "work-pool", "create", POOL, "--type", "process", "--overwrite")
    _prefect(desk, "--no-prompt", "deploy", "--all")
    deployment = _deployed(desk)
    _expect_notifications(desk)
    with _worker(desk):
        _publish_once(desk, deployment)
        _tell_of_a_failure(desk, deployment)


# --- steps ---------------------------------------------------------------------------------------------------------------


def _deployed(desk: Desk) -> DeploymentResponse:
    """The deployment as the server has it, with runs that its schedules have already planned."""
    from prefect.client.orchestration import get_client  # noqa: PLC0415 - reads the environment when imported

    with get_client(sync_client=True) as client:
        deployment = client.read_deployment_by_name(DEPLOYMENT)
    if deployment.work_pool_name != POOL:
        raise CheckFailed(f"{DEPLOYMENT} is for the work pool {deployment.work_pool_name}")
    planned = _wait("runs planned by the schedules", lambda: _runs(deployment))
    zone = ZoneInfo(B3_TIME_ZONE)
    times = sorted(run.expected_start_time for run in planned if run.expected_start_time)
    desk.screen.line(f"{DEPLOYMENT} has {len(deployment.schedules)} schedules; next runs in São Paulo:")
    for moment in times[:3]:
        desk.screen.line(f"  {moment.astimezone(zone):%A %Y-%m-%d %H:%M}")
    return deployment


def _expect_notifications(desk: Desk) -> None:
    from flows.notify import notify_at  # noqa: PLC0415

    notify_at(desk.inbox.url)
    desk.screen.line(f"the webhook was told: {_message(desk)}")


def _publish_once(desk: Desk, deployment: DeploymentResponse) -> None:
    """Two runs of one index that are due at nearly the same time: one publishes, the other waits and finds it done."""
    desk.screen.say("two scheduled runs of one index, seconds apart")
    runs = _scheduled(deployment, "twice", count=2)
    ended = sorted((_ended(run) for run in runs), key=lambda run: run.end_time or datetime.max.replace(tzinfo=UTC))
    lines = [_headline(run) for run in ended]
    for run, line in zip(ended, lines, strict=True):
        desk.screen.line(f"  {run.name} {_state(run)} after {run.total_run_time.total_seconds():.0f} s: {line}")
    if any(_state(run) != "COMPLETED" for run in ended):
        raise CheckFailed("a scheduled run did not complete")
    if [line.partition(": ")[2].partition(",")[0] for line in lines] != ["published", "already published"]:
        raise CheckFailed("one run should have published the session, and the other found it published")
    if _collections_overlap(ended):
        raise CheckFailed("the two runs of one index were at it at the same time")


def _tell_of_a_failure(desk: Desk, deployment: DeploymentResponse) -> None:
    desk.screen.say("a scheduled run that cannot succeed: B3's stand-in answers nonsense")
    desk.stand_in.tamper = lambda _, __: b3_standin.Answer(b"{}")
    (run,) = _scheduled(deployment, "broken", count=1)
    ended = _ended(run)
    desk.screen.line(f"  {ended.name} {_state(ended)}: {ended.state.message if ended.state else ''}")
    if _state(ended) != "FAILED":
        raise CheckFailed("the run should have failed")
    text = _message(desk)
    desk.screen.line(f"the webhook was told: {text}")
    if str(ended.name) not in text or str(ended.id) not in text:
        raise CheckFailed("the message does not name the run that failed")


def _message(desk: Desk) -> str:
    try:
        return desk.inbox.next(_PATIENCE)
    except queue.Empty:
        raise CheckFailed(f"no message came within {_PATIENCE:.0f} s") from None


# --- Prefect -------------------------------------------------------------------------------------------------------------


def _prefect(desk: Desk, *arguments: str) -> None:
    desk.screen.say(f"prefect {' '.join(arguments)}")
    done = subprocess.run(  # noqa: S603 - this Python, Prefect's own command line
        [sys.executable, "-m", "prefect", *arguments],
        env=desk.environment(),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
        check=False,
    )
    if done.returncode:
        raise CheckFailed(f"prefect {' '.join(arguments)} ended with {done.returncode}: {done.stdout}{done.stderr}")


@contextmanager
def _worker(desk: Desk) -> Iterator[None]:
    """A worker of the pool within the block; its runs end with it."""
    desk.screen.say(f"prefect worker start --pool {POOL}")
    log = desk.account.home / "logs" / "worker.log"
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - this Python, Prefect's own command line
            [sys.executable, "-m", "prefect", "worker", "start", "--pool", POOL, "--name", "deploy-check"],
            env=desk.environment(),
            cwd=desk.account.home,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield
    except CheckFailed:
        desk.screen.line(log.read_text(encoding="utf-8", errors="replace"))
        raise
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(_GRACE)
        except ProcessLookupError:
            break
        except subprocess.TimeoutExpired:
            continue
    process.wait()


def _scheduled(deployment: DeploymentResponse, slug: str, *, count: int) -> list[FlowRun]:
    """The runs of a further schedule, due soon and three seconds apart; the sample's day is theirs."""
    from prefect.client.orchestration import get_client  # noqa: PLC0415
    from prefect.client.schemas.schedules import SCHEDULE_TYPES, RRuleSchedule  # noqa: PLC0415

    begin = datetime.now(UTC) + _SOON
    rule = RRuleSchedule(rrule=f"DTSTART:{begin:%Y%m%dT%H%M%SZ}\nRRULE:FREQ=SECONDLY;INTERVAL=3;COUNT={count}")
    schedules: list[tuple[SCHEDULE_TYPES, bool]] = [(rule, True)]
    parameters = {"collected_at": sample.collected_at(SESSION).isoformat()}
    before = {run.id for run in _runs(deployment)}
    with get_client(sync_client=True) as client:
        # The server plans at once what has been resumed; a further schedule alone may wait for a minute.
        client.pause_deployment(deployment.id)
        client.create_deployment_schedules(deployment.id, schedules, parameters=parameters, slug=slug)
        client.resume_deployment(deployment.id)

    def planned() -> list[FlowRun]:
        found = [run for run in _runs(deployment) if run.id not in before and "collected_at" in run.parameters]
        return found if len(found) == count else []

    return _wait(f"the schedule {slug} to be planned", planned)


def _runs(deployment: DeploymentResponse) -> list[FlowRun]:
    from prefect.client.orchestration import get_client  # noqa: PLC0415
    from prefect.client.schemas.filters import (  # noqa: PLC0415
        DeploymentFilter,
        DeploymentFilterId,
    )

    with get_client(sync_client=True) as client:
        wanted = DeploymentFilter(id=DeploymentFilterId(any_=[deployment.id]))
        return client.read_flow_runs(deployment_filter=wanted, limit=200)


def _ended(run: FlowRun) -> FlowRun:
    from prefect.client.orchestration import get_client  # noqa: PLC0415

    def ended() -> FlowRun | None:
        with get_client(sync_client=True) as client:
            found = client.read_flow_run(run.id)
        return found if found.state and found.state.is_final() else None

    return _wait(f"the run {run.name} to end", ended)


def _headline(run: FlowRun) -> str:
    """The last line of the run's log that is about a session."""
    from prefect.client.orchestration import get_client  # noqa: PLC0415
    from prefect.client.schemas.filters import LogFilter, LogFilterFlowRunId  # noqa: PLC0415

    def line() -> str | None:
        with get_client(sync_client=True) as client:
            logs = client.read_logs(LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run.id])), limit=200)
        found = [entry.message for entry in logs if entry.message.startswith(f"{sample.INDEX} {SESSION}: ")]
        return found[-1] if found else None

    return _wait(f"the log of the run {run.name}", line)


def _collections_overlap(runs: list[FlowRun]) -> bool:
    """Whether the later run began to collect before the earlier one had ended."""
    from prefect.client.orchestration import get_client  # noqa: PLC0415
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId  # noqa: PLC0415

    first, second = runs
    with get_client(sync_client=True) as client:
        tasks = client.read_task_runs(flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[second.id])))
        earlier = client.read_task_runs(flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[first.id])))
    begins = [task.start_time for task in tasks if task.start_time]
    ends = [task.end_time for task in earlier if task.end_time]
    return not begins or not ends or min(begins) < max(ends)


def _state(run: FlowRun) -> str:
    return run.state.type.value if run.state else "none"


def _wait(what: str, look: Callable[[], T | None]) -> T:
    deadline = time.monotonic() + _PATIENCE
    while not (found := look()):
        if time.monotonic() > deadline:
            raise CheckFailed(f"waited {_PATIENCE:.0f} s for {what}")
        time.sleep(_POLL)
    return found


if __name__ == "__main__":
    sys.exit(main())
