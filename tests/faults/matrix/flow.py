"""The flow itself: killed between any two of its steps, run twice, run beside itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Event
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from matrix import protections as kept_by
from matrix.bench import clients
from matrix.case import Case, Ends, Killed, Stage, after, both, dies, limited, nothing, stops
from matrix.deployed import one_run
from matrix.state import demand, figures, history_figures, landed, publication, raw_versions

from expectations.contract.partitions import month_key
from expectations.contract.tables import HISTORY_TABLE
from flows.history.refresh import refresh
from flows.session import storage
from flows.session.pipeline import Pipeline

if TYPE_CHECKING:
    from matrix.bench import Bench
    from matrix.case import Arm, Protection

FLOW = "flow"

# The run that is killed has its lease surely until then, however slow the machine is; the next one need not wait for long.
_UNTIL_KILLED = {"lease_timeout": "60"}
_SOON_VOID = {"lease_timeout": "4"}
_VOID_AFTER = 4  # seconds; S3 tells a lease's age in whole ones
_ENOUGH_TRIES = 3  # the first flow's, the second's that finds the lease void, the one that takes it
_CATALOG_WRITES = ("BatchCreatePartition", "BatchUpdatePartition", "BatchDeletePartition")


def nothing_kept(bench: Bench) -> None:
    demand(not landed(bench), "there is a payload in landing")
    demand(not raw_versions(bench), "there is a raw file without its payload")


def one_payload(bench: Bench) -> None:
    demand(len(landed(bench)) == 1, f"{len(landed(bench))} versions in landing")


def _collecting() -> list[Case]:
    killed = partial(Case, FLOW, stage=Stage.COLLECT, ends=Ends.FAILS)
    return [
        killed(
            fault="killed before the payload is kept",
            protection=kept_by.LAND_FIRST,
            arm=dies("PutObject", key="landing/"),
            seen=nothing_kept,
        ),
        killed(
            fault="killed after the payload was kept, before the raw file is uploaded",
            protection=kept_by.LAND_KNOWN,
            arm=dies("PutObject", key="raw-data/"),
            seen=one_payload,
            quick=True,
        ),
    ]


def _killed(fault: str, protection: Protection, arm: Arm, **case: Any) -> Case:  # noqa: ANN401 - fields of the case
    """The flow is killed while it publishes."""
    return Case(FLOW, fault, protection, Ends.FAILS, both(limited(**_UNTIL_KILLED), arm), limits=_SOON_VOID, **case)


def _publishing() -> list[Case]:
    killed = partial(_killed, stage=Stage.PUBLISH)
    return [
        killed(
            fault="killed after gate 2, before the lease",
            protection=kept_by.RECORD_LAST,
            arm=dies("PutObject", key="leases/"),
        ),
        killed(
            fault="killed with the lease, before the first copy",
            protection=kept_by.LEASE_VOID,
            arm=dies("CopyObject"),
        ),
        killed(
            fault="killed amid the copies",
            protection=kept_by.FILES_FIRST,
            arm=dies("CopyObject", after=40),
            by_ticker=True,
            quick=True,
        ),
        killed(
            fault="killed before partitions are made",
            protection=kept_by.RECORD_LAST,
            arm=dies("BatchCreatePartition"),
        ),
        killed(
            fault="killed before partitions are shown",
            protection=kept_by.FROM_WHAT_IS_THERE,
            arm=dies("BatchUpdatePartition"),
        ),
        killed(
            fault="killed between the two tables",
            protection=kept_by.FROM_WHAT_IS_THERE,
            arm=dies("CopyObject", after=1),
        ),
        killed(
            fault="killed before Athena is asked",
            protection=kept_by.FROM_WHAT_IS_THERE,
            arm=dies("StartQueryExecution"),
        ),
        killed(
            fault="killed before the publication is recorded",
            protection=kept_by.FROM_WHAT_IS_THERE,
            arm=dies("PutObject", key="published/"),
        ),
        killed(
            fault="killed before the lease is given back",
            protection=kept_by.LEASE_VOID,
            arm=dies("DeleteObject", key="leases/"),
        ),
    ]


def _between() -> list[Case]:
    """Between the steps, with a Glue run of the session's own."""
    killed = partial(
        Case,
        FLOW,
        stage=Stage.DAILY,
        ends=Ends.FAILS,
        protection=kept_by.REATTACHED,
        limits={"etl_reattach_timeout": "20"},
        then=one_run,
        uploads=1,
    )
    return [
        killed(fault="killed after the upload", arm=after("upload", stops)),
        killed(fault="killed after the Glue run", arm=after("refine", stops)),
    ]


