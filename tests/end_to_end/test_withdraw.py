"""A session that is withdrawn is visible nowhere, no run puts it back while B3 says the same, and a replay brings it back."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from time import sleep
from typing import TYPE_CHECKING, Any

import pytest

from expectations.contract.outcomes import Outcome
from flows.b3.payload import Payload
from flows.backfill.recovery import Recovery
from flows.backfill.replay import Replay
from flows.backfill.withdraw import withdraw
from flows.errors import NotPublishedError
from flows.record.attempt import DAILY, WITHDRAW
from flows.record.ledger import Ledger
from flows.record.state import SessionState, State
from flows.record.status import read_status
from flows.session import storage
from flows.session.pipeline import Pipeline
from flows.settings import load_settings
from local.b3 import sample
from local.b3.formats import json_page
from tests.end_to_end.commands import bovespa

if TYPE_CHECKING:
    from flows.b3.portfolio import Portfolio
    from flows.lake.connect import Lake
    from local.account.client import Account
    from tests.end_to_end.conftest import Operator

pytestmark = [pytest.mark.account, pytest.mark.timeout(1800)]

INDEX, BEFORE, SESSION = "SMLL", date(2025, 12, 1), date(2025, 12, 2)  # an index that no other test looks at
REASON = "withdrawn: B3 corrected it by mail"
KILLED = {
    "forget_publication": date(2025, 11, 26),
    "Publisher.withdraw": date(2025, 11, 27),
    "refresh": date(2025, 11, 28),
}
TABLES = {"bovespa_refined_indices": 84, "bovespa_historico": 84, "bovespa_mudancas": 2}


def portfolio_of(session: date) -> Portfolio:
    return sample.as_of(session, sample.recorded(date(2025, 6, 30)).restated(index=INDEX))


def land(pipeline: Pipeline, session: date, at: datetime) -> None:
    body = json_page(portfolio_of(session), 1, 120, by_sector=True)
    storage.land(pipeline.lake.raw, Payload(INDEX, "json", 1, body, at, ""))


@pytest.fixture(scope="module")
def published(lake: Lake) -> None:
    """The session before, and those whose withdrawal is killed, by one Glue run."""
    pipeline = Pipeline(load_settings({}), lake)
    sessions = (*KILLED.values(), BEFORE)
    for session in sessions:
        land(pipeline, session, sample.collected_at(session))
    attempts = Replay(pipeline, INDEX, from_landing=True).run(min(sessions), max(sessions))
    assert [(item.session, item.outcome) for item in attempts] == [(day, Outcome.PUBLISHED) for day in sessions]


def said(account: Account, site: str, *arguments: str) -> tuple[int, dict[str, Any]]:
    settings = {"B3_BASE_URL": site, "BOVESPA_B3_BACKOFF": "0.1"}
    done = bovespa(account.home, *arguments, "--index", INDEX, "--json", **settings)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def visible(operator: Operator, session: date = SESSION) -> dict[str, int]:
    where = f"indice = '{INDEX}' AND data_pregao = DATE '{session}'"
    counted = {name: operator.query(f"SELECT COUNT(*) FROM {name} WHERE {where}").rows[0][0] for name in TABLES}
    return {name: int(str(count)) for name, count in counted.items()}


def state(operator: Operator, session: date = SESSION) -> SessionState:
    found = read_status(operator.pipeline, datetime.now(UTC), session, session, [INDEX])
    ((item,),) = found.sessions.values()
    return item.state


def test_it_is_gone_until_it_is_brought_back(operator: Operator, account: Account, published: None) -> None:
    pipeline, url = operator.pipeline, operator.stand_in.url
    operator.stand_in.show(portfolio_of(SESSION))
    daily = ("run", "--live", "--collected-at", sample.collected_at(SESSION).isoformat())
    assert said(account, url, *daily)[0] == 0
    assert visible(operator) == TABLES

    code, body = said(account, url, "withdraw", "--session", str(SESSION), "--reason", "B3 corrected it\n by mail")
    assert (code, body["outcome"], body["reason"]) == (0, "quarantined", REASON)
    gone = dict.fromkeys(TABLES, 0)
    assert visible(operator) == gone
    assert (state(operator).state, state(operator).reason) == (State.QUARANTINED, REASON)

    # The schedule's next try, while B3 shows the same; and one that fails for another cause.
    code, body = said(account, url, *daily)
    assert (code, body["sessions"][0]["outcome"], body["sessions"][0]["reason"]) == (1, "quarantined", REASON)
    failed = Ledger.of(pipeline.lake, DAILY).run.begin(INDEX, SESSION).ended(Outcome.FAILED, "B3 was not to be had")
    Ledger.of(pipeline.lake, DAILY).write(failed)
    assert (state(operator).state, state(operator).reason) == (State.QUARANTINED, REASON)

    # A recovery, also of a payload that a run has kept and not come to read.
    recovery = Recovery(pipeline, at_once=True)
    assert recovery.run(datetime.now(UTC), SESSION, SESSION, [INDEX]).attempts == []
    sleep(1.1)  # S3 tells whole seconds
    land(pipeline, SESSION, sample.collected_at(SESSION) + timedelta(hours=1))
    (attempt,) = recovery.run(datetime.now(UTC), SESSION, SESSION, [INDEX]).attempts
    assert (attempt.outcome, attempt.reason) == (Outcome.QUARANTINED, REASON)
    assert visible(operator) == gone

    (attempt,) = Replay(pipeline, INDEX).run(SESSION, SESSION)
    assert attempt.outcome is Outcome.PUBLISHED
    assert visible(operator) == TABLES
    assert state(operator).state is State.PUBLISHED
    code, body = said(account, url, *daily)
    assert (code, body["sessions"][0]["outcome"]) == (0, "already published")


@pytest.mark.parametrize(("step", "session"), KILLED.items(), ids=KILLED)
def test_one_that_is_killed_anywhere_is_finished_by_the_next(
    operator: Operator, published: None, monkeypatch: pytest.MonkeyPatch, step: str, session: date
) -> None:
    pipeline = operator.pipeline
    assert visible(operator, session)["bovespa_refined_indices"] == TABLES["bovespa_refined_indices"]
    ledger = Ledger.of(pipeline.lake, WITHDRAW)
    of = "flows.session.storage" if step == "forget_publication" else "flows.backfill.withdraw"
    with monkeypatch.context() as patched:
        patched.setattr(f"{of}.{step}", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            withdraw(pipeline, ledger, INDEX, session, "wrong")
    withdraw(pipeline, ledger, INDEX, session, "wrong")
    assert visible(operator, session) == dict.fromkeys(TABLES, 0)
    found = state(operator, session)
    assert (found.state, found.reason) == (State.QUARANTINED, "withdrawn: wrong")


def test_what_was_never_published_cannot_be_withdrawn(operator: Operator) -> None:
    with pytest.raises(NotPublishedError, match="SMLL 2025-12-03: nothing is published that could be withdrawn"):
        withdraw(operator.pipeline, Ledger.of(operator.pipeline.lake, WITHDRAW), INDEX, date(2025, 12, 3), "wrong")
