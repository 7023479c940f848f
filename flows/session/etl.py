"""The Glue run of one raw object version: found, waited for, judged.

S3's event starts the job, through the Lambda; a flow only ever looks for that run. So there is one starter, and a flow that
comes back after it was killed finds the run where it is.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_exponential

from expectations.contract.keys import ContractError, manifest_key
from expectations.contract.manifest import Manifest
from flows.errors import EtlNotStarted, EtlOverdue, EtlRunFailed, StagingError

if TYPE_CHECKING:
    from flows.glue_run import GlueRun
    from flows.lake.glue_job import GlueJob
    from flows.lake.s3 import Bucket
    from flows.session.storage import RawVersion

VERSION_ARGUMENT = "--raw_version_id"

CLOCK_SKEW = timedelta(minutes=5)
"""By how much Glue's clock may be behind S3's."""

T = TypeVar("T")

_FIRST_PAUSE = 0.1  # seconds
_GROWTH = 1.05  # so that a wait overshoots by a twentieth of itself at most
_LONGEST_PAUSE = 10.0  # seconds


def find_run(job: GlueJob, version: RawVersion) -> GlueRun | None:
    """The newest run of the job for exactly that raw object version; None where there is none.

    Raises:
        AwsError: Glue could not be asked.
    """
    # No run of a version is older than the version.
    runs = job.runs(version.stored_at - CLOCK_SKEW)
    return next((run for run in runs if run.arguments.get(VERSION_ARGUMENT) == version.version_id), None)


def poll_for_run(job: GlueJob, version: RawVersion, timeout: float) -> GlueRun | None:
    """The run of the version as soon as there is one; None when none appeared within `timeout` seconds.

    Raises:
        AwsError: Glue could not be asked.
    """
    return poll(lambda: find_run(job, version), lambda found: found is None, timeout)


def wait_for_start(job: GlueJob, version: RawVersion, timeout: float) -> GlueRun:
    """The run of the version, which must appear.

    Args:
        timeout: longest wait, in seconds.

    Raises:
        EtlNotStarted: no run appeared.
        AwsError: Glue could not be asked.
    """
    run = poll_for_run(job, version, timeout)
    if run is None:
        raise EtlNotStarted(
            f"no Glue run of {job.name} for {version.key} version {version.version_id} within {timeout:g} s: "
            "look at the log of the Lambda that the upload triggers"
        )
    return run


def wait_for_end(job: GlueJob, run: GlueRun, timeout: float) -> GlueRun:
    """The run, once it has succeeded.

    Args:
        timeout: longest wait, in seconds.

    Raises:
        EtlRunFailed: it ended in any other state; the message is the job's own.
        EtlOverdue: it has not ended; another flow run reattaches to it.
        AwsError: Glue could not be asked.
    """
    ended = poll(lambda: job.run(run.run_id), lambda found: found.live, timeout)
    if ended is None:
        raise EtlOverdue(
            f"Glue run {run.run_id} has not ended within {timeout:g} s: run the flow again to reattach to it"
        )
    if not ended.succeeded:
        raise EtlRunFailed(ended)
    return ended


def is_whole(refined: Bucket, run: GlueRun) -> bool:
    """Whether a run left its manifest, without which nobody can tell what it has made.

    Raises:
        AwsError: S3 could not be asked.
    """
    try:
        read_manifest(refined, run)
    except StagingError:
        return False
    return True


def read_manifest(refined: Bucket, run: GlueRun) -> Manifest:
    """The manifest of a run that succeeded.

    Raises:
        StagingError: there is none, or it is not readable, or it is another run's.
        AwsError: S3 could not be asked.
    """
    key = manifest_key(run.run_id)
    address, found = refined.address(key), refined.find(key)
    if found is None:
        raise StagingError(f"Glue run {run.run_id} succeeded but left no manifest {address}")
    try:
        manifest = Manifest.from_json(found.body)
    except ContractError as error:
        raise StagingError(f"{address}: {error}") from error
    if manifest.run_id != run.run_id:
        raise StagingError(f"{address}: it is of run {manifest.run_id}")
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
