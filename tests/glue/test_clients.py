"""S3's answers are read as botocore itself reads them."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from botocore.utils import parse_timestamp
from hypothesis import given
from hypothesis.strategies import datetimes
from moto import mock_aws

from glue.clients import instant, s3_client


@given(datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2200, 1, 1)))  # noqa: DTZ001 - hypothesis asks for naive ones
def test_an_instant_is_the_one_that_botocore_reads(naive: datetime) -> None:
    at = naive.replace(microsecond=naive.microsecond // 1000 * 1000, tzinfo=UTC)
    in_body, in_header = f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z", format_datetime(at, usegmt=True)
    assert instant(in_body) == parse_timestamp(in_body) == at
    assert instant(in_header) == parse_timestamp(in_header)
    assert instant(at.timestamp()) == at


@pytest.mark.parametrize("stated", ["Z", "yesterdayZ", "yesterday", ""])
def test_what_is_no_instant_is_refused(stated: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        instant(stated)


def test_the_client_reads_listings_and_headers_by_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        s3 = s3_client()
        s3.create_bucket(Bucket="any")
        s3.put_object(Bucket="any", Key="a", Body=b"1")
        listed = s3.list_objects_v2(Bucket="any")["Contents"][0]["LastModified"]
        assert listed.replace(microsecond=0) == s3.head_object(Bucket="any", Key="a")["LastModified"]
