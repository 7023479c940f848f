"""One publisher a session: a lease in S3, taken with a conditional write.

Copying a session's files and moving its partitions takes several calls; two flows that did so at once for the same session
could mix their files. S3's `If-None-Match` lets one of them in (AWS: "Conditional writes"). A holder renews its lease while it is
at work; one that was killed leaves its lease behind, which is void after a time.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from threading import Event
from typing import TYPE_CHECKING
from uuid import uuid4

from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_random_exponential

from expectations.contract.keys import lease_key
from flows.errors import AwsError, PublishError, WriteConflict

if TYPE_CHECKING:
    from flows.lake.s3 import Bucket

_HOLDER = "holder"
_RENEWALS = 3  # within the time after which a lease is void
_LOG = logging.getLogger(__name__)


@contextmanager
def session_lease(refined: Bucket, index: str, session: date, void_after: float) -> Iterator[None]:
    """Hold the session's lease within the block, waiting for another holder first.

    Args:
        void_after: age in seconds at which another holder's lease is void; also the longest wait.

    Raises:
        PublishError: another flow held the lease all the time.
        AwsError: S3 could not be asked.
    """
    key, holder, stopped = lease_key(index, session), uuid4().hex, Event()
    etag = _wait_for(refined, key, void_after, holder)
    with ThreadPoolExecutor(1) as pool:
        renewed = pool.submit(_renew, refined, key, (holder, etag), void_after / _RENEWALS, stopped)
        try:
            yield
        finally:
            stopped.set()
            # Void and taken over meanwhile: it is another holder's.
            with suppress(WriteConflict):
                refined.delete(key, if_etag=renewed.result())


def _renew(refined: Bucket, key: str, lease: tuple[str, str], every: float, stopped: Event) -> str:
    """Keep the lease from getting void while its holder is at work; gives its last ETag."""
    holder, etag = lease
    while not stopped.wait(every):
        try:
            etag = refined.put(key, holder.encode(), metadata={_HOLDER: holder}, if_etag=etag).etag
        except AwsError as error:
            _LOG.warning("the lease %s was not renewed: %s", refined.address(key), error)
    return etag


def _wait_for(refined: Bucket, key: str, void_after: float, holder: str) -> str:
    retries = Retrying(
        retry=retry_if_result(lambda etag: etag is None),
        wait=wait_random_exponential(multiplier=0.2, max=5),
        stop=stop_after_delay(void_after + 1),
    )
    try:
        etag = retries(_take, refined, key, void_after, holder)
    except RetryError as error:
        raise PublishError(
            f"{refined.address(key)}: another flow has been publishing the session for {void_after:g} s"
        ) from error
    assert etag is not None, "tenacity returns only what is not retried"
    return etag


def _take(refined: Bucket, key: str, void_after: float, holder: str) -> str | None:
    try:
        # The body is of this holder only, and so is the ETag that gives the lease back.
        return refined.put(key, holder.encode(), metadata={_HOLDER: holder}, if_absent=True).etag
    except WriteConflict:
        return _taken(refined, key, void_after, holder)


def _taken(refined: Bucket, key: str, void_after: float, holder: str) -> str | None:
    found = refined.look(key)
    if found is None:
        return None
    # The first try took it and its answer was lost: botocore then tries again, and finds the lease taken.
    if found.metadata.get(_HOLDER) == holder:
        return found.etag
    if (datetime.now(UTC) - found.stored_at).total_seconds() > void_after:
        with suppress(WriteConflict):
            refined.delete(key, if_etag=found.etag)
    return None
