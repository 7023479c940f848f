"""The flows' own metrics in CloudWatch: one call for all values of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from flows.lake.calls import aws_errors

Datum = Mapping[str, Any]
"""One entry of PutMetricData's MetricData."""


class CloudWatch(Protocol):
    """What is needed of boto3's CloudWatch client."""

    def put_metric_data(self, *, Namespace: str, MetricData: Sequence[Datum]) -> object:  # noqa: N803 - AWS's
        """Keep some values."""


@dataclass(frozen=True, slots=True)
class Metrics:
    """The metrics of one account."""

    client: CloudWatch
    namespace: str

    def emit(self, data: Sequence[Datum]) -> None:
        """Emit the values, in one call.

        Raises:
            AwsError: CloudWatch refused, failed, or was not to be had.
        """
        with aws_errors("emitting the run's metrics"):
            self.client.put_metric_data(Namespace=self.namespace, MetricData=data)
