"""Many raw versions, one Glue run, each session audited and published by itself.

What fails for one session is its own result and stops no other. Sessions are published several at a time; each is guarded by
its lease, so a batch may run beside other batches and beside the daily flow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from itertools import groupby
from typing import TYPE_CHECKING

from expectations.contract import ContractError, parse_raw_key
from expectations.gate import GateRefused, require
from expectations.manifest import Manifest
from flows import etl
from flows.aws import PARALLEL_SESSIONS
from flows.batch_runs import BatchRuns
from flows.errors import BovespaError
from flows.staging import staged_session

if TYPE_CHECKING:
    from flows.etl import GlueRun
    from flows.pipeline import Pipeline
    from flows.storage import RawVersion

SESSIONS_A_RUN = 1000

Tell = Callable[["Result"], None]


class Outcome(StrEnum):
    """What became of one session of a batch."""

    PUBLISHED = "published"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Result:
    """One session's way through a batch.

    Attributes:
        reason: why it failed, in one line; empty otherwise.
        run_id: the Glue run that refined it; empty where there is none.
        rows: published rows.
    """

    index: str
    session: date
    outcome: Outcome
    reason: str = ""
    run_id: str = ""
    rows: int = 0

    def to_dict(self) -> dict[str, object]:
        """The result as JSON's types."""
        return asdict(self) | {"session": self.session.isoformat(), "outcome": str(self.outcome)}


@dataclass(frozen=True, slots=True)
class Batch:
    """Takes raw versions to their published state.

    Attributes:
        again: refine and publish what is published already, too.
        tell: called with each session's result, from any thread but one at a time.
    """

    pipeline: Pipeline
    again: bool = False
    tell: Tell = lambda _: None

    def take(self, versions: Sequence[RawVersion]) -> list[Result]:
        """Refine, audit and publish the versions: one Glue run for all of them that have none, or one for each thousand.

        A run that is live is waited for, whoever started it; one that has succeeded is not repeated, unless `again`.

        Returns:
            A result for each version, by index and session.

        Raises:
            AwsError: Glue could not be asked for the runs, or not be made to start one.
        """
        results: list[Result] = []
        for run, of_run in self._runs(versions):
            for result in self._publish_run(run, of_run):
                self.tell(result)
                results.append(result)
        return sorted(results, key=lambda result: (result.index, result.session))

    def _runs(self, versions: Sequence[RawVersion]) -> list[tuple[GlueRun, Sequence[RawVersion]]]:
        settings, aws = self.pipeline.settings, self.pipeline.aws
        runs = BatchRuns(
            aws.s3, aws.glue, settings.artifacts_bucket, settings.glue_job_name, settings.etl_reattach_timeout
        )
        found = {} if self.again else runs.find(versions)
        without = sorted((item for item in versions if item.version_id not in found), key=lambda item: item.key)
        # All are started before any is waited for.
        started = [(runs.start(chunk), chunk) for chunk in _chunks(without, SESSIONS_A_RUN)]
        with_run = sorted(
            (item for item in versions if item.version_id in found), key=lambda item: _run_id(found, item)
        )
        by_run = [list(group) for _, group in groupby(with_run, key=lambda item: _run_id(found, item))]
        return [*((found[group[0].version_id], group) for group in by_run), *started]

    def _publish_run(self, run: GlueRun, versions: Sequence[RawVersion]) -> Iterator[Result]:
        pipeline = self.pipeline
        try:
            ended = etl.wait_for_end(
                pipeline.aws.glue, pipeline.settings.glue_job_name, run, pipeline.settings.etl_timeout
            )
            manifest = etl.read_manifest(pipeline.aws.s3, pipeline.settings.refined_bucket, ended)
        except BovespaError as error:
            yield from (self._failed(version, run.run_id, str(error)) for version in versions)
            return
        # Taken apart once: to look for each session's files among those of a thousand takes longer than to publish it.
        parts, none = manifest.by_session(), Manifest(manifest.run_id, (), (), ())
        with ThreadPoolExecutor(PARALLEL_SESSIONS) as pool:
            futures = [pool.submit(self._publish, parts.get(_subject(version), none), version) for version in versions]
            for future in as_completed(futures):
                yield future.result()

    def _publish(self, manifest: Manifest, version: RawVersion) -> Result:
        """Publish a version, of whose session the manifest tells."""
        raw = parse_raw_key(version.key)
        try:
            staged = staged_session(manifest, raw.index, raw.session, version.version_id)
            audited = self.pipeline.audit(version, staged)
            require(audited.report)
            publication = self.pipeline.publish(version, audited, force=self.again)
        except (BovespaError, ContractError, GateRefused) as error:
            return self._failed(version, manifest.run_id, str(error))
        return Result(raw.index, raw.session, Outcome.PUBLISHED, run_id=publication.run_id, rows=publication.rows)

    def _failed(self, version: RawVersion, run_id: str, reason: str) -> Result:
        raw = parse_raw_key(version.key)
        return Result(raw.index, raw.session, Outcome.FAILED, reason, run_id)


def _subject(version: RawVersion) -> tuple[str, date]:
    raw = parse_raw_key(version.key)
    return raw.index, raw.session


def _run_id(found: dict[str, GlueRun], version: RawVersion) -> str:
    return found[version.version_id].run_id


def _chunks(versions: Sequence[RawVersion], size: int) -> Iterator[Sequence[RawVersion]]:
    return (versions[start : start + size] for start in range(0, len(versions), size))
