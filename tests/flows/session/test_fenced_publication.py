"""A publisher that stood still while another took its session over: nothing of what it does after that takes effect."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from threading import Lock
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from expectations.contract.keys import lease_key, manifest_key
from expectations.contract.manifest import Manifest, RawSource, SessionCounts
from expectations.contract.names import DATABASE, HIDDEN_PREFIX, REFINED_BUCKET
from expectations.contract.tables import REFINED_TABLE, SUMMARY_TABLE
from flows.errors import LeaseLost, WriteConflict
from flows.lake import fence, lease
from flows.lake.catalog import Catalog
from flows.lake.lease import session_lease
from flows.lake.s3 import Bucket
from flows.session.publish import Publisher
from flows.session.restore import restore
from flows.session.storage import Publication, write_publication
from tests.flows.session.test_publish import SESSION, Account

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client

    from flows.session.staging import StagedSession

LEASE = lease_key("IBOV", SESSION)
VOID_AFTER = 3600.0
FIRST, SLEEPERS, CORRECTION = (
    ("run0", ["AAAA3", "BBBB3", "CCCC3"]),
    ("run1", ["BBBB3", "DDDD3"]),
    ("run2", ["AAAA3", "BBBB3"]),
)


@dataclass
class Standstill:
    """Stops whoever makes a call, before the call or once it is signed, and lets something happen meanwhile.

    Attributes:
        at: before the how manieth call, of those of the two clients that write or list.
    """

    at: int
    meanwhile: Callable[[], object]
    once_signed: bool
    made: int = 0
    happened: bool = False
    lock: Lock = field(default_factory=Lock)

    def __call__(self, event_name: str, **_: object) -> None:
        with self.lock:
            if not event_name.startswith("before-send" if self.once_signed else "before-parameter-build"):
                return
            self.made += 1
            if self.made == self.at and not self.happened:
                self.happened = True
                self.meanwhile()

    def listen(self, *clients: Any) -> None:  # noqa: ANN401 - boto3's
        for client in clients:
            client.meta.events.register("before-parameter-build", self)
            # What is registered for one service is called before what is for all of them.
            client.meta.events.register(f"before-send.{client.meta.service_model.service_name}", self)


@dataclass
class Two:
    """Two flows that publish one session, each with clients of its own.

    Attributes:
        slept: seconds for which the first has stood still.
    """

    account: Account
    clients: Callable[[], tuple[S3Client, GlueClient]]
    slept: float = 0.0

    def publish(self, staged: StagedSession, s3: S3Client, glue: GlueClient) -> None:
        refined = Bucket(s3, REFINED_BUCKET)
        with session_lease(refined, "IBOV", SESSION, VOID_AFTER) as held:
            Publisher(held.guard(refined), held.guard(Catalog(glue, DATABASE, REFINED_BUCKET))).publish(staged)

    def other(self, staged: StagedSession) -> None:
        """The first flow's lease is void by now, and the second publishes."""
        self.account.s3.delete_object(Bucket=REFINED_BUCKET, Key=LEASE)
        self.publish(staged, *self.clients())
        self.slept += VOID_AFTER


@pytest.fixture
def two(s3: S3Client, glue: GlueClient, monkeypatch: pytest.MonkeyPatch) -> Two:
    import boto3  # noqa: PLC0415 - clients of the account in memory

    def clients() -> tuple[Any, Any]:
        made = boto3.client("s3"), boto3.client("glue")
        for client in made:
            # Before the handler by which the account in memory answers; in AWS's stead it is the last.
            client.meta.events.register_first("before-send", fence._look)
        return made

    found = Two(Account(s3, glue), clients)
    clock = lease.elapsed
    monkeypatch.setattr(lease, "elapsed", lambda: clock() + found.slept)
    return found


def calls_of_a_correction(two: Two) -> int:
    two.account.publisher().publish(two.account.stage(*FIRST))
    s3, glue = two.clients()
    count = Standstill(0, lambda: None, once_signed=False)
    count.listen(s3, glue)
    two.publish(two.account.stage(*SLEEPERS), s3, glue)
    return count.made


