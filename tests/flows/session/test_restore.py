"""Who was overtaken brings the session back to what is recorded of it, and leaves it alone where it is so."""

from __future__ import annotations

import logging
from collections.abc import Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from expectations.contract.keys import manifest_key
from expectations.contract.manifest import Manifest, RawSource, SessionCounts
from expectations.contract.names import DATABASE, HIDDEN_PREFIX, PART_NAME, REFINED_BUCKET
from expectations.contract.tables import REFINED_TABLE, SUMMARY_TABLE
from flows.lake.catalog import Catalog
from flows.lake.s3 import Bucket
from flows.session.publish import Publisher
from flows.session.restore import restore
from flows.session.storage import Publication, write_publication
from tests.flows.session.test_publish import SESSION, Account

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client

    from flows.lake.connect import Lake

FOLDER = "refined-data/year=2025/month=06/day=30/"
ROWS = {"ALOS3": b"jr_1 ALOS3", "VALE3": b"jr_1 VALE3"}


@pytest.fixture
def aws(s3: S3Client, glue: GlueClient) -> Account:
    """An account in which the session is published, by the run whose manifest is there."""
    found = Account(s3, glue)
    staged = found.stage("jr_1", ROWS)
    found.publisher().publish(staged)
    source = RawSource("raw", "raw-data/x", "v1", "IBOV", SESSION, SESSION)
    files = (*staged.refined, *staged.summary)
    manifest = Manifest("jr_1", (source,), (SessionCounts("IBOV", SESSION, 2, 1),), files)
    s3.put_object(Bucket=REFINED_BUCKET, Key=manifest_key("jr_1"), Body=manifest.to_json().encode())
    record = Publication("IBOV", SESSION.isoformat(), "2025-06-30T11:05:00+00:00", "f", True, "v1", "jr_1", 2, 1)  # noqa: FBT003
    write_publication(Bucket(s3, REFINED_BUCKET), record, over=None)
    return found


def brought_back(aws: Account) -> None:
    job: Any = SimpleNamespace(run=lambda run_id: SimpleNamespace(run_id=run_id))
    refined = Bucket(aws.s3, REFINED_BUCKET)
    lake = SimpleNamespace(refined=refined, catalog=Catalog(aws.glue, DATABASE, REFINED_BUCKET), job=job)
    restore(cast("Lake", lake), "IBOV", SESSION, 30)


def hidden(aws: Account) -> None:
    catalog = Catalog(aws.glue, DATABASE, REFINED_BUCKET)
    catalog.point(REFINED_TABLE, dict.fromkeys(catalog.partitions(REFINED_TABLE, ""), HIDDEN_PREFIX))


def summary_hidden(aws: Account) -> None:
    catalog = Catalog(aws.glue, DATABASE, REFINED_BUCKET)
    catalog.point(SUMMARY_TABLE, dict.fromkeys(catalog.partitions(SUMMARY_TABLE, ""), HIDDEN_PREFIX))


def summary_late(aws: Account) -> None:
    aws.s3.put_object(Bucket=REFINED_BUCKET, Key=aws.keys("resumo-data/")[0], Body=b"late")


def one_unregistered(aws: Account) -> None:
    Catalog(aws.glue, DATABASE, REFINED_BUCKET).delete(REFINED_TABLE, [("2025", "6", "30", "VALE3")])


def stray_file(aws: Account) -> None:
    aws.s3.put_object(Bucket=REFINED_BUCKET, Key=f"{FOLDER}acao=DDDD3/{PART_NAME}", Body=b"late")


def other_file(aws: Account) -> None:
    aws.s3.put_object(Bucket=REFINED_BUCKET, Key=f"{FOLDER}acao=VALE3/{PART_NAME}", Body=b"late")


def file_gone(aws: Account) -> None:
    aws.s3.delete_object(Bucket=REFINED_BUCKET, Key=f"{FOLDER}acao=VALE3/{PART_NAME}")


@pytest.mark.parametrize(
    "late", [hidden, one_unregistered, stray_file, other_file, file_gone, summary_hidden, summary_late]
)
def test_whatever_came_late_is_made_good(aws: Account, late: Callable[[Account], None]) -> None:
    late(aws)
    brought_back(aws)
    assert aws.tickers() == ROWS
    assert aws.keys(FOLDER) == [f"{FOLDER}acao={ticker}/{PART_NAME}" for ticker in sorted(ROWS)]
    assert aws.seen(SUMMARY_TABLE) == {("2025", "6", "30"): [b"jr_1 None"]}
    assert aws.keys("leases/") == []


def test_what_is_as_recorded_is_left_alone(aws: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Publisher, "publish", lambda *_: pytest.fail("published again"))
    brought_back(aws)


def test_what_has_no_record_is_left_alone(aws: Account) -> None:
    hidden(aws)
    for key in aws.keys("published/"):
        aws.s3.delete_object(Bucket=REFINED_BUCKET, Key=key)
    brought_back(aws)
    assert aws.tickers() == {}


def test_that_it_cannot_be_is_a_warning_for_the_caller_has_failed_already(
    aws: Account, caplog: pytest.LogCaptureFixture
) -> None:
    aws.s3.delete_object(Bucket=REFINED_BUCKET, Key=manifest_key("jr_1"))
    with caplog.at_level(logging.WARNING):
        brought_back(aws)
    (message,) = (record.getMessage() for record in caplog.records if record.name == "flows.session.restore")
    assert message.startswith("IBOV 2025-06-30 may not show what is recorded of it: ")
    assert manifest_key("jr_1") in message
