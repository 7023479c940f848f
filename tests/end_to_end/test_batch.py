"""Many raw versions at once: one Glue run for all, each session published by itself, and none twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import TYPE_CHECKING

import pytest

from expectations.contract.outcomes import Outcome
from flows.backfill.batch import Batch
from flows.record.attempt import REPLAY, FlowRun
from flows.session import storage
from flows.session.raw_file import RawFacts, encode
from local.b3 import sample

if TYPE_CHECKING:
    from flows.record.attempt import Attempt
    from flows.session.storage import RawVersion
    from tests.end_to_end.conftest import Operator

pytestmark = pytest.mark.account

DAYS = (date(2025, 8, 4), date(2025, 8, 5), date(2025, 8, 6))


def uploaded(operator: Operator, session: date) -> RawVersion:
    portfolio = sample.as_of(session, sample.recorded(date(2025, 6, 30)))
    facts = RawFacts.of(portfolio, sample.collected_at(session), ["landing/x.json.gz"])
    pipeline = operator.pipeline
    content = encode(portfolio, facts)
    return storage.upload_raw(pipeline.lake.raw, content, facts, of_batch=True)


def runs_of(operator: Operator, since: int) -> list[dict[str, str]]:
    runs = operator.pipeline.lake.job.client.get_job_runs(JobName="bovespa-etl-job")["JobRuns"]
    return [run["Arguments"] for run in runs[: len(runs) - since]]


def published(attempts: list[Attempt]) -> list[tuple[date | None, Outcome, int, str]]:
    return [(item.session, item.outcome, item.rows, item.run_id) for item in attempts]


def run_of(attempts: list[Attempt]) -> str:
    (run_id,) = {item.run_id for item in attempts}
    return run_id


def test_two_batches_of_the_same_versions_at_once_are_one_glue_run_and_one_published_state(operator: Operator) -> None:
    before = len(operator.pipeline.lake.job.client.get_job_runs(JobName="bovespa-etl-job")["JobRuns"])
    versions = [uploaded(operator, session) for session in DAYS]
    noted: list[Attempt] = []

    def note(attempt: Attempt) -> Attempt:
        noted.append(attempt)
        return attempt

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(
            lambda note: Batch(operator.pipeline, FlowRun("run", REPLAY), note=note).take(versions),
            (note, lambda attempt: attempt),
        )
    assert (
        published(first) == published(second) == [(session, Outcome.PUBLISHED, 84, run_of(first)) for session in DAYS]
    )
    assert sorted(noted, key=lambda attempt: str(attempt.session)) == first
    assert [run.keys() for run in runs_of(operator, before)] == [{"--raw_list"}]
    assert [len(operator.published(session)) for session in DAYS] == [84, 84, 84]

    # A batch that was killed while it published, and is run again for what is left of it, starts nothing.
    again = Batch(operator.pipeline, FlowRun("again", REPLAY)).take(versions[1:])
    assert published(again) == published(first[1:])
    assert len(runs_of(operator, before)) == 1
