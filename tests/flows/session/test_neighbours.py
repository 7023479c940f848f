"""The published sessions beside one: the nearest on either side, as their raw files have them."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, cast

import boto3
import pytest

from expectations.contract.names import RAW_BUCKET, REFINED_BUCKET
from flows.lake.connect import Lake
from flows.lake.s3 import Bucket
from flows.session import storage
from flows.session.neighbours import PublishedSessions
from flows.session.raw_file import RawFacts, encode
from flows.session.storage import Publication
from flows.settings import load_settings
from local.b3.sample import as_of, collected_at

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_s3 import S3Client

    from flows.b3.portfolio import Portfolio

FRI, MON, TUE, WED = date(2025, 6, 27), date(2025, 6, 30), date(2025, 7, 1), date(2025, 7, 2)
APRIL, SEPTEMBER = date(2025, 4, 7), date(2025, 9, 1)


@pytest.fixture
def lake(s3: S3Client) -> Lake:
    athena, cloudwatch = cast("AthenaClient", None), cast("CloudWatchClient", None)
    return Lake.of(load_settings({}), s3, boto3.client("glue"), athena, cloudwatch)


def publish(s3: S3Client, portfolio: Portfolio) -> None:
    facts = RawFacts.of(portfolio, collected_at(portfolio.session), [])
    version = storage.upload_raw(Bucket(s3, RAW_BUCKET), encode(portfolio, facts), facts)
    told = (portfolio.index, portfolio.session.isoformat(), "2025-06-30T11:05:00+00:00", facts.fingerprint)
    record = Publication(*told, facts.has_sectors, version.version_id, "jr_1", 84, 30)
    storage.write_publication(Bucket(s3, REFINED_BUCKET), record)


def around(lake: Lake, session: date) -> list[date]:
    return [neighbour.session for neighbour in PublishedSessions.of(lake, "IBOV").around(session)]


def test_are_the_nearest_before_and_after_and_never_the_session_itself(
    lake: Lake, s3: S3Client, sample: Portfolio
) -> None:
    for session in (FRI, MON, WED):
        publish(s3, as_of(session, sample))
    assert around(lake, TUE) == [MON, WED]
    assert around(lake, MON) == [FRI, WED]
    assert around(lake, WED) == [MON]


def test_are_none_further_off_than_a_month_nor_of_another_index(lake: Lake, s3: S3Client, sample: Portfolio) -> None:
    publish(s3, as_of(APRIL, sample))
    publish(s3, as_of(MON, sample).restated(index="IBXX"))
    assert around(lake, TUE) == []


def test_have_the_rows_that_were_published_also_where_a_newer_raw_file_came(
    lake: Lake, s3: S3Client, sample: Portfolio
) -> None:
    right = as_of(MON, sample)
    publish(s3, right)
    other = as_of(TUE, sample).restated(session=MON)
    facts = RawFacts.of(other, collected_at(MON), [])
    storage.upload_raw(Bucket(s3, RAW_BUCKET), encode(other, facts), facts)
    (neighbour,) = PublishedSessions.of(lake, "IBOV").around(TUE)
    assert list(neighbour.rows["participacao_pct"]) == [float(item.participacao_pct) for item in right.holdings]
    assert not neighbour.rebalanced


def test_are_rebalanced_over_the_first_monday_of_september(lake: Lake, s3: S3Client, sample: Portfolio) -> None:
    publish(s3, as_of(date(2025, 8, 29), sample))
    (neighbour,) = PublishedSessions.of(lake, "IBOV").around(SEPTEMBER)
    assert neighbour.rebalanced


def test_one_whose_raw_file_cannot_be_read_is_left_out(lake: Lake, s3: S3Client, sample: Portfolio) -> None:
    publish(s3, as_of(MON, sample))
    s3.put_object(Bucket=REFINED_BUCKET, Key="published/ibov/year=2025/month=07/day=02/publication.json", Body=b"odd")
    assert around(lake, TUE) == [MON]
