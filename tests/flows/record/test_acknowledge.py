"""A loss that is acknowledged is no error any more, says why, and is one again as soon as anything comes of the session."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from expectations.contract.outcomes import Outcome
from flows.errors import AcknowledgeError
from flows.record.acknowledge import Acknowledgement, acknowledge
from flows.record.state import State
from tests.flows.traces import FRI, MON, NEXT, NOW, THU, TUE, WED, Account, Glue

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from flows.b3.portfolio import Portfolio


@pytest.fixture
def aws(s3: S3Client, sample: Portfolio) -> Account:
    """Monday is published, Tuesday landed, the rest of the week is missing."""
    found = Account(s3, Glue(), sample)
    found.publish(MON, found.upload(MON))
    found.land(TUE)
    return found


def say(aws: Account, days: str, reason: str = "nobody collected it") -> None:
    said = Acknowledgement.of(days, reason)
    acknowledge(aws.pipeline.lake, said.lost(aws.read(since=said.first, until=said.last)), said.reason, NOW)


def test_it_is_said_with_its_reason_and_is_no_error(aws: Account) -> None:
    assert not aws.status(until=FRI).complete
    say(aws, f"{TUE}:{FRI}", "  the machine\n was off ")
    status = aws.status(until=FRI)
    assert {item.session: (item.state, item.reason) for item in status.sessions} == {
        MON: (State.PUBLISHED, ""),
        **dict.fromkeys((TUE, WED, THU, FRI), (State.ACKNOWLEDGED, "the machine was off")),
    }
    assert status.complete
    assert not status.open
    assert status.counts == {"published": 1, "acknowledged": 4}


def test_a_session_alone_that_is_acknowledged_is_complete(aws: Account) -> None:
    say(aws, str(WED))
    assert aws.status(since=WED, until=WED).complete
    assert not aws.status(since=WED, until=THU).complete


def test_the_ledger_alone_keeps_it(aws: Account) -> None:
    say(aws, str(WED))
    (key,) = aws.read().traces.sessions["IBOV"][WED].attempts
    assert key.outcome is Outcome.ACKNOWLEDGED


def test_what_comes_later_counts_again(aws: Account) -> None:
    say(aws, str(WED))
    aws.land(WED)
    aws.note(WED, Outcome.FAILED, NOW + timedelta(minutes=2), reason="no Glue run")
    assert aws.states()[WED] is State.LANDED
    aws.publish(WED, aws.upload(WED))
    assert aws.states()[WED] is State.PUBLISHED


@pytest.mark.parametrize(
    ("days", "reason", "said"),
    [
        (str(MON), "x", f"{MON}: nothing to acknowledge; IBOV: it is published"),
        ("2025-06-07", "x", "2025-06-07: nothing to acknowledge; no trading day"),
        ("2025-06-19", "x", "it is no trading day"),
        (str(date(2025, 6, 11)), "x", "B3 shows it now"),
        ("2025-05-30", "x", "before the index was first collected"),
        (str(WED), " \n", "--reason is empty"),
        ("yesterday", "x", "'yesterday': expected a day"),
        (f"{NEXT}:{MON}", "x", "the last day is before the first"),
    ],
)
def test_what_is_no_loss_is_refused_by_name(aws: Account, days: str, reason: str, said: str) -> None:
    with pytest.raises(AcknowledgeError, match=said):
        say(aws, days, reason)
