"""A process that is asked to end, as ECS asks thirty seconds before it kills: the attempt says so, and nothing is held."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest

from expectations.contract.keys import lease_key, ledger_prefix, read_attempt_key
from expectations.contract.outcomes import Outcome
from flows.record.ledger import read_attempt
from local.b3 import sample

if TYPE_CHECKING:
    from local.account.client import Account
    from local.b3.standin import StandIn
    from tests.end_to_end.conftest import Operator

pytestmark = [pytest.mark.account, pytest.mark.timeout(900)]

SESSION = date(2025, 7, 21)
LEASE = lease_key("IBOV", SESSION)
PORTFOLIO = sample.as_of(SESSION, sample.recorded(date(2025, 6, 30)))
GRACE = (
    30.0  # seconds that ECS gives a task: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_StopTask.html
)

# The command as a user runs it, which stands amid its copies until it is stopped.
AMID_ITS_COPIES = """
import sys, time
from flows.session.publish import Publisher

def stand(*_):
    time.sleep(300)

Publisher._copy = stand
sys.argv = ["bovespa", *sys.argv[1:]]
from flows.cli.main import main
main()
"""


class Ended(Exception):  # noqa: N818 - not an error
    """The steps that the test needs are done."""


def refined_only(operator: Operator) -> None:
    """Leave a Glue run for the flow to find, so that it comes to publish at once."""

    def end(step: str) -> None:
        if step == "audit":
            raise Ended

    with pytest.raises(Ended):
        operator.run(PORTFOLIO, after=end)


def test_a_flow_that_gets_sigterm_ends_as_failed_with_that_reason_and_gives_its_lease_back(
    account: Account, operator: Operator, stand_in: StandIn
) -> None:
    refined_only(operator)
    refined = operator.pipeline.lake.refined
    variables = {**os.environ, "BOVESPA_HOME": str(account.home), "B3_BASE_URL": stand_in.url}
    collected_at = sample.collected_at(SESSION).isoformat()
    command = [sys.executable, "-c", AMID_ITS_COPIES, "run", "--live", "--collected-at", collected_at]
    with subprocess.Popen(
        command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            ends = time.monotonic() + 400
            while not refined.look(LEASE) and process.poll() is None and time.monotonic() < ends:
                time.sleep(0.1)
            held = refined.look(LEASE)
            time.sleep(1)
            began = time.monotonic()
            process.send_signal(signal.SIGTERM)
            said, _ = process.communicate(timeout=GRACE * 2)
            took = time.monotonic() - began
        finally:
            process.kill()
    assert held, f"it never came to publish: {said}"
    assert took < GRACE
    assert process.returncode == 128 + signal.SIGTERM, said
    assert "Traceback" not in said
    assert refined.look(LEASE) is None, "the lease was not given back"
    found = [read_attempt_key(item.key) for item in refined.objects(ledger_prefix(datetime.now(UTC)))]
    (key,) = [row.key for row in found if row and row.session == SESSION]
    attempt = read_attempt(refined, key)
    assert (attempt.outcome, attempt.failed) == (Outcome.FAILED, True)
    assert attempt.reason == "stopped from outside (SIGTERM); the next run goes on from where this one was"
    assert operator.run(PORTFOLIO).rows == len(PORTFOLIO.holdings)
