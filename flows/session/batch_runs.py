"""Glue runs for many raw versions at once: found where they are, started where there are none.

A batch is a list of raw versions in the artifacts bucket, under a key made of the list itself: whoever has the same versions
names the same batch, and so finds the run that another process, or an earlier life of this one, has started for it. The list is
put with a condition, so that of two that come at once one starts the run and the other finds it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from expectations.contract.names import BATCHES_PREFIX
from flows.lake.clients import aws_errors, error_code
from flows.session.etl import CLOCK_SKEW, VERSION_ARGUMENT, GlueRun, glue_run, poll
from flows.session.storage import RawVersion

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_glue.type_defs import JobRunTypeDef
    from mypy_boto3_s3 import S3Client

LIST_ARGUMENT = "--raw_list"

_LONGEST_RUN = timedelta(days=2)  # Glue's own limit where a job states none

_EXISTS = frozenset({"412", "PreconditionFailed", "409", "ConditionalRequestConflict"})
_GONE = frozenset({"404", "NoSuchKey"})


def list_body(versions: Collection[RawVersion]) -> bytes:
    """A batch's list as the job reads it; the same versions, in whatever order, are always the same bytes."""
    entries = [{"bucket": item.bucket, "key": item.key, "version_id": item.version_id} for item in versions]
    return json.dumps(sorted(entries, key=lambda entry: (entry["key"], entry["version_id"])), indent=1).encode()


def list_key(versions: Collection[RawVersion]) -> str:
    """The key of a batch's list, which tells exactly its versions."""
    return f"{BATCHES_PREFIX}{hashlib.sha256(list_body(versions)).hexdigest()}.json"


@dataclass(frozen=True, slots=True)
class BatchRuns:
    """The runs of one job for batches.

    Attributes:
        bucket: where the lists are kept.
        job: the Glue job's name.
        announced_for: seconds in which a list that another process has put may still be without its run.
    """

    s3: S3Client
    glue: GlueClient
    bucket: str
    job: str
    announced_for: float

    def find(self, versions: Sequence[RawVersion]) -> dict[str, GlueRun]:
        """The run that takes care of each version, by version id: the newest that is live or has succeeded.

        A version's run may have been started for it alone, by the Lambda, or for a batch that it is in.

        Raises:
            AwsError: Glue or S3 could not be asked.
        """
        wanted = {version.version_id for version in versions}
        found: dict[str, GlueRun] = {}
        if not wanted:
            return found
        oldest = min(version.stored_at for version in versions) - CLOCK_SKEW
        with aws_errors(f"looking for Glue runs of {len(wanted)} raw versions"):
            listed = cache(self._listed)
            for item in self._runs_since(oldest):
                run = glue_run(item)
                if run.live or run.succeeded:
                    for version_id in wanted & _versions_of(item, listed):
                        found.setdefault(version_id, run)
                if found.keys() == wanted:
                    break
        return found

    def start(self, versions: Sequence[RawVersion]) -> GlueRun:
        """The live run of exactly this batch, or else a new one.

        Raises:
            AwsError: Glue or S3 refused.
        """
        key, address = list_key(versions), f"s3://{self.bucket}/{list_key(versions)}"
        with aws_errors(f"starting the Glue run of {address}"):
            if (run := self._newest(address)) and run.live:
                return run
            rest = self._announce(key, list_body(versions))
            if rest > 0 and (run := poll(lambda: self._newest(address), lambda found: found is None, rest)):
                return run
            started = self.glue.start_job_run(
                JobName=self.job, Arguments={LIST_ARGUMENT: address}, JobRunQueuingEnabled=self._queues()
            )
            return glue_run(self.glue.get_job_run(JobName=self.job, RunId=started["JobRunId"])["JobRun"])

    def _queues(self) -> bool:
        # A run that does not say so itself does not wait in the queue, whatever the job says.
        return self.glue.get_job(JobName=self.job)["Job"].get("JobRunQueuingEnabled", False)

    def _announce(self, key: str, body: bytes) -> float:
        """Put the list; the seconds in which another process that has put it may still start its run."""
        try:
            self.s3.put_object(Bucket=self.bucket, Key=key, Body=body, ContentType="application/json", IfNoneMatch="*")
        except ClientError as error:
            if error_code(error) not in _EXISTS:
                raise
            put_at = self.s3.head_object(Bucket=self.bucket, Key=key)["LastModified"]
            return self.announced_for - (datetime.now(UTC) - put_at).total_seconds()
        return 0

    def _newest(self, address: str) -> GlueRun | None:
        """The newest run of the list, if it is live or has succeeded."""
        runs = self._runs_since(datetime.now(UTC) - _LONGEST_RUN)
        newest = next((item for item in runs if item.get("Arguments", {}).get(LIST_ARGUMENT) == address), None)
        run = glue_run(newest) if newest else None
        return run if run and (run.live or run.succeeded) else None

    def _runs_since(self, oldest: datetime) -> Iterator[JobRunTypeDef]:
        """The job's runs, newest first."""
        for page in self.glue.get_paginator("get_job_runs").paginate(JobName=self.job):
            for run in page["JobRuns"]:
                started = run.get("StartedOn")
                if started and started < oldest:
                    return
                yield run

    def _listed(self, address: str) -> frozenset[str]:
        """The version ids in a batch's list; none where the list has expired."""
        bucket, _, key = address.removeprefix("s3://").partition("/")
        try:
            body = self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        except ClientError as error:
            if error_code(error) in _GONE:
                return frozenset()
            raise
        return frozenset(entry["version_id"] for entry in json.loads(body))


def _versions_of(run: JobRunTypeDef, listed: Callable[[str], frozenset[str]]) -> frozenset[str]:
    arguments = run.get("Arguments", {})
    if LIST_ARGUMENT in arguments:
        return listed(arguments[LIST_ARGUMENT])
    return frozenset({arguments[VERSION_ARGUMENT]}) if VERSION_ARGUMENT in arguments else frozenset()
