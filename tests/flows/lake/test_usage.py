"""What is asked of the services, and how their answers are read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from flows.cost.bill import BilledQuery, BillingMonth, StoredVersion, Usage
from flows.errors import AwsError
from flows.glue_run import GlueRun
from flows.lake.glue_job import GlueJob
from flows.lake.usage import UsageReader
from flows.settings import Settings

JUNE = BillingMonth.of("2025-06")
MAY, MIDDLE, JULY = JUNE.begin - timedelta(seconds=1), datetime(2025, 6, 15, 12, tzinfo=UTC), JUNE.end


@dataclass
class FakeService:
    """Every service at once, as far as pages and the two plain calls go.

    Attributes:
        pages: of the answers, by the operation; for S3 by the bucket.
    """

    pages: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    executions: dict[str, dict[str, Any]] = field(default_factory=dict)
    sums: dict[str, list[float]] = field(default_factory=dict)
    asked: list[dict[str, Any]] = field(default_factory=list)
    refuses: str = ""
    operation: str = ""

    def get_paginator(self, operation: str) -> FakeService:
        self.operation = operation
        return self

    def paginate(self, **request: str) -> Iterator[dict[str, Any]]:
        if self.operation == self.refuses:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, self.operation)
        for page in self.pages.get(request.get("Bucket", self.operation), []):
            self.asked.append(request)
            yield page

    def batch_get_query_execution(self, *, QueryExecutionIds: list[str]) -> dict[str, Any]:  # noqa: N803 - boto3's
        assert 1 <= len(QueryExecutionIds) <= 50
        return {"QueryExecutions": [self.executions[name] for name in QueryExecutionIds]}

    def get_metric_statistics(self, **request: Any) -> dict[str, Any]:  # noqa: ANN401 - boto3's
        self.asked.append(request)
        return {"Datapoints": [{"Sum": value} for value in self.sums.get(request["MetricName"], [])]}

    def get_function_configuration(self, *, FunctionName: str) -> dict[str, Any]:  # noqa: N803 - boto3's
        assert FunctionName == "trigger"
        return {"MemorySize": 128}


def usage(service: FakeService) -> Usage:
    aws: Any = service
    reader = UsageReader(Settings(bucket_suffix="-x"), aws, GlueJob(aws, "job"), aws, aws, aws)
    return reader.read("trigger", JUNE)


def run(started: datetime, **more: object) -> dict[str, Any]:
    stated = {"Id": "jr_1", "JobRunState": "SUCCEEDED", "ExecutionTime": 90, "MaxCapacity": 2.0}
    return stated | {"StartedOn": started} | more


def execution(state: str = "SUCCEEDED", kind: str = "DML", at: datetime = MIDDLE, scanned: int = 7) -> dict[str, Any]:
    return {
        "Status": {"State": state, "SubmissionDateTime": at},
        "StatementType": kind,
        "Statistics": {"DataScannedInBytes": scanned},
    }


def queries(*executions: dict[str, Any]) -> tuple[BilledQuery, ...]:
    known = {f"q{number}": found for number, found in enumerate(executions)}
    service = FakeService({"list_query_executions": [{"QueryExecutionIds": list(known)}]}, known)
    return tuple(usage(service).queries)


# --- Glue ----------------------------------------------------------------------------------------------------------------


def test_the_months_runs_count_and_no_others() -> None:
    pages = [{"JobRuns": [run(JULY), run(MIDDLE, DPUSeconds=200.0)]}, {"JobRuns": [run(JUNE.begin), run(MAY)]}]
    found = usage(FakeService({"get_job_runs": pages}))
    assert [(run.started_at, run.dpu_seconds) for run in found.runs] == [(MIDDLE, 200.0), (JUNE.begin, 180.0)]


def test_older_pages_are_not_asked_for() -> None:
    service = FakeService({"get_job_runs": [{"JobRuns": [run(MAY)]}, {"JobRuns": [run(MAY)]}]})
    usage(service)
    assert len([request for request in service.asked if request.get("JobName")]) == 1


def test_a_run_is_read_as_glue_states_it() -> None:
    stated = run(MIDDLE, ExecutionClass="FLEX")
    (found,) = usage(FakeService({"get_job_runs": [{"JobRuns": [stated]}]})).runs
    assert found == GlueRun("jr_1", "SUCCEEDED", "", 90, 180.0, capacity=2.0, flex=True, started_at=MIDDLE)


# --- Lambda --------------------------------------------------------------------------------------------------------------


def test_the_lambdas_days_are_summed_and_its_memory_counts() -> None:
    service = FakeService(sums={"Invocations": [20.0, 1.0], "Duration": [15_000.0, 1000.0]})
    found = usage(service)
    assert (found.invocations, found.gb_seconds) == (21, 16 * 128 / 1024)


def test_a_lambda_that_never_ran_used_nothing() -> None:
    found = usage(FakeService())
    assert (found.invocations, found.gb_seconds) == (0, 0.0)


def test_cloudwatch_is_asked_for_the_month_by_days() -> None:
    service = FakeService()
    usage(service)
    asked = [request for request in service.asked if "MetricName" in request]
    assert {request["MetricName"] for request in asked} == {"Invocations", "Duration"}
    assert all((found["StartTime"], found["EndTime"], found["Period"]) == (JUNE.begin, JULY, 86400) for found in asked)
    assert all(found["Dimensions"] == [{"Name": "FunctionName", "Value": "trigger"}] for found in asked)


# --- S3 ------------------------------------------------------------------------------------------------------------------


def test_every_version_in_every_bucket_counts_but_none_of_later() -> None:
    def versions(*moments: datetime) -> list[dict[str, Any]]:
        return [{"Versions": [{"Size": 5, "LastModified": moment} for moment in moments]}, {}]

    service = FakeService(
        {
            "bovespa-raw-data-bucket-x": versions(MAY, MIDDLE, JULY),
            "bovespa-refined-data-bucket-x": versions(MIDDLE),
            "bovespa-artifacts-bucket-x": versions(MAY),
            "bovespa-query-results-bucket-x": versions(MIDDLE),
        }
    )
    assert usage(service).stored == tuple(StoredVersion(5, moment) for moment in (MAY, MIDDLE, MIDDLE, MAY, MIDDLE))


# --- Athena --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stated", "billed"),
    [
        (execution(), True),
        (execution("CANCELLED"), True),
        (execution("FAILED"), False),
        (execution("RUNNING"), False),
        (execution(kind="DDL"), False),
        (execution(kind="UTILITY"), False),
    ],
)
def test_definitions_and_failures_are_free(stated: dict[str, Any], billed: bool) -> None:  # noqa: FBT001 - a case
    assert queries(stated) == (BilledQuery(7, billed),)


def test_queries_of_other_months_do_not_count() -> None:
    assert queries(execution(at=MAY), execution(at=JULY)) == ()


def test_many_queries_are_asked_for_fifty_at_a_time() -> None:
    assert len(queries(*[execution()] * 120)) == 120


# --- failures ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        ("get_job_runs", "listing the runs of job"),
        ("list_object_versions", "reading the usage of 2025-06"),
        ("list_query_executions", "reading the usage of 2025-06"),
    ],
)
def test_a_service_that_refuses_is_named(operation: str, message: str) -> None:
    with pytest.raises(AwsError, match=f"{message}: .*AccessDenied.*{operation}"):
        usage(FakeService(refuses=operation))
