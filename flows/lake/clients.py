"""The AWS clients of the flows; no other module of theirs makes one.

Where the account is, is the environment's affair: boto3 reads `AWS_ENDPOINT_URL`, the region and the credentials itself, so
that the account on the laptop and AWS are reached by the same code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from flows.errors import AwsError

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client

    from flows.cost.usage import Statistics
    from flows.record.metrics import CloudWatch

PARALLEL_CALLS = 16
PARALLEL_SESSIONS = 4


@dataclass(frozen=True, slots=True)
class Aws:
    """The clients that the flows need."""

    s3: S3Client
    glue: GlueClient
    athena: AthenaClient
    cloudwatch: CloudWatch


@dataclass(frozen=True, slots=True)
class Operated:
    """The clients that an operator needs to look at what was used, with rights that the flows do not have."""

    s3: S3Client
    glue: GlueClient
    athena: AthenaClient
    cloudwatch: Statistics
    functions: LambdaClient


def connect() -> Aws:
    """Clients for the account that the environment names, with botocore's standard retries (throttling, timeouts, 5xx)."""
    client = _clients()
    return Aws(s3=client("s3"), glue=client("glue"), athena=client("athena"), cloudwatch=client("cloudwatch"))


def connect_operator() -> Operated:
    """The operator's clients, for the same account."""
    client = _clients()
    return Operated(
        s3=client("s3"),
        glue=client("glue"),
        athena=client("athena"),
        cloudwatch=client("cloudwatch"),
        functions=client("lambda"),
    )


def _clients() -> Callable[..., Any]:
    import boto3  # noqa: PLC0415 - the one place where clients are made
    from botocore.config import Config  # noqa: PLC0415

    config = Config(
        retries={"mode": "standard", "total_max_attempts": 6},
        connect_timeout=10,
        read_timeout=60,
        max_pool_connections=PARALLEL_CALLS * PARALLEL_SESSIONS,
    )
    return partial(boto3.Session().client, config=config)


def error_code(error: ClientError) -> str:
    """AWS's code of an error, such as `NoSuchKey` or `404`."""
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def aws_errors(action: str) -> Iterator[None]:
    """Turn AWS's errors within the block into one readable line.

    Args:
        action: what was being done, to what.

    Raises:
        AwsError: AWS refused, failed, or was not to be had.
    """
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise AwsError(f"{action}: {error}") from error
