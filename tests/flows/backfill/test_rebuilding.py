"""What is read for a session that is to be rebuilt, what is refused, and what users say of events."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from expectations.contract.tables import REBUILT
from flows.b3.calendar import sessions_between
from flows.backfill.rebuilding import Rebuilding, rebuildable, told_events
from flows.errors import NotRebuildable, SettingsError
from flows.history.month_files import month_of
from flows.history.quotes import NewQuotes, store_quotes
from tests.flows.b3 import recorded
from tests.flows.history.published import Account
from tests.flows.history.test_witness import publish

JULY_3, JULY_4, JULY_7 = recorded.SESSIONS[-3:]


@pytest.fixture
def account_without_july_4(s3: Any, glue: Any) -> Account:  # noqa: ANN401 - the fixtures' clients
    account = Account(s3, glue)
    for session in (JULY_3, JULY_7):
        publish(account, recorded.portfolio(session))
    return account


def store(account: Account, *sessions: date) -> None:
    quotes = [quote for session in sessions for quote in recorded.quotes(session).values()]
    store_quotes(
        account.pipeline().lake, NewQuotes(month_of(JULY_4), quotes, {quote.session: "recorded" for quote in quotes})
    )


def test_a_session_is_planned_from_what_is_published_and_the_prices(account_without_july_4: Account) -> None:
    store(account_without_july_4, JULY_3, JULY_4)
    pipeline = account_without_july_4.pipeline()
    plan = Rebuilding.of(pipeline, "IBOV").plan(JULY_4)
    assert plan.portfolio.holdings == recorded.portfolio(JULY_4).holdings
    assert (plan.portfolio.source, plan.stated, plan.differences) == (REBUILT, None, [])
    assert plan.headline == "IBOV 2025-07-04: 84 shares, from 2025-07-03 and 2025-07-07, exact"
    assert plan.to_dict()["evidence"] == list(plan.rebuilt.evidence)
    assert rebuildable(pipeline, [("IBOV", JULY_4), ("IBOV", date(2025, 7, 8)), ("IFIX", JULY_4)]) == {
        ("IBOV", JULY_4): plan.headline
    }


def test_what_was_published_meanwhile_is_compared_and_not_replaced(account_without_july_4: Account) -> None:
    store(account_without_july_4, JULY_3, JULY_4)
    publish(account_without_july_4, recorded.portfolio(JULY_4))
    rebuilding = Rebuilding.of(account_without_july_4.pipeline(), "IBOV")
    plan = rebuilding.plan(JULY_4)
    assert plan.to_dict()["compared"]
    assert plan.differences == []
    with pytest.raises(NotRebuildable, match="has a raw file in B3's own words"):
        rebuilding.publish(plan)


def test_what_was_rebuilt_before_is_nothing_to_compare_with(account_without_july_4: Account) -> None:
    store(account_without_july_4, JULY_3, JULY_4)
    publish(account_without_july_4, replace(recorded.portfolio(JULY_4), source=REBUILT))
    plan = Rebuilding.of(account_without_july_4.pipeline(), "IBOV").plan(JULY_4)
    assert (plan.stated, plan.to_dict()["compared"]) == (None, False)


@pytest.mark.parametrize(("apart", "why"), [(9, "no prices of 2025-07-03"), (10, "are 10 sessions apart")])
def test_published_sessions_far_apart_tell_nothing_of_what_lies_between(
    s3: Any,  # noqa: ANN401 - the fixtures' clients
    glue: Any,  # noqa: ANN401
    apart: int,
    why: str,
) -> None:
    account = Account(s3, glue)
    days = sessions_between(JULY_3, date(2025, 7, 31))
    for session in (days[0], days[apart]):
        publish(account, recorded.portfolio(JULY_3).restated(session=session))
    with pytest.raises(NotRebuildable, match=why):
        Rebuilding.of(account.pipeline(), "IBOV").plan(JULY_4)


@pytest.mark.parametrize(
    ("session", "why"),
    [
        pytest.param(JULY_4, "no prices of 2025-07-03, 2025-07-04: bovespa prices --from 2025-07-03", id="prices"),
        pytest.param(date(2025, 7, 5), "2025-07-05 is no trading day", id="a Saturday"),
        pytest.param(date(2025, 7, 8), "no session after 2025-07-08 is published", id="nothing after"),
        pytest.param(date(2025, 7, 2), "no session before 2025-07-02 is published", id="nothing before"),
    ],
)
def test_what_is_missing_is_named(account_without_july_4: Account, session: date, why: str) -> None:
    with pytest.raises(NotRebuildable, match=why):
        Rebuilding.of(account_without_july_4.pipeline(), "IBOV").plan(session)


def test_events_are_told_as_a_share_and_an_amount_and_a_day_where_it_is_another() -> None:
    assert told_events(["RADL3=0.0769", "bbdc3@2025-07-02=1"]) == {
        (None, "RADL3"): Decimal("0.0769"),
        (date(2025, 7, 2), "BBDC3"): Decimal(1),
    }


@pytest.mark.parametrize("text", ["RADL3", "RADL3=", "=1", "RADL3=-1", "RADL3=0,07", "RADL3@2025-13-01=1", "RADL3=nan"])
def test_an_event_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="expected TICKER=AMOUNT"):
        told_events([text])
