"""A verification: what differs from what was published is named, noted in the ledger, and so no longer published for anybody."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest

from expectations.contract.keys import read_attempt_key
from expectations.contract.names import LANDING_PREFIX, LEDGER_PREFIX, PART_NAME, RAW_BUCKET, REFINED_BUCKET
from expectations.contract.outcomes import Outcome
from expectations.contract.partitions import partition_prefix
from expectations.contract.tables import REBUILT, REFINED_TABLE
from flows.backfill import verification
from flows.backfill.recovery import Recovery
from flows.backfill.verification import Verification, Verified
from flows.backfill.verification_report import verification_markdown
from flows.record.state import State
from flows.session import storage
from local.b3.formats import json_page
from tests.flows import in_memory
from tests.flows.traces import EIGHT, MON, TUE, Account, Glue

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from flows.b3.portfolio import Portfolio

FILE = partition_prefix(REFINED_TABLE, "IBOV", MON, "VALE3") + PART_NAME


@pytest.fixture
def aws(s3: S3Client, sample: Portfolio, monkeypatch: pytest.MonkeyPatch) -> Account:
    """Two published sessions; the monthly tables have tests of their own."""
    account = Account(s3, Glue(), sample)
    for day in (MON, TUE):
        landed = account.land(day, body=json_page(sample.restated(session=day), 1, 120, by_sector=True))
        account.publish(day, account.upload(day, payloads=[landed]))
        account.note(day, Outcome.PUBLISHED, EIGHT)
    monkeypatch.setattr(verification, "month_damages", lambda *_: {})
    return account


def verified(aws: Account) -> Verified:
    return Verification(aws.pipeline).run(datetime.now(UTC), since=MON, until=TUE)


def states(aws: Account) -> dict[date, State]:
    return {item.session: item.state for item in aws.status(datetime.now(UTC), since=MON, until=TUE).sessions}


def recovered(aws: Account) -> dict[date | None, Outcome]:
    recovery = Recovery(aws.pipeline, at_once=True, refresh=lambda *_, **__: None)
    attempts = recovery.run(datetime.now(UTC), since=MON, until=TUE).attempts
    return {attempt.session: attempt.outcome for attempt in attempts}


def findings(aws: Account) -> list[str]:
    """The ledger's rows of verifications."""
    listed = aws.s3.list_objects_v2(Bucket=REFINED_BUCKET, Prefix=LEDGER_PREFIX)["Contents"]
    return [item["Key"] for item in listed if "_damaged_" in item["Key"] or "_intact_" in item["Key"]]


def test_what_is_as_it_was_published_leaves_no_trace(aws: Account) -> None:
    found = verified(aws)
    assert (found.intact, found.sessions, found.damages, found.problems) == (True, 2, [], [])
    assert found.headline == "2 published sessions verified: 0 damaged"
    assert findings(aws) == []


def test_a_file_that_is_lost_is_named_noted_once_and_told_by_the_status(aws: Account) -> None:
    aws.s3.delete_object(Bucket=REFINED_BUCKET, Key=FILE)
    for _ in range(2):
        (damage,) = verified(aws).damages
        assert (damage.index, damage.session, damage.what) == ("IBOV", MON, f"{FILE} is missing")
    assert len(findings(aws)) == 1
    assert states(aws) == {MON: State.DAMAGED, TUE: State.PUBLISHED}
    assert recovered(aws) == {MON: Outcome.FAILED}  # there is no Spark here
    assert aws.glue.runs[0]["Arguments"]["--raw_list"]


def test_a_file_whose_bytes_changed_under_its_etag_is_named_and_the_session_made_again_from_its_raw_file(
    aws: Account,
) -> None:
    in_memory.rot(REFINED_BUCKET, FILE, b"odd!")
    assert states(aws) == dict.fromkeys((MON, TUE), State.PUBLISHED)
    assert [item.what for item in verified(aws).damages] == [f"{FILE} has other bytes than were stored"]
    assert states(aws) == {MON: State.DAMAGED, TUE: State.PUBLISHED}
    assert recovered(aws) == {MON: Outcome.FAILED}  # there is no Spark here
    assert aws.glue.runs[0]["Arguments"]["--raw_list"]


