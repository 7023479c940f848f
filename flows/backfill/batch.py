"""Many raw versions, one Glue run, each session audited and published by itself.

What fails for one session is its own result and stops no other. Sessions are published several at a time; each is guarded by
its lease, so a batch may run beside other batches and beside the daily flow. The monthly tables are brought up to date after all
sessions: a month's file is written again once, not once a session.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from enum import StrEnum
from itertools import groupby
from typing import TYPE_CHECKING

from expectations.contract.keys import ContractError, parse_raw_key
from expectations.contract.manifest import Manifest
from expectations.gates.gate import GateRefused, require
from flows.errors import BovespaError, EtlRunFailed
from flows.history.derived import Derive, Offer, ensure_derived, offer
from flows.lake.clients import PARALLEL_SESSIONS
from flows.session import etl
from flows.session.batch_runs import BatchRuns
from flows.session.staging import staged_session

if TYPE_CHECKING:
    from expectations.gates.gate import GateReport
    from flows.record.ledger import Ledger
    from flows.session.etl import GlueRun
    from flows.session.pipeline import Pipeline
    from flows.session.storage import RawVersion

SESSIONS_A_RUN = 1000

Tell = Callable[["Result"], None]
Advance = Callable[[], None]
Progress = Callable[[str, int], Advance]
"""Begins a step (what, of how many) and returns what is to be called after each of them."""


class Outcome(StrEnum):
    """What became of one session of a batch."""

    PUBLISHED = "published"
    ALREADY_PUBLISHED = "already published"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Way:
    """How a session came to its result, as the ledger keeps it.

    Attributes:
        started_at: instant at which the batch began (aware).
        version: the raw version; None where none could be made.
        run: the Glue run, as it ended, where the batch waited for it; its cost is that of `sessions` sessions together.
        gates: the reports of the gates that looked at it.
    """

    started_at: datetime
    version: RawVersion | None = None
    run: GlueRun | None = None
    sessions: int = 1
    gates: tuple[GateReport, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one session of a batch.

    Attributes:
        reason: why it failed, in one line; empty otherwise.
        run_id: the Glue run that refined it; empty where there is none.
        rows: published rows.
        way: how it came to it.
    """

    index: str
    session: date
    outcome: Outcome
    reason: str = ""
    run_id: str = ""
    rows: int = 0
    way: Way = field(default_factory=lambda: Way(datetime.now(UTC)), compare=False, repr=False)

    def to_dict(self) -> dict[str, object]:
        """The result as JSON's types."""
        return {
            "index": self.index,
            "session": self.session.isoformat(),
            "outcome": str(self.outcome),
            "reason": self.reason,
            "run_id": self.run_id,
            "rows": self.rows,
        }


def telling(ledger: Ledger, progress: Progress, versions: Sequence[RawVersion]) -> Tell:
    """Each result of these versions into the ledger, and a step on in the progress."""
    advance = progress("refining and publishing", len(versions))

    def tell(result: Result) -> None:
        ledger.note_result(result)
        advance()

    return tell


