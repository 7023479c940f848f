"""A flow that stands still, as a suspended container does, until another has taken its session over and published it."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Event
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pyarrow.parquet as pq
from matrix import protections as kept_by
from matrix.case import Case, Ends, Fault, Stage, at_aws
from matrix.state import publication, shows_only
from matrix.wire import to
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt

from expectations.contract.keys import lease_key
from flows.errors import WriteConflict
from flows.lake import lease
from flows.lake.connect import connect
from flows.lake.lease import session_lease
from flows.session import storage
from flows.session.publish import Publisher

if TYPE_CHECKING:
    from matrix.bench import Bench
    from matrix.case import Arm
    from matrix.proxy import Exchange

    from flows.lake.s3 import Bucket
    from flows.session.staging import StagedSession

_OTHER_FIGURES, _OTHER_KEY = 0, 1  # holdings of a correction, beside the version before
_LONGEST = 280.0  # seconds that any of it may take, on a busy machine too


@dataclass
class Standstill:
    """A flow that makes no call from one instant on, until another has published.

    Attributes:
        begun: it stands still, or has ended.
        ended: it has ended, and never stood still.
        slept: seconds for which it stood still, by the clock of its machine.
        late: what it had on the wire may arrive.
        over: it goes on.
    """

    begun: Event = field(default_factory=Event)
    ended: bool = False
    slept: list[float] = field(default_factory=list)
    late: Event = field(default_factory=Event)
    over: Event = field(default_factory=Event)

    def end(self) -> None:
        """The flow has ended.

        Raises:
            RuntimeError: it never stood still, so that the case tests nothing.
        """
        self.ended = not self.begun.is_set()
        self.begun.set()
        if self.ended:
            raise RuntimeError("the flow ended before it came to where it was to stand still")

    def call(self, **_: object) -> None:
        """Hold a call of the flow, its lease's renewals as well."""
        if self.begun.is_set():
            self.over.wait(_LONGEST)

    def begins_at(self, operation: str, after: int, key: str) -> Callable[..., None]:
        """Have it begin before a call of the operation, once so many were made."""
        left = [after]

        def call(request: Any, event_name: str, **_: object) -> None:  # noqa: ANN401 - botocore's request
            if event_name.endswith(f".{operation}") and f"/{key}" in request.url and not self.begun.is_set():
                left[0] -= 1
                if left[0] < 0:
                    self.begun.set()
            self.call()

        return call

    def on_the_wire(self, exchange: Exchange) -> None:
        """Have it begin with this call, which arrives once another has published."""
        self.begun.set()
        self.late.wait(_LONGEST)
        exchange.forward()
        self.over.set()
        exchange.reset()


def _publishes_meanwhile(rival: Bench, staged: StagedSession, still: Standstill, *, wire: bool) -> None:
    """Another flow, with clients of its own: the lease is void for it, and it publishes the version before again."""
    try:
        if not still.begun.wait(_LONGEST) or still.ended:
            return
        lake, record = connect(rival.settings), publication(rival)
        assert record is not None, "a correction has an earlier version"
        key = lease_key(rival.portfolio.index, rival.session)
        lake.refined.delete_all([key])  # by now it is void
        with session_lease(lake.refined, rival.portfolio.index, rival.session, _LONGEST) as held:
            publisher = Publisher(held.guard(lake.refined), held.guard(lake.catalog))
            if wire:
                _put_in_other_bytes(lake.refined, staged, rival.portfolio.holdings[0].codigo)
            # As the flow's own task does: copies that were on the wire may have arrived after it had listed what is there.
            Retrying(retry=retry_if_exception_type(WriteConflict), stop=stop_after_attempt(5), reraise=True)(
                publisher.publish, staged
            )
            storage.write_publication(lake.refined, replace(record, published_at="2026-01-02T03:04:05+00:00"))
    finally:
        still.slept.append(_LONGEST)
        still.late.set()
        if not wire:
            still.over.set()


