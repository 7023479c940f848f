"""A recovery: which sessions it takes, how, and which it leaves alone; one Glue run for all that need one."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from expectations.contract.keys import lease_key, parse_raw_key
from expectations.contract.names import ARTIFACTS_BUCKET, LANDING_PREFIX, PART_NAME
from expectations.contract.outcomes import Outcome
from flows.backfill.recovery import Recovered, Recovery
from flows.errors import PublishError
from flows.lake import lease
from flows.record.state import UNREAD, State
from flows.record.withdrawals import WITHDRAWAL
from flows.session import storage
from flows.session.confirm import session_tables
from local.b3.formats import json_page
from tests.flows.traces import EIGHT, FRI, MON, THU, TUE, WED, Account, Glue

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from flows.b3.portfolio import Portfolio

LONG_AFTER = timedelta(days=1)
IN_VAIN = "Glue run jr_1 ended FAILED: there is no Spark here"


@pytest.fixture
def aws(s3: S3Client, sample: Portfolio) -> Account:
    return Account(s3, Glue(), sample)


def answer(portfolio: Portfolio) -> bytes:
    return json_page(portfolio, 1, 120, by_sector=True)


def nothing_to_refresh(*_: object, **__: object) -> None:
    """Stands for the monthly tables, which have tests of their own."""


def recover(aws: Account, *, after: timedelta = LONG_AFTER, until: date = FRI, **options: Any) -> Recovered:  # noqa: ANN401
    recovery = Recovery(aws.pipeline, **{"refresh": nothing_to_refresh, **options})
    return recovery.run(datetime.now(UTC) + after, since=MON, until=until)


def outcomes(recovered: Recovered) -> dict[date, tuple[Outcome, str]]:
    return {attempt.session: (attempt.outcome, attempt.reason) for attempt in recovered.attempts if attempt.session}


def left(recovered: Recovered) -> dict[date, State]:
    return {item.session: item.state for item in recovered.left}


def started(aws: Account) -> list[list[date]]:
    """The sessions of each run that was started for a batch."""
    lists = [run["Arguments"]["--raw_list"] for run in aws.glue.runs if "--raw_list" in run["Arguments"]]
    bodies = [aws.s3.get_object(Bucket=ARTIFACTS_BUCKET, Key=item.split("/", 3)[3])["Body"].read() for item in lists]
    return [sorted(parse_raw_key(entry["key"]).session for entry in json.loads(body)) for body in bodies]


def test_all_that_was_landed_or_has_no_run_goes_into_one_run(aws: Account) -> None:
    for day in (MON, TUE):
        portfolio = aws.sample.restated(session=day)
        aws.land(day, body=answer(portfolio), at=EIGHT + (day - MON))
    aws.upload(WED)
    aws.publish(THU, aws.upload(THU))
    recovered = recover(aws)
    assert started(aws) == [[MON, TUE, WED]]
    assert outcomes(recovered) == dict.fromkeys((MON, TUE, WED), (Outcome.FAILED, IN_VAIN))
    assert recovered.failed
    assert left(recovered) == {FRI: State.MISSING}


def test_a_run_whose_output_is_gone_is_repeated(aws: Account) -> None:
    aws.refined(aws.upload(MON), manifest=False)
    recover(aws, until=MON)
    assert started(aws) == [[MON]]


def test_what_is_young_is_left_to_the_flow_that_may_be_at_work_on_it(aws: Account) -> None:
    aws.land(MON, body=answer(aws.sample.restated(session=MON)))
    aws.upload(TUE)
    recovered = recover(aws, after=timedelta(minutes=9))
    assert (recovered.attempts, started(aws)) == ([], [])
    assert left(recovered) | {MON: State.LANDED, TUE: State.RAW} == left(recovered)
    assert {attempt.session for attempt in recover(aws, after=timedelta(0), at_once=True).attempts} == {MON, TUE}


def test_what_cannot_be_parsed_fails_by_name_and_stops_no_other(aws: Account) -> None:
    aws.land(MON, body=b"odd")
    aws.upload(TUE)
    found = outcomes(recover(aws))
    assert found[MON][0] is Outcome.FAILED
    assert "not JSON" in found[MON][1]
    assert started(aws) == [[TUE]]


def test_what_gate_1_refuses_is_quarantined_and_not_tried_again_until_something_changes(aws: Account) -> None:
    portfolio = aws.sample.restated(session=MON)
    aws.land(MON, body=answer(replace(portfolio, holdings=portfolio.holdings[1:])))
    first = recover(aws, until=MON)
    assert "gate-1-raw refused" in outcomes(first)[MON][1]
    second = recover(aws, until=MON)
    assert (second.attempts, left(second)) == ([], {MON: State.QUARANTINED})
    assert "rows are B3's totalRecords" in " | ".join(second.left[0].demands)
    assert "gate-1-raw refused" in outcomes(recover(aws, until=MON, retry_quarantined=True))[MON][1]

    time.sleep(1.1)  # S3's clock has seconds
    aws.land(MON, body=answer(portfolio), at=EIGHT + timedelta(hours=1))
    assert outcomes(recover(aws, until=MON)) == {MON: (Outcome.FAILED, IN_VAIN)}
    assert started(aws) == [[MON]]


def test_what_gate_2_refused_gets_another_run_only_where_that_is_asked_for(aws: Account) -> None:
    version = aws.upload(MON)
    aws.refined(version)
    refused = {"reason": "refused", "gate_refused": "gate-2-refined", "raw_version_id": version.version_id}
    aws.note(MON, Outcome.QUARANTINED, EIGHT, **refused)
    assert left(recover(aws, until=MON)) == {MON: State.QUARANTINED}
    assert started(aws) == []
    recover(aws, until=MON, retry_quarantined=True)
    assert started(aws) == [[MON]]


def test_what_somebody_has_withdrawn_is_taken_back_only_where_that_is_asked_for(aws: Account) -> None:
    portfolio = aws.sample.restated(session=MON)
    by_hand = {"reason": "B3 was wrong", "gate_refused": WITHDRAWAL, "fingerprint": portfolio.fingerprint()}
    aws.note(MON, Outcome.QUARANTINED, EIGHT, **by_hand)
    aws.land(MON, body=answer(portfolio), at=EIGHT + timedelta(hours=1))
    assert outcomes(recover(aws, until=MON)) == {MON: (Outcome.QUARANTINED, "B3 was wrong")}
    assert started(aws) == []
    recover(aws, until=MON, retry_quarantined=True)
    assert started(aws) == [[MON]]


def test_a_payload_whose_session_could_not_be_told_is_read_where_its_session_lacks(aws: Account) -> None:
    aws.land(None, body=answer(aws.sample.restated(session=MON)))
    aws.land(None, body=b"Just a moment")
    assert outcomes(recover(aws)) == {MON: (Outcome.FAILED, IN_VAIN)}
    assert started(aws) == [[MON]]


def test_a_payload_that_came_unnoticed_and_says_the_same_is_told_of_once(aws: Account) -> None:
    aws.publish(MON, aws.upload(MON))
    time.sleep(1.1)  # S3's clock has seconds
    aws.land(MON, body=answer(aws.sample.restated(session=MON)))
    (found,) = aws.status(datetime.now(UTC), since=MON, until=MON).sessions
    assert (found.state, found.note) == (State.PUBLISHED, UNREAD)
    assert outcomes(recover(aws, until=MON)) == {MON: (Outcome.ALREADY_PUBLISHED, "")}
    assert aws.status(datetime.now(UTC), since=MON, until=MON).sessions[0].note == ""
    assert recover(aws, until=MON).attempts == []
    assert started(aws) == []


def test_a_correction_that_came_unnoticed_is_taken(aws: Account, sample: Portfolio) -> None:
    aws.publish(MON, aws.upload(MON))
    time.sleep(1.1)  # S3's clock has seconds
    first, *rest = sample.holdings
    corrected = replace(sample.restated(session=MON), holdings=(replace(first, acao="OTHER"), *rest))
    aws.land(MON, body=answer(corrected), at=EIGHT + timedelta(hours=1))
    recover(aws, until=MON)
    assert started(aws) == [[MON]]


def test_every_session_that_was_taken_leaves_a_row_in_the_ledger(aws: Account) -> None:
    aws.land(MON, body=b"odd")
    aws.upload(TUE)
    recover(aws)
    found = {item.session: item for item in aws.status(datetime.now(UTC), since=MON, until=TUE).sessions}
    assert (found[MON].state, found[TUE].state) == (State.LANDED, State.RAW)
    assert "not JSON" in found[MON].reason
    assert found[TUE].reason == IN_VAIN


def test_nothing_is_to_be_done_about_what_nobody_has_collected(aws: Account) -> None:
    aws.publish(MON, aws.upload(MON))
    recovered = recover(aws, until=WED)
    assert (recovered.attempts, left(recovered)) == ([], {TUE: State.MISSING, WED: State.MISSING})
    assert recovered.headline == "nothing to do; left: 2 missing"
    assert not recovered.failed


def test_landing_is_never_written_to(aws: Account) -> None:
    aws.land(MON, body=answer(aws.sample.restated(session=MON)))
    before = keys(aws)
    recover(aws)
    assert keys(aws) == before


def keys(aws: Account) -> list[str]:
    bucket = aws.pipeline.settings.raw_bucket
    return [item["Key"] for item in aws.s3.list_objects_v2(Bucket=bucket, Prefix=LANDING_PREFIX)["Contents"]]


def test_the_monthly_tables_are_brought_up_to_date_though_there_is_no_session_to_take(aws: Account) -> None:
    aws.publish(MON, aws.upload(MON))
    refreshed: list[tuple[str, bool]] = []

    def noted(_: object, index: str, *__: object, thorough: bool = False) -> None:
        refreshed.append((index, thorough))

    recovered = recover(aws, until=MON, refresh=noted)
    assert (recovered.attempts, recovered.failed, refreshed) == ([], False, [("IBOV", True)])


def test_what_keeps_the_monthly_tables_from_being_so_is_told_with_the_results(aws: Account) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PublishError("IBOV 2025-06-02: 0 rows are published where the record says 84")

    aws.publish(MON, aws.upload(MON))
    aws.upload(TUE)
    recovered = recover(aws, until=TUE, refresh=refuse)
    assert [attempt.session for attempt in recovered.attempts] == [TUE]
    assert recovered.failed
    assert recovered.headline.endswith("; IBOV 2025-06-02: 0 rows are published where the record says 84")
    assert recovered.to_dict()["problems"] == ["IBOV 2025-06-02: 0 rows are published where the record says 84"]


@pytest.fixture
def overtaken(aws: Account, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Who reads a key that contains one of these texts stands still until another has taken Monday's lease."""
    places: list[str] = []
    clock, slept = lease.elapsed, [0.0]
    monkeypatch.setattr(lease, "elapsed", lambda: clock() + sum(slept))

    def stands_still(params: dict[str, Any], **_: object) -> None:
        if any(place in params["Key"] for place in places):
            slept.append(aws.pipeline.settings.lease_timeout)
            aws.pipeline.lake.refined.put(lease_key("IBOV", MON), b"another's")

    aws.s3.meta.events.register("provide-client-params.s3.GetObject", stands_still)
    yield places
    aws.s3.meta.events.unregister("provide-client-params.s3.GetObject", stands_still)


