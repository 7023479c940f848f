from __future__ import annotations

import errno
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest

from local.account.gateway import ServiceError
from local.account.home import Home
from local.account.state import AccountState
from local.glue.job_process import JobOutcome
from local.glue.job_runs import JobRun, JobRuns
from local.glue.jobs import Jobs

if TYPE_CHECKING:
    from tests.local.conftest import Eventually


class Processes:
    """Stands for the processes that run scripts: each run waits until the test says how it ends."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self.ready: list[str] = []
        self._ends: dict[str, threading.Event] = {}
        self._outcomes: dict[str, JobOutcome] = {}

    def run(self, job: Mapping[str, Any], run: Mapping[str, Any]) -> JobOutcome:
        self._ends.setdefault(run["Id"], threading.Event())
        self.started.append(run["Id"])
        self._ends[run["Id"]].wait(10)
        return self._outcomes.get(run["Id"], JobOutcome("SUCCEEDED"))

    def stand_by(self, job: Mapping[str, Any]) -> None:
        self.ready.append(job["Name"])

    def stop(self, run_id: str) -> None:
        self.end(run_id, JobOutcome("STOPPED"))

    def end(self, run_id: str, outcome: JobOutcome | None = None) -> None:
        if outcome:
            self._outcomes[run_id] = outcome
        self._ends.setdefault(run_id, threading.Event()).set()

    def end_all(self) -> None:
        for event in self._ends.values():
            event.set()


class Glue:
    """The operations, called as the gateway calls them."""

    def __init__(self, jobs: Jobs) -> None:
        self._operations = jobs.operations()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return lambda **request: self._operations[f"AWSGlue.{name}"](request)

    def state_of(self, run_id: str) -> str:
        state: str = self.GetJobRun(JobName="etl", RunId=run_id)["JobRun"]["JobRunState"]
        return state

    def start(self, **request: Any) -> str:  # noqa: ANN401
        run_id: str = self.StartJobRun(JobName="etl", **request)["JobRunId"]
        return run_id


@pytest.fixture
def processes() -> Iterator[Processes]:
    made = Processes()
    yield made
    made.end_all()


def create(glue: Glue, **changes: Any) -> None:  # noqa: ANN401
    glue.CreateJob(
        **{
            "Name": "etl",
            "Role": "arn",
            "Command": {"Name": "glueetl", "ScriptLocation": "s3://b/script.py"},
            "DefaultArguments": {"--database": "default"},
            "Timeout": 15,
            "WorkerType": "G.1X",
            "NumberOfWorkers": 2,
            "GlueVersion": "5.1",
            **changes,
        }
    )


@pytest.fixture
def glue(state: AccountState, processes: Processes) -> Glue:
    made = Glue(Jobs(state, processes))  # type: ignore[arg-type]
    create(made)
    return made


# --- definitions -------------------------------------------------------------------------------------------------------


def test_a_job_is_shown_as_it_was_declared(glue: Glue) -> None:
    job = glue.GetJob(JobName="etl")["Job"]

    assert job["DefaultArguments"] == {"--database": "default"}
    assert job["ExecutionProperty"] == {"MaxConcurrentRuns": 1}
    assert glue.ListJobs()["JobNames"] == ["etl"]


def test_an_update_replaces_the_whole_definition(glue: Glue) -> None:
    glue.UpdateJob(JobName="etl", JobUpdate={"Role": "arn", "Command": {"ScriptLocation": "s3://b/new.py"}})

    job = glue.GetJob(JobName="etl")["Job"]
    assert job["Command"]["ScriptLocation"] == "s3://b/new.py"
    assert "DefaultArguments" not in job


@pytest.mark.parametrize("operation", ["GetJob", "StartJobRun", "GetJobRuns"])
def test_a_job_that_is_not_there_is_not_found(glue: Glue, operation: str) -> None:
    with pytest.raises(ServiceError, match="EntityNotFoundException"):
        getattr(glue, operation)(JobName="other")


def test_a_deleted_job_is_gone(glue: Glue) -> None:
    glue.DeleteJob(JobName="etl")

    assert glue.GetJobs() == {"Jobs": []}


# --- runs --------------------------------------------------------------------------------------------------------------


def test_a_run_that_ends_well_has_succeeded(glue: Glue, processes: Processes, eventually: Eventually) -> None:
    run_id = glue.start(Arguments={"--raw_key": "k"})
    eventually(lambda: glue.state_of(run_id) == "RUNNING")

    processes.end(run_id)
    eventually(lambda: glue.state_of(run_id) == "SUCCEEDED")

    run = glue.GetJobRun(JobName="etl", RunId=run_id)["JobRun"]
    assert run["Arguments"] == {"--raw_key": "k"}
    assert run["CompletedOn"] >= run["StartedOn"]
    assert (run["Timeout"], run["WorkerType"], run["NumberOfWorkers"], run["MaxCapacity"]) == (15, "G.1X", 2, 2.0)
    assert run["DPUSeconds"] >= 0
    assert "ErrorMessage" not in run
    assert not any(name.startswith("_") for name in run)


def test_who_reads_what_a_run_writes_gets_ready_beside_each_that_begins(
    state: AccountState, processes: Processes, eventually: Eventually
) -> None:
    ready: list[str] = []
    glue = Glue(Jobs(state, processes, begun=lambda: ready.append("")))  # type: ignore[arg-type]
    create(glue, ExecutionProperty={"MaxConcurrentRuns": 1}, JobRunQueuingEnabled=True)
    glue.start()
    glue.start()
    eventually(lambda: len(ready) == 1)
    processes.end_all()
    eventually(lambda: len(ready) == 2)


def test_a_run_that_fails_says_why(glue: Glue, processes: Processes, eventually: Eventually) -> None:
    run_id = glue.start()

    processes.end(run_id, JobOutcome("FAILED", "ValueError: no rows"))

    eventually(lambda: glue.state_of(run_id) == "FAILED")
    assert glue.GetJobRun(JobName="etl", RunId=run_id)["JobRun"]["ErrorMessage"] == "ValueError: no rows"


def test_a_run_that_the_service_itself_cannot_carry_out_has_failed(
    glue: Glue, processes: Processes, monkeypatch: pytest.MonkeyPatch, eventually: Eventually
) -> None:
    def full(*_: object) -> JobOutcome:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(processes, "run", full)

    run_id = glue.start()

    eventually(lambda: glue.state_of(run_id) == "FAILED")
    message = glue.GetJobRun(JobName="etl", RunId=run_id)["JobRun"]["ErrorMessage"]
    assert message == "Internal service error: [Errno 28] No space left on device"


def test_how_a_run_has_ended_is_noted_once_there_is_room_for_it(
    state: AccountState, processes: Processes, monkeypatch: pytest.MonkeyPatch, eventually: Eventually
) -> None:
    save, refused = JobRuns.save, list[str]()

    def full(runs: JobRuns, run: JobRun) -> None:
        if run["JobRunState"] == "SUCCEEDED" and len(refused) < 3:
            refused.append(run["Id"])
            raise sqlite3.OperationalError("database or disk is full")
        save(runs, run)

    monkeypatch.setattr(JobRuns, "save", full)
    glue = Glue(Jobs(state, processes, pause=0.01))  # type: ignore[arg-type]
    create(glue)

    run_id = glue.start()
    processes.end(run_id)

    eventually(lambda: glue.state_of(run_id) == "SUCCEEDED")
    assert refused == [run_id] * 3


def test_one_run_more_than_the_job_may_have_is_refused(
    glue: Glue, processes: Processes, eventually: Eventually
) -> None:
    first = glue.start()
    with pytest.raises(ServiceError, match="ConcurrentRunsExceededException"):
        glue.start()

    processes.end(first)
    eventually(lambda: glue.state_of(first) == "SUCCEEDED")

    assert glue.state_of(glue.start()) in ("STARTING", "RUNNING")


def test_a_job_that_queues_lets_a_run_wait_for_its_turn(
    state: AccountState, processes: Processes, eventually: Eventually
) -> None:
    glue = Glue(Jobs(state, processes))  # type: ignore[arg-type]
    create(glue, JobRunQueuingEnabled=True, ExecutionProperty={"MaxConcurrentRuns": 1})
    first, second, third = glue.start(), glue.start(), glue.start()
    eventually(lambda: glue.state_of(first) == "RUNNING")
    assert [glue.state_of(second), glue.state_of(third)] == ["WAITING", "WAITING"]

    processes.end(first)
    eventually(lambda: glue.state_of(second) == "RUNNING")
    assert glue.state_of(third) == "WAITING"

    processes.end(second)
    eventually(lambda: glue.state_of(third) == "RUNNING")


def test_a_running_run_can_be_stopped(glue: Glue, eventually: Eventually) -> None:
    run_id = glue.start()
    eventually(lambda: glue.state_of(run_id) == "RUNNING")

    answer = glue.BatchStopJobRun(JobName="etl", JobRunIds=[run_id, "jr_unknown"])

    assert answer["SuccessfulSubmissions"] == [{"JobName": "etl", "JobRunId": run_id}]
    assert answer["Errors"][0]["ErrorDetail"]["ErrorCode"] == "EntityNotFoundException"
    eventually(lambda: glue.state_of(run_id) == "STOPPED")


def test_a_waiting_run_can_be_stopped_and_never_runs(
    state: AccountState, processes: Processes, eventually: Eventually
) -> None:
    glue = Glue(Jobs(state, processes))  # type: ignore[arg-type]
    create(glue, JobRunQueuingEnabled=True)
    first, second = glue.start(), glue.start()

    glue.BatchStopJobRun(JobName="etl", JobRunIds=[second])
    processes.end(first)

    eventually(lambda: glue.state_of(first) == "SUCCEEDED")
    assert glue.state_of(second) == "STOPPED"
    assert processes.started == [first]


def test_a_run_that_has_ended_cannot_be_stopped(glue: Glue, processes: Processes, eventually: Eventually) -> None:
    run_id = glue.start()
    processes.end(run_id)
    eventually(lambda: glue.state_of(run_id) == "SUCCEEDED")

    (error,) = glue.BatchStopJobRun(JobName="etl", JobRunIds=[run_id])["Errors"]

    assert error["ErrorDetail"]["ErrorMessage"] == f"Job run {run_id} is SUCCEEDED, not running"


def test_runs_are_listed_newest_first_page_by_page(glue: Glue, processes: Processes, eventually: Eventually) -> None:
    started = []
    for _ in range(5):
        run_id = glue.start()
        processes.end(run_id)
        eventually(lambda run_id=run_id: glue.state_of(run_id) == "SUCCEEDED")
        started.append(run_id)

    listed, token = [], None
    while True:
        page = glue.GetJobRuns(JobName="etl", MaxResults=2, NextToken=token)
        listed.append([run["Id"] for run in page["JobRuns"]])
        token = page.get("NextToken")
        if token is None:
            break

    assert listed == [started[:2:-1], started[2:0:-1], started[:1]]


def test_a_run_that_was_live_when_the_account_ended_has_failed(home: Home, glue: Glue) -> None:
    run_id = glue.start()

    reopened = Glue(Jobs(AccountState(home.state), Processes()))  # type: ignore[arg-type]
    create(reopened)

    run = reopened.GetJobRun(JobName="etl", RunId=run_id)["JobRun"]
    assert run["JobRunState"] == "FAILED"
    assert run["ErrorMessage"] == "The account on the laptop ended while this run was live"
    reopened.start()  # it holds up nothing


def test_repeating_a_run_by_its_id_is_not_offered(glue: Glue) -> None:
    with pytest.raises(ServiceError, match="does not repeat a run"):
        glue.start(JobRunId="jr_old")
