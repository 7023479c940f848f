"""Recorded sessions are verified by the closes before them, and what is damaged is divergent, with the shares by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from expectations.contract.outcomes import Verdict
from flows.b3.portfolio import Portfolio
from flows.b3.verification import Prices
from flows.b3.weights import next_divisor
from flows.b3.witness import judge, renamed
from tests.flows.b3 import recorded

JUNE_30, JULY_1, JULY_2, JULY_3, JULY_4, JULY_7 = recorded.SESSIONS
WRAP = 2**32

Damage = Callable[[Portfolio], Portfolio]


def cells(found: Portfolio, column: str) -> dict[str, object]:
    return {row.codigo: getattr(row, column) for row in found.holdings}


def exchanged(column: str, one: str, other: str) -> Damage:
    def damage(found: Portfolio) -> Portfolio:
        values = cells(found, column)
        return recorded.with_cells(found, **{column: {one: values[other], other: values[one]}})

    return damage


def wrapped(ticker: str) -> Damage:
    def damage(found: Portfolio) -> Portfolio:
        quantity = cells(found, "qtde_teorica")[ticker]
        assert isinstance(quantity, int)
        cut = recorded.with_cells(found, qtde_teorica={ticker: quantity % WRAP})
        return cut.restated(total_quantity=sum(row.qtde_teorica for row in cut.holdings))

    return damage


def moved_by_a_thousandth(found: Portfolio) -> Portfolio:
    weights = {row.codigo: row.participacao_pct for row in found.holdings}
    step = Decimal("0.001")
    return recorded.with_cells(
        found, participacao_pct={"VALE3": weights["VALE3"] + step, "ITUB4": weights["ITUB4"] - step}
    )


def of_the_session_before(found: Portfolio) -> Portfolio:
    """The figures of the session before under this one's date, as people store what B3 still shows."""
    return recorded.portfolio(recorded.BEFORE[found.session]).restated(session=found.session)


def of_another_index(found: Portfolio) -> Portfolio:
    """A part of the shares, with weights of their own: another index has other quantities of them."""
    quantities = {row.codigo: row.qtde_teorica * (3 if row.codigo < "M" else 2) for row in found.holdings}
    return recorded.with_cells(found, qtde_teorica=quantities)


def with_a_divisor(factor: str) -> Damage:
    def damage(found: Portfolio) -> Portfolio:
        assert found.statement.divisor is not None
        return found.restated(divisor=found.statement.divisor * Decimal(factor))

    return damage


@pytest.mark.parametrize("session", recorded.SESSIONS, ids=str)
def test_a_recorded_session_is_verified_whole(session: date) -> None:
    found = judge(recorded.portfolio(session), recorded.prices(session))
    assert found.verdict is (Verdict.VERIFIED if session == JULY_7 else Verdict.WITH_EVENTS)
    assert (found.differences, found.unpriced, found.remarks) == ((), (), ())


@pytest.mark.parametrize(
    ("session", "points"),
    [(JULY_1, "138854.25"), (JULY_3, "139050.94"), (JULY_4, "140927.86"), (JULY_7, "141263.56")],
    ids=str,
)
def test_the_level_is_that_of_the_portfolio_in_force_at_the_close(session: date, points: str) -> None:
    found = judge(recorded.portfolio(session), recorded.prices(session))
    assert (found.level, found.level_is_exact) == (Decimal(points), True)


@pytest.mark.parametrize(
    ("session", "points"), [(JUNE_30, 136866), (JULY_1, 138854), (JULY_3, 139051), (JULY_4, 140928)], ids=str
)
def test_without_the_session_before_the_level_is_estimated_to_the_point(session: date, points: int) -> None:
    found = judge(recorded.portfolio(session), recorded.prices(session, alone=True))
    assert found.verdict is Verdict.WITH_EVENTS
    assert found.level is not None
    assert not found.level_is_exact
    assert abs(found.level - points) <= 1


def test_the_shares_that_go_ex_have_the_prices_that_their_payments_make() -> None:
    found = judge(recorded.portfolio(JULY_1), recorded.prices(JULY_1))
    paid = {event.ticker: event.close - event.price for event in found.events}
    announced = {"BBDC3": 0.2702 * 0.85, "BBDC4": 0.2972 * 0.85, "ITUB4": 0.0176 * 0.85}
    assert paid.keys() == announced.keys()
    for event in found.events:
        assert abs(float(paid[event.ticker]) - announced[event.ticker]) <= float(event.precision)
        assert event.signs == "new flag EJ"


