"""One event delivered many times at once to the deployed Lambda: of all invocations one starts the version's Glue run."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from expectations.contract.keys import claim_key

pytestmark = pytest.mark.account

PUT = Path(__file__).resolve().parents[2] / "lambda" / "events" / "put.json"
VERSION = "delivered-many-times"


def test_of_many_deliveries_at_once_one_starts_the_run(clients: Callable[[str], Any]) -> None:
    event = json.loads(PUT.read_text(encoding="utf-8"))
    event["Records"][0]["s3"]["object"]["versionId"] = VERSION

    def deliver(_: int) -> dict[str, Any]:
        answer = clients("lambda").invoke(FunctionName="trigger-glue-job", Payload=json.dumps(event).encode())
        found: dict[str, Any] = json.loads(answer["Payload"].read())
        return found

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(deliver, range(6)))
    started = [run_id for answer in answers for run_id in answer.get("started", [])]
    pages = clients("glue").get_paginator("get_job_runs").paginate(JobName="bovespa-etl-job")
    runs = [
        run["Id"] for page in pages for run in page["JobRuns"] if run["Arguments"].get("--raw_version_id") == VERSION
    ]
    assert len(started) == 1
    assert runs == started
    # Who came too early to see the run, or too late to see it live, is to be delivered again, by its own words.
    assert all("started" in answer or "claimed by another" in answer["errorMessage"] for answer in answers)
    claim = clients("s3").get_object(Bucket="bovespa-artifacts-bucket", Key=claim_key(VERSION))
    assert json.loads(claim["Body"].read())["version_id"] == VERSION
