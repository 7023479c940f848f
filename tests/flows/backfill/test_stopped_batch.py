"""A batch that is stopped from outside: what was being published is ended, and what has ended is noted."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from expectations.contract.keys import manifest_key
from expectations.contract.manifest import Manifest
from expectations.contract.names import ARTIFACTS_BUCKET, REFINED_BUCKET
from expectations.contract.outcomes import Outcome
from flows.backfill.batch import Batch
from flows.record.attempt import Attempt, FlowRun
from flows.session.batch_runs import list_body, list_key
from tests.flows.traces import MON, THU, TUE, WED, Account, Glue

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from flows.b3.portfolio import Portfolio
    from flows.session.storage import RawVersion

SESSIONS = [MON, TUE, WED, THU]


def one_run_of(aws: Account, versions: list[RawVersion]) -> None:
    """A run that has refined all of them, and left nothing of any: each fails by itself."""
    aws.s3.put_object(Bucket=ARTIFACTS_BUCKET, Key=list_key(versions), Body=list_body(versions))
    arguments = {"--raw_list": f"s3://{ARTIFACTS_BUCKET}/{list_key(versions)}"}
    run = {"Id": "jr_1", "JobRunState": "SUCCEEDED", "Arguments": arguments, "StartedOn": datetime.now(UTC)}
    aws.glue.runs.insert(0, run)
    text = Manifest("jr_1", (), (), ()).to_json()
    aws.s3.put_object(Bucket=REFINED_BUCKET, Key=manifest_key("jr_1"), Body=text.encode())


@dataclass(frozen=True)
class Watched(FlowRun):
    """Knows which sessions were begun."""

    begun: list[date | None] = field(default_factory=list)

    def begin(self, index: str, session: date | None = None, **facts: Any) -> Attempt:  # noqa: ANN401
        self.begun.append(session)
        return super().begin(index, session, **facts)


def test_each_session_that_ended_is_noted_though_the_batch_was_stopped_amid_them(
    s3: S3Client, sample: Portfolio
) -> None:
    aws = Account(s3, Glue(), sample)
    versions = [aws.upload(day) for day in SESSIONS]
    one_run_of(aws, versions)
    asked: list[Attempt] = []
    noted: list[Attempt] = []
    run = Watched("run", "replay")

    def note(attempt: Attempt) -> Attempt:
        asked.append(attempt)
        if len(asked) == 2:  # as Ctrl-C and SIGTERM come, at any instant of the main thread
            raise KeyboardInterrupt
        noted.append(attempt)
        return attempt

    with pytest.raises(KeyboardInterrupt):
        Batch(aws.pipeline, run, note=note).take(versions)
    assert len(run.begun) > 1
    assert sorted(map(str, run.begun)) == sorted(str(attempt.session) for attempt in noted)
    assert {attempt.outcome for attempt in noted} == {Outcome.FAILED}
    assert all("0 sources" in attempt.reason for attempt in noted)
