"""A raw file made again from landing: what B3 stated last, and the same version where it says the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, cast

import boto3
import pytest

from expectations.contract.names import RAW_BUCKET
from flows.b3.payload import Payload
from flows.b3.portfolio import same_figures
from flows.backfill.reread import Unusable, reread
from flows.lake.connect import Lake
from flows.lake.s3 import Bucket
from flows.session import storage
from flows.session.pipeline import Pipeline
from flows.session.raw_file import RawFacts, encode
from flows.session.storage import RawVersion
from flows.settings import load_settings
from local.b3.formats import html_page, json_page

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_s3 import S3Client

    from flows.b3.portfolio import Portfolio

SETTINGS = load_settings({})

SESSION = date(2025, 6, 30)
EIGHT = datetime(2025, 6, 30, 11, tzinfo=UTC)
HOUR = timedelta(hours=1)

Write = Callable[["Portfolio"], bytes]


@pytest.fixture
def pipeline(s3: S3Client) -> Pipeline:
    athena, cloudwatch = cast("AthenaClient", None), cast("CloudWatchClient", None)
    return Pipeline(SETTINGS, Lake.of(SETTINGS, s3, boto3.client("glue"), athena, cloudwatch))


def json_of(portfolio: Portfolio) -> bytes:
    return json_page(portfolio, 1, 120, by_sector=True)


def land(s3: S3Client, body: bytes, at: datetime = EIGHT, source: str = "json") -> str:
    return storage.land(Bucket(s3, RAW_BUCKET), Payload("IBOV", source, 1, body, at, "", known_session=SESSION))


def rebuilt(pipeline: Pipeline) -> RawVersion | Unusable:
    raw = pipeline.lake.raw
    current = storage.find_raw(raw, "IBOV", SESSION)
    return reread(pipeline, "IBOV", SESSION, [item.key for item in raw.objects("landing/")], current)


def stated(pipeline: Pipeline, version: RawVersion | Unusable) -> Portfolio:
    assert isinstance(version, RawVersion)
    return storage.read_raw(pipeline.lake.raw, version).portfolio()


def corrected(portfolio: Portfolio) -> Portfolio:
    return portfolio.restated(divisor=Decimal("15453473.15"))


def test_a_session_that_was_only_landed_gets_a_raw_file_of_a_batch(
    pipeline: Pipeline, s3: S3Client, sample: Portfolio
) -> None:
    key = land(s3, json_of(sample))
    version = rebuilt(pipeline)
    assert same_figures(stated(pipeline, version), sample)
    assert isinstance(version, RawVersion)
    facts = storage.read_raw(Bucket(s3, RAW_BUCKET), version).facts
    assert (facts.collected_at, facts.payloads) == (EIGHT, (key,))
    head = s3.head_object(Bucket=RAW_BUCKET, Key=version.key, VersionId=version.version_id)
    assert head["Metadata"]["etl"] == "batch"


def test_again_is_the_same_version(pipeline: Pipeline, s3: S3Client, sample: Portfolio) -> None:
    land(s3, json_of(sample))
    assert rebuilt(pipeline) == rebuilt(pipeline)


def test_a_later_collection_of_the_same_figures_changes_nothing(
    pipeline: Pipeline, s3: S3Client, sample: Portfolio
) -> None:
    land(s3, json_of(sample))
    first = rebuilt(pipeline)
    land(s3, json_of(sample), EIGHT + HOUR)
    assert rebuilt(pipeline) == first


def test_a_later_collection_of_other_figures_is_a_correction(
    pipeline: Pipeline, s3: S3Client, sample: Portfolio
) -> None:
    land(s3, json_of(sample))
    first = rebuilt(pipeline)
    land(s3, json_of(corrected(sample)), EIGHT + HOUR)
    second = rebuilt(pipeline)
    assert second != first
    assert stated(pipeline, second).statement.divisor == Decimal("15453473.15")


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda portfolio: json_of(portfolio)[:500], id="cut off"),
        pytest.param(lambda portfolio: json_of(replace(portfolio, holdings=portfolio.holdings[1:])), id="a row lost"),
    ],
)
def test_a_later_collection_that_is_damaged_is_passed_over(
    pipeline: Pipeline, s3: S3Client, sample: Portfolio, damage: Write
) -> None:
    land(s3, json_of(sample))
    land(s3, damage(sample), EIGHT + HOUR)
    assert same_figures(stated(pipeline, rebuilt(pipeline)), sample)


def test_what_b3_still_showed_on_another_day_is_not_the_session_s(
    pipeline: Pipeline, s3: S3Client, sample: Portfolio
) -> None:
    land(s3, json_of(sample))
    land(s3, json_of(corrected(sample)), EIGHT + timedelta(days=3))
    assert same_figures(stated(pipeline, rebuilt(pipeline)), sample)


def test_a_raw_file_that_the_mended_parser_reads_otherwise_is_replaced(
    pipeline: Pipeline, s3: S3Client, sample: Portfolio
) -> None:
    land(s3, json_of(sample))
    holdings = tuple(replace(holding, setor=None) for holding in sample.holdings)
    damaged = replace(sample, holdings=holdings)
    facts = RawFacts.of(damaged, EIGHT, [])
    before = storage.upload_raw(Bucket(s3, RAW_BUCKET), encode(damaged, facts), facts)
    after = rebuilt(pipeline)
    assert after != before
    assert stated(pipeline, after).has_sectors


def test_sectors_of_a_later_collection_are_taken(pipeline: Pipeline, s3: S3Client, sample: Portfolio) -> None:
    land(s3, html_page(sample), source="html")
    assert not stated(pipeline, rebuilt(pipeline)).has_sectors
    land(s3, json_of(sample), EIGHT + HOUR)
    assert stated(pipeline, rebuilt(pipeline)).has_sectors


def test_nothing_that_passes_is_told_with_the_newest_s_reason(
    pipeline: Pipeline, s3: S3Client, sample: Portfolio
) -> None:
    assert rebuilt(pipeline) == Unusable("nothing in landing")
    land(s3, b"odd")
    land(s3, json_of(replace(sample, holdings=sample.holdings[1:])), EIGHT + HOUR)
    unusable = rebuilt(pipeline)
    assert isinstance(unusable, Unusable)
    assert "gate-1-raw refused" in unusable.reason
    assert unusable.report is not None
    assert storage.find_raw(Bucket(s3, RAW_BUCKET), "IBOV", SESSION) is None
