"""The handler: one Glue run for each new raw object version, and never two at once.

S3 delivers an event at least once, and two deliveries may be handled at the same time. Whoever starts a version's run claims the
version first (`claims`), so that "is there a run? if not, start one" is safe whatever the function's concurrency.
Whatever fails is raised after all records were tried: an asynchronous caller repeats an event only when the function raises,
and takes any returned value for success.

A version that was uploaded as one of many (its metadata says `etl: batch`) is left alone: who uploaded them starts one run for
all. Where that cannot be looked at the version gets its run as ever, for a run too many is harmless and one too few is not.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as BotoConnectionError

from expectations.contract.keys import ContractError
from trigger_glue_job.claims import Claims
from trigger_glue_job.events import ObjectVersion, new_raw_versions

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client

# https://docs.aws.amazon.com/glue/latest/dg/job-run-statuses.html: states in which a version is, or has been, taken care of.
_TAKEN_CARE_OF = frozenset({"STARTING", "RUNNING", "WAITING", "STOPPING", "SUCCEEDED"})
# An event is repeated for at most six hours; no run of its version is older.
_LOOK_BACK = timedelta(hours=24)

# Seconds: a claim is followed by its run at once, or given up at once.
_PATIENCE = 12.0
_PAUSE = 1.5
_SETTLED = 3.0
_TRANSIENT = frozenset({"ThrottlingException", "Throttling", "OperationTimeoutException"})
_ONCE = Config(retries={"total_max_attempts": 1})

ETL_METADATA = "etl"
BATCH = "batch"


class TriggerError(RuntimeError):
    """Some version's run could not be started; the event must be delivered again."""


class ClaimedError(RuntimeError):
    """Another invocation has claimed the version, and it is not to be seen yet what became of its run."""


@dataclass(frozen=True, slots=True)
class Starter:
    """Starts the runs of one job.

    Attributes:
        glue: looks at runs.
        once: starts them, and asks only once: a run that Glue has started without saying so must not be started again.
        queues: whether a run above the job's limit waits in Glue's queue: a run that does not say so itself does not wait,
            whatever the job says.
        sleep: pauses, for some seconds.
    """

    glue: GlueClient
    once: GlueClient
    job: str
    claims: Claims
    queues: bool = True
    sleep: Callable[[float], None] = time.sleep

    def start_once(self, version: ObjectVersion, request: str) -> str | None:
        """Start a run for the version, unless one is live or has succeeded.

        Args:
            request: id of the invocation, which its claim names.

        Returns:
            The new run's id, or None where there is one already.

        Raises:
            ClaimedError: another invocation is about to start it, or has died; the event must be delivered again.
            ClientError: Glue refused, `ConcurrentRunsExceededException` included, or S3 did.
            BotoCoreError: Glue or S3 was not to be had.
        """
        failure: Exception = ClaimedError(
            f"claimed by another invocation for less than {self.claims.void_after:.0f} s, and without a run"
        )
        for _ in range(int(_PATIENCE / _PAUSE)):
            if _taken_care_of(self.glue, self.job, version):
                return None
            if etag := self.claims.take(version.version_id, request):
                try:
                    return self._start(version)
                except (ClientError, BotoCoreError) as error:
                    self._give_up(version, etag, error)
                    failure = error
            self.sleep(_PAUSE)
        raise failure

    def _start(self, version: ObjectVersion) -> str:
        arguments = {
            "--raw_bucket": version.bucket,
            "--raw_key": version.key,
            "--raw_version_id": version.version_id,
        }
        return self.once.start_job_run(JobName=self.job, Arguments=arguments, JobRunQueuingEnabled=self.queues)[
            "JobRunId"
        ]

    def _give_up(self, version: ObjectVersion, etag: str, error: ClientError | BotoCoreError) -> None:
        """Give up the claim of a run that was not started; what will not pass by itself is raised at once."""
        passes = _passes(error)
        if passes:
            # Glue may have started the run without saying so; it is listed by then.
            self.sleep(_SETTLED)
        if not (passes and _taken_care_of(self.glue, self.job, version)):
            self.claims.give_up(version.version_id, etag)
        if not passes:
            raise error


def _passes(error: ClientError | BotoCoreError) -> bool:
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return error.response["Error"]["Code"] in _TRANSIENT or status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return isinstance(error, BotoConnectionError | HTTPClientError)


def handle(event: Mapping[str, Any], context: Any) -> dict[str, list[str]]:  # noqa: ANN401 - the runtime's
    """Start the job for each raw object version that the event reports.

    Returns:
        The ids of the runs that were started.

    Raises:
        EventError: the event is not an S3 notification.
        TriggerError: a run could not be started; others of the event may have been.
    """
    request = str(getattr(context, "aws_request_id", ""))
    started: list[str] = []
    failures: list[str] = []
    for version in new_raw_versions(event):
        if is_of_batch(_s3(), version):
            _log("INFO", "taken by a batch", request, version)
            continue
        try:
            run_id = _starter().start_once(version, request)
        except (ClientError, BotoCoreError, ClaimedError, ContractError) as error:
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


def _starter() -> Starter:
    environment = os.environ
    claims = Claims(_s3(), environment["CLAIMS_BUCKET"])
    return Starter(
        _glue(), _glue_once(), environment["GLUE_JOB_NAME"], claims, queues=environment["JOB_RUN_QUEUING"] == "true"
    )


@cache
def _glue() -> GlueClient:
    return boto3.client("glue")


@cache
def _glue_once() -> GlueClient:
    return boto3.client("glue", config=_ONCE)


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
