"""Fixtures of the monthly tables' tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.flows.history.published import Account

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client


@pytest.fixture
def aws(s3: S3Client, glue: GlueClient) -> Account:
    """An account in memory in which nothing is published."""
    return Account(s3, glue)