@pytest.mark.parametrize("once_signed", [False, True], ids=["before a call", "before a signed call goes out"])
def test_wherever_it_stood_still_what_the_other_published_stays(two: Two, *, once_signed: bool) -> None:
    calls = calls_of_a_correction(two)
    assert calls >= 15
    for at in range(3, calls):  # the first two take the lease and look at what is there; the last gives it back
        two.account.publisher().publish(two.account.stage(*FIRST))
        s3, glue = two.clients()
        correction = two.account.stage(*CORRECTION)
        Standstill(at, partial(two.other, correction), once_signed).listen(s3, glue)
        with pytest.raises((LeaseLost, WriteConflict)):
            two.publish(two.account.stage(*SLEEPERS), s3, glue)
        assert two.account.tickers() == {"AAAA3": b"run2 AAAA3", "BBBB3": b"run2 BBBB3"}, f"at call {at}"
        assert {values[3] for values in two.account.partitions()} == {"AAAA3", "BBBB3"}, f"at call {at}"
        assert len(two.account.keys("refined-data/")) == 2, f"at call {at}"
        assert list(two.account.seen(SUMMARY_TABLE).values()) == [[b"run2 None"]], f"at call {at}"
        assert two.account.keys("leases/") == []


# --- who brings a session back to its record may be overtaken, too ---------------------------------------------------------


def recorded(two: Two, staged: StagedSession) -> None:
    """The record of what was published, and the manifest of its run."""
    source = RawSource("raw", "raw-data/x", "v1", "IBOV", SESSION, SESSION)
    counts = SessionCounts("IBOV", SESSION, len(staged.refined), 1)
    manifest = Manifest(staged.run_id, (source,), (counts,), (*staged.refined, *staged.summary))
    refined = Bucket(two.account.s3, REFINED_BUCKET)
    refined.put(manifest_key(staged.run_id), manifest.to_json().encode())
    record = Publication(
        "IBOV", SESSION.isoformat(), "2025-06-30T11:05:00+00:00", "f", True, "v1", staged.run_id, counts.rows, 1  # noqa: FBT003
    )  # fmt: skip
    write_publication(refined, record)


def hidden_late(two: Two) -> None:
    """What is recorded is hidden, by a call that Glue got late, and lacks its files."""
    staged = two.account.stage(*FIRST)
    two.account.publisher().publish(staged)
    recorded(two, staged)
    catalog = Catalog(two.account.glue, DATABASE, REFINED_BUCKET)
    catalog.point(REFINED_TABLE, dict.fromkeys(catalog.partitions(REFINED_TABLE, ""), HIDDEN_PREFIX))


def brought_back(s3: S3Client, glue: GlueClient) -> None:
    job = SimpleNamespace(run=lambda run_id: SimpleNamespace(run_id=run_id))
    refined, catalog = Bucket(s3, REFINED_BUCKET), Catalog(glue, DATABASE, REFINED_BUCKET)
    lake: Any = SimpleNamespace(refined=refined, catalog=catalog, job=job)
    restore(lake, "IBOV", SESSION, VOID_AFTER)


@pytest.mark.parametrize("once_signed", [False, True], ids=["before a call", "before a signed call goes out"])
def test_wherever_a_restoring_flow_stood_still_what_the_other_published_stays(two: Two, *, once_signed: bool) -> None:
    hidden_late(two)
    count = Standstill(0, lambda: None, once_signed=False)
    clients = two.clients()
    count.listen(*clients)
    brought_back(*clients)
    assert len(two.account.tickers()) == 3
    assert count.made >= 17
    for at in range(5, count.made):  # by the fifth call the lease is held and what is recorded known
        hidden_late(two)
        s3, glue = two.clients()
        correction = two.account.stage(*CORRECTION)
        still = Standstill(at, partial(two.other, correction), once_signed)
        still.listen(s3, glue)
        brought_back(s3, glue)
        assert still.happened
        assert two.account.tickers() == {"AAAA3": b"run2 AAAA3", "BBBB3": b"run2 BBBB3"}, f"at call {at}"
        assert len(two.account.keys("refined-data/")) == 2, f"at call {at}"
        assert list(two.account.seen(SUMMARY_TABLE).values()) == [[b"run2 None"]], f"at call {at}"
        assert two.account.keys("leases/") == []