def test_the_price_of_a_single_share_is_solved_exactly_by_the_divisors() -> None:
    (event,) = judge(recorded.portfolio(JULY_4), recorded.prices(JULY_4)).events
    assert (event.ticker, event.precision) == ("RADL3", 0)
    assert round(float(event.close - event.price), 4) == round(0.0769 * 0.85, 4)


def test_a_second_payment_under_a_flag_that_is_still_on_is_told_by_the_divisor() -> None:
    found = judge(recorded.portfolio(JULY_2), recorded.prices(JULY_2))
    assert "BBDC4" in {event.ticker for event in found.events}
    assert "its flag is still on" in found.line


def test_a_second_payment_that_the_distributions_number_denies_is_divergent() -> None:
    alone = recorded.prices(JULY_2, alone=True)
    closes = {**alone.closes, "NATU3": alone.closes["NTCO3"]}
    alone = replace(alone, closes=closes)
    assert judge(recorded.portfolio(JULY_2), alone).verdict is Verdict.WITH_EVENTS
    denied = replace(alone, opened=closes)
    assert judge(recorded.portfolio(JULY_2), denied).verdict is Verdict.DIVERGENT


def test_a_second_payment_is_told_by_the_distributions_number() -> None:
    prices = recorded.prices(JULY_2, alone=True)
    closes = {**prices.closes, "NATU3": prices.closes["NTCO3"]}
    opened = {
        ticker: replace(quote, session=JULY_2, dismes=quote.dismes + (ticker in ("BBDC3", "BBDC4")))
        for ticker, quote in closes.items()
    }
    found = judge(recorded.portfolio(JULY_2), replace(prices, closes=closes, opened=opened))
    assert found.verdict is Verdict.WITH_EVENTS
    assert "BBDC4 16.68 ex 16.66" in found.line
    assert "DISMES risen" in found.line


DAMAGES: dict[str, Damage] = {
    "PETR3's quantity for PETR4's": exchanged("qtde_teorica", "PETR3", "PETR4"),
    "PETR3's weight for PETR4's": exchanged("participacao_pct", "PETR3", "PETR4"),
    "exchanged quantities of the smallest": exchanged("qtde_teorica", "CVCB3", "PETZ3"),
    "exchanged quantities of shares that go ex": exchanged("qtde_teorica", "BBDC3", "BBDC4"),
    "exchanged weights of shares that go ex": exchanged("participacao_pct", "BBDC3", "BBDC4"),
    "a quantity cut to 32 bits": wrapped("ITUB4"),
    "weights moved by a thousandth": moved_by_a_thousandth,
    "the figures of the session before": of_the_session_before,
    "another index's quantities": of_another_index,
    "a divisor that lost a digit": with_a_divisor("0.1"),
}


@pytest.mark.parametrize("session", [session for session in recorded.SESSIONS if session > JUNE_30], ids=str)
@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_portfolio_is_divergent(session: date, name: str) -> None:
    found = judge(DAMAGES[name](recorded.portfolio(session)), recorded.prices(session))
    assert found.verdict is Verdict.DIVERGENT, found.line


@pytest.mark.parametrize("session", [JULY_1, JULY_3, JULY_4], ids=str)
@pytest.mark.parametrize("name", [name for name in DAMAGES if name != "a divisor that lost a digit"])
def test_a_damaged_portfolio_is_divergent_without_the_session_before(session: date, name: str) -> None:
    damaged = DAMAGES[name](recorded.portfolio(session))
    found = judge(damaged, recorded.prices(session, alone=True))
    assert found.verdict is Verdict.DIVERGENT, found.line


def test_the_shares_that_are_wrong_are_named_and_no_others() -> None:
    damaged = exchanged("qtde_teorica", "PETR3", "PETR4")(recorded.portfolio(JULY_7))
    found = judge(damaged, recorded.prices(JULY_7))
    assert {item.ticker for item in found.far} == {"PETR3", "PETR4"}
    assert "PETR4" in found.line


