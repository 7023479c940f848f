from __future__ import annotations

from typing import Any

import pytest

from local.account.home import Home
from local.account.state import AccountState
from local.glue.job_runs import JobRuns, end_run, new_run, stated

JOB: dict[str, Any] = {"Name": "etl", "Timeout": 15, "WorkerType": "G.1X", "NumberOfWorkers": 2, "GlueVersion": "5.1"}


@pytest.fixture
def runs(state: AccountState) -> JobRuns:
    return JobRuns(state)


def test_a_run_has_what_its_request_says_and_else_what_its_job_says() -> None:
    run = new_run(JOB, {"Arguments": {"--a": "b"}, "Timeout": 5, "NumberOfWorkers": 4}, "STARTING")

    assert run["Id"].startswith("jr_")
    assert (run["Arguments"], run["Timeout"], run["NumberOfWorkers"], run["GlueVersion"]) == ({"--a": "b"}, 5, 4, "5.1")
    assert run["MaxCapacity"] == 4.0


@pytest.mark.parametrize(("worker", "capacity"), [("G.025X", 0.5), ("G.1X", 2.0), ("G.2X", 4.0)])
def test_capacity_is_what_the_workers_have(worker: str, capacity: float) -> None:
    assert new_run({**JOB, "WorkerType": worker}, {}, "STARTING")["MaxCapacity"] == capacity


def test_a_run_without_a_glue_version_states_none() -> None:
    assert "GlueVersion" not in new_run({"Name": "etl", "Timeout": 1}, {}, "STARTING")


def test_an_ended_run_states_its_time_and_its_cost() -> None:
    run = new_run(JOB, {}, "RUNNING")

    ended = end_run({**run, "_running_since": run["StartedOn"] - 30}, "FAILED", "why")

    assert ended["ExecutionTime"] == 30
    assert ended["DPUSeconds"] == pytest.approx(60, abs=1)
    assert (ended["JobRunState"], ended["ErrorMessage"]) == ("FAILED", "why")
    assert "_running_since" not in stated(ended)


def test_a_run_that_never_ran_took_no_time() -> None:
    assert end_run(new_run(JOB, {}, "WAITING"), "STOPPED")["ExecutionTime"] == 0


def test_runs_are_found_by_job_and_id_also_by_the_next_process(home: Home, runs: JobRuns) -> None:
    run = new_run(JOB, {}, "STARTING")
    runs.save(run)

    again = JobRuns(AccountState(home.state))

    assert again.find("etl", run["Id"]) == run
    assert again.find("other", run["Id"]) is None


def test_saving_a_run_again_replaces_it(runs: JobRuns) -> None:
    run = new_run(JOB, {}, "STARTING")
    runs.save(run)
    runs.save({**run, "JobRunState": "RUNNING"})

    assert [found["JobRunState"] for found in runs.newest("etl", 0, 10)] == ["RUNNING"]


def test_runs_in_a_state_are_listed_oldest_first_and_by_job(runs: JobRuns) -> None:
    first, second = new_run(JOB, {}, "WAITING"), new_run(JOB, {}, "WAITING")
    other = new_run({**JOB, "Name": "other"}, {}, "WAITING")
    for run in (first, second, other, new_run(JOB, {}, "SUCCEEDED")):
        runs.save(run)

    assert [run["Id"] for run in runs.in_states(("WAITING",), "etl")] == [first["Id"], second["Id"]]
    assert len(runs.in_states(("WAITING",))) == 3


@pytest.mark.parametrize(
    ("job", "request_", "expected"),
    [
        pytest.param({}, {}, ("STANDARD", "/aws-glue/jobs"), id="Glue's own"),
        pytest.param(
            {"ExecutionClass": "FLEX", "DefaultArguments": {"--custom-logGroup-prefix": "/glue/etl"}},
            {},
            ("FLEX", "/glue/etl"),
            id="the job's",
        ),
        pytest.param(
            {"ExecutionClass": "FLEX"},
            {"ExecutionClass": "STANDARD", "Arguments": {"--custom-logGroup-prefix": "/mine"}},
            ("STANDARD", "/mine"),
            id="the request's over the job's",
        ),
    ],
)
def test_a_run_states_its_class_and_where_its_log_is(
    job: dict[str, Any], request_: dict[str, Any], expected: tuple[str, str]
) -> None:
    run = new_run({"Name": "etl", "Timeout": 15, **job}, request_, "STARTING")
    assert (run["ExecutionClass"], run["LogGroupName"]) == expected
