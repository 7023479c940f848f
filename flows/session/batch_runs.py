"""Glue runs for many raw versions at once: found where they are, started where there are none.

A batch is a list of raw versions in the artifacts bucket, under a key made of the list itself: whoever has the same versions
names the same batch, and so finds the run that another process, or an earlier life of this one, has started for it. The list is
put with a condition, so that of two that come at once one starts the run and the other finds it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

from expectations.contract.keys import batch_key
from flows.errors import WriteConflict
from flows.lake.s3 import JSON
from flows.session.etl import CLOCK_SKEW, VERSION_ARGUMENT, poll

if TYPE_CHECKING:
    from flows.glue_run import GlueRun
    from flows.lake.glue_job import GlueJob
    from flows.lake.s3 import Bucket
    from flows.session.storage import RawVersion

LIST_ARGUMENT = "--raw_list"

_LONGEST_RUN = timedelta(days=2)  # Glue's own limit where a job states none


def list_body(versions: Collection[RawVersion]) -> bytes:
    """A batch's list as the job reads it; the same versions, in whatever order, are always the same bytes."""
    entries = [{"bucket": item.bucket, "key": item.key, "version_id": item.version_id} for item in versions]
    return json.dumps(sorted(entries, key=lambda entry: (entry["key"], entry["version_id"])), indent=1).encode()


def list_key(versions: Collection[RawVersion]) -> str:
    """The key of a batch's list, which tells exactly its versions."""
    return batch_key(hashlib.sha256(list_body(versions)).hexdigest())


@dataclass(frozen=True, slots=True)
class BatchRuns:
    """The runs of one job for batches.

    Attributes:
        bucket: where the lists are kept.
        announced_for: seconds in which a list that another process has put may still be without its run.
    """

    bucket: Bucket
    job: GlueJob
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
        listed = cache(self._listed)
        for run in self.job.runs(oldest):
            if run.live or run.succeeded:
                for version_id in wanted & _versions_of(run, listed):
                    found.setdefault(version_id, run)
            if found.keys() == wanted:
                break
        return found

    def start(self, versions: Sequence[RawVersion]) -> GlueRun:
        """The live run of exactly this batch, or else a new one.

        Raises:
            AwsError: Glue or S3 refused.
        """
        key = list_key(versions)
        address = self.bucket.address(key)
        if (run := self._newest(address)) and run.live:
            return run
        rest = self._announce(key, list_body(versions))
        if rest > 0 and (run := poll(lambda: self._newest(address), lambda found: found is None, rest)):
            return run
        return self.job.start({LIST_ARGUMENT: address})

    def _announce(self, key: str, body: bytes) -> float:
        """Put the list; the seconds in which another process that has put it may still start its run."""
        try:
            self.bucket.put(key, body, kind=JSON, if_absent=True)
        except WriteConflict:
            put = self.bucket.look(key)
            return self.announced_for - put.age if put else 0
        return 0

    def _newest(self, address: str) -> GlueRun | None:
        """The newest run of the list, if it is live or has succeeded."""
        runs = self.job.runs(datetime.now(UTC) - _LONGEST_RUN)
        newest = next((run for run in runs if run.arguments.get(LIST_ARGUMENT) == address), None)
        return newest if newest and (newest.live or newest.succeeded) else None

    def _listed(self, address: str) -> frozenset[str]:
        """The version ids in a batch's list; none where the list has expired."""
        found = self.bucket.find(address.removeprefix(self.bucket.address("")))
        return frozenset(entry["version_id"] for entry in json.loads(found.body)) if found else frozenset()


def _versions_of(run: GlueRun, listed: Callable[[str], frozenset[str]]) -> frozenset[str]:
    if LIST_ARGUMENT in run.arguments:
        return listed(run.arguments[LIST_ARGUMENT])
    return frozenset({run.arguments[VERSION_ARGUMENT]}) if VERSION_ARGUMENT in run.arguments else frozenset()
