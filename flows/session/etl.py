"""The Glue run of one raw object version: found, waited for, judged.

S3's event starts the job, through the Lambda; a flow only ever looks for that run. So there is one starter, and a flow that
comes back after it was killed finds the run where it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from botocore.exceptions import ClientError
from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_exponential

from expectations.contract.keys import ContractError, manifest_key
from expectations.contract.manifest import Manifest
from flows.cost.prices import GLUE_MINIMUM_SECONDS, glue_cost
from flows.errors import EtlNotStarted, EtlOverdue, EtlRunFailed, StagingError
from flows.lake.clients import aws_errors, error_code
from flows.session.storage import RawVersion

if TYPE_CHECKING:
    from decimal import Decimal

    from mypy_boto3_glue import GlueClient
    from mypy_boto3_glue.type_defs import JobRunTypeDef
    from mypy_boto3_s3 import S3Client

# https://docs.aws.amazon.com/glue/latest/dg/job-run-statuses.html
LIVE_STATES = frozenset({"STARTING", "RUNNING", "STOPPING", "WAITING"})
SUCCEEDED = "SUCCEEDED"

VERSION_ARGUMENT = "--raw_version_id"

T = TypeVar("T")

CLOCK_SKEW = timedelta(minutes=5)
_FIRST_PAUSE = 0.2  # seconds
_GROWTH = 1.15  # so that a wait overshoots by about a seventh of itself
_LONGEST_PAUSE = 10.0  # seconds


@dataclass(frozen=True, slots=True)
class GlueRun:
    """A run of the job, as far as a flow cares.

    Attributes:
        seconds: execution time by Glue's own count.
        dpu_seconds: execution time times DPUs, by Glue's own count where it states one; None while the run is live.
        capacity: DPUs.
        flex: whether it ran with flexible execution.
    """

    run_id: str
    state: str
    message: str
    seconds: int
    dpu_seconds: float | None
    capacity: float = 0.0
    flex: bool = False

    @property
    def live(self) -> bool:
        """Whether the run has not ended."""
        return self.state in LIVE_STATES

    @property
    def succeeded(self) -> bool:
        """Whether the run ended well."""
        return self.state == SUCCEEDED

    def cost(self, region: str) -> Decimal | None:
        """List price in US dollars; None while it is unknown."""
        if self.dpu_seconds is None:
            return None
        billed = max(self.dpu_seconds, GLUE_MINIMUM_SECONDS * self.capacity) if self.dpu_seconds else 0.0
        return glue_cost(billed, region=region, flex=self.flex)


def find_run(glue: GlueClient, job: str, version: RawVersion) -> GlueRun | None:
    """The newest run of the job for exactly that raw object version; None where there is none.

    Raises:
        AwsError: Glue could not be asked.
    """
    with aws_errors(f"looking for the Glue run of {version.key} version {version.version_id}"):
        for page in glue.get_paginator("get_job_runs").paginate(JobName=job):
            for run in page["JobRuns"]:
                if run.get("Arguments", {}).get(VERSION_ARGUMENT) == version.version_id:
                    return glue_run(run)
                # Newest first: no run of this version is older than the version.
                if _older(run, version.stored_at - CLOCK_SKEW):
                    return None
    return None


def poll_for_run(glue: GlueClient, job: str, version: RawVersion, timeout: float) -> GlueRun | None:
    """The run of the version as soon as there is one; None when none appeared within `timeout` seconds.

    Raises:
        AwsError: Glue could not be asked.
    """
    return poll(lambda: find_run(glue, job, version), lambda found: found is None, timeout)


def wait_for_start(glue: GlueClient, job: str, version: RawVersion, timeout: float) -> GlueRun:
    """The run of the version, which must appear.

    Args:
        timeout: longest wait, in seconds.

    Raises:
        EtlNotStarted: no run appeared.
        AwsError: Glue could not be asked.
    """
    run = poll_for_run(glue, job, version, timeout)
    if run is None:
        raise EtlNotStarted(
            f"no Glue run of {job} for {version.key} version {version.version_id} within {timeout:g} s: "
            "look at the log of the Lambda that the upload triggers"
        )
    return run


def wait_for_end(glue: GlueClient, job: str, run: GlueRun, timeout: float) -> GlueRun:
    """The run, once it has succeeded.

    Args:
        timeout: longest wait, in seconds.

    Raises:
        EtlRunFailed: it ended in any other state; the message is the job's own.
        EtlOverdue: it has not ended; another flow run reattaches to it.
        AwsError: Glue could not be asked.
    """

    def look() -> GlueRun:
        with aws_errors(f"looking at the Glue run {run.run_id}"):
            return glue_run(glue.get_job_run(JobName=job, RunId=run.run_id)["JobRun"])

    ended = poll(look, lambda found: found.live, timeout)
    if ended is None:
        raise EtlOverdue(
            f"Glue run {run.run_id} has not ended within {timeout:g} s: run the flow again to reattach to it"
        )
    if not ended.succeeded:
        raise EtlRunFailed(ended)
    return ended


def read_manifest(s3: S3Client, bucket: str, run: GlueRun) -> Manifest:
    """The manifest of a run that succeeded.

    Raises:
        StagingError: there is none, or it is not readable, or it is another run's.
        AwsError: S3 could not be asked.
    """
    key = manifest_key(run.run_id)
    with aws_errors(f"reading s3://{bucket}/{key}"):
        try:
            text = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        except ClientError as error:
            if error_code(error) in {"NoSuchKey", "404"}:
                raise StagingError(
                    f"Glue run {run.run_id} succeeded but left no manifest s3://{bucket}/{key}"
                ) from error
            raise
    try:
        manifest = Manifest.from_json(text)
    except ContractError as error:
        raise StagingError(f"s3://{bucket}/{key}: {error}") from error
    if manifest.run_id != run.run_id:
        raise StagingError(f"s3://{bucket}/{key}: it is of run {manifest.run_id}")
    return manifest


def poll(look: Callable[[], T], again: Callable[[T], bool], timeout: float) -> T | None:
    """What `look` finds, once it is not to be looked at `again`; None after `timeout` seconds."""
    retries = Retrying(
        retry=retry_if_result(again),
        wait=wait_exponential(multiplier=_FIRST_PAUSE, exp_base=_GROWTH, max=_LONGEST_PAUSE),
        stop=stop_after_delay(timeout),
    )
    try:
        return retries(look)
    except RetryError:
        return None


def _older(run: JobRunTypeDef, instant: datetime) -> bool:
    started = run.get("StartedOn")
    return started is not None and started < instant


def glue_run(run: JobRunTypeDef) -> GlueRun:
    """A run as Glue states it."""
    state, seconds, capacity = run["JobRunState"], run.get("ExecutionTime", 0), run.get("MaxCapacity", 0.0)
    # Glue itself counts DPU-seconds for flexible and for scaled runs only.
    counted = None if state in LIVE_STATES else run.get("DPUSeconds", seconds * capacity)
    return GlueRun(
        run_id=run["Id"],
        state=state,
        message=run.get("ErrorMessage", ""),
        seconds=seconds,
        dpu_seconds=counted,
        capacity=capacity,
        flex=run.get("ExecutionClass") == "FLEX",
    )