def _correcting() -> list[Case]:
    killed = partial(_killed, stage=Stage.CORRECT, by_ticker=True)
    return [
        killed(
            fault="killed amid the copies (correction)",
            protection=kept_by.HIDE_FIRST,
            arm=dies("CopyObject", after=40),
        ),
        killed(
            fault="killed before partitions of shares that are gone are removed (correction)",
            protection=kept_by.STRAY_PARTITIONS,
            arm=dies("BatchDeletePartition"),
        ),
        killed(
            fault="killed before files of shares that are gone are removed (correction)",
            protection=kept_by.STRAY_FILES,
            arm=dies("DeleteObject", key="refined-data/"),
        ),
        killed(
            fault="killed before partitions are shown (correction)",
            protection=kept_by.FROM_WHAT_IS_THERE,
            arm=dies("BatchCreatePartition"),
        ),
        Case(
            FLOW,
            "a flow with the earlier version comes late (correction)",
            kept_by.OUTDATED,
            Ends.FAILS,
            _with_the_earlier_version,
            Stage.CORRECT,
            says="was replaced by",
            by_ticker=True,
        ),
    ]


@contextmanager
def _with_the_earlier_version(bench: Bench) -> Iterator[None]:
    """The correction is published already."""
    bench.publish()
    current, bench.version = bench.version, bench.earlier
    try:
        yield
    finally:
        bench.version = current


# --- beside itself -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Gate:
    """Holds somebody up until it is opened."""

    reached: Event = field(default_factory=Event)
    opened: Event = field(default_factory=Event)

    def hold(self) -> None:
        """Be held up."""
        self.reached.set()
        self.opened.wait(30)


def _beside_another(late: float = 0) -> Arm:
    """Another flow publishes the session, while this one is held up before its first copy.

    Args:
        late: seconds after which the other begins.
    """

    @contextmanager
    def arm(bench: Bench) -> Iterator[None]:
        gate, rival = Gate(), replace(bench)
        with _held_at_its_first_copy(bench, gate), ThreadPoolExecutor(1) as pool:
            other = pool.submit(_come, rival, gate, late)
            yield
            bench.notes["mixed"] = other.result()
        bench.notes["rival"] = rival.publication

    return arm


@contextmanager
def _held_at_its_first_copy(bench: Bench, gate: Gate) -> Iterator[None]:
    # In the client, not on the wire, where the client would give up and ask again.
    def call(**_: object) -> None:
        if not gate.reached.is_set():
            gate.hold()

    events = bench.world.clients.s3.meta.events
    events.register("before-send.s3.CopyObject", call)
    try:
        yield
    finally:
        events.unregister("before-send.s3.CopyObject", call)


def _come(rival: Bench, gate: Gate, late: float) -> bool:
    """Publish the session too; whether anything was copied while the first was held up, which ends with that."""
    calls = rival.world.aws.asked
    gate.reached.wait(30)
    time.sleep(late)
    with ThreadPoolExecutor(1) as pool:
        published = pool.submit(rival.publish)
        try:
            _await(lambda: calls("CopyObject") or _tries_for_the_lease(rival) > _ENOUGH_TRIES or published.done(), 20)
            mixed = bool(calls("CopyObject"))
        finally:
            gate.opened.set()
        published.result()
    return mixed


