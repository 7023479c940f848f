"""The weights of the sessions that have a raw file, by which another's are known again."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from expectations.contract.keys import raw_key
from expectations.contract.names import RAW_BUCKET
from flows.b3.differences import weights_of
from flows.backfill.known_weights import known_weights
from flows.lake.s3 import Bucket
from flows.session import storage
from flows.session.raw_file import RawFacts, encode
from local.b3.sample import as_of, collected_at

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from flows.b3.portfolio import Portfolio

MON, TUE, WED = date(2025, 6, 30), date(2025, 7, 1), date(2025, 7, 2)


def upload(s3: S3Client, portfolio: Portfolio) -> None:
    facts = RawFacts.of(portfolio, collected_at(portfolio.session), [])
    storage.upload_raw(Bucket(s3, RAW_BUCKET), encode(portfolio, facts), facts)


def test_are_of_every_raw_file_of_the_index(s3: S3Client, sample: Portfolio) -> None:
    one, other = as_of(MON, sample), as_of(TUE, sample)
    upload(s3, one)
    upload(s3, other)
    upload(s3, as_of(WED, sample).restated(index="IBXX"))
    assert known_weights(Bucket(s3, RAW_BUCKET), {"IBOV"}) == {
        ("IBOV", weights_of(one)): frozenset({MON}),
        ("IBOV", weights_of(other)): frozenset({TUE}),
    }


def test_leave_out_what_is_no_raw_file(s3: S3Client) -> None:
    s3.put_object(Bucket=RAW_BUCKET, Key=raw_key("IBOV", MON), Body=b"odd")
    assert known_weights(Bucket(s3, RAW_BUCKET), {"IBOV"}) == {}
    assert known_weights(Bucket(s3, RAW_BUCKET), set()) == {}