@dataclass(frozen=True, slots=True)
class Batch:
    """Takes raw versions to their published state.

    Attributes:
        again: refine and publish what is published already, too.
        tell: called with each session's result, from any thread but one at a time.
        derive: brings the monthly tables of an index up to date with what was published.
    """

    pipeline: Pipeline
    again: bool = False
    tell: Tell = lambda _: None
    derive: Derive = ensure_derived

    def take(self, versions: Sequence[RawVersion]) -> list[Result]:
        """Refine, audit and publish the versions: one Glue run for all of them that have none, or one for each thousand.

        A run that is live is waited for, whoever started it; one that has succeeded is not repeated, unless `again`.

        Returns:
            A result for each version, by index and session.

        Raises:
            AwsError: Glue could not be asked for the runs, or not be made to start one.
            PublishError: what was published is, but the monthly tables could not be brought up to date; run the batch again.
        """
        results: list[Result] = []
        offers: list[Offer] = []
        started_at = datetime.now(UTC)
        for run, of_run in self._runs(versions):
            for result, offered in self._publish_run(run, of_run, Way(started_at, sessions=len(of_run))):
                self.tell(result)
                results.append(result)
                offers += offered
        for index in sorted({result.index for result in results if result.outcome is Outcome.PUBLISHED}):
            self.derive(self.pipeline, index, [item for item in offers if item.record.index == index])
        return sorted(results, key=lambda result: (result.index, result.session))

    def _runs(self, versions: Sequence[RawVersion]) -> list[tuple[GlueRun, Sequence[RawVersion]]]:
        settings, aws = self.pipeline.settings, self.pipeline.aws
        runs = BatchRuns(
            aws.s3, aws.glue, settings.artifacts_bucket, settings.glue_job_name, settings.etl_reattach_timeout
        )
        found = {} if self.again else self._usable(runs.find(versions))
        without = sorted((item for item in versions if item.version_id not in found), key=lambda item: item.key)
        # All are started before any is waited for.
        started = [(runs.start(chunk), chunk) for chunk in _chunks(without, SESSIONS_A_RUN)]
        with_run = sorted(
            (item for item in versions if item.version_id in found), key=lambda item: _run_id(found, item)
        )
        by_run = [list(group) for _, group in groupby(with_run, key=lambda item: _run_id(found, item))]
        return [*((found[group[0].version_id], group) for group in by_run), *started]

    def _usable(self, found: dict[str, GlueRun]) -> dict[str, GlueRun]:
        """The runs that have ended without a manifest left out: nobody can tell what they have made, or it has expired."""
        runs = {run.run_id: run for run in found.values()}
        whole = {run_id for run_id, run in runs.items() if run.live or self.pipeline.is_whole(run)}
        return {version_id: run for version_id, run in found.items() if run.run_id in whole}

    def _publish_run(
        self, run: GlueRun, versions: Sequence[RawVersion], way: Way
    ) -> Iterator[tuple[Result, list[Offer]]]:
        pipeline = self.pipeline
        try:
            ended = etl.wait_for_end(
                pipeline.aws.glue, pipeline.settings.glue_job_name, run, pipeline.settings.etl_timeout
            )
            # One that had ended before was somebody else's to pay.
            way = replace(way, run=ended if run.live else None)
            manifest = etl.read_manifest(pipeline.aws.s3, pipeline.settings.refined_bucket, ended)
        except BovespaError as error:
            way = replace(way, run=error.run) if isinstance(error, EtlRunFailed) else way
            yield from ((_failed(version, run.run_id, str(error), way), []) for version in versions)
            return
        # Taken apart once: to look for each session's files among those of a thousand takes longer than to publish it.
        parts, none = manifest.by_session(), Manifest(manifest.run_id, (), (), ())
        with ThreadPoolExecutor(PARALLEL_SESSIONS) as pool:
            found = [pool.submit(self._publish, parts.get(_subject(item), none), item, way) for item in versions]
            for future in as_completed(found):
                yield future.result()

    def _publish(self, manifest: Manifest, version: RawVersion, way: Way) -> tuple[Result, list[Offer]]:
        """Publish a version, of whose session the manifest tells."""
        raw = parse_raw_key(version.key)
        try:
            staged = staged_session(manifest, raw.index, raw.session, version.version_id)
            audited = self.pipeline.audit(version, staged)
            way = replace(way, version=version, gates=(audited.report,))
            require(audited.report)
            record = self.pipeline.publish(version, audited, force=self.again)
        except (BovespaError, ContractError, GateRefused) as error:
            return _failed(version, manifest.run_id, str(error), way), []
        result = Result(raw.index, raw.session, Outcome.PUBLISHED, run_id=record.run_id, rows=record.rows, way=way)
        return result, offer(record, audited)


def _failed(version: RawVersion, run_id: str, reason: str, way: Way) -> Result:
    raw = parse_raw_key(version.key)
    return Result(raw.index, raw.session, Outcome.FAILED, reason, run_id, way=replace(way, version=version))


def _subject(version: RawVersion) -> tuple[str, date]:
    raw = parse_raw_key(version.key)
    return raw.index, raw.session


def _run_id(found: dict[str, GlueRun], version: RawVersion) -> str:
    return found[version.version_id].run_id


def _chunks(versions: Sequence[RawVersion], size: int) -> Iterator[Sequence[RawVersion]]:
    return (versions[start : start + size] for start in range(0, len(versions), size))