def _await(holds: Callable[[], object], seconds: float) -> None:
    ends = time.monotonic() + seconds
    while not holds() and time.monotonic() < ends:
        time.sleep(0.05)


def _tries_for_the_lease(bench: Bench) -> int:
    tries = [call for call in bench.world.aws.asked("PutObject") if call.key.startswith("leases/")]
    return sum("if-none-match" in call.headers for call in tries)


def one_at_a_time(bench: Bench) -> None:
    demand(not bench.notes["mixed"], "two flows published the session at once")
    demand(bench.notes["rival"] == bench.publication, "the second flow published again")


def left_alone(bench: Bench) -> None:
    """A further run finds the session published and changes nothing."""
    before, seen = bench.publication, len(bench.world.aws.calls)
    bench.publish()
    demand(bench.publication == before, "the session was published again")
    written = [call.operation for call in bench.world.aws.calls[seen:] if call.operation in _CATALOG_WRITES]
    demand(not written, "the catalog was written again")


def _together() -> list[Case]:
    publish = partial(Case, FLOW, stage=Stage.PUBLISH, ends=Ends.RECOVERS)
    return [
        publish(
            fault="two flows publish the session at once",
            protection=kept_by.LEASE,
            arm=_beside_another(),
            seen=one_at_a_time,
        ),
        publish(
            fault="a second flow comes when the lease of the first, still at work, would be void",
            protection=kept_by.LEASE_RENEWAL,
            arm=_beside_another(late=_VOID_AFTER + 2),
            seen=one_at_a_time,
            limits={"lease_timeout": str(_VOID_AFTER)},
        ),
        publish(
            fault="run again after it published",
            protection=kept_by.PUBLISHED_ONCE,
            arm=nothing,
            seen=left_alone,
            quick=True,
        ),
    ]


# --- beside itself, at the monthly tables --------------------------------------------------------------------------------


@contextmanager
def _beside_an_earlier_refresh(bench: Bench) -> Iterator[None]:
    """Another flow has just published the earlier version, and puts its month once the correction is there; it is killed then."""
    record = publication(bench)
    assert record is not None, "a correction has an earlier version"
    storage.write_publication(bench.world.eyes.lake.refined, replace(record, published_at="2026-01-02T03:04:05+00:00"))
    gate, key = Gate(), month_key(HISTORY_TABLE, bench.portfolio.index, bench.session)
    pipeline, killed = Pipeline(bench.settings, clients().lake), []

    def call(request: Any, event_name: str, **_: object) -> None:  # noqa: ANN401 - botocore's request
        if killed:
            raise Killed
        if event_name.endswith(".PutObject") and f"/{key}" in unquote(request.url):
            gate.hold()
            killed.append(True)

    for client in (pipeline.lake.refined.client, pipeline.lake.catalog.client):
        client.meta.events.register("before-send", call)
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(refresh, pipeline, bench.portfolio.index)
        try:
            demand(gate.reached.wait(60), "the other flow does not put the month's file")
            yield
        finally:
            gate.opened.set()
        demand(isinstance(other.exception(), Killed), f"the other flow was not killed: {other.exception()}")


def reported_as_published(bench: Bench) -> None:
    demand(history_figures(bench) == figures(bench.portfolio), "the history holds other figures than are published")


def _monthly() -> list[Case]:
    return [
        Case(
            FLOW,
            "a flow puts a month of the history that it made before the correction, and is killed (correction)",
            kept_by.MONTH_OVER_WHAT_WAS_READ,
            Ends.RECOVERS,
            _beside_an_earlier_refresh,
            Stage.CORRECT,
            seen=reported_as_published,
            monthly=True,
            quick=True,
        ),
    ]


CASES = [*_collecting(), *_between(), *_publishing(), *_correcting(), *_together(), *_monthly()]
