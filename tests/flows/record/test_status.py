"""The status of an account: what lies in S3 and how Glue's runs ended, put together session by session."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from expectations.contract.names import RAW_BUCKET, REFINED_BUCKET
from expectations.contract.outcomes import Outcome
from flows.b3.calendar import SAO_PAULO
from flows.lake.s3 import Bucket
from flows.record.state import NOT_IN_CALENDAR, State
from flows.record.status import read_history
from flows.session import storage
from tests.flows.traces import FRI, MON, NEXT, NOW, THU, TUE, WED, Account, Glue

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from flows.b3.portfolio import Portfolio


@pytest.fixture
def aws(s3: S3Client, sample: Portfolio) -> Account:
    return Account(s3, Glue(), sample)


def test_an_empty_account_has_nothing_but_the_session_that_is_due(aws: Account) -> None:
    assert aws.states() == {date(2025, 6, 11): State.DUE}


def test_every_session_of_the_calendar_since_the_first_there_is_stands_somewhere(aws: Account) -> None:
    first = aws.upload(MON)
    aws.publish(MON, first)
    aws.land(TUE)
    aws.upload(WED)
    aws.refined(aws.upload(THU))
    found = aws.status(until=NEXT)
    assert {item.session: item.state for item in found.sessions} == {
        MON: State.PUBLISHED,
        TUE: State.LANDED,
        WED: State.RAW,
        THU: State.STAGED,
        FRI: State.MISSING,
        NEXT: State.MISSING,
    }
    assert (found.newest_published, found.due, found.showing) == (MON, NEXT, date(2025, 6, 11))


def test_a_session_is_due_from_the_morning_of_its_day(aws: Account) -> None:
    aws.land(MON)
    assert [item.session for item in aws.status().sessions][-1] == date(2025, 6, 11)
    early = aws.status(NOW.replace(hour=4))
    assert early.sessions[-1].session == date(2025, 6, 10)


def test_a_later_session_that_is_there_already_is_shown(aws: Account) -> None:
    aws.publish(date(2025, 6, 12), aws.upload(date(2025, 6, 12)))
    assert aws.states() == {date(2025, 6, 12): State.PUBLISHED}


def test_a_run_whose_manifest_is_gone_has_staged_nothing(aws: Account) -> None:
    aws.refined(aws.upload(MON), manifest=False)
    assert aws.states(until=MON) == {MON: State.RAW}


def test_what_a_gate_refused_is_named_with_the_gate_and_why(aws: Account) -> None:
    aws.land(MON)
    aws.note(
        MON,
        Outcome.QUARANTINED,
        NOW,
        reason="gate-1-raw refused IBOV 2025-06-02: no codigo stands twice",
        gate_refused="gate-1-raw",
        demands_refused=("no codigo stands twice",),
    )
    (found,) = aws.status(until=MON).sessions
    assert (found.state, found.gate, found.demands) == (State.QUARANTINED, "gate-1-raw", ("no codigo stands twice",))


def test_a_missing_session_is_told_why_by_the_last_try_of_its_day(aws: Account) -> None:
    morning = datetime(2025, 6, 3, 6, 30, tzinfo=SAO_PAULO)
    aws.note(None, Outcome.FAILED, morning, reason="B3 could not be had (1)")
    aws.note(None, Outcome.FAILED, morning + timedelta(hours=2), reason="B3 could not be had (2)")
    found = aws.status(since=MON, until=TUE).sessions
    assert [(item.state, item.reason) for item in found] == [
        (State.BEFORE, ""),
        (State.MISSING, "B3 could not be had (2)"),
    ]


def test_the_newest_attempt_counts(aws: Account) -> None:
    aws.publish(MON, aws.upload(MON))
    aws.note(MON, Outcome.QUARANTINED, NOW, reason="refused", gate_refused="gate-1-raw")
    aws.note(MON, Outcome.ALREADY_PUBLISHED, NOW + timedelta(hours=1))
    (found,) = aws.status(until=MON).sessions
    assert (found.state, found.note) == (State.PUBLISHED, "")


def test_a_session_on_a_holiday_is_kept_and_flagged(aws: Account) -> None:
    corpus_christi = date(2025, 6, 19)
    aws.publish(corpus_christi, aws.upload(corpus_christi))
    (found,) = aws.status(since=corpus_christi, until=corpus_christi).sessions
    assert (found.state, found.in_calendar, found.note) == (State.PUBLISHED, False, NOT_IN_CALENDAR)


def test_each_index_stands_by_itself(aws: Account) -> None:
    aws.publish(MON, aws.upload(MON))
    aws.publish(TUE, aws.upload(TUE, "IBXX"), "IBXX")
    found = aws.read(until=TUE)
    assert [(item.index, item.since, item.counts) for item in found.indices] == [
        ("IBOV", MON, {"published": 1, "missing": 1}),
        ("IBXX", TUE, {"published": 1}),
    ]
    assert not found.complete
    assert aws.read(until=TUE, indices=["IBXX"]).complete


def test_payloads_without_a_session_are_counted(aws: Account) -> None:
    aws.land(None)
    assert aws.status().undated == 1


def test_keys_that_are_none_of_the_contracts_are_nobodys(aws: Account) -> None:
    for bucket, key in (
        (RAW_BUCKET, "raw-data/year=2025/month=06/day=02/odd.parquet"),
        (RAW_BUCKET, "landing/year=2025/month=06/day=31/ibov_20250602T110000Z_p001_000000000000.json.gz"),
        (RAW_BUCKET, "landing/undated/odd"),
        (RAW_BUCKET, "landing/year=0000/month=13/odd"),
        (REFINED_BUCKET, "published/ibov/year=2025/month=06/day=31/publication.json"),
        (REFINED_BUCKET, "published/ibov/year=2025/month=06/day=02/other.json"),
        (REFINED_BUCKET, "published/../x"),
        (REFINED_BUCKET, "execucoes-data/year=2025/month=06/odd.parquet"),
    ):
        aws.s3.put_object(Bucket=bucket, Key=key, Body=b"")
    aws.s3.put_object(
        Bucket=REFINED_BUCKET,
        Key="execucoes-data/year=2025/month=06/ibov_20250602_quarantined_20250602T110000000000Z_0.parquet",
        Body=b"no row",
    )
    aws.s3.put_object(
        Bucket=REFINED_BUCKET, Key="published/ibov/year=2025/month=06/day=03/publication.json", Body=b"no record"
    )
    # A record that is none says that something was published, and not what.
    assert aws.states(until=TUE) == {MON: State.MISSING, TUE: State.DAMAGED}


def test_250_sessions_cost_a_call_a_month_and_none_each(aws: Account) -> None:
    version = aws.upload(MON)
    days = [date(2024, 6, 3) + timedelta(days=day) for day in range(360)]
    for day in days:
        aws.publish(day, version)
    calls: list[str] = []
    aws.s3.meta.events.register("before-call.s3", lambda model, **_: calls.append(model.name), unique_id="count")
    found = aws.status(since=days[0], until=days[-1])
    aws.s3.meta.events.unregister("before-call.s3", unique_id="count")
    assert found.counts["published"] == 360
    assert len(calls) < 80
    assert aws.glue.looks == 0


def test_a_session_s_history_is_what_was_published_and_every_attempt(aws: Account) -> None:
    first, second = aws.upload(MON), aws.upload(MON)
    refined = Bucket(aws.s3, REFINED_BUCKET)
    aws.publish(MON, first)
    published = storage.read_publication(refined, "IBOV", MON)
    assert published
    later = replace(published, raw_version_id=second.version_id, history=published.history_before(second.version_id))
    storage.write_publication(refined, later)
    aws.note(MON, Outcome.PUBLISHED, NOW)
    aws.note(MON, Outcome.ALREADY_PUBLISHED, NOW + timedelta(hours=1))
    (session,) = aws.read(since=MON, until=MON).sessions["IBOV"]
    found = read_history(aws.pipeline, session.traces)
    assert found.publication
    assert [item.raw_version_id for item in found.publication.versions] == [second.version_id, first.version_id]
    assert [item.outcome for item in found.attempts] == [Outcome.PUBLISHED, Outcome.ALREADY_PUBLISHED]
    assert found.to_dict()["session"] == "2025-06-02"
