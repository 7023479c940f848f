"""Glue's jobs: their definitions, and the operations that start, stop and show their runs.

Definitions are declared anew at each start of the account, so they are in memory; runs are in the state. A run that was
live when the account ended is FAILED when it starts again.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from typing import TYPE_CHECKING, Any

from tenacity import Retrying, retry_if_exception_type, wait_fixed

from local.account.gateway import ServiceError
from local.glue.job_process import JobOutcome
from local.glue.job_runs import LIVE_STATES, RUNNING_STATES, JobRuns, end_run, new_run, stated

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from local.account.gateway import Operation
    from local.account.state import AccountState
    from local.glue.job_process import JobProcesses
    from local.glue.job_runs import JobRun

_DEFAULT_TIMEOUT = 2880  # minutes; what Glue takes where the job does not say, up to version 4
_LOST = "The account on the laptop ended while this run was live"
_LARGEST_PAGE = 200

log = logging.getLogger(__name__)


class Jobs:
    """The job operations of Glue.

    Args:
        state: where runs are kept.
        processes: runs a script.
        begun: called beside each run that begins.
        pause: seconds between two tries to note how a run has ended.
    """

    def __init__(
        self,
        state: AccountState,
        processes: JobProcesses,
        begun: Callable[[], None] = lambda: None,
        pause: float = 1.0,
    ) -> None:
        self._jobs: dict[str, dict[str, Any]] = {}
        self._runs = JobRuns(state)
        self._processes = processes
        self._begun = begun
        self._pause = pause
        self._lock = threading.RLock()
        for run in self._runs.in_states(LIVE_STATES):
            self._runs.save(end_run(run, "FAILED", _LOST))

    def stand_by(self) -> None:
        """Be ready for a run of the one job that there is; of several, nobody knows which comes first."""
        jobs = list(self._jobs.values())
        if len(jobs) == 1:
            self._processes.stand_by(jobs[0])

    def operations(self) -> Mapping[str, Operation]:
        """The operations by X-Amz-Target."""
        supported = {
            "CreateJob": self._create_job,
            "UpdateJob": self._update_job,
            "GetJob": lambda request: {"Job": self._job(request["JobName"])},
            "GetJobs": lambda _: {"Jobs": list(self._jobs.values())},
            "ListJobs": lambda _: {"JobNames": list(self._jobs)},
            "DeleteJob": self._delete_job,
            "StartJobRun": self._start_job_run,
            "BatchStopJobRun": self._batch_stop_job_run,
            "GetJobRun": lambda request: {"JobRun": stated(self._run(request["JobName"], request["RunId"]))},
            "GetJobRuns": self._get_job_runs,
        }
        return {f"AWSGlue.{name}": operation for name, operation in supported.items()}

    # --- definitions -----------------------------------------------------------------------------------------------------

    def _create_job(self, request: dict[str, Any]) -> dict[str, Any]:
        name = request["Name"]
        with self._lock:
            if name in self._jobs:
                raise ServiceError("IdempotentParameterMismatchException", f"Job {name} already exists")
            now = time.time()
            defaults = {"Timeout": _DEFAULT_TIMEOUT, "MaxRetries": 0, "ExecutionProperty": {"MaxConcurrentRuns": 1}}
            definition = {name: value for name, value in request.items() if name != "Tags"}
            self._jobs[name] = {**defaults, **definition, "CreatedOn": now, "LastModifiedOn": now}
        return {"Name": name}

    def _update_job(self, request: dict[str, Any]) -> dict[str, Any]:
        name = request["JobName"]
        with self._lock:
            self._job(name)
            self._jobs.pop(name)
            self._create_job({"Name": name, **request["JobUpdate"]})
        return {"JobName": name}

    def _delete_job(self, request: dict[str, Any]) -> dict[str, Any]:
        self._jobs.pop(request["JobName"], None)
        return {"JobName": request["JobName"]}

    def _job(self, name: str) -> dict[str, Any]:
        if name not in self._jobs:
            raise ServiceError("EntityNotFoundException", f"Entity not found: Job {name}")
        return self._jobs[name]

    # --- runs --------------------------------------------------------------------------------------------------------------

    def _start_job_run(self, request: dict[str, Any]) -> dict[str, Any]:
        job = self._job(request["JobName"])
        if request.get("JobRunId"):
            raise ServiceError("InvalidInputException", "JobRunId: the account on the laptop does not repeat a run")
        with self._lock:
            busy = self._is_busy(job)
            queues = request.get("JobRunQueuingEnabled", job.get("JobRunQueuingEnabled", False))
            if busy and not queues:
                text = f"Concurrent runs exceeded for {job['Name']}"
                raise ServiceError("ConcurrentRunsExceededException", text)
            run = new_run(job, request, "WAITING" if busy else "STARTING")
            self._runs.save(run)
        if not busy:
            self._start(job, run)
        return {"JobRunId": run["Id"]}

    def _is_busy(self, job: dict[str, Any]) -> bool:
        limit = int(job["ExecutionProperty"].get("MaxConcurrentRuns", 1))
        return len(self._runs.in_states(RUNNING_STATES, job["Name"])) >= limit

    def _start(self, job: dict[str, Any], run: JobRun) -> None:
        threading.Thread(target=self._follow, args=(job, run), daemon=True).start()
        threading.Thread(target=self._begun, daemon=True).start()

    def _follow(self, job: dict[str, Any], run: JobRun) -> None:
        run = {**run, "JobRunState": "RUNNING", "_running_since": time.time()}
        outcome = self._outcome(job, run)
        # On a full disk it is noted once there is room: a run that has ended must not seem to go on.
        noted = Retrying(retry=retry_if_exception_type(sqlite3.Error), wait=wait_fixed(self._pause))
        noted(self._save_end, run, outcome)
        log.info("%s %s %s %s", job["Name"], run["Id"], outcome.state, outcome.message or "")
        self._start_waiting(job)
        if outcome.state == "SUCCEEDED":
            self._processes.stand_by(job)  # who has one session published goes on with the next one, often

    def _outcome(self, job: dict[str, Any], run: JobRun) -> JobOutcome:
        try:
            self._runs.save(run)
            return self._processes.run(job, run)
        except Exception as error:
            log.exception("%s %s", job["Name"], run["Id"])
            return JobOutcome("FAILED", f"Internal service error: {error}")

    def _save_end(self, run: JobRun, outcome: JobOutcome) -> None:
        with self._lock:
            self._runs.save(end_run(run, outcome.state, outcome.message))

    def _start_waiting(self, job: dict[str, Any]) -> None:
        with self._lock:
            waiting = self._runs.in_states(("WAITING",), job["Name"])
            if not waiting or self._is_busy(job):
                return
            run = {**waiting[0], "JobRunState": "STARTING"}
            self._runs.save(run)
        self._start(job, run)

    def _batch_stop_job_run(self, request: dict[str, Any]) -> dict[str, Any]:
        submitted, errors = [], []
        for run_id in request["JobRunIds"]:
            try:
                self._stop(request["JobName"], run_id)
                submitted.append({"JobName": request["JobName"], "JobRunId": run_id})
            except ServiceError as error:
                detail = {"ErrorCode": error.code, "ErrorMessage": error.message}
                errors.append({"JobName": request["JobName"], "JobRunId": run_id, "ErrorDetail": detail})
        return {"SuccessfulSubmissions": submitted, "Errors": errors}

    def _stop(self, job_name: str, run_id: str) -> None:
        with self._lock:
            run = self._run(job_name, run_id)
            if run["JobRunState"] not in LIVE_STATES:
                raise ServiceError("InvalidInputException", f"Job run {run_id} is {run['JobRunState']}, not running")
            if run["JobRunState"] == "WAITING":
                self._runs.save(end_run(run, "STOPPED"))
                return
            self._runs.save({**run, "JobRunState": "STOPPING"})
        self._processes.stop(run_id)

    def _run(self, job_name: str, run_id: str) -> JobRun:
        run = self._runs.find(job_name, run_id)
        if run is None:
            raise ServiceError("EntityNotFoundException", f"Job run {run_id} of {job_name} not found")
        if "_running_since" in run and "CompletedOn" not in run:
            run["ExecutionTime"] = round(time.time() - run["_running_since"])
        return run

    def _get_job_runs(self, request: dict[str, Any]) -> dict[str, Any]:
        self._job(request["JobName"])
        size = min(int(request.get("MaxResults") or _LARGEST_PAGE), _LARGEST_PAGE)
        offset = int(request.get("NextToken") or 0)
        runs = self._runs.newest(request["JobName"], offset, size + 1)
        page = {"JobRuns": [stated(run) for run in runs[:size]]}
        return page | ({"NextToken": str(offset + size)} if len(runs) > size else {})
