"""A withdrawal stands until its session is published again, whatever else was tried meanwhile."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from expectations.contract.names import REFINED_BUCKET
from expectations.contract.outcomes import Outcome
from expectations.gates import raw
from flows.lake.s3 import Bucket
from flows.record.state import State
from flows.record.withdrawals import WITHDRAWAL, withdrawal_of
from tests.flows.traces import EIGHT, MON, NOW, TUE, Account, Glue

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from flows.b3.portfolio import Portfolio
    from flows.session.storage import RawVersion

REASON = "withdrawn: wrong"


@pytest.fixture
def aws(s3: S3Client, sample: Portfolio) -> Account:
    return Account(s3, Glue(), sample)


@pytest.fixture
def version(aws: Account) -> RawVersion:
    """The raw file of a session that was withdrawn at nine."""
    found = aws.upload(MON)
    aws.refined(found)
    facts = {"fingerprint": found.fingerprint, "raw_version_id": found.version_id}
    aws.note(MON, Outcome.PUBLISHED, EIGHT, **facts)
    aws.note(MON, Outcome.QUARANTINED, hours(1), reason=REASON, gate_refused=WITHDRAWAL, **facts)
    return found


def hours(number: int) -> datetime:
    return EIGHT + timedelta(hours=number)


def stands(aws: Account, fingerprint: str) -> bool:
    return withdrawal_of(Bucket(aws.s3, REFINED_BUCKET), "IBOV", MON, fingerprint, NOW) is not None


def test_it_stands_and_the_status_has_its_reason(aws: Account, version: RawVersion) -> None:
    assert stands(aws, version.fingerprint)
    (found,) = aws.status(since=MON, until=MON).sessions
    assert (found.state, found.reason, found.gate) == (State.QUARANTINED, REASON, WITHDRAWAL)


@pytest.mark.parametrize(
    ("outcome", "more"),
    [
        pytest.param(Outcome.FAILED, {"reason": "B3 was not to be had"}, id="a failure"),
        pytest.param(Outcome.REJECTED, {"reason": "no portfolio"}, id="a rejected file"),
        pytest.param(Outcome.CONFLICTING, {"reason": "other figures"}, id="a file in conflict"),
        pytest.param(Outcome.STALE, {"reason": "B3 lags behind"}, id="a stale answer"),
        pytest.param(
            Outcome.QUARANTINED, {"reason": "refused", "gate_refused": raw.GATE, "fingerprint": "other"}, id="a refusal"
        ),
    ],
)
def test_what_was_tried_since_does_not_lift_it(
    aws: Account, version: RawVersion, outcome: Outcome, more: dict[str, Any]
) -> None:
    aws.note(MON, outcome, hours(2), **more)
    assert stands(aws, version.fingerprint)
    (found,) = aws.status(since=MON, until=MON).sessions
    assert (found.state, found.reason) == (State.QUARANTINED, REASON)


def test_a_withdrawn_session_of_which_somebody_says_that_it_stays_away_lacks_nothing(
    aws: Account, version: RawVersion
) -> None:
    aws.note(MON, Outcome.ACKNOWLEDGED, hours(2), reason="B3 never corrected it")
    (found,) = aws.status(since=MON, until=MON).sessions
    assert (found.state, found.reason) == (State.ACKNOWLEDGED, "B3 never corrected it")
    assert stands(aws, version.fingerprint)


@pytest.mark.parametrize("outcome", [Outcome.PUBLISHED, Outcome.ALREADY_PUBLISHED])
def test_a_publication_lifts_it(aws: Account, version: RawVersion, outcome: Outcome) -> None:
    aws.note(MON, outcome, hours(2), fingerprint=version.fingerprint, raw_version_id=version.version_id)
    assert not stands(aws, version.fingerprint)


def test_it_is_of_one_portfolio_of_one_session_of_one_index(aws: Account, version: RawVersion) -> None:
    refined = Bucket(aws.s3, REFINED_BUCKET)
    assert not stands(aws, "other figures")
    assert withdrawal_of(refined, "IBOV", TUE, version.fingerprint, NOW) is None
    assert withdrawal_of(refined, "IBXX", MON, version.fingerprint, NOW) is None


def test_the_same_portfolio_uploaded_again_is_withdrawn_too(aws: Account, version: RawVersion) -> None:
    assert aws.upload(MON).version_id != version.version_id
    (found,) = aws.status(since=MON, until=MON).sessions
    assert found.state is State.QUARANTINED


def test_other_figures_are_not(aws: Account, version: RawVersion) -> None:
    other = Account(aws.s3, aws.glue, aws.sample.restated(divisor=Decimal("15000000.12345678")))
    later = other.upload(MON)
    assert not stands(aws, later.fingerprint)
    (found,) = aws.status(since=MON, until=MON).sessions
    assert found.state is State.RAW
    assert version.fingerprint != later.fingerprint
