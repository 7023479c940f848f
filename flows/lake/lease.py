"""One publisher a session: a lease in S3, taken and renewed with conditional writes.

Copying a session's files and moving its partitions takes several calls; two flows that did so at once for the same session
could mix their files. S3's `If-None-Match` lets one of them in (AWS: "Conditional writes"). A holder renews its lease while it is
at work, `If-Match`; one that was killed leaves its lease behind, which is void after a time. All ages are by S3's own clock.

A holder that stood still for so long is overtaken, and must not go on: what it writes is fenced by its lease (see `fence`). For
half of that time after a renewal it holds the lease surely; after that it writes nothing before it has renewed it, which fails
where another has come. So Glue, which has no conditional writes, would get a request that is late only once its signature is
void: half of the usual ten minutes are the five that AWS takes a signature for.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import date
from threading import Event, Lock
from typing import TYPE_CHECKING, TypeVar
from uuid import uuid4

from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_random_exponential

from expectations.contract.keys import lease_key
from flows.errors import AwsError, LeaseLost, PublishError, WriteConflict

if TYPE_CHECKING:
    from flows.lake.catalog import Catalog
    from flows.lake.s3 import Bucket

Guarded = TypeVar("Guarded", "Bucket", "Catalog")

_HOLDER = "holder"
_RENEWALS = 4  # within the time after which a lease is void
_SURE = 0.5  # of it: for so long after a renewal nobody else can hold the lease
_WHOLE_SECOND = 1.0  # S3 tells its times in whole ones
_LOG = logging.getLogger(__name__)


def elapsed() -> float:
    """Seconds by a clock that nobody sets, and that goes on while the machine sleeps where there is such a one."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


@dataclass(slots=True)
class Lease:
    """A lease that is held, and the fence around what its holder writes.

    Attributes:
        refined: the bucket in which it lies.
        holder: tells this holder's lease from any other.
        etag: of the lease as this holder wrote it last.
        renewed_at: an instant before which S3 had not yet carried out that write, by `elapsed`.
        lost: why it is not held any more; empty while it is.
    """

    refined: Bucket
    key: str
    void_after: float
    holder: str = field(default_factory=lambda: uuid4().hex)
    etag: str = ""
    renewed_at: float = 0.0
    lost: str = ""
    _renewing: Lock = field(default_factory=Lock)

    def guard(self, what: Guarded) -> Guarded:
        """The bucket or the catalog, which writes only while the lease is held."""
        return replace(what, fence=self)

    def check(self) -> None:
        """Look whether the lease is surely held at this instant.

        Raises:
            LeaseLost: another flow has it, or may have it.
        """
        if self.lost:
            raise LeaseLost(self.lost)
        stood = elapsed() - self.renewed_at
        if stood >= self.void_after * _SURE:
            raise LeaseLost(
                f"{self.refined.address(self.key)}: not renewed for {stood:.0f} s, so that another flow may publish the session "
                "by now: nothing more was written; run it again"
            )

    def ensure(self) -> None:
        """Renew the lease where it is not surely held.

        Raises:
            LeaseLost: another flow has taken it.
            AwsError: S3 could not be asked.
        """
        with self._renewing:
            if elapsed() - self.renewed_at >= self.void_after * _SURE:
                self._renew()

    def renew(self) -> None:
        """Renew it, unless another flow has taken it; raises as `ensure` does."""
        with self._renewing:
            self._renew()

    def _renew(self) -> None:
        if self.lost:
            raise LeaseLost(self.lost)
        began = elapsed()
        try:
            self.etag = self._put(if_etag=self.etag)
        except WriteConflict as conflict:
            # Where an answer was lost it may be this holder's own, which is renewed again: it may be from any time before.
            self.etag = self._put(if_etag=self._own_etag(conflict))
        self.renewed_at = began

    def _own_etag(self, conflict: WriteConflict) -> str:
        """The ETag of the lease where it is still this holder's."""
        found = self.refined.look(self.key)
        if found and found.metadata.get(_HOLDER) == self.holder:
            return found.etag
        self.lost = (
            f"{self.refined.address(self.key)}: this flow stood still for more than {self.void_after:g} s, and another has taken "
            "the session over: nothing more was written, and what the other publishes stays"
        )
        raise LeaseLost(self.lost) from conflict

    def take(self) -> bool:
        """Take the lease where it is free; whether it is held now."""
        began = elapsed()
        try:
            self.etag = self._put(if_absent=True)
        except WriteConflict:
            self.etag = self._taken() or ""
        self.renewed_at = began
        return bool(self.etag)

    def _taken(self) -> str | None:
        found = self.refined.look(self.key)
        if found is None:
            return None
        # The first try took it and its answer was lost: botocore then tries again, and finds the lease taken.
        if found.metadata.get(_HOLDER) == self.holder:
            return found.etag
        if found.age > self.void_after + _WHOLE_SECOND:
            with suppress(WriteConflict):
                self.refined.delete(self.key, if_etag=found.etag)
                return self._put(if_absent=True)
        return None

    def _put(self, *, if_absent: bool = False, if_etag: str | None = None) -> str:
        # Unlike any before: by its ETag nobody takes a lease for void that was renewed a moment ago.
        body = f"{self.holder} {uuid4().hex}".encode()
        metadata = {_HOLDER: self.holder}
        return self.refined.put(self.key, body, metadata=metadata, if_absent=if_absent, if_etag=if_etag).etag

    def give_back(self) -> None:
        """Let others in at once, where the lease is still this holder's."""
        # Void and taken over meanwhile: it is another holder's.
        with suppress(WriteConflict):
            self.refined.delete(self.key, if_etag=self.etag)


def session_lease(refined: Bucket, index: str, session: date, void_after: float) -> AbstractContextManager[Lease]:
    """As `held`, the lease of a session of an index."""
    return held(refined, lease_key(index, session), void_after)


@contextmanager
def held(refined: Bucket, key: str, void_after: float) -> Iterator[Lease]:
    """Hold a lease within the block, waiting for another holder first.

    Args:
        void_after: age in seconds at which another holder's lease is void; also the longest wait.

    Raises:
        PublishError: another flow held the lease all the time.
        AwsError: S3 could not be asked.
    """
    lease, stopped = Lease(refined, key, void_after), Event()
    _wait_for(lease)
    try:
        with ThreadPoolExecutor(1) as pool:
            pool.submit(_renew, lease, void_after / _RENEWALS, stopped)
            try:
                yield lease
            finally:
                stopped.set()
    finally:
        lease.give_back()


def _renew(lease: Lease, every: float, stopped: Event) -> None:
    """Keep the lease from getting void while its holder is at work."""
    while not stopped.wait(every):
        try:
            lease.renew()
        except LeaseLost:
            return
        except AwsError as error:
            _LOG.warning("the lease %s was not renewed: %s", lease.refined.address(lease.key), error)


def _wait_for(lease: Lease) -> None:
    retries = Retrying(
        retry=retry_if_result(lambda taken: not taken),
        wait=wait_random_exponential(multiplier=0.2, max=5),
        stop=stop_after_delay(lease.void_after + 2 * _WHOLE_SECOND),
    )
    try:
        retries(lease.take)
    except RetryError as error:
        raise PublishError(
            f"{lease.refined.address(lease.key)}: another flow has been publishing the session for {lease.void_after:g} s"
        ) from error
