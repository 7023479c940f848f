"""The metrics that a run of the flow `daily` emits to CloudWatch."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from expectations.contract import metrics
from expectations.contract.outcomes import FRESHLY_PUBLISHED, Verdict

if TYPE_CHECKING:
    from flows.lake.metrics import Datum
    from flows.record.attempt import Attempt


def run_metrics(attempt: Attempt, newest_published: date | None, today: date) -> Sequence[Datum]:
    """The run's values, all with the index as their dimension.

    Nothing says that a session is not fresh: a 0 before noon would be an alarm before there is anything to be alarmed about.

    Args:
        attempt: of the run, ended.
        newest_published: of the index, by the state of its sessions; None where none is, or where that could not be read.
        today: the day of the collection in São Paulo. A session that is over proves nothing of today's.
    """
    values = [
        (metrics.RUNS, 1.0, "Count"),
        (metrics.FAILED_RUNS, float(attempt.failed), "Count"),
        (metrics.GATE_FAILURES, float(sum(not gate.passed for gate in attempt.gates)), "Count"),
        (metrics.DURATION, round(sum(attempt.steps.values()), 3), "Seconds"),
    ]
    published = attempt.outcome in FRESHLY_PUBLISHED
    if published:
        values += [(metrics.ROWS, float(attempt.rows), "Count"), (metrics.BYTES, float(attempt.raw_bytes), "Bytes")]
    if attempt.dpu_seconds is not None:
        values.append((metrics.GLUE_DPU_SECONDS, attempt.dpu_seconds, "None"))
    # A run that found the session published, but its changes not reported, reports them.
    if published or attempt.changes:
        values.append((metrics.COMPOSITION_CHANGES, float(attempt.changes), "Count"))
    if newest_published and newest_published >= today:
        values.append((metrics.FRESH_SESSION, 1.0, "None"))
    if attempt.verdict:
        values.append((metrics.DIVERGENT_SESSIONS, float(attempt.verdict is Verdict.DIVERGENT), "Count"))
    return _of_index(attempt.index, values)


def verification_metrics(index: str, verdicts: Sequence[Verdict]) -> Sequence[Datum]:
    """What sessions of an index that were held against prices again came to."""
    divergent = sum(verdict is Verdict.DIVERGENT for verdict in verdicts)
    return _of_index(index, [(metrics.DIVERGENT_SESSIONS, float(divergent), "Count")])


def _of_index(index: str, values: Sequence[tuple[str, float, str]]) -> Sequence[Datum]:
    dimensions = [{"Name": metrics.INDEX_DIMENSION, "Value": index}]
    return [
        {"MetricName": name, "Dimensions": dimensions, "Value": value, "Unit": unit} for name, value, unit in values
    ]
