"""A session's raw file made again from what is in landing, read with today's code."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from expectations.contract.outcomes import Outcome
from expectations.gates.gate import GateReport
from flows.b3.calendar import is_stale
from flows.b3.portfolio import same_figures
from flows.backfill.landing import Landed, Unread, read_landing
from flows.session import storage
from flows.session.pipeline import Collected
from flows.session.raw_file import RawFacts, decode, encode

if TYPE_CHECKING:
    from flows.record.attempt import Attempt, FlowRun
    from flows.session.pipeline import Pipeline
    from flows.session.raw_file import RawFile
    from flows.session.storage import RawVersion


@dataclass(frozen=True, slots=True)
class Unusable:
    """Why no payload of a session makes a raw file, in one line; with gate 1's report where the gate refused."""

    reason: str
    report: GateReport | None = None

    def attempt(self, flow_run: FlowRun, index: str, session: date) -> Attempt:
        """That an attempt at the session failed for it."""
        begun = flow_run.begin(index, session)
        return begun.with_gates([self.report] if self.report else []).ended(Outcome.FAILED, self.reason)


def reread(
    pipeline: Pipeline, index: str, session: date, payloads: Sequence[str], current: RawVersion | None
) -> RawVersion | Unusable:
    """The session's raw version as today's code reads the payloads: the current one where it says the same, or a new one.

    The newest collection that gate 1 lets pass decides what B3 stated; one that was stale when it came, only where there is no
    other. A new version is uploaded as one of a batch.

    Args:
        payloads: keys in landing, of this session or without one.
        current: the session's raw version, where there is one; it is replaced where it is no raw file of the session.

    Raises:
        AwsError: S3 could not be asked.
    """
    bucket = pipeline.lake.raw
    raw = storage.replaceable_raw(bucket, current) if current else None
    read = [item for item in read_landing(bucket, payloads) if _concerns(item, index, session)]
    best = _best(pipeline, read, raw)
    if isinstance(best, Unusable):
        return best
    if current and raw and _says(raw, best):
        return current
    return storage.upload_raw(bucket, best.content, best.facts, of_batch=True)


def _concerns(item: Landed | Unread, index: str, session: date) -> bool:
    return isinstance(item, Unread) or (item.portfolio.index, item.portfolio.session) == (index, session)


def _was_stale(item: Landed | Unread) -> bool:
    return isinstance(item, Landed) and is_stale(item.portfolio.session, item.collected_at)


def _best(pipeline: Pipeline, read: Sequence[Landed | Unread], raw: RawFile | None) -> Collected | Unusable:
    passing = _passing(pipeline, sorted(read, key=_was_stale))
    best = next(passing, Unusable("nothing in landing"))
    if isinstance(best, Unusable) or raw is None or best.facts.collected_at == raw.facts.collected_at:
        return best
    # B3 said the same when the raw file was made: that instant stays.
    same_instant = [item for item in read if isinstance(item, Landed) and item.collected_at == raw.facts.collected_at]
    stated = decode(best.content).portfolio()
    own = _passing(pipeline, [item for item in same_instant if same_figures(item.portfolio, stated)])
    first = next(own, None)
    return first if isinstance(first, Collected) and first.facts.has_sectors == best.facts.has_sectors else best


def _passing(pipeline: Pipeline, read: Sequence[Landed | Unread]) -> Iterator[Collected | Unusable]:
    """The collections that gate 1 lets pass; where none does, why the newest does not."""
    refusal: Unusable | None = None
    for item in read:
        if isinstance(item, Unread):
            refusal = refusal or Unusable(item.reason)
            continue
        facts = RawFacts.of(item.portfolio, item.collected_at, item.keys)
        collected = Collected(facts, encode(item.portfolio, facts))
        report = pipeline.check_raw(collected)
        if report.passed:
            yield collected
        else:
            refusal = refusal or Unusable(report.verdict(), report)
    if refusal:
        yield refusal


def _says(raw: RawFile, collected: Collected) -> bool:
    """Whether the raw file has the same rows, to the instant of collection, and the same totals."""
    return raw.facts.fingerprint == collected.facts.fingerprint and raw.table.equals(decode(collected.content).table)
