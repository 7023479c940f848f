"""One Glue run for the sessions that several indices show on one day.

A run is billed for a minute at least and refines a session in seconds, so that a run an index costs as many times more as there
are indices. What comes before the run is done for all of them first; then the flow `daily` of each goes on from there: it finds
what was done by its index, and does all of it itself where there is nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from flows.errors import BovespaError
from flows.session.batch_runs import BatchRuns

if TYPE_CHECKING:
    from expectations.gates.gate import GateReport
    from flows.glue_run import GlueRun
    from flows.session.pipeline import Collected, Pipeline
    from flows.session.storage import RawVersion


@dataclass(frozen=True, slots=True)
class Prepared:
    """What was done for an index before its flow began.

    Attributes:
        collected: B3's answer; None where there was none.
        problem: why there was none.
        report: gate 1's on it, where it was judged.
        version: the raw version, where it was uploaded.
        run: its Glue run.
        sessions: how many share the run.
    """

    collected: Collected | None = None
    problem: BovespaError | None = None
    report: GateReport | None = None
    version: RawVersion | None = None
    run: GlueRun | None = None
    sessions: int = 1

    def answer(self) -> Collected | None:
        """B3's answer, where it was asked.

        Raises:
            BovespaError: it was asked in vain.
        """
        if self.problem:
            raise self.problem
        return self.collected


NOTHING = Prepared()

_by_index: ContextVar[Mapping[str, Prepared]] = ContextVar("prepared", default={})  # noqa: B039 - nobody changes it


@contextmanager
def going_on_from(prepared: Mapping[str, Prepared]) -> Iterator[None]:
    """Flows within the block go on from what was prepared for their indices."""
    token = _by_index.set(prepared)
    try:
        yield
    finally:
        _by_index.reset(token)


def prepared_for(index: str) -> Prepared:
    """What was prepared for an index; nothing where nobody did so."""
    return _by_index.get().get(index, NOTHING)


def share_run(pipeline: Pipeline, answered: Mapping[str, Prepared], *, force: bool) -> dict[str, Prepared]:
    """Upload what was collected of each index, and start one run for all of it that has none.

    Args:
        answered: by index, each with B3's answer.

    Raises:
        AwsError: AWS refused, or was not to be had; what was uploaded is uploaded again by who goes on.
    """
    collected = {index: item.collected for index, item in answered.items() if item.collected}
    versions = {index: pipeline.upload(item, force=force, of_batch=True) for index, item in collected.items()}
    runs = BatchRuns(pipeline.lake.artifacts, pipeline.lake.job, pipeline.settings.etl_reattach_timeout)
    found = runs.find(list(versions.values()))
    without = [version for version in versions.values() if version.version_id not in found]
    started = runs.start(without) if without else None
    prepared = {}
    for index, version in versions.items():
        own = found.get(version.version_id)
        known = replace(answered[index], version=version, run=own or started)
        prepared[index] = known if own else replace(known, sessions=len(without))
    return prepared
