"""`make deploy-check`: what docs/deploy.md has you do in Prefect Cloud, tried on this machine with a real Prefect server.

A new account on the laptop, a stand-in for B3 with the recorded sample, a work pool of the type `process`, `prefect deploy
--all`, a worker, and schedules that are due in some seconds. Everything that is started here ends with it.
"""

from __future__ import annotations

import os
import queue
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from expectations.contract.names import B3_TIME_ZONE
from flows.cli.console import Screen
from local.account.client import Account, running_account
from local.b3 import sample
from local.b3 import standin as b3_standin
from local.deploy_check import runs as prefect_runs
from local.deploy_check import webhook
from local.deploy_check.runs import PATIENCE, OverdueError, state_of
from local.prefect_.programs import POOL, PrefectCommandError, deploy, prefect, working
from local.rights.keys import FLOW_ROLE

if TYPE_CHECKING:
    from prefect.client.schemas.responses import DeploymentResponse

DEPLOYMENT = "daily/daily"
SESSION = sample.SESSIONS[-1]
PARAMETERS = {"collected_at": sample.collected_at(SESSION).isoformat()}


class CheckFailed(Exception):  # noqa: N818 - what the check ends with
    """Something was not as it should be. One readable line."""


@dataclass(frozen=True, slots=True)
class Equipment:
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
            _check(Equipment(screen, account, stand_in, inbox))
    except (CheckFailed, OverdueError, PrefectCommandError) as failure:
        screen.fail(str(failure))
        return 1
    screen.line(f"\nAll of it worked, in {time.monotonic() - began:.0f} s.")
    return 0


def _check(equipment: Equipment) -> None:
    os.environ.update(equipment.environment())
    equipment.stand_in.show(sample.recorded(SESSION))
    equipment.screen.say(f"prefect work-pool create {POOL}, prefect deploy --all")
    prefect(equipment.environment(), "work-pool", "create", POOL, "--type", "process", "--overwrite")
    deploy(equipment.environment())
    deployment = _deployed(equipment)
    _expect_notifications(equipment)
    with _worker(equipment):
        _publish_once(equipment, deployment)
        _expect_a_failure_reported(equipment, deployment)


# --- steps ---------------------------------------------------------------------------------------------------------------


def _deployed(equipment: Equipment) -> DeploymentResponse:
    """The deployment as the server has it, with runs that its schedules have already planned."""
    deployment = prefect_runs.deployed(DEPLOYMENT)
    if deployment.work_pool_name != POOL:
        raise CheckFailed(f"{DEPLOYMENT} is for the work pool {deployment.work_pool_name}")
    planned = prefect_runs.wait_for("runs planned by the schedules", lambda: prefect_runs.runs_of(deployment))
    zone = ZoneInfo(B3_TIME_ZONE)
    equipment.screen.line(f"{DEPLOYMENT} has {len(deployment.schedules)} schedules; next runs in São Paulo:")
    for moment in sorted(run.expected_start_time for run in planned if run.expected_start_time)[:3]:
        equipment.screen.line(f"  {moment.astimezone(zone):%A %Y-%m-%d %H:%M}")
    return deployment


def _expect_notifications(equipment: Equipment) -> None:
    from flows.deploy.notify import notify_at  # noqa: PLC0415 - Prefect reads the environment when it is imported

    notify_at(equipment.inbox.url)
    equipment.screen.line(f"the webhook was told: {_message(equipment)}")


def _publish_once(equipment: Equipment, deployment: DeploymentResponse) -> None:
    """Two runs of one index that are due at nearly the same time: one publishes, the other waits and finds it done."""
    equipment.screen.say("two scheduled runs of one index, seconds apart")
    planned = prefect_runs.scheduled(deployment, "twice", 2, PARAMETERS)
    runs = sorted((prefect_runs.ended(run) for run in planned), key=prefect_runs.work)
    if any(state_of(run) != "COMPLETED" for run in runs):
        raise CheckFailed("a scheduled run did not complete")
    outcomes = []
    for run in runs:
        line = prefect_runs.last_line(run, f"{sample.INDEX} {SESSION}: ")
        equipment.screen.line(f"  {run.name} {state_of(run)} after {run.total_run_time.total_seconds():.0f} s: {line}")
        outcomes.append(line.partition(": ")[2].partition(",")[0])
    if outcomes != ["published", "already published"]:
        raise CheckFailed("one run should have published the session, and the other found it published")
    (_, first_ended), (second_began, _) = (prefect_runs.work(run) for run in runs)
    if second_began < first_ended:
        raise CheckFailed("the two runs of one index were at it at the same time")


def _expect_a_failure_reported(equipment: Equipment, deployment: DeploymentResponse) -> None:
    equipment.screen.say("a scheduled run that cannot succeed: B3's stand-in answers nonsense")
    equipment.stand_in.tamper = lambda _, __: b3_standin.Answer(b"{}")
    run = prefect_runs.ended(prefect_runs.asked_for(deployment, PARAMETERS))
    equipment.screen.line(f"  {run.name} {state_of(run)}: {run.state.message if run.state else ''}")
    if state_of(run) != "FAILED":
        raise CheckFailed("the run should have failed")
    text = _message(equipment)
    equipment.screen.line(f"the webhook was told: {text}")
    if str(run.name) not in text or str(run.id) not in text:
        raise CheckFailed("the message does not name the run that failed")


def _message(equipment: Equipment) -> str:
    try:
        return equipment.inbox.next(PATIENCE)
    except queue.Empty:
        raise CheckFailed(f"no message came within {PATIENCE:.0f} s") from None


# --- programs ------------------------------------------------------------------------------------------------------------


@contextmanager
def _worker(equipment: Equipment) -> Iterator[None]:
    """A worker of the pool within the block, which shows what it said where the block fails."""
    equipment.screen.say(f"prefect worker start --pool {POOL}")
    folder, log = equipment.account.home / "worker", equipment.account.home / "logs" / "worker.log"
    folder.mkdir()
    try:
        with working(equipment.environment(), folder, log):
            yield
    except (CheckFailed, OverdueError):
        equipment.screen.line(log.read_text(encoding="utf-8", errors="replace"))
        raise


if __name__ == "__main__":
    sys.exit(main())