def shown(aws: Account) -> list[str]:
    """The tables of which partitions of a session were made."""
    return sorted({table.name for table in session_tables("IBOV")}.intersection(aws.glue.created))


def assert_left_to_the_other(aws: Account, recovered: Recovered) -> None:
    (outcome, reason) = outcomes(recovered)[MON]
    assert outcome is Outcome.FAILED
    assert "another has taken the session over" in reason
    assert aws.pipeline.lake.refined.read(lease_key("IBOV", MON)) == b"another's"


def test_a_recovery_that_stood_still_while_another_took_the_session_over_uploads_nothing(
    aws: Account, overtaken: list[str]
) -> None:
    aws.land(MON, body=answer(aws.sample.restated(session=MON)))
    overtaken.append(LANDING_PREFIX)
    assert_left_to_the_other(aws, recover(aws, until=MON))
    assert storage.find_raw(aws.raw, "IBOV", MON) is None
    assert started(aws) == []


@pytest.fixture
def hidden(aws: Account) -> None:
    """Monday is published, and was found without its partitions."""
    aws.publish(MON, aws.upload(MON))
    aws.glue.partitions.clear()
    aws.note(
        MON, Outcome.DAMAGED, datetime.now(UTC) + timedelta(minutes=1), reason="a partition does not show its file"
    )


@pytest.mark.usefixtures("hidden")
def test_one_that_stood_still_so_lets_the_catalog_show_nothing(aws: Account, overtaken: list[str]) -> None:
    overtaken.append(PART_NAME)
    assert_left_to_the_other(aws, recover(aws, until=MON))
    assert shown(aws) == []


@pytest.mark.usefixtures("hidden")
def test_partitions_that_are_gone_are_shown_again(aws: Account) -> None:
    recover(aws, until=MON)
    assert shown(aws) == sorted(table.name for table in session_tables("IBOV"))
