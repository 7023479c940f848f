"""What a recovery did, as people read it."""

from __future__ import annotations

from datetime import UTC, date, datetime

from expectations.contract.outcomes import Outcome
from flows.backfill.recovery import Recovered
from flows.backfill.recovery_report import recovery_markdown
from flows.record.attempt import FlowRun
from flows.record.state import SessionState, State

NOW = datetime(2025, 6, 4, 13, tzinfo=UTC)
MON, TUE, WED = (date(2025, 6, day) for day in (2, 3, 4))
RUN = FlowRun("run", "reconcile")


def test_a_recovery_shows_what_it_took_and_what_it_left() -> None:
    taken = [
        RUN.begin("IBOV", MON, rows=84).ended(Outcome.PUBLISHED),
        RUN.begin("IBOV", TUE).ended(Outcome.FAILED, "Glue run jr_1 ended FAILED"),
    ]
    text = recovery_markdown(Recovered(taken, [SessionState("IBOV", WED, State.QUARANTINED)]), NOW)
    assert text.startswith("# 1 published, 1 failed; left: 1 quarantined\n")
    assert "| failed | IBOV | 2025-06-03 | 0 | Glue run jr_1 ended FAILED |" in text
    assert "| IBOV | quarantined | 2025-06-04 | 1 |" in text


def test_a_recovery_of_nothing_is_a_line() -> None:
    assert recovery_markdown(Recovered([], []), NOW).splitlines()[0] == "# nothing to do; left: none"
