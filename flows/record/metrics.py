"""What a run of the daily flow tells CloudWatch: one call, after the run, that never fails it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Protocol

from expectations.contract import metrics
from flows.lake.clients import aws_errors
from flows.record.reports import ALREADY_PUBLISHED, FAILED, PUBLISHED, Summary

Datum = Mapping[str, Any]
"""One entry of PutMetricData's MetricData."""


class CloudWatch(Protocol):
    """What is needed of boto3's CloudWatch client."""

    def put_metric_data(self, *, Namespace: str, MetricData: Sequence[Datum]) -> object:  # noqa: N803 - AWS's
        """Keep some values."""


def run_metrics(summary: Summary, today: date) -> list[Datum]:
    """The run's values, all with the index as their dimension.

    A failed run says nothing of freshness, nor does one that found B3 stale: a 0 before noon would be an alarm before there is
    anything to be alarmed about.

    Args:
        summary: of the run, ended.
        today: the day of the collection in São Paulo. A session that is over proves nothing of today's.
    """
    values = [
        (metrics.RUNS, 1.0, "Count"),
        (metrics.FAILED_RUNS, float(summary.outcome == FAILED), "Count"),
        (metrics.GATE_FAILURES, float(sum(not gate.passed for gate in summary.gates)), "Count"),
        (metrics.DURATION, round(sum(summary.seconds.values()), 3), "Seconds"),
    ]
    if summary.outcome == PUBLISHED:
        values += [(metrics.ROWS, float(summary.rows), "Count"), (metrics.BYTES, float(summary.raw_bytes), "Bytes")]
    if summary.run and summary.run.dpu_seconds is not None:
        values.append((metrics.GLUE_DPU_SECONDS, float(summary.run.dpu_seconds), "None"))
    # A run that found the session published, but its changes not told, tells them.
    if summary.outcome == PUBLISHED or summary.changes:
        values.append((metrics.COMPOSITION_CHANGES, float(summary.changes), "Count"))
    current = summary.outcome in (PUBLISHED, ALREADY_PUBLISHED)
    if current and summary.session and summary.session >= today:
        values.append((metrics.FRESH_SESSION, 1.0, "None"))
    dimensions = [{"Name": metrics.INDEX_DIMENSION, "Value": summary.index}]
    return [
        {"MetricName": name, "Dimensions": dimensions, "Value": value, "Unit": unit} for name, value, unit in values
    ]


def emit(cloudwatch: CloudWatch, data: Sequence[Datum], namespace: str = metrics.NAMESPACE) -> None:
    """Emit the values, in one call.

    Raises:
        AwsError: CloudWatch refused, failed, or was not to be had.
    """
    with aws_errors("emitting the run's metrics"):
        cloudwatch.put_metric_data(Namespace=namespace, MetricData=data)
