"""Landing read back: collections newest first, whatever came with them."""

from __future__ import annotations

import base64
import gzip
import hashlib
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from expectations.contract.keys import landing_key
from expectations.contract.names import RAW_BUCKET
from flows.b3.payload import Payload
from flows.backfill.landing import Landed, Unread, check_landing, read_landing, undated
from flows.lake.s3 import Bucket
from flows.session import storage
from local.b3.formats import csv_download, html_page, json_page

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from flows.b3.portfolio import Portfolio

EIGHT = datetime(2025, 6, 30, 11, tzinfo=UTC)
HOUR = timedelta(hours=1)


def land(s3: S3Client, body: bytes, source: str = "json", page: int = 1, at: datetime = EIGHT, name: str = "") -> str:
    return storage.land(Bucket(s3, RAW_BUCKET), Payload("IBOV", source, page, body, at, "", name))


def read(s3: S3Client) -> list[Landed | Unread]:
    raw = Bucket(s3, RAW_BUCKET)
    return list(read_landing(raw, [item.key for item in raw.objects("landing/")]))


def codes(item: Landed | Unread) -> list[str]:
    assert isinstance(item, Landed)
    return sorted(holding.codigo for holding in item.portfolio.holdings)


class TestReading:
    def test_puts_a_collection_s_pages_together(self, s3: S3Client, sample: Portfolio) -> None:
        keys = [land(s3, json_page(sample, page, 50, by_sector=True), page=page) for page in (1, 2)]
        (item,) = read(s3)
        assert codes(item) == sorted(holding.codigo for holding in sample.holdings)
        assert (item.keys, item.collected_at) == (tuple(keys), EIGHT)

    def test_tries_each_answer_of_a_page_that_came_twice(self, s3: S3Client, small: Portfolio) -> None:
        land(s3, b'{"page": {"pageNu')
        land(s3, json_page(small, 1, 50, by_sector=True))
        found = read(s3)
        assert sorted(type(item).__name__ for item in found) == ["Landed", "Unread"]

    def test_begins_with_the_newest_collection(self, s3: S3Client, small: Portfolio) -> None:
        for hours in (1, 3, 2):
            land(s3, json_page(small, 1, 50, by_sector=True), at=EIGHT + hours * HOUR)
        assert [item.collected_at for item in read(s3)] == [EIGHT + hours * HOUR for hours in (3, 2, 1)]

    def test_knows_every_source(self, s3: S3Client, small: Portfolio) -> None:
        land(s3, csv_download(small), "csv", at=EIGHT)
        land(s3, html_page(small), "html", at=EIGHT + HOUR)
        assert [item.portfolio.source for item in read(s3) if isinstance(item, Landed)] == ["html", "csv"]

    def test_reads_imported_files_as_the_import_did(self, s3: S3Client, small: Portfolio) -> None:
        without_title = base64.b64decode(csv_download(small)).split(b"\r\n", 1)[1]
        key = land(s3, without_title, "csv", name="IBOVDia_30-06-25 (1).csv")
        (item,) = read(s3)
        assert codes(item) == ["ABEV3", "ALOS3", "BPAC11"]
        assert item.keys == (key,)

    def test_tells_two_imported_files_of_one_session_apart(self, s3: S3Client, small: Portfolio) -> None:
        fewer = replace(small, holdings=small.holdings[1:])
        for name, portfolio in (("a.csv", small), ("b.csv", fewer)):
            land(s3, base64.b64decode(csv_download(portfolio)), "csv", name=name)
        assert sorted(len(codes(item)) for item in read(s3)) == [2, 3]

    def test_says_what_cannot_be_read(self, s3: S3Client) -> None:
        key = land(s3, b"<html>")
        (item,) = read(s3)
        assert isinstance(item, Unread)
        assert (item.keys, "not JSON" in item.reason) == ((key,), True)

    @pytest.mark.parametrize("spoilt", [b"not packed", b"", gzip.compress(b"another answer", mtime=0)])
    def test_reads_what_came_where_it_was_spoilt_since(self, s3: S3Client, small: Portfolio, spoilt: bytes) -> None:
        key = land(s3, json_page(small, 1, 50, by_sector=True))
        s3.put_object(Bucket=RAW_BUCKET, Key=key, Body=spoilt)
        (item,) = read(s3)
        assert isinstance(item, Landed)
        assert item.keys == (key,)
        assert check_landing(Bucket(s3, RAW_BUCKET), key) == ""

    @pytest.mark.parametrize("spoilt", [b"not packed", b"", gzip.compress(b"another answer", mtime=0)])
    def test_says_what_is_not_the_payload_that_came(self, s3: S3Client, spoilt: bytes) -> None:
        key = landing_key("IBOV", None, EIGHT, "json", 1, "ab" * 32)
        s3.put_object(Bucket=RAW_BUCKET, Key=key, Body=spoilt)
        (item,) = read(s3)
        assert isinstance(item, Unread)
        assert "not the bytes that came" in item.reason


class TestUndated:
    def test_payloads_are_of_the_session_that_is_read_in_them(self, s3: S3Client, small: Portfolio) -> None:
        body = json_page(small, 1, 50, by_sector=True)
        key = landing_key("IBOV", None, EIGHT, "json", 1, hashlib.sha256(body).hexdigest())
        s3.put_object(Bucket=RAW_BUCKET, Key=key, Body=Payload("IBOV", "json", 1, body, EIGHT, "").packed())
        land(s3, b"<html>")
        assert undated(Bucket(s3, RAW_BUCKET), "IBOV") == {date(2025, 6, 30): [key]}
        assert undated(Bucket(s3, RAW_BUCKET), "IBXX") == {}
