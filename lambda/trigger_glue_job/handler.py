"""The handler: one Glue run for each new raw object version, and never two at once.

S3 delivers an event at least once. The function's reserved concurrency of one makes "is there a run? if not, start one" safe.
Whatever fails is raised after all records were tried: an asynchronous caller repeats an event only when the function raises,
and takes any returned value for success.

A version that was uploaded as one of many (its metadata says `etl: batch`) is left alone: who uploaded them starts one run for
all. Where that cannot be looked at the version gets its run as ever, for a run too many is harmless and one too few is not.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from trigger_glue_job.events import ObjectVersion, new_raw_versions

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client

# https://docs.aws.amazon.com/glue/latest/dg/job-run-statuses.html: states in which a version is, or has been, taken care of.
_TAKEN_CARE_OF = frozenset({"STARTING", "RUNNING", "WAITING", "STOPPING", "SUCCEEDED"})
# An event is repeated for at most six hours; no run of its version is older.
_LOOK_BACK = timedelta(hours=24)

ETL_METADATA = "etl"
BATCH = "batch"


class TriggerError(RuntimeError):
    """Some version's run could not be started; the event must be delivered again."""


def handle(event: Mapping[str, Any], context: Any) -> dict[str, list[str]]:  # noqa: ANN401 - the runtime's
    """Start the job for each raw object version that the event reports.

    Returns:
        The ids of the runs that were started.

    Raises:
        EventError: the event is not an S3 notification.
        TriggerError: a run could not be started; others of the event may have been.
    """
    request = str(getattr(context, "aws_request_id", ""))
    job = os.environ["GLUE_JOB_NAME"]
    started: list[str] = []
    failures: list[str] = []
    for version in new_raw_versions(event):
        if is_of_batch(_s3(), version):
            _log("INFO", "taken by a batch", request, version)
            continue
        try:
            run_id = start_once(_glue(), job, version)
        except (ClientError, BotoCoreError) as error:
            failures.append(f"{version.key} version {version.version_id}: {error}")
            _log("ERROR", "run not started", request, version, error=str(error))
            continue
        if run_id:
            started.append(run_id)
        _log("INFO", "run started" if run_id else "run exists already", request, version, run_id=run_id)
    if failures:
        raise TriggerError("; ".join(failures))
    return {"started": started}


def is_of_batch(s3: S3Client, version: ObjectVersion) -> bool:
    """Whether the version's metadata says that a batch takes care of it; False where it cannot be looked at."""
    try:
        head = s3.head_object(Bucket=version.bucket, Key=version.key, VersionId=version.version_id)
    except (ClientError, BotoCoreError):
        return False
    return head["Metadata"].get(ETL_METADATA) == BATCH


def start_once(glue: GlueClient, job: str, version: ObjectVersion) -> str | None:
    """Start a run for the version, unless one is live or has succeeded.

    Returns:
        The new run's id, or None where there is one already.

    Raises:
        ClientError: Glue refused, `ConcurrentRunsExceededException` included.
        BotoCoreError: Glue was not to be had.
    """
    if _taken_care_of(glue, job, version):
        return None
    arguments = {
        "--raw_bucket": version.bucket,
        "--raw_key": version.key,
        "--raw_version_id": version.version_id,
    }
    return glue.start_job_run(JobName=job, Arguments=arguments)["JobRunId"]


def _taken_care_of(glue: GlueClient, job: str, version: ObjectVersion) -> bool:
    oldest = datetime.now(UTC) - _LOOK_BACK
    for page in glue.get_paginator("get_job_runs").paginate(JobName=job):
        for run in page["JobRuns"]:
            same = run.get("Arguments", {}).get("--raw_version_id") == version.version_id
            if same and run["JobRunState"] in _TAKEN_CARE_OF:
                return True
            if run.get("StartedOn", oldest) < oldest:
                return False
    return False


@cache
def _glue() -> GlueClient:
    return boto3.client("glue")


@cache
def _s3() -> S3Client:
    return boto3.client("s3")


def _log(level: str, message: str, request: str, version: ObjectVersion, **fields: str | None) -> None:
    # Straight to stdout, one line an entry: the runtime's own logging handler would put text before the JSON. In ASCII,
    # so that a key which turns the line round cannot do so in the log.
    entry = {
        "level": level,
        "message": message,
        "request_id": request,
        "bucket": version.bucket,
        "key": version.key,
        "version_id": version.version_id,
        **{name: value for name, value in fields.items() if value is not None},
    }
    sys.stdout.write(json.dumps(entry) + "\n")
