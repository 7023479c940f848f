"""One publisher a session, one keeper of an index's monthly tables: leases in S3, taken with a conditional write.

Copying a session's files and moving its partitions takes several calls; two flows that did so at once for the same session
could mix their files. S3's `If-None-Match` lets one of them in (AWS: "Conditional writes"). A holder renews its lease while it is
at work; one that was killed leaves its lease behind, which is void after a time.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime
from threading import Event
from typing import TYPE_CHECKING
from uuid import uuid4

from botocore.exceptions import BotoCoreError, ClientError
from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_random_exponential

from expectations.contract.keys import lease_key
from flows.errors import PublishError
from flows.lake.clients import aws_errors, error_code

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_HOLDER = "holder"
_RENEWALS = 3  # within the time after which a lease is void
_LOG = logging.getLogger(__name__)
_TAKEN = frozenset({"412", "PreconditionFailed", "409", "ConditionalRequestConflict"})
_GONE = frozenset({"404", "NoSuchKey", "NotFound"})


@contextmanager
def session_lease(s3: S3Client, bucket: str, index: str, session: date, void_after: float) -> Iterator[None]:
    """Hold the session's lease within the block, waiting for another holder first.

    Args:
        void_after: age in seconds at which another holder's lease is void; also the longest wait.

    Raises:
        PublishError: another flow held the lease all the time.
        AwsError: S3 could not be asked.
    """
    with lease(s3, bucket, lease_key(index, session), void_after, "publishing the session"):
        yield


@contextmanager
def lease(s3: S3Client, bucket: str, key: str, void_after: float, work: str) -> Iterator[None]:
    """Hold the lease with that key within the block, waiting for another holder first.

    Args:
        void_after: age in seconds at which another holder's lease is void; also the longest wait.
        work: what is done under it, such as `publishing the session`.

    Raises:
        PublishError: another flow held the lease all the time.
        AwsError: S3 could not be asked.
    """
    holder, stopped = uuid4().hex, Event()
    with aws_errors(f"taking the lease s3://{bucket}/{key}"):
        etag = _wait_for(s3, bucket, key, void_after, holder, work)
    with ThreadPoolExecutor(1) as pool:
        renewed = pool.submit(_renew, s3, bucket, key, (holder, etag), void_after / _RENEWALS, stopped)
        try:
            yield
        finally:
            stopped.set()
            with aws_errors(f"giving back the lease s3://{bucket}/{key}"):
                _give_back(s3, bucket, key, renewed.result())


def _renew(s3: S3Client, bucket: str, key: str, lease: tuple[str, str], every: float, stopped: Event) -> str:
    """Keep the lease from getting void while its holder is at work; gives its last ETag."""
    holder, etag = lease
    while not stopped.wait(every):
        try:
            etag = s3.put_object(
                Bucket=bucket, Key=key, Body=holder.encode(), IfMatch=etag, Metadata={_HOLDER: holder}
            )["ETag"]
        except (ClientError, BotoCoreError) as error:
            _LOG.warning("the lease s3://%s/%s was not renewed: %s", bucket, key, error)
    return etag


def _wait_for(s3: S3Client, bucket: str, key: str, void_after: float, holder: str, work: str) -> str:
    retries = Retrying(
        retry=retry_if_result(lambda etag: etag is None),
        wait=wait_random_exponential(multiplier=0.2, max=5),
        stop=stop_after_delay(void_after + 1),
    )
    try:
        etag = retries(_take, s3, bucket, key, void_after, holder)
    except RetryError as error:
        raise PublishError(f"s3://{bucket}/{key}: another flow has been {work} for {void_after:g} s") from error
    assert etag is not None, "tenacity returns only what is not retried"
    return etag


def _take(s3: S3Client, bucket: str, key: str, void_after: float, holder: str) -> str | None:
    try:
        # The body is of this holder only, and so is the ETag that gives the lease back.
        return s3.put_object(Bucket=bucket, Key=key, Body=holder.encode(), IfNoneMatch="*", Metadata={_HOLDER: holder})[
            "ETag"
        ]
    except ClientError as error:
        if error_code(error) not in _TAKEN:
            raise
    return _taken(s3, bucket, key, void_after, holder)


def _taken(s3: S3Client, bucket: str, key: str, void_after: float, holder: str) -> str | None:
    try:
        head = s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error_code(error) in _GONE:
            return None
        raise
    # The first try took it and its answer was lost: botocore then tries again, and finds the lease taken.
    if head["Metadata"].get(_HOLDER) == holder:
        return head["ETag"]
    if (datetime.now(UTC) - head["LastModified"]).total_seconds() > void_after:
        _give_back(s3, bucket, key, head["ETag"])
    return None


def _give_back(s3: S3Client, bucket: str, key: str, etag: str) -> None:
    try:
        s3.delete_object(Bucket=bucket, Key=key, IfMatch=etag)
    except ClientError as error:
        # Void and taken over meanwhile: it is another holder's.
        if error_code(error) not in _TAKEN | _GONE:
            raise
