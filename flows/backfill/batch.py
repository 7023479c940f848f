"""Many raw versions, one Glue run, each session published by itself.

What fails for one session is its own result and stops no other. Sessions stream: some are audited by one validation while those
before them are published, several at a time, and confirmed by one query; of what is published only the attempt is kept. Each is
guarded by its lease, so a batch may run beside other batches and beside the daily flow. The monthly tables are brought up to date
after some hundred sessions and at the end: a month's file is written again once or twice, not once a session.
"""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cached_property, partial
from itertools import groupby
from typing import TYPE_CHECKING, Self, TypeVar

import pyarrow as pa

from expectations.contract.keys import ContractError, parse_raw_key
from expectations.contract.manifest import Manifest
from expectations.contract.outcomes import FRESHLY_PUBLISHED, Outcome, published_from
from expectations.gates.gate import GateRefused, require
from expectations.gates.together import MOST_TOGETHER
from flows.errors import BovespaError, EtlRunFailed, PublishError
from flows.history.refresh import FreshRows, Refresh, fresh_rows, refresh
from flows.history.witness import Witness
from flows.lake.calls import PARALLEL_SESSIONS
from flows.lake.calls import batches as chunks
from flows.session import etl
from flows.session.asking import AskingTogether
from flows.session.audit import Audited, audit_many
from flows.session.batch_runs import BatchRuns
from flows.session.staging import StagedSession, staged_session
from flows.site.run_report import with_report

if TYPE_CHECKING:
    from types import TracebackType

    from flows.glue_run import GlueRun
    from flows.record.attempt import Attempt, FlowRun
    from flows.record.ledger import Ledger
    from flows.session.audit import Problem
    from flows.session.pipeline import Pipeline
    from flows.session.storage import RawVersion

SESSIONS_A_RUN = 250

_COLLECTED = (20_000, 20, 20)
_REFRESHED_TOGETHER = 250

Ended = Callable[["Attempt", "list[FreshRows]"], None]
"""Told of an attempt that has ended, and of the rows that it has published."""

Item = TypeVar("Item")
Found = TypeVar("Found")

_Publishing = Future[tuple["Attempt", "list[FreshRows]"]]

Note = Callable[["Attempt"], "Attempt"]
"""Notes an attempt, and returns it as it was noted."""

Advance = Callable[[], None]
Progress = Callable[[str, int], Advance]
"""Begins a step (what, of how many) and returns what is to be called after each of them."""


def noting(ledger: Ledger, progress: Progress, versions: Sequence[RawVersion]) -> Note:
    """Each attempt at these versions into the ledger, and a step on in the progress."""
    advance = progress("refining and publishing", len(versions))

    def note(attempt: Attempt) -> Attempt:
        noted = keep(ledger, attempt)
        advance()
        return noted

    return note


def keep(ledger: Ledger, attempt: Attempt) -> Attempt:
    """Keep what the gates found in an attempt, as its report, and its row in the ledger.

    Returns:
        The attempt with its report.
    """
    kept = with_report(ledger.lake.artifacts, attempt, ledger.warn, data_docs=False) if attempt.gates else attempt
    ledger.note(kept)
    return kept


@contextmanager
def _frugal() -> Iterator[None]:
    """Let Python look for unreachable objects every 20,000 new ones, not every 700, and not among those that are there by now.

    A call of AWS makes thousands, and the libraries have millions to look through: it took a fifth of what a session takes.
    Arrow takes its memory where all else does, so that `_give_back` reaches it: a pool of its own keeps some for each thread.
    """
    before, pool = gc.get_threshold(), pa.default_memory_pool()
    gc.set_threshold(*_COLLECTED)
    gc.freeze()
    pa.set_memory_pool(pa.system_memory_pool())
    try:
        yield
    finally:
        pa.set_memory_pool(pool)
        gc.unfreeze()
        gc.set_threshold(*before)


def _give_back() -> None:
    """Give the system what is free: sessions that are published leave it in pieces, in each of the threads that made them."""
    gc.collect()  # pyarrow's description of a Parquet file, of which each session has 85, is a cycle
    pa.system_memory_pool().release_unused()  # where the system's pool is glibc's, its `malloc_trim`


