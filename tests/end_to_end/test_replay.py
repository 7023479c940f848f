"""A replay: what is kept, taken through the code again, ends in the same published state."""

from __future__ import annotations

import base64
from datetime import date
from typing import TYPE_CHECKING

import pytest

from expectations.contract.outcomes import Outcome
from flows.b3.payload import Payload
from flows.backfill.import_folder import FolderImport
from flows.backfill.replay import Replay
from flows.session import storage
from local.b3 import sample
from local.b3.formats import csv_download, json_page

if TYPE_CHECKING:
    from pathlib import Path

    from flows.lake.athena import QueryResult
    from tests.end_to_end.conftest import Operator

pytestmark = pytest.mark.account

PUBLISHED, LANDED, DAMAGED = date(2025, 10, 1), date(2025, 10, 2), date(2025, 10, 3)


def everything(operator: Operator) -> QueryResult:
    return operator.query("SELECT * FROM bovespa_refined_data WHERE year = 2025 AND month = 10 ORDER BY day, codigo")


def test_a_replay_from_landing_is_one_glue_run_and_the_same_state_and_what_was_only_landed(
    operator: Operator, tmp_path: Path
) -> None:
    pipeline = operator.pipeline
    raw = pipeline.lake.raw
    recorded = sample.recorded(date(2025, 6, 30))
    file = tmp_path / f"IBOVDia_{PUBLISHED:%d-%m-%y}.csv"
    file.write_bytes(base64.b64decode(csv_download(sample.as_of(PUBLISHED, recorded))))
    FolderImport(pipeline).run(tmp_path)
    before, version = everything(operator), storage.find_raw(raw, "IBOV", PUBLISHED)
    for session, body in (
        (LANDED, json_page(sample.as_of(LANDED, recorded), 1, 120, by_sector=True)),
        (DAMAGED, json_page(sample.as_of(DAMAGED, recorded), 1, 120, by_sector=True)[:9000]),
    ):
        storage.land(raw, Payload("IBOV", "json", 1, body, sample.collected_at(session), ""))
    runs = len(pipeline.lake.job.client.get_job_runs(JobName="bovespa-etl-job")["JobRuns"])

    attempts = Replay(pipeline, "IBOV", from_landing=True).run(PUBLISHED, DAMAGED)

    assert [(item.session, item.outcome, item.rows) for item in attempts] == [
        (PUBLISHED, Outcome.PUBLISHED, 84),
        (LANDED, Outcome.PUBLISHED, 84),
        (DAMAGED, Outcome.FAILED, 0),
    ]
    assert "not JSON" in attempts[-1].reason
    assert len(pipeline.lake.job.client.get_job_runs(JobName="bovespa-etl-job")["JobRuns"]) == runs + 1
    after = everything(operator)
    assert [row for row in after.rows if row in before.rows] == list(before.rows)
    assert len(after.rows) == len(before.rows) + 84
    assert storage.find_raw(raw, "IBOV", PUBLISHED) == version
