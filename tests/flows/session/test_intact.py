"""Whether what was published still lies where it was published, as it was: told by listings, by the catalog, by the bytes."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any, cast

import pytest

from expectations.contract.catalog import session_expression
from expectations.contract.keys import lease_key, published_key, seal_key
from expectations.contract.names import HIDDEN_PREFIX, PART_NAME, REFINED_BUCKET
from expectations.contract.partitions import partition_prefix, partition_values
from expectations.contract.tables import REFINED_TABLE, SUMMARY_TABLE
from flows.lake.connect import Lake
from flows.session.intact import (
    changed_bytes,
    listed_damage,
    listed_session,
    register,
    session_damage,
    show_again,
    visible_damage,
)
from flows.session.storage import Publication, PublishedFile, read_publication, write_publication
from flows.settings import load_settings
from tests.flows import in_memory

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client

JUNE, JULY = date(2025, 6, 30), date(2025, 7, 1)
TICKERS = ("ABEV3", "PETR4", "VALE3")
VOID_AFTER = 600.0
RECORD = Publication("IBOV", str(JUNE), "2025-06-30T11:05:00+00:00", "f1", True, "v1", "jr_1", len(TICKERS), 2)  # noqa: FBT003


def key(ticker: str, session: date = JUNE) -> str:
    return partition_prefix(REFINED_TABLE, "IBOV", session, ticker) + PART_NAME


@dataclass
class Published:
    """Two published sessions."""

    lake: Lake

    def publish(self, session: date) -> None:
        files = {key(ticker, session): f"{ticker} {session}".encode() for ticker in TICKERS}
        files[partition_prefix(SUMMARY_TABLE, "IBOV", session) + PART_NAME] = b"sectors"
        written = {name: self.lake.refined.put(name, body) for name, body in files.items()}
        stated = tuple(PublishedFile(name, len(files[name]), item.etag.strip('"')) for name, item in written.items())
        record = replace(RECORD, session=str(session), files=stated)
        write_publication(self.lake.refined, record)
        register(self.lake, record)

    def listed(self) -> dict[date, str]:
        return listed_damage(self.lake, "IBOV", [JUNE, JULY], VOID_AFTER)

    def of(self, session: date, **more: bool) -> str:
        return session_damage(self.lake, "IBOV", session, VOID_AFTER, **more)

    def visible(self) -> dict[date, str]:
        return visible_damage(self.lake, "IBOV", [JUNE, JULY], VOID_AFTER)


@pytest.fixture
def there(s3: S3Client, glue: GlueClient) -> Published:
    athena, cloudwatch = cast("AthenaClient", None), cast("CloudWatchClient", None)
    published = Published(Lake.of(load_settings({}), s3, glue, athena, cloudwatch))
    for session in (JUNE, JULY):
        published.publish(session)
    return published


def test_what_is_as_it_was_published_is_so_by_listings_and_nothing_is_read(there: Published) -> None:
    calls: list[str] = []
    there.lake.refined.client.meta.events.register("before-call.s3", lambda model, **_: calls.append(model.name))
    assert there.listed() == {}
    assert set(calls) == {"ListObjectsV2"}
    assert there.visible() == {}
    assert there.of(JUNE, bytes_too=True) == there.of(JULY, bytes_too=True) == ""


def deleted(there: Published) -> None:
    there.lake.refined.delete_all([key("VALE3")])


def cut(there: Published) -> None:
    there.lake.refined.put(key("VALE3"), b"VALE3")


def other_bytes(there: Published) -> None:
    there.lake.refined.put(key("VALE3"), b"VALE5 2025-06-30")


def another(there: Published) -> None:
    there.lake.refined.put(partition_prefix(REFINED_TABLE, "IBOV", JUNE, "VALE3") + "part-00001.parquet", b"rows")


def no_files(there: Published) -> None:
    there.lake.refined.delete_all(list(listed_session(there.lake.refined, "IBOV", JUNE)))


def no_record(there: Published) -> None:
    there.lake.refined.put(published_key("IBOV", JUNE), b'{"index": "IBOV", "sess')


def another_record(there: Published) -> None:
    body = there.lake.refined.read(published_key("IBOV", JULY))
    there.lake.refined.put(published_key("IBOV", JUNE), body)


def record_of_other_types(there: Published) -> None:
    record = asdict(RECORD) | {"rows": "many"}
    there.lake.refined.put(published_key("IBOV", JUNE), json.dumps(record).encode())


DAMAGES: dict[Callable[[Published], None], str] = {
    deleted: f"{key('VALE3')} is missing",
    cut: f"{key('VALE3')} has 5 bytes where 16 were published",
    other_bytes: f"{key('VALE3')} has other bytes than were published",
    another: f"{key('VALE3').replace('00000', '00001')} was not published",
    no_files: f"{key('ABEV3')} is missing, and 3 more of 4 files",
    no_record: "not a publication record",
    another_record: "the record of IBOV 2025-07-01",
    record_of_other_types: "not a publication record (rows: ",
}


@pytest.mark.parametrize(("damage", "told"), DAMAGES.items(), ids=[damage.__name__ for damage in DAMAGES])
def test_what_is_not_is_named_of_its_session_alone(
    there: Published, damage: Callable[[Published], None], told: str
) -> None:
    damage(there)
    for found in (there.listed(), there.visible()):
        assert found.keys() == {JUNE}
        assert told in found[JUNE]
        assert "\n" not in found[JUNE]
    assert told in there.of(JUNE)
    assert there.of(JULY) == ""


@pytest.mark.parametrize("spoilt", [b"", b"odd"])
def test_a_session_whose_seal_is_gone_or_spoilt_is_looked_at_by_its_record(there: Published, spoilt: bytes) -> None:
    there.lake.refined.put(seal_key("IBOV", JUNE), spoilt)
    there.lake.refined.delete_all([seal_key("IBOV", JULY)])
    assert there.listed() == {}
    deleted(there)
    assert there.listed().keys() == {JUNE}


def test_of_a_record_of_before_files_were_recorded_their_number_is_known(there: Published) -> None:
    write_publication(there.lake.refined, RECORD)
    assert there.listed() == {}
    deleted(there)
    assert there.listed() == {JUNE: "3 files lie where 4 were published"}


def test_what_somebody_is_publishing_just_now_is_not_judged(there: Published) -> None:
    there.lake.refined.put(lease_key("IBOV", JUNE), b"holder")
    cut(there)
    assert (there.listed(), there.of(JUNE), there.visible()) == ({}, "", {})
    assert session_damage(there.lake, "IBOV", JUNE, void_after=-1)


@pytest.mark.parametrize("ahead", [timedelta(hours=9), timedelta(hours=-9)], ids=["S3 ahead", "S3 behind"])
def test_how_old_a_lease_is_s3_s_own_clock_says_whatever_this_machine_s_does(
    there: Published, ahead: timedelta
) -> None:
    def by_s3(parsed: dict[str, Any], **_: object) -> None:
        """S3's clock is ahead of this machine's, and the lease a minute old."""
        if "LastModified" in parsed:
            now = datetime.now(UTC) + ahead
            parsed["LastModified"] = now - timedelta(minutes=1)
            parsed["ResponseMetadata"]["HTTPHeaders"]["date"] = format_datetime(now, usegmt=True)

    there.lake.refined.put(lease_key("IBOV", JUNE), b"holder")
    cut(there)
    events = there.lake.refined.client.meta.events
    events.register("after-call.s3.HeadObject", by_s3)
    try:
        assert there.of(JUNE) == ""
        assert session_damage(there.lake, "IBOV", JUNE, void_after=30)
    finally:
        events.unregister("after-call.s3.HeadObject", by_s3)


@pytest.mark.parametrize("prefix", [HIDDEN_PREFIX, None], ids=["hidden", "removed"])
def test_a_partition_that_shows_no_rows_is_told_by_the_catalog(there: Published, prefix: str | None) -> None:
    values = partition_values(REFINED_TABLE, "IBOV", JUNE, "PETR4")
    if prefix:
        there.lake.catalog.point(REFINED_TABLE, {values: prefix})
    else:
        there.lake.catalog.delete(REFINED_TABLE, [values])
    told = "partition 2025/6/30/PETR4 of bovespa_refined_data does not show its file"
    assert there.listed() == {}
    assert (there.of(JUNE), there.visible(), there.of(JULY)) == (told, {JUNE: told}, "")
    record = read_publication(there.lake.refined, "IBOV", JUNE)
    assert record
    register(there.lake, record)
    assert there.of(JUNE) == ""


def test_registering_leaves_no_partition_that_was_not_published(there: Published) -> None:
    there.lake.catalog.create(REFINED_TABLE, {partition_values(REFINED_TABLE, "IBOV", JUNE, "ODD3"): HIDDEN_PREFIX})
    assert "ODD3 of bovespa_refined_data shows what was not published" in there.of(JUNE)
    record = read_publication(there.lake.refined, "IBOV", JUNE)
    assert record
    register(there.lake, record)
    expression = session_expression(REFINED_TABLE, "IBOV", JUNE)
    assert {values[3] for values in there.lake.catalog.partitions(REFINED_TABLE, expression)} == set(TICKERS)


def test_bytes_that_changed_on_the_disk_are_told_by_reading_them(there: Published) -> None:
    listed = listed_session(there.lake.refined, "IBOV", JUNE)
    stated = {name: replace(item, etag=item.etag) for name, item in listed.items()}
    assert changed_bytes(there.lake.refined, stated.values()) == ""
    deleted(there)
    assert changed_bytes(there.lake.refined, stated.values()) == f"{key('VALE3')} is missing"


def test_bytes_that_changed_under_their_etag_are_told_by_reading_them_alone(there: Published) -> None:
    in_memory.rot(REFINED_BUCKET, key("VALE3"), b"VALE5 2025-06-30")
    assert (there.listed(), there.visible(), there.of(JUNE)) == ({}, {}, "")
    assert there.of(JUNE, bytes_too=True) == f"{key('VALE3')} has other bytes than were stored"
    assert there.of(JULY, bytes_too=True) == ""


def test_a_session_is_shown_again_only_where_its_bytes_are_those_that_were_published(there: Published) -> None:
    values = partition_values(REFINED_TABLE, "IBOV", JUNE, "PETR4")
    record = read_publication(there.lake.refined, "IBOV", JUNE)
    assert record
    there.lake.catalog.delete(REFINED_TABLE, [values])
    whole = there.lake.refined.read(key("VALE3"))
    in_memory.rot(REFINED_BUCKET, key("VALE3"), b"VALE5 2025-06-30")
    show_again(there.lake, record)
    assert "PETR4 of bovespa_refined_data does not show its file" in there.of(JUNE)
    in_memory.rot(REFINED_BUCKET, key("VALE3"), whole)
    show_again(there.lake, record)
    assert there.of(JUNE, bytes_too=True) == ""
