"""The record of a Glue job run, as GetJobRun states it and as the state keeps it."""

from __future__ import annotations

import json
import time
import uuid
from typing import TYPE_CHECKING, Any

from local.glue.job_logs import log_prefix

if TYPE_CHECKING:
    from local.account.state import AccountState

LIVE_STATES = ("WAITING", "STARTING", "RUNNING", "STOPPING")
RUNNING_STATES = ("STARTING", "RUNNING", "STOPPING")
_DPUS = {"Standard": 1.0, "G.025X": 0.25, "G.1X": 1.0, "G.2X": 2.0, "G.4X": 4.0, "G.8X": 8.0}

JobRun = dict[str, Any]
"""A run with AWS's names and, as in its JSON protocol, seconds since the epoch for times."""


class JobRuns:
    """The runs of all jobs, in the state."""

    def __init__(self, state: AccountState) -> None:
        self._state = state

    def save(self, run: JobRun) -> None:
        """Keep the run as it is now."""
        run["LastModifiedOn"] = time.time()
        values = (run["Id"], run["JobName"], int(run["StartedOn"] * 1e6), run["JobRunState"], json.dumps(run))
        with self._state.transaction() as transaction:
            transaction.execute("INSERT OR REPLACE INTO job_runs VALUES (?, ?, ?, ?, ?)", values)

    def find(self, job_name: str, run_id: str) -> JobRun | None:
        """One run of a job."""
        rows = self._state.rows("SELECT body FROM job_runs WHERE job_name = ? AND id = ?", (job_name, run_id))
        return json.loads(rows[0][0]) if rows else None

    def newest(self, job_name: str, offset: int, limit: int) -> list[JobRun]:
        """A page of the job's runs, newest first."""
        query = "SELECT body FROM job_runs WHERE job_name = ? ORDER BY started DESC, rowid DESC LIMIT ? OFFSET ?"
        return [json.loads(body) for (body,) in self._state.rows(query, (job_name, limit, offset))]

    def in_states(self, states: tuple[str, ...], job_name: str | None = None) -> list[JobRun]:
        """The runs that are in one of the states, oldest first."""
        marks = ", ".join("?" * len(states))
        query = f"SELECT body FROM job_runs WHERE run_state IN ({marks}) ORDER BY started, rowid"  # noqa: S608 - marks
        runs = [json.loads(body) for (body,) in self._state.rows(query, states)]
        return [run for run in runs if job_name in (None, run["JobName"])]


def new_run(job: dict[str, Any], request: dict[str, Any], state: str) -> JobRun:
    """A run as StartJobRun makes it: what the request does not say, the job says."""
    now = time.time()
    workers = request.get("NumberOfWorkers") or job.get("NumberOfWorkers") or 2
    worker_type = request.get("WorkerType") or job.get("WorkerType") or "G.1X"
    run = {
        "Id": f"jr_{uuid.uuid4().hex}{uuid.uuid4().hex}",
        "Attempt": 0,
        "JobName": job["Name"],
        "JobMode": "SCRIPT",
        "StartedOn": now,
        "LastModifiedOn": now,
        "JobRunState": state,
        "Arguments": dict(request.get("Arguments") or {}),
        "PredecessorRuns": [],
        "AllocatedCapacity": int(workers),
        "ExecutionTime": 0,
        "Timeout": int(request.get("Timeout") or job["Timeout"]),
        "MaxCapacity": float(workers) * _DPUS.get(worker_type, 1.0),
        "WorkerType": worker_type,
        "NumberOfWorkers": int(workers),
        "LogGroupName": log_prefix({**(job.get("DefaultArguments") or {}), **(request.get("Arguments") or {})}),
        "ExecutionClass": request.get("ExecutionClass") or job.get("ExecutionClass") or "STANDARD",
    }
    return run | ({"GlueVersion": job["GlueVersion"]} if "GlueVersion" in job else {})


def end_run(run: JobRun, state: str, message: str | None = None) -> JobRun:
    """The run as it is when it has ended.

    Args:
        run: the run as it was.
        state: SUCCEEDED, FAILED, STOPPED or TIMEOUT.
        message: what GetJobRun states as ErrorMessage.
    """
    now = time.time()
    seconds = now - run.get("_running_since", now)
    ended = {
        **run,
        "JobRunState": state,
        "CompletedOn": now,
        "ExecutionTime": round(seconds),
        "DPUSeconds": round(seconds * run["MaxCapacity"], 1),
    }
    return ended | ({"ErrorMessage": message} if message else {})


def stated(run: JobRun) -> JobRun:
    """The run without what only the account wants to know."""
    return {name: value for name, value in run.items() if not name.startswith("_")}
