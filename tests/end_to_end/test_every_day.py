"""`bovespa up --schedule`: the account on one machine collects every day, and gets over the machine's going down."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
import requests
import yaml

from flows.b3.calendar import expected
from local.b3 import sample
from local.b3.standin import Answer, StandIn
from tests.end_to_end.commands import BOVESPA

if TYPE_CHECKING:
    from local.account.client import Account

pytestmark = [pytest.mark.account, pytest.mark.timeout(900)]

ROOT = Path(__file__).resolve().parents[2]
STATED = {found["name"]: found for found in yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]}
PATIENCE = 200.0

T = TypeVar("T")


class Up:
    """`bovespa up` as a process, and Prefect's API as its UI uses it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stdout is not None
        text = ""
        while not text.endswith("}\n"):
            line = process.stdout.readline()
            assert line, process.communicate()[1]
            text += line
        self.links: dict[str, str] = json.loads(text)

    def ask(self, path: str, **body: object) -> Any:  # noqa: ANN401 - JSON
        user, _, password = self.links["its_password"].partition(":")
        answer = requests.post(
            f"{self.links['prefect_ui']}/api/{path}/filter", json=body, auth=(user, password), timeout=20
        )
        answer.raise_for_status()
        return answer.json()

    def deployments(self) -> dict[str, dict[str, Any]]:
        return {found["name"]: found for found in self.ask("deployments")}

    def run_in(self, *states: str) -> dict[str, Any] | None:
        """A run of `daily` that has begun and is in one of the states."""
        found = self.ask("flow_runs", deployments={"name": {"any_": ["daily"]}})
        return next((run for run in found if run["start_time"] and run["state_type"] in states), None)


def wait_for(look: Callable[[], T | None]) -> T:
    deadline = time.monotonic() + PATIENCE
    while (found := look()) is None:
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.5)
    return found


def switch_off(pid: int) -> None:
    """End a process and all that it has started, at once, as a machine does that goes down."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()
    os.kill(pid, signal.SIGKILL)
    for child in children:
        switch_off(int(child))


@contextmanager
def up(home: Path, stand_in: StandIn, *arguments: str) -> Iterator[Up]:
    """Keep it up within the block; ended as systemd ends it, if it still runs then."""
    variables = {**os.environ, "BOVESPA_HOME": str(home), "B3_BASE_URL": stand_in.url, "BOVESPA_B3_BACKOFF": "0.1"}
    command = [BOVESPA, "up", "--json", *arguments]
    with subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield Up(process)
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                assert process.wait(60) == 0
        finally:
            process.kill()


def test_a_machine_that_goes_down_in_the_midst_of_a_run_collects_the_session_when_it_is_up_again(
    tmp_path: Path, stand_in: StandIn
) -> None:
    shown = expected(datetime.now(UTC))
    stand_in.show(sample.as_of(shown, sample.recorded(sample.SESSIONS[-1])))
    goes_on = Event()

    def late(_: str, answer: Answer) -> Answer:
        goes_on.wait(PATIENCE)
        return answer

    stand_in.tamper = late
    with up(tmp_path / "home", stand_in, "--schedule") as first:
        broken_off = wait_for(lambda: first.run_in("RUNNING"))
        wait_for(lambda: stand_in.requests or None)
        switch_off(first.process.pid)
        first.process.wait()
    stand_in.tamper = None
    goes_on.set()

    with up(tmp_path / "home", stand_in, "--schedule") as again:
        assert again.links["prefect_ui"] == first.links["prefect_ui"]
        ended = wait_for(lambda: again.run_in("COMPLETED", "FAILED"))
        assert (ended["name"], ended["state_type"]) == (f"daily-IBOV-{shown}", "COMPLETED"), ended["state"]
        crashed = again.run_in("CRASHED")
        assert crashed
        assert crashed["id"] == broken_off["id"]
        listed = again.deployments()
        assert {name: len(found["schedules"]) for name, found in listed.items()} == {
            name: len(found["schedules"]) for name, found in STATED.items()
        }
        assert not any(found["paused"] for found in listed.values())
        beside = subprocess.run(
            [BOVESPA, "up", "--schedule"],
            env={**os.environ, "BOVESPA_HOME": str(tmp_path / "home")},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert beside.returncode == 1
        assert f"another process runs the schedules of {tmp_path / 'home'}" in beside.stderr
    published = tmp_path / "home" / "s3" / "bovespa-refined-data-bucket" / "refined-data"
    assert len(list(published.glob(f"year={shown.year}/month=*/day=*/acao=*/*.parquet"))) == 84


def test_without_schedules_the_deployments_are_listed_and_nothing_is_planned(
    account: Account, stand_in: StandIn
) -> None:
    with up(account.home, stand_in) as place:
        listed = place.deployments()
        assert listed.keys() == STATED.keys()
        assert all(found["paused"] and found["schedules"] for found in listed.values())
        planned = place.ask("flow_runs", flow_runs={"state": {"type": {"any_": ["SCHEDULED"]}}})
        assert [run["name"] for run in planned if run["deployment_id"]] == []
    assert stand_in.requests == []