def _put_in_other_bytes(refined: Bucket, staged: StagedSession, ticker: str) -> None:
    """Stage the same rows of a share as another file: what is published of it has another ETag than before."""
    (key,) = (item.key for item in staged.refined if item.ticker == ticker)
    found, other = refined.find(key), io.BytesIO()
    assert found is not None, "it is staged"
    pq.write_table(pq.read_table(io.BytesIO(found.body)), other, compression="gzip")
    refined.put(key, other.getvalue())


def _overtaken(
    begins: Callable[[Standstill], Callable[..., None]], *faults: Callable[[Standstill, Bench], Fault]
) -> Arm:
    @contextmanager
    def arm(bench: Bench) -> Iterator[None]:
        still, rival = Standstill(), replace(bench, version=bench.earlier)
        call, flow, clock = begins(still), bench.world.clients, lease.elapsed
        staged = rival.staged()  # with the flow's own clients, which are to be held
        with ExitStack() as stack:
            stack.enter_context(patch.object(lease, "elapsed", lambda: clock() + sum(still.slept)))
            stack.enter_context(at_aws(*(fault(still, bench) for fault in faults))(bench) if faults else nullcontext())
            for client in (flow.s3, flow.glue, flow.athena):
                client.meta.events.register("before-send", call)
                stack.callback(client.meta.events.unregister, "before-send", call)
            with ThreadPoolExecutor(1) as pool:
                other = pool.submit(_publishes_meanwhile, rival, staged, still, wire=bool(faults))
                try:
                    yield
                finally:
                    still.end()
                other.result()

    return arm


def _stops_before(operation: str, after: int, key: str = "") -> Arm:
    return _overtaken(lambda still: still.begins_at(operation, after, key))


def _copy_arrives_late(holding: int) -> Callable[[Standstill, Bench], Fault]:
    """The copy of a share of the correction; see `campaign.corrected` for which of them the version before has."""

    def fault(still: Standstill, bench: Bench) -> Fault:
        ticker = bench.portfolio.holdings[holding].codigo
        copies = to("CopyObject", "refined-data/")
        return Fault(lambda call: copies(call) and f"/acao={ticker}/" in call.key, still.on_the_wire)

    return fault


def _hiding_arrives_late(still: Standstill, _: Bench) -> Fault:
    """The flow's first call to Glue that changes partitions: it hides what is published."""
    return Fault(to("BatchUpdatePartition"), still.on_the_wire)


def as_the_other_published(bench: Bench) -> None:
    assert bench.before is not None, "a correction has an earlier version"
    shows_only(bench, bench.before)


def _cases() -> list[Case]:
    overtaken = partial(
        Case,
        "flow",
        stage=Stage.CORRECT,
        ends=Ends.FAILS,
        seen=as_the_other_published,
        by_ticker=True,
        says="/lease: ",
    )
    return [
        overtaken(
            fault="stands still amid its copies until another has published (correction)",
            protection=kept_by.LEASE_FENCE,
            arm=_stops_before("CopyObject", after=36),
        ),
        overtaken(
            fault="stands still before it shows partitions until another has published (correction)",
            protection=kept_by.LEASE_FENCE,
            arm=_stops_before("BatchUpdatePartition", after=1),
        ),
        overtaken(
            fault="a copy over another's file reaches S3 after another has published (correction)",
            protection=kept_by.COPY_CONDITION,
            arm=_overtaken(lambda still: still.call, _copy_arrives_late(_OTHER_FIGURES)),
        ),
        overtaken(
            fault="a copy to a key of its own reaches S3 after another has published (correction)",
            protection=kept_by.RESTORED,
            arm=_overtaken(lambda still: still.call, _copy_arrives_late(_OTHER_KEY)),
        ),
        overtaken(
            fault="the call that hides the session reaches Glue after another has published (correction)",
            protection=kept_by.RESTORED,
            arm=_overtaken(lambda still: still.call, _hiding_arrives_late),
        ),
    ]


CASES = _cases()