@pytest.mark.parametrize("factor", ["0.9999999", "1.0000001", "1.01"])
def test_a_divisor_that_moves_without_an_event_is_divergent(factor: str) -> None:
    found = judge(with_a_divisor(factor)(recorded.portfolio(JULY_7)), recorded.prices(JULY_7))
    if factor == "0.9999999":
        assert found.verdict is Verdict.WITH_EVENTS, "a flag is on, and a payment may be too small for the weights"
    else:
        assert found.verdict is Verdict.DIVERGENT
    assert "where 15,438,607.05630450 follows from the closes" in found.line


def test_one_wrong_close_is_divergent_and_names_its_share() -> None:
    prices = recorded.prices(JULY_7)
    wrong = replace(prices.closes["VALE3"], close=prices.closes["VALE3"].close + Decimal("0.50"))
    found = judge(recorded.portfolio(JULY_7), replace(prices, closes={**prices.closes, "VALE3": wrong}))
    assert found.verdict is Verdict.DIVERGENT
    assert [item.ticker for item in found.far] == ["VALE3"]


def test_without_any_price_nothing_is_judged() -> None:
    found = judge(recorded.portfolio(JULY_7), Prices(JULY_4, {}))
    assert (found.verdict, found.line) == (Verdict.WITHOUT_PRICES, "no prices of 2025-07-04")


def test_a_share_without_a_price_leaves_the_others_judged() -> None:
    prices = recorded.prices(JULY_7)
    lacking = replace(prices, closes={ticker: quote for ticker, quote in prices.closes.items() if ticker != "WEGE3"})
    found = judge(recorded.portfolio(JULY_7), lacking)
    assert (found.verdict, found.unpriced) == (Verdict.WITHOUT_PRICES, ("WEGE3",))
    damaged = exchanged("qtde_teorica", "PETR3", "PETR4")(recorded.portfolio(JULY_7))
    assert judge(damaged, lacking).verdict is Verdict.DIVERGENT


def test_where_every_share_may_have_gone_ex_nothing_is_judged() -> None:
    prices = recorded.prices(JULY_7, alone=True)
    plain = {ticker: replace(quote, especi=quote.especi[:4].rstrip()) for ticker, quote in prices.closes.items()}
    flagged = {row.codigo: f"{row.tipo[:4]:4}ER" for row in recorded.portfolio(JULY_7).holdings}
    lower = {ticker: replace(quote, close=quote.close + Decimal("0.5")) for ticker, quote in plain.items()}
    found = judge(recorded.with_cells(recorded.portfolio(JULY_7), tipo=flagged), replace(prices, closes=lower))
    assert found.verdict is Verdict.WITHOUT_PRICES
    assert found.line == "every share may have gone ex: no price is certain"


def test_a_price_for_a_thousand_is_that_of_one() -> None:
    prices = recorded.prices(JULY_7)
    quote = prices.closes["VALE3"]
    by_thousand = replace(quote, close=quote.close * 1000, fatcot=1000)
    found = judge(recorded.portfolio(JULY_7), replace(prices, closes={**prices.closes, "VALE3": by_thousand}))
    assert found.verdict is Verdict.VERIFIED


def test_a_quantity_that_changes_alone_is_at_the_plain_close() -> None:
    """As SBSP3's did on 2024-07-31: the weights follow from the new quantity, and the divisor from both."""
    before, after = recorded.portfolio(JULY_4), recorded.portfolio(JULY_7)
    was = {row.codigo: row.qtde_teorica for row in before.holdings}["WEGE3"]
    earlier = recorded.with_cells(before, qtde_teorica={"WEGE3": was - 1_000_000})
    prices = replace(recorded.prices(JULY_7), before=earlier)
    assert judge(after, prices).verdict is Verdict.DIVERGENT, "its divisor would have moved with it"
    worth_before, worth = (
        sum((row.qtde_teorica * prices.closes[row.codigo].price for row in found.holdings), Fraction(0))
        for found in (earlier, after)
    )
    assert before.statement.divisor is not None
    moved = next_divisor(before.statement.divisor, worth_before, worth)
    assert judge(after.restated(divisor=moved), prices).verdict is Verdict.VERIFIED


def test_a_share_that_is_renamed_is_known_by_its_quantity() -> None:
    assert renamed(recorded.portfolio(JULY_1), recorded.portfolio(JULY_2)) == {"NATU3": "NTCO3"}
