"""What was left behind anywhere on the way is published by a recovery, by two at once as well, and what cannot be is named."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import boto3
import pytest
import requests

from expectations.contract.outcomes import Outcome
from flows.b3.payload import Payload
from flows.backfill.recovery import Recovered, Recovery
from flows.errors import EtlOverdue
from flows.record.state import State
from flows.record.status import read_status
from flows.session import etl, storage
from flows.session.raw_file import RawFacts, encode
from local.b3 import sample
from local.b3.formats import json_page
from local.rights.keys import FLOW_ROLE

if TYPE_CHECKING:
    from flows.b3.portfolio import Portfolio
    from flows.session.pipeline import Pipeline
    from flows.session.storage import RawVersion
    from local.account.client import Account
    from tests.end_to_end.conftest import Operator

pytestmark = pytest.mark.account

LANDED, RAW, GIVEN_UP, DAMAGED, MISSING, MONDAY = (date(2025, 11, day) for day in (3, 4, 5, 6, 7, 10))
INDEX = "IBXX"  # whose tables the tests of the Ibovespa's views do not look at
DAYS = {"since": LANDED, "until": MISSING, "indices": [INDEX]}

# On Monday morning B3 still shows Friday's session, which nobody has collected.
FLOWS = """
import json
from datetime import date, datetime
from flows.daily import daily
from flows.reconcile import reconcile
from flows.status import status

