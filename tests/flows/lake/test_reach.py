"""Whether an AWS account can be worked in: said before anything is begun, and which of its conditions fails."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from flows.errors import AwsError
from flows.lake.reach import check_reach
from flows.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def test_an_account_with_the_stacks_buckets_can_be_worked_in(s3: S3Client) -> None:
    assert s3
    check_reach(Settings())


def test_a_bucket_that_is_not_there_is_named_with_the_account_and_the_setting(s3: S3Client) -> None:
    assert s3
    with pytest.raises(AwsError, match=r"account \d{12}, .* bucket bovespa-raw-data-bucket-x: .*BOVESPA_BUCKET_SUFFIX"):
        check_reach(Settings(bucket_suffix="-x"))


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment without AWS's settings."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return monkeypatch


def test_a_missing_region_is_named(nobody: pytest.MonkeyPatch) -> None:
    assert nobody
    with pytest.raises(AwsError, match="without a region: AWS_REGION"):
        check_reach(Settings())


def test_missing_credentials_are_named(nobody: pytest.MonkeyPatch) -> None:
    nobody.setenv("AWS_DEFAULT_REGION", "sa-east-1")
    with pytest.raises(AwsError, match="Unable to locate credentials"):
        check_reach(Settings())


def test_an_address_where_nobody_answers_is_named_at_once(nobody: pytest.MonkeyPatch) -> None:
    nobody.setenv("AWS_DEFAULT_REGION", "sa-east-1")
    nobody.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        nobody.setenv(name, "x")
    with pytest.raises(AwsError, match="Could not connect to the endpoint"):
        check_reach(Settings())
