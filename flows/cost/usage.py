"""What the pipeline used of AWS in a month, as the services themselves remember it.

Glue remembers runs for 90 days, Athena queries for 45, CloudWatch daily sums for 15 months; S3 is listed, versions and all. What
was deleted since (expired staging, given-back leases) is not seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from flows.cost.bill import GlueRun, Month, Query, Stored, Usage
from flows.lake.clients import aws_errors

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_glue.type_defs import JobRunTypeDef
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client

    from flows.lake.clients import Operated
    from flows.settings import Settings

_DAY = 24 * 3600
_BATCH = 50  # of queries that BatchGetQueryExecution takes
_DPUS = {"Standard": 1.0, "G.025X": 0.25, "G.1X": 1.0, "G.2X": 2.0, "G.4X": 4.0, "G.8X": 8.0}


class Statistics(Protocol):
    """What is needed of boto3's CloudWatch client."""

    def get_metric_statistics(self, **request: Any) -> Any:  # noqa: ANN401 - boto3's
        """Sums of a metric's values."""


def read_usage(aws: Operated, settings: Settings, function: str, month: Month) -> Usage:
    """Everything that a month's bill needs.

    Raises:
        AwsError: a service did not tell.
    """
    with aws_errors(f"reading the usage of {month.begin:%Y-%m}"):
        invocations, gb_seconds = _invocations(aws.cloudwatch, aws.functions, function, month)
        return Usage(
            runs=tuple(_runs(aws.glue, settings.glue_job_name, month)),
            invocations=invocations,
            gb_seconds=gb_seconds,
            stored=tuple(_stored(aws.s3, settings.buckets, month)),
            queries=tuple(_queries(aws.athena, settings.workgroup, month)),
        )


def _runs(glue: GlueClient, job: str, month: Month) -> Iterator[GlueRun]:
    for page in glue.get_paginator("get_job_runs").paginate(JobName=job):
        for run in page["JobRuns"]:
            if run["StartedOn"] < month.begin:  # newest first
                return
            if month.has(run["StartedOn"]):
                yield _run(run)


def _run(run: JobRunTypeDef) -> GlueRun:
    workers = float(run.get("NumberOfWorkers") or 0) * _DPUS.get(str(run.get("WorkerType")), 1.0)
    return GlueRun(
        seconds=float(run.get("ExecutionTime") or 0),
        dpus=float(run.get("MaxCapacity") or workers),
        dpu_seconds=run.get("DPUSeconds"),
        flex=run.get("ExecutionClass") == "FLEX",
    )


def _invocations(cloudwatch: Statistics, functions: LambdaClient, name: str, month: Month) -> tuple[int, float]:
    megabytes = functions.get_function_configuration(FunctionName=name)["MemorySize"]
    seconds = _sum(cloudwatch, name, "Duration", month) / 1000
    return round(_sum(cloudwatch, name, "Invocations", month)), seconds * megabytes / 1024


def _sum(cloudwatch: Statistics, function: str, metric: str, month: Month) -> float:
    answer = cloudwatch.get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName=metric,
        Dimensions=[{"Name": "FunctionName", "Value": function}],
        StartTime=month.begin,
        EndTime=month.end,
        Period=_DAY,
        Statistics=["Sum"],
    )
    return float(sum(point["Sum"] for point in answer["Datapoints"]))


def _stored(s3: S3Client, buckets: Sequence[str], month: Month) -> Iterator[Stored]:
    for bucket in buckets:
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
            for version in page.get("Versions", ()):
                if version["LastModified"] < month.end:
                    yield Stored(version["Size"], version["LastModified"])


def _queries(athena: AthenaClient, workgroup: str, month: Month) -> Iterator[Query]:
    for page in athena.get_paginator("list_query_executions").paginate(WorkGroup=workgroup):
        ids = page.get("QueryExecutionIds", [])
        for start in range(0, len(ids), _BATCH):
            found = athena.batch_get_query_execution(QueryExecutionIds=ids[start : start + _BATCH])
            for execution in found.get("QueryExecutions", []):
                if month.has(_submitted(execution)):
                    yield _query(execution)


def _submitted(execution: Any) -> datetime:  # noqa: ANN401 - boto3's
    submitted: datetime = execution["Status"]["SubmissionDateTime"]
    return submitted


def _query(execution: Any) -> Query:  # noqa: ANN401 - boto3's
    # https://aws.amazon.com/athena/pricing/: neither statements that define nor failures; cancelled ones for what they scanned.
    billed = execution.get("StatementType") == "DML" and execution["Status"]["State"] in ("SUCCEEDED", "CANCELLED")
    return Query(int(execution.get("Statistics", {}).get("DataScannedInBytes") or 0), billed)
