"""The Glue job's runs: listed, looked at, started."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from flows.glue_run import GlueRun
from flows.lake.calls import aws_errors

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

_DPUS = {"Standard": 1.0, "G.025X": 0.25, "G.1X": 1.0, "G.2X": 2.0, "G.4X": 4.0, "G.8X": 8.0}
"""DPUs of a worker, by its type: https://docs.aws.amazon.com/glue/latest/dg/worker-types.html."""


@dataclass(frozen=True, slots=True)
class GlueJob:
    """One job of one account. Every method raises `AwsError` where Glue refuses, fails, or is not to be had."""

    client: GlueClient
    name: str

    def runs(self, since: datetime) -> Iterator[GlueRun]:
        """The job's runs that were started since an instant (aware), the newest first."""
        with aws_errors(f"listing the runs of {self.name}"):
            for page in self.client.get_paginator("get_job_runs").paginate(JobName=self.name):
                for item in page["JobRuns"]:
                    run = glue_run(item)
                    if run.started_at and run.started_at < since:
                        return
                    yield run

    def run(self, run_id: str) -> GlueRun:
        """A run as it stands now."""
        with aws_errors(f"looking at the Glue run {run_id}"):
            return glue_run(self.client.get_job_run(JobName=self.name, RunId=run_id)["JobRun"])

    def start(self, arguments: Mapping[str, str]) -> GlueRun:
        """A new run."""
        with aws_errors(f"starting a run of {self.name} for {', '.join(arguments.values())}"):
            # A run that does not say so itself does not wait in the queue, whatever the job says.
            queues = self.client.get_job(JobName=self.name)["Job"].get("JobRunQueuingEnabled", False)
            started = self.client.start_job_run(
                JobName=self.name, Arguments=dict(arguments), JobRunQueuingEnabled=queues
            )
            return self.run(started["JobRunId"])


def glue_run(body: Mapping[str, Any]) -> GlueRun:
    """A run as Glue states it."""
    seconds = int(body.get("ExecutionTime") or 0)
    workers = float(body.get("NumberOfWorkers") or 0) * _DPUS.get(str(body.get("WorkerType")), 1.0)
    capacity = float(body.get("MaxCapacity") or workers)
    return GlueRun(
        run_id=body["Id"],
        state=body["JobRunState"],
        message=body.get("ErrorMessage", ""),
        seconds=seconds,
        # Glue itself counts DPU-seconds for flexible and for scaled runs only.
        dpu_seconds=float(body.get("DPUSeconds", seconds * capacity)),
        capacity=capacity,
        flex=body.get("ExecutionClass") == "FLEX",
        started_at=body.get("StartedOn"),
        arguments=body.get("Arguments", {}),
    )
