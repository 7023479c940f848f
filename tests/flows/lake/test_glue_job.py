"""Runs of the Glue job: listed newest first, read as Glue states them, and priced alike by whoever reckons."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ClientError

from expectations.contract.outcomes import Outcome
from flows.cost.bill import BillingMonth, Usage, bill
from flows.cost.prices import prices_of
from flows.errors import AwsError
from flows.glue_run import GlueRun
from flows.lake.glue_job import GlueJob, glue_run
from flows.record.attempt import Attempt

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

NOON = datetime(2025, 6, 30, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
BODY: dict[str, Any] = {"Id": "jr_1", "JobRunState": "SUCCEEDED", "ExecutionTime": 41, "MaxCapacity": 2.0}


def listed(run_id: str, started: datetime | None) -> dict[str, Any]:
    return {"Id": run_id, "JobRunState": "RUNNING"} | ({"StartedOn": started} if started else {})


@dataclass
class Glue:
    """A job's runs, newest first, in pages; refuses everything where it is told to."""

    pages: list[list[dict[str, Any]]] = field(default_factory=list)
    refuses: bool = False
    started: list[dict[str, str]] = field(default_factory=list)
    pages_read: int = 0

    def get_paginator(self, name: str) -> Glue:
        assert name == "get_job_runs"
        return self

    def paginate(self, *, JobName: str) -> Iterator[dict[str, Any]]:  # noqa: N803 - AWS's name
        assert JobName == "etl"
        self._answer("GetJobRuns")
        for runs in self.pages:
            self.pages_read += 1
            yield {"JobRuns": runs}

    def get_job_run(self, *, JobName: str, RunId: str) -> dict[str, Any]:  # noqa: N803 - AWS's names
        assert JobName == "etl"
        self._answer("GetJobRun")
        return {
            "JobRun": listed(RunId, NOON) | {"Arguments": self.started[-1]} if self.started else listed(RunId, NOON)
        }

    def get_job(self, *, JobName: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
        assert JobName == "etl"
        self._answer("GetJob")
        return {"Job": {"Name": JobName, "JobRunQueuingEnabled": True}}

    def start_job_run(
        self,
        *,
        JobName: str,  # noqa: N803 - AWS's names
        Arguments: dict[str, str],  # noqa: N803 - AWS's names
        JobRunQueuingEnabled: bool,  # noqa: N803 - AWS's names
    ) -> dict[str, str]:
        assert JobRunQueuingEnabled
        assert JobName == "etl"
        self._answer("StartJobRun")
        self.started.append(Arguments)
        return {"JobRunId": "jr_new"}

    def _answer(self, operation: str) -> None:
        if self.refuses:
            raise ClientError({"Error": {"Code": "EntityNotFoundException", "Message": "no job"}}, operation)


def job(glue: Glue) -> GlueJob:
    return GlueJob(cast("GlueClient", glue), "etl")


class TestListing:
    def test_brings_the_runs_of_all_pages_in_glues_order(self) -> None:
        glue = Glue([[listed("jr_3", NOON)], [], [listed("jr_2", NOON), listed("jr_1", NOON)]])
        assert [run.run_id for run in job(glue).runs(NOON)] == ["jr_3", "jr_2", "jr_1"]

    def test_ends_at_the_first_run_that_is_older_and_asks_for_no_more_pages(self) -> None:
        glue = Glue([[listed("jr_2", NOON), listed("jr_1", NOON - HOUR)], [listed("jr_0", NOON - 2 * HOUR)]])
        assert [run.run_id for run in job(glue).runs(NOON)] == ["jr_2"]
        assert glue.pages_read == 1

    def test_keeps_a_run_of_which_glue_does_not_say_yet_when_it_was_started(self) -> None:
        glue = Glue([[listed("jr_2", None), listed("jr_1", NOON)]])
        assert [run.run_id for run in job(glue).runs(NOON)] == ["jr_2", "jr_1"]


class TestStarting:
    def test_starts_one_run_with_the_arguments_and_tells_how_it_stands(self) -> None:
        glue = Glue()
        run = job(glue).start({"--raw_list": "s3://x/batches/1.json"})
        assert glue.started == [{"--raw_list": "s3://x/batches/1.json"}]
        assert (run.run_id, run.live, dict(run.arguments)) == ("jr_new", True, glue.started[0])


@pytest.mark.parametrize(
    ("action", "message"),
    [
        pytest.param(lambda job: list(job.runs(NOON)), "listing the runs of etl: .*no job", id="listing"),
        pytest.param(lambda job: job.run("jr_1"), "looking at the Glue run jr_1: .*no job", id="looking"),
        pytest.param(lambda job: job.start({"--a": "s3://x/1"}), "starting a run of etl for s3://x/1: ", id="starting"),
    ],
)
def test_what_glue_refuses_is_an_error_of_aws_that_names_job_or_run(action: Any, message: str) -> None:  # noqa: ANN401
    with pytest.raises(AwsError, match=message):
        action(job(Glue(refuses=True)))


class TestReading:
    def test_takes_the_state_the_message_the_time_the_cost_and_the_arguments(self) -> None:
        body = BODY | {
            "JobRunState": "FAILED",
            "ErrorMessage": "boom",
            "DPUSeconds": 82.5,
            "ExecutionClass": "FLEX",
            "StartedOn": NOON,
            "Arguments": {"--raw_version_id": "v1"},
        }
        run = glue_run(body)
        assert run == GlueRun("jr_1", "FAILED", "boom", 41, 82.5, capacity=2.0, flex=True, started_at=NOON)
        assert run.arguments == {"--raw_version_id": "v1"}

    @pytest.mark.parametrize(
        ("stated", "dpu_seconds", "capacity"),
        [
            pytest.param({}, 82.0, 2.0, id="reckoned"),
            pytest.param({"DPUSeconds": 9.0, "JobRunState": "STOPPED"}, 9.0, 2.0, id="message"),
            pytest.param({"JobRunState": "RUNNING"}, 82.0, 2.0, id="so far, while it is live"),
            pytest.param(
                {"MaxCapacity": None, "NumberOfWorkers": 3, "WorkerType": "G.2X"}, 246.0, 6.0, id="by workers"
            ),
            pytest.param(
                {"MaxCapacity": None, "NumberOfWorkers": 4, "WorkerType": "G.025X"}, 41.0, 1.0, id="small ones"
            ),
            pytest.param({"ExecutionTime": None}, 0.0, 2.0, id="not yet running"),
        ],
    )
    def test_reckons_the_dpu_seconds_that_glue_does_not_tell(
        self, stated: dict[str, Any], dpu_seconds: float, capacity: float
    ) -> None:
        run = glue_run(BODY | stated)
        assert (run.dpu_seconds, run.capacity) == (dpu_seconds, capacity)

    @pytest.mark.parametrize("state", ["STARTING", "RUNNING", "STOPPING", "WAITING"])
    def test_knows_the_states_that_are_live(self, state: str) -> None:
        run = glue_run(BODY | {"JobRunState": state})
        assert (run.live, run.succeeded) == (True, False)

    @pytest.mark.parametrize("state", ["FAILED", "STOPPED", "TIMEOUT", "ERROR", "EXPIRED", "ANOTHER"])
    def test_takes_a_run_that_ended_badly_neither_for_live_nor_for_a_success(self, state: str) -> None:
        run = glue_run(BODY | {"JobRunState": state})
        assert (run.live, run.succeeded) == (False, False)


class TestPrice:
    """A run costs the same whoever reckons: the ledger's row of its attempt, and the month's bill."""

    RUN = glue_run(BODY | {"StartedOn": NOON})

    @pytest.mark.parametrize("region", ["us-east-1", "sa-east-1"])
    @pytest.mark.parametrize(
        ("stated", "dpu_hours"),
        [
            pytest.param({"ExecutionTime": 0}, Decimal(120) / 3600, id="of zero seconds: a minute at least"),
            pytest.param({"ExecutionTime": 9}, Decimal(120) / 3600, id="of less than a minute"),
            pytest.param({"ExecutionTime": 1800}, Decimal(1), id="of half an hour"),
            pytest.param({"ExecutionTime": 1800, "ExecutionClass": "FLEX"}, Decimal(1), id="with flexible execution"),
            pytest.param({"ExecutionTime": 90, "DPUSeconds": 150.5}, Decimal("150.5") / 3600, id="as Glue counted it"),
            pytest.param({"ExecutionTime": 0, "JobRunState": "FAILED"}, Decimal(120) / 3600, id="that failed at once"),
        ],
    )
    def test_of_a_run_is_one_in_the_ledger_and_in_the_bill(
        self, stated: dict[str, Any], dpu_hours: Decimal, region: str
    ) -> None:
        run = glue_run(BODY | {"StartedOn": NOON} | stated)
        prices = prices_of(region)
        price = (prices.glue_flex if run.flex else prices.glue).usd
        of_ledger = ATTEMPT.with_cost(run, region).cost_usd
        of_bill = bill(Usage((run,), 0, 0.0, (), ()), BillingMonth.of("2025-06"), prices, NOON).of("Glue")
        assert of_ledger == pytest.approx(float(of_bill))
        assert float(of_bill) == pytest.approx(float(price * dpu_hours))

    def test_of_a_run_for_many_sessions_is_the_sum_of_their_parts(self) -> None:
        parts = [ATTEMPT.with_cost(self.RUN, "us-east-1", sessions=4).cost_usd or 0.0 for _ in range(4)]
        whole = ATTEMPT.with_cost(self.RUN, "us-east-1").cost_usd
        assert sum(parts) == pytest.approx(whole)

    def test_is_not_known_of_a_run_that_is_live(self) -> None:
        attempt = ATTEMPT.with_cost(replace(self.RUN, state="RUNNING"), "us-east-1")
        assert (attempt.dpu_seconds, attempt.cost_usd) == (None, None)


ATTEMPT = Attempt("run-1", "daily", "IBOV", NOON, NOON, Outcome.PUBLISHED, date(2025, 6, 30))