monday = datetime.fromisoformat("2025-11-10T06:30:00-03:00")
states = [daily("IBXX", collected_at=monday, return_state=True)]
days = {"since": date(2025, 11, 3), "until": date(2025, 11, 10), "indices": ["IBXX"]}
states += [flow(**days, return_state=True) for flow in (reconcile, status)]
print(json.dumps([[state.name, state.result()] for state in states]))
"""


def portfolio_of(session: date) -> Portfolio:
    return sample.as_of(session, sample.recorded(date(2025, 6, 30)).restated(index=INDEX))


def land(pipeline: Pipeline, portfolio: Portfolio) -> None:
    body = json_page(portfolio, 1, 120, by_sector=True)
    at = sample.collected_at(portfolio.session)
    storage.land(pipeline.lake.raw, Payload(INDEX, "json", 1, body, at, ""))


def upload(pipeline: Pipeline, portfolio: Portfolio) -> None:
    facts = RawFacts.of(portfolio, sample.collected_at(portfolio.session), [])
    content = encode(portfolio, facts)
    storage.upload_raw(pipeline.lake.raw, content, facts, of_batch=True)


def give_up(operator: Operator, portfolio: Portfolio) -> RawVersion:
    """Run the steps of the daily flow, and give up before the Glue run has ended."""
    hasty = operator.pipeline.settings.model_copy(update={"etl_timeout": 0.1})
    with pytest.raises(EtlOverdue):
        replace(operator, pipeline=replace(operator.pipeline, settings=hasty)).run(portfolio)
    version = storage.find_raw(operator.pipeline.lake.raw, INDEX, portfolio.session)
    assert version
    return version


def report_ten_times(account: Account, version: RawVersion) -> None:
    """Have the Lambda told of an upload ten times more, at once."""
    session: Any = boto3.Session(*account.keys(), region_name=account.region)
    functions = session.client("lambda", endpoint_url=account.endpoint_url)
    stored = {"bucket": {"name": version.bucket}, "object": {"key": version.key, "versionId": version.version_id}}
    event = json.dumps({"Records": [{"eventName": "ObjectCreated:Put", "s3": stored}]}).encode()

    def invoke(_: int) -> None:
        functions.invoke(FunctionName="trigger-glue-job", InvocationType="Event", Payload=event)

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(invoke, range(10)))


def glue_runs(operator: Operator) -> list[dict[str, str]]:
    runs = operator.pipeline.lake.job.client.get_job_runs(JobName="bovespa-etl-job")["JobRuns"]
    return [run["Arguments"] for run in runs]


def states(operator: Operator) -> dict[date, State]:
    (status,) = read_status(operator.pipeline, datetime.now(UTC), **DAYS).indices  # type: ignore[arg-type]
    return {item.session: item.state for item in status.sessions}


def recover(operator: Operator) -> Recovered:
    return Recovery(operator.pipeline, at_once=True).run(datetime.now(UTC), **DAYS)  # type: ignore[arg-type]


def test_every_session_is_brought_from_where_it_stands_to_published_with_one_more_glue_run(
    operator: Operator, account: Account
) -> None:
    pipeline, before = operator.pipeline, len(glue_runs(operator))
    version = give_up(operator, portfolio_of(GIVEN_UP))
    report_ten_times(account, version)
    land(pipeline, portfolio_of(LANDED))
    upload(pipeline, portfolio_of(RAW))
    damaged = portfolio_of(DAMAGED)
    land(pipeline, replace(damaged, holdings=damaged.holdings[1:]))
    run = etl.wait_for_start(pipeline.lake.job, version, 60)
    etl.wait_for_end(pipeline.lake.job, run, 120)
    assert states(operator) == {
        LANDED: State.LANDED,
        RAW: State.RAW,
        GIVEN_UP: State.STAGED,
        DAMAGED: State.LANDED,
        MISSING: State.MISSING,
    }

    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: recover(operator), range(2)))

    for recovered in both:
        found = {attempt.session: attempt.outcome for attempt in recovered.attempts}
        assert set(found) <= {LANDED, RAW, GIVEN_UP, DAMAGED}
        assert found.pop(DAMAGED, Outcome.QUARANTINED) is Outcome.QUARANTINED
        assert set(found.values()) <= {Outcome.PUBLISHED, Outcome.ALREADY_PUBLISHED}
    assert states(operator) == {
        **dict.fromkeys((LANDED, RAW, GIVEN_UP), State.PUBLISHED),
        DAMAGED: State.QUARANTINED,
        MISSING: State.MISSING,
    }
    visible = operator.query(
        "SELECT day, count(*), count(DISTINCT codigo) FROM bovespa_refined_indices "
        f"WHERE indice = '{INDEX}' AND year = 2025 AND month = 11 GROUP BY day ORDER BY day"
    )
    assert visible.rows == tuple((str(session.day), "84", "84") for session in (LANDED, RAW, GIVEN_UP))
    of_batch, given_up = glue_runs(operator)[: len(glue_runs(operator)) - before]
    assert (of_batch.keys(), given_up["--raw_version_id"]) == ({"--raw_list"}, version.version_id)


def artifact(account: Account, key: str) -> str:
    """The newest artifact of that key, as Prefect keeps it."""
    address = f"{account.prefect_api_url}/artifacts/latest/filter"
    wanted = {"artifacts": {"key": {"any_": [key]}}}
    answer = requests.post(address, json=wanted, auth=tuple(account.prefect_auth.split(":")), timeout=30)
    return str(answer.json()[0]["data"])


def test_the_flows_take_a_stale_answer_under_its_own_date_and_say_what_was_done_and_what_is_left(
    operator: Operator, account: Account
) -> None:
    operator.stand_in.show(portfolio_of(MISSING))
    variables = {**os.environ, **account.environment(FLOW_ROLE), "B3_BASE_URL": operator.stand_in.url}
    done = subprocess.run(
        [sys.executable, "-c", FLOWS], env=variables, capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 0, done.stderr
    (stale, collected), (reconciled, recovered), (incomplete, reported) = json.loads(done.stdout)
    assert stale == "Stale"
    assert (collected["outcome"], collected["session"], collected["rows"]) == ("stale", str(MISSING), 84)
    assert collected["reason"] == (
        f"B3 still shows {MISSING}, {MONDAY} expected; tried again on the schedule "
        f"({MISSING} was missing: it is taken under its own date)"
    )

    assert (reconciled, recovered["attempts"]) == ("Completed", [])
    assert [item["session"] for item in recovered["left"]] == [str(DAMAGED), str(MONDAY)]
    assert artifact(account, "reconcile").startswith("# nothing to do; left: 1 quarantined, 1 missing")

    assert incomplete == "Incomplete"
    (found,) = reported["indices"]
    assert found["counts"] == {"published": 4, "quarantined": 1, "missing": 1}
    (quarantined,) = (item for item in found["sessions"] if item["state"] == "quarantined")
    assert (quarantined["session"], quarantined["gate"]) == (str(DAMAGED), "gate-1-raw")
    assert "rows are B3's totalRecords, 84: 83" in quarantined["demands"]
    assert "rows are B3's totalRecords, 84: 83" in artifact(account, "status")
