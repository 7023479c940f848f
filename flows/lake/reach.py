"""Whether an AWS account can be worked in at all: asked once, before anything that cannot be had again is begun."""

from __future__ import annotations

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from flows.errors import AwsError
from flows.settings import Settings

_CONFIG = Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 1})


def check_reach(settings: Settings) -> None:
    """Make sure, in a second or two, that there are a region and credentials, and that the stack's buckets are there.

    Raises:
        AwsError: one of them is missing, wrong or not to be had; the message says which.
    """
    session = boto3.Session()
    if session.region_name is None:
        raise AwsError("AWS cannot be worked in without a region: AWS_REGION, or the profile, has to name it")
    try:
        account = session.client("sts", config=_CONFIG).get_caller_identity()["Account"]
    except (BotoCoreError, ClientError) as error:
        raise AwsError(f"AWS cannot be worked in with the environment's region and credentials: {error}") from error
    try:
        session.client("s3", config=_CONFIG).head_bucket(Bucket=settings.raw_bucket)
    except (BotoCoreError, ClientError) as error:
        raise AwsError(
            f"account {account}, region {session.region_name}: bucket {settings.raw_bucket}: {error}; "
            "is it the stack's account, and BOVESPA_BUCKET_SUFFIX the stack's suffix?"
        ) from error