@dataclass(frozen=True)
class Batch:
    """Takes raw versions to their published state.

    Attributes:
        flow_run: to which the attempts belong.
        again: refine and publish what is published already, too.
        note: called with each session's attempt, one after the other.
        refresh: brings the monthly tables of an index up to date with what was published.
    """

    pipeline: Pipeline
    flow_run: FlowRun
    again: bool = False
    note: Note = lambda attempt: attempt
    refresh: Refresh = refresh

    @cached_property
    def witness(self) -> Witness:
        """Of all sessions of the batch, so that a month's prices are read once."""
        return Witness.of(self.pipeline.lake)

    @_frugal()
    def take(self, versions: Sequence[RawVersion]) -> list[Attempt]:
        """Refine, audit and publish the versions: one Glue run for all of them that have none, or one for each 250.

        A run that is live is waited for, whoever started it; one that has succeeded is not repeated, unless `again`.

        Returns:
            An attempt for each version, by index and session.

        Raises:
            AwsError: Glue could not be asked for the runs, or not be made to start one.
            PublishError: what was published is, but the monthly tables could not be brought up to date; run the batch again.
        """
        attempts: list[Attempt] = []
        fresh: list[FreshRows] = []
        started_at = datetime.now(UTC)

        def ended(attempt: Attempt, rows: list[FreshRows]) -> None:
            attempts.append(self.note(attempt))
            fresh.extend(rows)
            if len(fresh) >= _REFRESHED_TOGETHER:
                # What stands in the way is found again at the end, and then stops no session.
                with suppress(ContractError, PublishError):
                    self._refresh({item.record.index for item in fresh}, fresh)
                fresh.clear()

        for run, of_run in self._runs(versions):
            _OfRun(self, run, started_at, len(of_run)).publish(of_run, ended)
        self._refresh({attempt.index for attempt in attempts if attempt.outcome in FRESHLY_PUBLISHED}, fresh)
        return sorted(attempts, key=lambda attempt: (attempt.index, attempt.session))

    def _refresh(self, indices: Collection[str], fresh: Sequence[FreshRows]) -> None:
        for index in sorted(indices):
            self.refresh(self.pipeline, index, [item for item in fresh if item.record.index == index])

    def _runs(self, versions: Sequence[RawVersion]) -> list[tuple[GlueRun, Sequence[RawVersion]]]:
        settings, lake = self.pipeline.settings, self.pipeline.lake
        runs = BatchRuns(lake.artifacts, lake.job, settings.etl_reattach_timeout)
        found = {} if self.again else self._usable(runs.find(versions))
        without = sorted((item for item in versions if item.version_id not in found), key=lambda item: item.key)
        # All are started before any is waited for.
        started = [(runs.start(chunk), chunk) for chunk in chunks(without, SESSIONS_A_RUN)]
        with_run = sorted(
            (item for item in versions if item.version_id in found), key=lambda item: found[item.version_id].run_id
        )
        by_run = [list(group) for _, group in groupby(with_run, key=lambda item: found[item.version_id].run_id)]
        return [*((found[group[0].version_id], group) for group in by_run), *started]

    def _usable(self, found: dict[str, GlueRun]) -> dict[str, GlueRun]:
        """The runs that have ended without a manifest left out: nobody can tell what they have made, or it has expired."""
        runs = {run.run_id: run for run in found.values()}
        whole = {run_id for run_id, run in runs.items() if run.live or etl.is_whole(self.pipeline.lake.refined, run)}
        return {version_id: run for version_id, run in found.items() if run.run_id in whole}