def test_a_partition_that_is_lost_is_noted_so_that_the_status_tells_it_and_is_registered_again_without_a_run(
    aws: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = aws.glue.partitions.pop((REFINED_TABLE.name, MON))
    assert states(aws) == dict.fromkeys((MON, TUE), State.PUBLISHED)
    assert "does not show its file" in verified(aws).damages[0].what
    assert states(aws) == {MON: State.DAMAGED, TUE: State.PUBLISHED}

    def create(**_: object) -> dict[str, object]:
        aws.glue.partitions[REFINED_TABLE.name, MON] = lost
        return {}

    monkeypatch.setattr(Glue, "batch_create_partition", staticmethod(create))
    assert recovered(aws)[MON] is Outcome.INTACT
    assert states(aws) == dict.fromkeys((MON, TUE), State.PUBLISHED)
    assert aws.glue.runs == []


def test_what_a_month_lacks_is_damage_of_its_sessions_until_it_is_mended(
    aws: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verification, "month_damages", lambda *_: {date(2025, 6, 1): "historico/… is missing"})
    assert [item.what for item in verified(aws).damages] == ["historico/… is missing"] * 2
    assert states(aws) == dict.fromkeys((MON, TUE), State.DAMAGED)
    monkeypatch.setattr(verification, "month_damages", lambda *_: {})
    assert set(recovered(aws).values()) == {Outcome.INTACT}
    assert states(aws) == dict.fromkeys((MON, TUE), State.PUBLISHED)


def test_what_was_put_back_by_hand_is_published_once_it_is_verified_again(aws: Account) -> None:
    aws.glue.partitions[REFINED_TABLE.name, MON], kept = {}, aws.glue.partitions[REFINED_TABLE.name, MON]
    assert verified(aws).damages
    aws.glue.partitions[REFINED_TABLE.name, MON] = kept
    assert states(aws)[MON] is State.DAMAGED
    assert verified(aws).intact
    assert states(aws)[MON] is State.PUBLISHED


RAW: dict[str, Callable[[bytes], bytes]] = {
    "cut": lambda body: body[: len(body) // 2],
    "emptied": lambda _: b"",
    "other bytes": lambda body: body[:4] + bytes(len(body) - 8) + body[-4:],
}


@pytest.mark.parametrize("spoil", RAW.values(), ids=RAW)
def test_a_raw_file_that_is_spoilt_is_named_and_the_version_that_was_published_is_put_back(
    aws: Account, spoil: Callable[[bytes], bytes]
) -> None:
    time.sleep(1.1)  # S3's clock has seconds
    key = f"raw-data/year=2025/month=06/day=02/ibov_carteira_{MON:%Y%m%d}.parquet"
    whole = aws.s3.get_object(Bucket=RAW_BUCKET, Key=key)["Body"].read()
    aws.s3.put_object(Bucket=RAW_BUCKET, Key=key, Body=spoil(whole))
    (found, _) = aws.status(datetime.now(UTC), since=MON, until=TUE).sessions
    assert found.state is State.DAMAGED
    assert found.reason.startswith(f"s3://{RAW_BUCKET}/{key}: raw file: not Parquet")
    assert found.reason.endswith("bovespa reconcile --since 2025-06-02 --until 2025-06-02 --index IBOV mends it")
    assert verified(aws).damages[0].what == found.reason
    assert recovered(aws) == {MON: Outcome.INTACT}
    assert aws.s3.get_object(Bucket=RAW_BUCKET, Key=key)["Body"].read() == whole
    assert states(aws) == dict.fromkeys((MON, TUE), State.PUBLISHED)
    assert (verified(aws).intact, aws.glue.runs) == (True, [])


def test_another_sessions_raw_file_is_none_of_the_session(aws: Account) -> None:
    key = f"raw-data/year=2025/month=06/day=02/ibov_carteira_{MON:%Y%m%d}.parquet"
    other = key.replace("day=02", "day=03").replace("20250602", "20250603")
    aws.s3.copy_object(Bucket=RAW_BUCKET, Key=key, CopySource={"Bucket": RAW_BUCKET, "Key": other})
    assert "the raw file of IBOV 2025-06-03" in verified(aws).damages[0].what


def test_a_payload_that_is_spoilt_is_put_back_from_its_earlier_version(aws: Account) -> None:
    (key, _) = [item["Key"] for item in aws.s3.list_objects_v2(Bucket=RAW_BUCKET, Prefix=LANDING_PREFIX)["Contents"]]
    whole = aws.s3.get_object(Bucket=RAW_BUCKET, Key=key)["Body"].read()
    aws.s3.put_object(Bucket=RAW_BUCKET, Key=key, Body=whole[:100])
    assert verified(aws).problems == []
    assert aws.s3.get_object(Bucket=RAW_BUCKET, Key=key)["Body"].read() == whole


def test_a_payload_that_is_lost_is_named_and_the_session_stays_published(aws: Account) -> None:
    (key, _) = [item["Key"] for item in aws.s3.list_objects_v2(Bucket=RAW_BUCKET, Prefix=LANDING_PREFIX)["Contents"]]
    for version in aws.s3.list_object_versions(Bucket=RAW_BUCKET, Prefix=key)["Versions"]:
        aws.s3.delete_object(Bucket=RAW_BUCKET, Key=key, VersionId=version["VersionId"])
    aws.s3.put_object(Bucket=RAW_BUCKET, Key=key, Body=b"cut")
    found = verified(aws)
    assert found.problems == [
        f"s3://{RAW_BUCKET}/{key}: not the bytes that came, and no earlier version of the object has them: they are lost"
    ]
    assert (found.intact, found.damages) == (False, [])
    assert found.headline == "2 published sessions verified: 0 damaged, 1 other problems"
    assert states(aws)[MON] is State.PUBLISHED


def test_a_payload_that_was_deleted_is_put_back_from_its_earlier_version(aws: Account) -> None:
    (key, _) = [item["Key"] for item in aws.s3.list_objects_v2(Bucket=RAW_BUCKET, Prefix=LANDING_PREFIX)["Contents"]]
    whole = aws.s3.get_object(Bucket=RAW_BUCKET, Key=key)["Body"].read()
    aws.s3.delete_object(Bucket=RAW_BUCKET, Key=key)
    assert verified(aws).intact
    assert aws.s3.get_object(Bucket=RAW_BUCKET, Key=key)["Body"].read() == whole


def test_what_b3_sent_and_is_gone_altogether_is_named_by_what_the_raw_files_state(aws: Account) -> None:
    listed = [item["Key"] for item in aws.s3.list_objects_v2(Bucket=RAW_BUCKET, Prefix=LANDING_PREFIX)["Contents"]]
    for version in aws.s3.list_object_versions(Bucket=RAW_BUCKET, Prefix=LANDING_PREFIX)["Versions"]:
        aws.s3.delete_object(Bucket=RAW_BUCKET, Key=version["Key"], VersionId=version["VersionId"])
    found = verified(aws)
    lost = "the bytes that came are gone, and no earlier version of the object has them: they are lost"
    assert found.problems == [f"s3://{RAW_BUCKET}/{key}: {lost}" for key in listed]
    assert (found.intact, found.damages) == (False, [])


@pytest.mark.parametrize(
    ("source", "outcome"), [("json", Outcome.PUBLISHED), (REBUILT, Outcome.REBUILT)], ids=["B3's", "rebuilt"]
)
def test_a_publication_of_which_the_ledger_has_no_row_is_named_and_its_row_written_again(
    aws: Account, source: str, outcome: Outcome
) -> None:
    refined = aws.pipeline.lake.refined
    record = storage.read_publication(refined, "IBOV", MON)
    assert record
    storage.write_publication(refined, replace(record, source=source))
    kept = [item["Key"] for item in aws.s3.list_objects_v2(Bucket=REFINED_BUCKET, Prefix=LEDGER_PREFIX)["Contents"]]
    for key in kept:
        aws.s3.delete_object(Bucket=REFINED_BUCKET, Key=key)
    later = datetime.now(UTC) + timedelta(seconds=aws.pipeline.settings.reconcile_after)
    young = Verification(aws.pipeline).run(datetime.now(UTC), since=MON, until=TUE)
    found = Verification(aws.pipeline).run(later, since=MON, until=TUE)
    assert young.problems == []
    assert found.problems == [
        f"s3://{REFINED_BUCKET}/{LEDGER_PREFIX}: no row says that IBOV {day} was published; "
        "written again as far as its record tells"
        for day in (MON, TUE)
    ]
    assert Verification(aws.pipeline).run(later, since=MON, until=TUE).intact
    rows = [item["Key"] for item in aws.s3.list_objects_v2(Bucket=REFINED_BUCKET, Prefix=LEDGER_PREFIX)["Contents"]]
    (row,) = [key for key in rows if (found_key := read_attempt_key(key)) and found_key.session == MON]
    stored = pq.read_table(io.BytesIO(aws.s3.get_object(Bucket=REFINED_BUCKET, Key=row)["Body"].read())).to_pylist()[0]
    told = ("data_pregao", "estado", "linhas", "versao_raw", "execucao_glue", "impressao_digital")
    assert [stored[name] for name in told] == [MON, str(outcome), 84, record.raw_version_id, "jr_1", record.fingerprint]
    assert stored["inicio"] == datetime.fromisoformat(record.published_at)


@pytest.mark.parametrize("spoilt", [b"", b"PAR1 and no more", None])
def test_a_row_of_the_ledger_that_is_spoilt_or_anothers_is_written_again(aws: Account, spoilt: bytes | None) -> None:
    one, other = [
        item["Key"] for item in aws.s3.list_objects_v2(Bucket=REFINED_BUCKET, Prefix=LEDGER_PREFIX)["Contents"]
    ]
    body = aws.s3.get_object(Bucket=REFINED_BUCKET, Key=other)["Body"].read() if spoilt is None else spoilt
    aws.s3.put_object(Bucket=REFINED_BUCKET, Key=one, Body=body)
    (problem,) = verified(aws).problems
    assert problem.startswith(f"s3://{REFINED_BUCKET}/{one}: ledger: ")
    assert problem.endswith("; written again as far as its name tells")
    assert verified(aws).intact
    stored = pq.read_table(io.BytesIO(aws.s3.get_object(Bucket=REFINED_BUCKET, Key=one)["Body"].read()))
    assert stored["data_pregao"].to_pylist() == [MON]
    assert stored["estado"].to_pylist() == ["published"]


def test_the_report_names_what_differs_as_text(aws: Account) -> None:
    aws.s3.delete_object(Bucket=REFINED_BUCKET, Key=FILE)
    found = replace(verified(aws), problems=["<b>odd</b>"])
    page = verification_markdown(found, datetime.now(UTC))
    assert f"| IBOV | {MON} | " in page
    assert "<b>" not in page
