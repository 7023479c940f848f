"""What the pipeline used of AWS in a month, as the services themselves remember it.

Glue remembers runs for 90 days, Athena queries for 45, CloudWatch daily sums for 15 months; S3 is listed, versions and all. What
was deleted since (expired staging, given-back leases) is not seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from flows.cost.bill import BilledQuery, BillingMonth, StoredVersion, Usage
from flows.lake.calls import aws_errors, batches

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client

    from flows.lake.glue_job import GlueJob
    from flows.settings import Settings

_DAY = 24 * 3600
_MOST_QUERIES = 50  # that BatchGetQueryExecution takes


class Statistics(Protocol):
    """What is needed of boto3's CloudWatch client."""

    def get_metric_statistics(self, **request: Any) -> Any:  # noqa: ANN401 - boto3's
        """Sums of a metric's values."""


@dataclass(frozen=True, slots=True)
class UsageReader:
    """The services that know what was used in one account."""

    settings: Settings
    s3: S3Client
    job: GlueJob
    athena: AthenaClient
    cloudwatch: Statistics
    functions: LambdaClient

    @property
    def region(self) -> str:
        """The account's AWS region."""
        return self.s3.meta.region_name

    def read(self, function: str, month: BillingMonth) -> Usage:
        """Everything that a month's bill needs.

        Args:
            function: name of the Lambda.

        Raises:
            AwsError: a service did not tell.
        """
        with aws_errors(f"reading the usage of {month.begin:%Y-%m}"):
            invocations, gb_seconds = self._invocations(function, month)
            return Usage(
                runs=tuple(run for run in self.job.runs(month.begin) if run.started_at and month.has(run.started_at)),
                invocations=invocations,
                gb_seconds=gb_seconds,
                stored=tuple(self._stored(month)),
                queries=tuple(self._queries(month)),
            )

    def _invocations(self, name: str, month: BillingMonth) -> tuple[int, float]:
        megabytes = self.functions.get_function_configuration(FunctionName=name)["MemorySize"]
        seconds = self._sum(name, "Duration", month) / 1000
        return round(self._sum(name, "Invocations", month)), seconds * megabytes / 1024

    def _sum(self, function: str, metric: str, month: BillingMonth) -> float:
        answer = self.cloudwatch.get_metric_statistics(
            Namespace="AWS/Lambda",
            MetricName=metric,
            Dimensions=[{"Name": "FunctionName", "Value": function}],
            StartTime=month.begin,
            EndTime=month.end,
            Period=_DAY,
            Statistics=["Sum"],
        )
        return float(sum(point["Sum"] for point in answer["Datapoints"]))

    def _stored(self, month: BillingMonth) -> Iterator[StoredVersion]:
        for bucket in self.settings.buckets:
            for page in self.s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
                for version in page.get("Versions", ()):
                    if version["LastModified"] < month.end:
                        yield StoredVersion(version["Size"], version["LastModified"])

    def _queries(self, month: BillingMonth) -> Iterator[BilledQuery]:
        for page in self.athena.get_paginator("list_query_executions").paginate(WorkGroup=self.settings.workgroup):
            for ids in batches(page.get("QueryExecutionIds", []), _MOST_QUERIES):
                found = self.athena.batch_get_query_execution(QueryExecutionIds=ids)
                for execution in found.get("QueryExecutions", []):
                    if month.has(_submitted(execution)):
                        yield _query(execution)


def _submitted(execution: Any) -> datetime:  # noqa: ANN401 - boto3's
    submitted: datetime = execution["Status"]["SubmissionDateTime"]
    return submitted


def _query(execution: Any) -> BilledQuery:  # noqa: ANN401 - boto3's
    # https://aws.amazon.com/athena/pricing/: neither statements that define nor failures; cancelled ones for what they scanned.
    billed = execution.get("StatementType") == "DML" and execution["Status"]["State"] in ("SUCCEEDED", "CANCELLED")
    return BilledQuery(int(execution.get("Statistics", {}).get("DataScannedInBytes") or 0), billed)