@dataclass(frozen=True, slots=True)
class _OfRun:
    """The versions of a batch that one Glue run refines.

    Attributes:
        sessions: how many the run refines.
        ended: the run as it ended, once it has.
    """

    batch: Batch
    run: GlueRun
    started_at: datetime
    sessions: int
    ended: list[GlueRun] = field(default_factory=list)

    def publish(self, versions: Sequence[RawVersion], ended: Ended) -> None:
        """Publish the versions; `ended` is called with each attempt and its rows, one after the other, whatever stops it."""
        pipeline = self.batch.pipeline
        try:
            run = etl.wait_for_end(pipeline.lake.job, self.run, pipeline.settings.etl_timeout)
            self.ended.append(run)
            manifest = etl.read_manifest(pipeline.lake.refined, run)
        except BovespaError as error:
            if isinstance(error, EtlRunFailed):
                self.ended.append(error.run)
            for version in versions:
                ended(self._begun(version).ended(Outcome.FAILED, str(error)), [])
            return
        # Taken apart once: to look for each session's files among those of hundreds takes longer than to publish it.
        parts = manifest.by_session()
        with (
            ThreadPoolExecutor(1) as auditor,
            AskingTogether(pipeline.lake.athena, PARALLEL_SESSIONS) as asking,
            # As many again may wait for Athena.
            ThreadPoolExecutor(2 * PARALLEL_SESSIONS) as pool,
            _UnderWay(ended, self.batch.note) as under_way,
        ):
            for audits in _ahead(auditor, partial(self._audited, parts), chunks(versions, MOST_TOGETHER)):
                under_way.add(pool.submit(self._publish, version, audited, asking) for version, audited in audits)
                del audits
                # The last ones wait for Athena, while the next ones are copied.
                under_way.wait_until_left(PARALLEL_SESSIONS)
                _give_back()
            under_way.wait_until_left(0)

    def _audited(
        self, parts: Mapping[tuple[str, date], Manifest], versions: Sequence[RawVersion]
    ) -> list[tuple[RawVersion, Audited | Problem]]:
        """The versions, of whose sessions the manifest's parts tell, audited by one validation."""
        found = [(version, self._staged(parts, version)) for version in versions]
        staged = [(version, item) for version, item in found if isinstance(item, StagedSession)]
        audits = iter(audit_many(self.batch.pipeline.lake, staged))
        return [(version, next(audits) if isinstance(item, StagedSession) else item) for version, item in found]

    def _staged(self, parts: Mapping[tuple[str, date], Manifest], version: RawVersion) -> StagedSession | Problem:
        none = Manifest(self.run.run_id, (), (), ())
        try:
            return staged_session(parts.get(_subject(version), none), *_subject(version), version.version_id)
        except BovespaError as error:
            return error

    def _publish(
        self, version: RawVersion, audited: Audited | Problem, asking: AskingTogether
    ) -> tuple[Attempt, list[FreshRows]]:
        attempt = self._begun(version)
        if not isinstance(audited, Audited):
            return attempt.ended(Outcome.FAILED, str(audited)), []
        attempt = attempt.with_gates([audited.report])
        try:
            require(audited.report)
            with asking.place() as ask:
                record = self.batch.pipeline.publish(version, audited, force=self.batch.again, ask=ask)
        except (BovespaError, ContractError, GateRefused) as error:
            return attempt.ended(Outcome.FAILED, str(error)), []
        facts = self.batch.witness.facts(*_subject(version))
        source = audited.facts.source
        published = attempt.ended(
            published_from(source), run_id=record.run_id, rows=record.rows, source=source, **facts
        )
        return published, fresh_rows(record, audited)

    def _begun(self, version: RawVersion) -> Attempt:
        attempt = replace(begun(self.batch.flow_run, version), started_at=self.started_at, run_id=self.run.run_id)
        # A run that had ended before was somebody else's to pay.
        paid = self.ended[0] if self.ended and self.run.live else None
        return attempt.with_cost(paid, self.batch.pipeline.lake.region, self.sessions) if paid else attempt


@dataclass(frozen=True, slots=True)
class _UnderWay:
    """The sessions that are being published.

    Whoever is stopped ends what is being published, begins no more, and notes what has ended.

    Attributes:
        ended: is told of each, one after the other.
        note: notes what ended where nobody waits for it any more.
    """

    ended: Ended
    note: Note
    left: set[_Publishing] = field(default_factory=set)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for future in self.left:
            future.cancel()
        for future in self.left:
            if not future.cancelled() and not future.exception():
                self.note(future.result()[0])

    def add(self, futures: Iterable[_Publishing]) -> None:
        """Begin with these, too."""
        self.left.update(futures)

    def wait_until_left(self, most: int) -> None:
        """Wait until no more than so many are left."""
        while len(self.left) > most:
            done, _ = wait(self.left, return_when=FIRST_COMPLETED)
            for future in done:
                self.ended(*future.result())
                self.left.remove(future)


def _ahead(pool: Executor, call: Callable[[Item], Found], items: Iterable[Item]) -> Iterator[Found]:
    """The call's answers in their order: while one is worked with, the next one is made, and none before it is kept."""
    coming: deque[Future[Found]] = deque()
    for item in items:
        coming.append(pool.submit(call, item))
        if len(coming) > 1:
            yield coming.popleft().result()
    if coming:
        yield coming.popleft().result()


def begun(flow_run: FlowRun, version: RawVersion) -> Attempt:
    """An attempt at a raw version that begins now."""
    return flow_run.begin(
        *_subject(version),
        fingerprint=version.fingerprint,
        raw=f"s3://{version.bucket}/{version.key}",
        raw_version_id=version.version_id,
    )


def _subject(version: RawVersion) -> tuple[str, date]:
    raw = parse_raw_key(version.key)
    return raw.index, raw.session
