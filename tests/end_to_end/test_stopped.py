"""A whole flow that is asked to end, as ECS asks thirty seconds before it kills: the attempt says so, and nothing is held."""

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
    from pathlib import Path

    from local.account.client import Account
    from local.b3.standin import StandIn
    from tests.end_to_end.conftest import Operator

pytestmark = [pytest.mark.account, pytest.mark.timeout(1200)]

SESSION = date(2025, 7, 21)
LEASE = lease_key("IBOV", SESSION)
PORTFOLIO = sample.as_of(SESSION, sample.recorded(date(2025, 6, 30)))
LONGEST = 500.0  # seconds that a step may take on a machine that does much else

# The command as a user runs it, which stands amid its copies until it is stopped.
AMID_ITS_COPIES = """
import sys, time
from pathlib import Path
from flows.cli.main import main
from flows.session.publish import Publisher

reached = Path(sys.argv.pop(1))

def stand(*_):
    reached.touch()
    time.sleep(600)

Publisher._copy = stand
main()
"""


class Ended(Exception):  # noqa: N818 - not an error
    """The steps that the test needs are done."""


def refined_only(operator: Operator) -> None:
    """Leave a Glue run for the flow to find, so that it comes to publish at once."""

    def end(step: str) -> None:
        if step == "refine":
            raise Ended

    with pytest.raises(Ended):
        operator.run(PORTFOLIO, after=end)


def test_a_flow_that_gets_sigterm_ends_as_failed_with_that_reason_and_gives_its_lease_back(
    account: Account, operator: Operator, stand_in: StandIn, tmp_path: Path
) -> None:
    refined_only(operator)
    refined, reached, log = operator.pipeline.lake.refined, tmp_path / "reached", tmp_path / "log"
    variables = {**os.environ, "BOVESPA_HOME": str(account.home), "B3_BASE_URL": stand_in.url}
    collected_at = sample.collected_at(SESSION).isoformat()
    command = [sys.executable, "-c", AMID_ITS_COPIES, reached, "run", "--live", "--collected-at", collected_at]
    with (
        log.open("wb") as written,
        subprocess.Popen(command, env=variables, stdout=written, stderr=subprocess.STDOUT) as process,
    ):
        try:
            ends = time.monotonic() + LONGEST
            while not reached.exists() and process.poll() is None and time.monotonic() < ends:
                time.sleep(0.2)
            held = refined.look(LEASE)
            process.send_signal(signal.SIGTERM)
            process.wait(LONGEST)
        finally:
            process.kill()
    said = log.read_text(encoding="utf-8")
    assert reached.exists(), f"it never came to publish: {said}"
    assert held, "it publishes without a lease"
    assert process.returncode == 128 + signal.SIGTERM, said
    assert "Traceback" not in said
    assert refined.look(LEASE) is None, "the lease was not given back"
    found = [read_attempt_key(item.key) for item in refined.objects(ledger_prefix(datetime.now(UTC)))]
    (attempt,) = [read_attempt(refined, row) for row in found if row and row.session == SESSION]
    assert attempt.outcome is Outcome.FAILED
    assert attempt.reason == "stopped from outside (SIGTERM); the next run goes on from where this one was"
    assert operator.run(PORTFOLIO).rows == len(PORTFOLIO.holdings)
