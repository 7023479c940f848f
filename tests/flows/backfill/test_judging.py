"""Prices that come after a publication: its session is verified then, once, and what it came to is kept."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest

from expectations.contract.catalog import table_input
from expectations.contract.ledger import LEDGER_TABLE
from expectations.contract.names import DATABASE, REFINED_BUCKET
from expectations.contract.outcomes import Outcome, Verdict
from flows.b3.calendar import SAO_PAULO
from flows.backfill.judging import Judging
from flows.errors import AwsError
from flows.lake.metrics import Metrics
from flows.record.state import SessionState, State
from flows.record.status import read_status
from flows.session.pipeline import Pipeline
from local.b3 import sample
from tests.flows.history.published import Account
from tests.flows.history.test_witness import JULY_1, JUNE_27, JUNE_30, publish, store

NOW = datetime.now(SAO_PAULO)


class CloudWatch:
    """Keeps what is emitted, or has nobody there."""

    def __init__(self, *, away: bool = False) -> None:
        self.away = away
        self.values: list[tuple[str, float]] = []

    def put_metric_data(self, *, Namespace: str, MetricData: Any) -> object:  # noqa: N803, ANN401 - AWS's
        if self.away:
            raise AwsError("CloudWatch is down")
        self.values += [(item["MetricName"], item["Value"]) for item in MetricData]
        return {}


@pytest.fixture
def ibov(s3: Any, glue: Any, monkeypatch: pytest.MonkeyPatch) -> Account:  # noqa: ANN401 - the fixtures' clients
    # The account has of a session what is read of it here: its raw file and its record.
    monkeypatch.setattr("flows.record.status.listed_damage", lambda *_: {})
    account = Account(s3, glue)
    with suppress(glue.exceptions.AlreadyExistsException):
        glue.create_table(DatabaseName=DATABASE, TableInput=table_input(LEDGER_TABLE, REFINED_BUCKET))
    for session in (JUNE_30, JULY_1):
        publish(account, sample.recorded(session))
    return account


def pipeline_of(account: Account, watch: CloudWatch) -> Pipeline:
    made = account.pipeline()
    return replace(made, lake=replace(made.lake, metrics=Metrics(watch, "Bovespa")))


def states(pipeline: Pipeline) -> dict[date, SessionState]:
    return {item.session: item for item in read_status(pipeline, NOW).of("IBOV").days if item.state is State.PUBLISHED}


def test_sessions_are_verified_once_prices_have_come_and_not_again(ibov: Account) -> None:
    watch = CloudWatch()
    pipeline = pipeline_of(ibov, watch)
    assert {item.verdict for item in states(pipeline).values()} == {Verdict.WITHOUT_PRICES}
    assert Judging(pipeline).run(NOW) == [], "no prices are no news"
    store(pipeline.lake, JUNE_27, JUNE_30, JULY_1)
    attempts = Judging(pipeline).run(NOW)
    assert [(item.session, item.outcome, item.verdict) for item in attempts] == [
        (JUNE_30, Outcome.JUDGED, Verdict.WITH_EVENTS),
        (JULY_1, Outcome.JUDGED, Verdict.WITH_EVENTS),
    ]
    assert {item.verdict for item in states(pipeline).values()} == {Verdict.WITH_EVENTS}
    assert Judging(pipeline).run(NOW) == []
    assert watch.values == [("DivergentSessions", 0.0)]


def test_what_diverges_says_why_and_is_counted(ibov: Account) -> None:
    watch = CloudWatch()
    pipeline = pipeline_of(ibov, watch)
    store(pipeline.lake, JUNE_27, JUNE_30, JULY_1)
    rows = {row.codigo: row for row in sample.recorded(JULY_1).holdings}
    swapped = {"VALE3": rows["ITUB4"].qtde_teorica, "ITUB4": rows["VALE3"].qtde_teorica}
    damaged = [replace(row, qtde_teorica=swapped.get(row.codigo, row.qtde_teorica)) for row in rows.values()]
    publish(ibov, replace(sample.recorded(JULY_1), holdings=tuple(damaged)))
    Judging(pipeline).run(NOW)
    found = states(pipeline)[JULY_1]
    assert (found.state, found.verdict) == (State.PUBLISHED, Verdict.DIVERGENT)
    assert "VALE3" in found.why
    assert watch.values == [("DivergentSessions", 1.0)]
    assert Judging(pipeline).run(NOW) == [], "the same divergence is no news"


def test_what_is_published_anew_has_to_be_verified_anew(ibov: Account) -> None:
    pipeline = pipeline_of(ibov, CloudWatch())
    store(pipeline.lake, JUNE_27, JUNE_30, JULY_1)
    Judging(pipeline).run(NOW)
    before = read_status(pipeline, NOW).traces.sessions["IBOV"][JULY_1]
    assert before.verdict is Verdict.WITH_EVENTS
    assert before.judged_at is not None
    later = replace(before, published_at=before.judged_at.replace(year=2099))
    assert later.verdict is None


def test_metrics_that_cannot_be_kept_are_a_warning(ibov: Account) -> None:
    pipeline = pipeline_of(ibov, CloudWatch(away=True))
    store(pipeline.lake, JUNE_27, JUNE_30, JULY_1)
    warnings: list[str] = []
    assert Judging(pipeline, warn=warnings.append).run(NOW)
    assert warnings == ["the metrics were not kept: CloudWatch is down"]


def test_that_it_was_verified_hides_no_attempt_that_failed_since(ibov: Account) -> None:
    """A verification is no attempt to publish: what a session waits for is what the attempts before it say."""
    pipeline = pipeline_of(ibov, CloudWatch())
    store(pipeline.lake, JUNE_27, JUNE_30, JULY_1)
    Judging(pipeline).run(NOW)
    traces = read_status(pipeline, NOW).traces.sessions["IBOV"][JULY_1]
    assert (traces.attempts, traces.attempted_at) == ((), None)
    assert traces.judged is not None
    assert traces.judged.outcome is Outcome.JUDGED
