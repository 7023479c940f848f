"""The place where the job makes its clients of AWS."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, cast

import boto3
from botocore.session import get_session
from botocore.utils import parse_timestamp

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client


def glue_client() -> GlueClient:
    """Glue's, for the catalog."""
    return boto3.client("glue")


def s3_client() -> S3Client:
    """S3's, which reads the instants of a listing, one a key, as what they are: a run lists some eighty files a session."""
    session = get_session()
    session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=instant)
    return cast("S3Client", session.create_client("s3"))


def instant(stated: str | float) -> datetime:
    """An instant as AWS states it (aware).

    In a body it is of ISO 8601, where botocore looks for any form that a date may have: three quarters of a listing's time.

    Raises:
        ValueError: it is no instant.
    """
    if isinstance(stated, str) and stated.endswith("Z"):
        return datetime.fromisoformat(stated)
    return parse_timestamp(stated)  # type: ignore[arg-type]  # it takes numbers too
