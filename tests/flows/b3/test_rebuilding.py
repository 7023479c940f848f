"""A session that is taken out of a series is computed from its neighbours, cell by cell; or refused by what is missing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from expectations.contract.quotes import Quote
from expectations.contract.tables import REBUILT
from flows.b3.portfolio import Portfolio
from flows.b3.rebuilding import Surroundings, rebuild_session
from flows.b3.weights import Position, next_divisor, total_value, weights
from flows.errors import NotRebuildable
from local.b3 import sample
from tests.flows.b3 import recorded

JUNE_30, JULY_1, JULY_2, JULY_3, JULY_4, JULY_7 = recorded.SESSIONS


def around(session: date) -> Surroundings:
    """What is known of a recorded session once it was taken out."""
    at = recorded.SESSIONS.index(session)
    before, _, after = recorded.SESSIONS[at - 1 : at + 2]
    quotes = {before: recorded.quotes(before), session: recorded.quotes(session)}
    return Surroundings(
        session, recorded.portfolio(before), recorded.portfolio(after), (before, session, after), quotes, quotes
    )


def told(session: date, **amounts: str) -> dict[tuple[date, str], Fraction]:
    return {(session, ticker): Fraction(amount) for ticker, amount in amounts.items()}


def test_a_session_with_one_payment_is_solved_exactly_cell_by_cell() -> None:
    found = rebuild_session(around(JULY_4))
    stated = recorded.portfolio(JULY_4)
    assert found.portfolio.holdings == stated.holdings
    assert found.portfolio.statement == stated.statement
    assert (found.portfolio.source, found.is_exact) == (REBUILT, True)
    assert any(line.startswith("RADL3 ex 0.0653") for line in found.evidence)
    assert f"divisor {stated.statement.divisor:,}, that of 2025-07-07" in found.evidence


def test_a_session_with_several_payments_is_refused_and_they_are_named() -> None:
    with pytest.raises(NotRebuildable, match=r"BBDC3 on 2025-07-01, BBDC4 on 2025-07-01, ITUB4 on 2025-07-01") as error:
        rebuild_session(around(JULY_1))
    assert "--event" in str(error.value)


def test_what_came_off_may_be_told_and_the_weights_are_b3s() -> None:
    amounts = {event: Fraction(amount) for event, amount in sample.EX_AMOUNTS.items()}
    # RENT3's flag went from EJ to EX, and nothing came off.
    found = rebuild_session(around(JULY_1), amounts | told(JULY_1, RENT3="0"))
    stated = recorded.portfolio(JULY_1)
    assert found.portfolio.holdings == stated.holdings
    assert not found.is_exact
    assert found.portfolio.statement.divisor is not None
    assert stated.statement.divisor is not None
    # The amounts are announced with four decimals.
    assert abs(found.portfolio.statement.divisor / stated.statement.divisor - 1) < Decimal("1e-7")


@pytest.mark.parametrize("wrong", ["0.30", "0.10", "2.00"])
def test_an_amount_that_is_told_wrong_shows_in_the_session_after(wrong: str) -> None:
    amounts = {event: Fraction(amount) for event, amount in sample.EX_AMOUNTS.items()}
    with pytest.raises(NotRebuildable):
        rebuild_session(around(JULY_1), amounts | told(JULY_1, RENT3="0", BBDC4=wrong))


def test_an_amount_of_the_only_payment_that_is_told_wrong_is_refused_by_the_divisor() -> None:
    assert rebuild_session(around(JULY_4), told(JULY_4, RADL3="0.065365")).portfolio == replace(
        recorded.portfolio(JULY_4), source=REBUILT
    )
    with pytest.raises(NotRebuildable, match="an amount is wrong or missing"):
        rebuild_session(around(JULY_4), told(JULY_4, RADL3="0.0769"))


def test_a_payment_of_the_session_after_leaves_the_session_plain() -> None:
    """The series ends in the session of the payment: the one before it has the divisor of the one before that."""
    series = Series(["2025-08-04", "2025-08-05", "2025-08-06"])
    series.pay("2025-08-06", "VALE3", Fraction(1, 4))
    found = rebuild_session(series.around("2025-08-05"))
    assert found.portfolio == replace(series.stated["2025-08-05"], source=REBUILT)
    assert found.is_exact


def test_a_share_that_is_not_in_the_index_or_a_day_outside_cannot_be_told() -> None:
    with pytest.raises(NotRebuildable, match="the index does not have it"):
        rebuild_session(around(JULY_4), told(JULY_4, AAAA3="0.1"))
    with pytest.raises(NotRebuildable, match="not a session after"):
        rebuild_session(around(JULY_4), told(JULY_3, RADL3="0.1"))


class Series:
    """Sessions made by the rule: prices that move every day, and what is paid."""

    def __init__(self, days: list[str]) -> None:
        self.days = days
        self.amounts: dict[tuple[str, str], Fraction] = {}
        self.splits: dict[tuple[str, str], int] = {}
        self._made: dict[str, Portfolio] = {}

    def pay(self, day: str, ticker: str, amount: Fraction) -> None:
        self.amounts[day, ticker] = amount

    def split(self, day: str, ticker: str, factor: int) -> None:
        self.splits[day, ticker] = factor

    def close(self, day: str, ticker: str) -> Decimal:
        base = {quote.ticker: quote.close for quote in recorded.quotes(JULY_4).values()}[ticker]
        moved = (sum(map(ord, ticker + day)) * 37) % 90 - 45
        return max(base + Decimal(moved) / 100, Decimal("0.10"))

    def tipo(self, day: str, ticker: str, plain: str) -> str:
        flag = "EJ" if (day, ticker) in self.amounts else "EB" if (day, ticker) in self.splits else plain[4:8].strip()
        return f"{plain[:4]:4}{flag:4}{plain[8:]}".rstrip()

    @property
    def stated(self) -> dict[str, Portfolio]:
        if self._made:
            return self._made
        first = recorded.portfolio(JULY_7)
        quantities = {row.codigo: row.qtde_teorica for row in first.holdings}
        divisor = first.statement.divisor
        assert divisor is not None
        before = "2025-08-01"
        for day in self.days:
            was = dict(quantities)
            for (at, ticker), factor in self.splits.items():
                quantities[ticker] *= factor if at == day else 1
            price = {
                ticker: Fraction(self.close(before, ticker)) * was[ticker] / quantities[ticker]
                - self.amounts.get((day, ticker), 0)
                for ticker in quantities
            }
            positions = [
                Position(row.codigo, row.acao, quantities[row.codigo], price[row.codigo]) for row in first.holdings
            ]
            worth_before = sum((was[ticker] * Fraction(self.close(before, ticker)) for ticker in was), Fraction(0))
            divisor = next_divisor(divisor, worth_before, total_value(positions))
            made = weights(positions)
            rows = tuple(
                replace(
                    row,
                    tipo=self.tipo(day, row.codigo, row.tipo),
                    qtde_teorica=quantities[row.codigo],
                    participacao_pct=made[row.codigo],
                )
                for row in first.holdings
            )
            stated = replace(first, holdings=rows).restated(
                session=date.fromisoformat(day), divisor=divisor, total_quantity=sum(quantities.values())
            )
            self._made[day] = stated
            before = day
        return self._made

    def quotes(self, day: str) -> dict[str, Quote]:
        return {
            row.codigo: Quote(
                date.fromisoformat(day), row.codigo, "", row.tipo, row.acao, self.close(day, row.codigo), 1, 0
            )
            for row in self.stated[day].holdings
        }

    def around(self, day: str, *, gap: int = 1) -> Surroundings:
        at = self.days.index(day)
        window = self.days[at - 1 : at + 1 + gap]
        quotes = {date.fromisoformat(item): self.quotes(item) for item in window[:-1]}
        sessions = tuple(map(date.fromisoformat, window))
        return Surroundings(
            date.fromisoformat(day), self.stated[window[0]], self.stated[window[-1]], sessions, quotes, quotes
        )


WEEK = ["2025-08-04", "2025-08-05", "2025-08-06", "2025-08-07", "2025-08-08"]


@pytest.mark.parametrize("day", WEEK[1:-1])
def test_every_session_between_equal_ones_is_rebuilt_cell_by_cell(day: str) -> None:
    series = Series(WEEK)
    found = rebuild_session(series.around(day))
    assert found.portfolio == replace(series.stated[day], source=REBUILT)
    assert found.is_exact


@pytest.mark.parametrize("gap", [2, 3])
def test_the_first_of_several_missing_sessions_is_rebuilt_too(gap: int) -> None:
    series = Series(WEEK)
    found = rebuild_session(series.around(WEEK[1], gap=gap))
    assert found.portfolio == replace(series.stated[WEEK[1]], source=REBUILT)


@pytest.mark.parametrize("day", WEEK[1:3])
def test_a_share_that_is_split_is_rebuilt_with_its_new_quantity(day: str) -> None:
    series = Series(WEEK)
    series.split(WEEK[2], "WEGE3", 2)
    found = rebuild_session(series.around(day))
    assert found.portfolio == replace(series.stated[day], source=REBUILT)


def test_a_share_that_did_not_trade_has_the_name_and_flags_of_both_neighbours() -> None:
    series = Series(WEEK)
    known = series.around(WEEK[1])
    quiet = {day: {**quotes} for day, quotes in known.traded.items()}
    del quiet[known.session]["WEGE3"]
    found = rebuild_session(replace(known, traded=quiet))
    assert found.portfolio == replace(series.stated[WEEK[1]], source=REBUILT)
    assert any(line.startswith("not traded on 2025-08-05") and line.endswith("WEGE3") for line in found.evidence)


def test_a_share_without_a_price_is_named() -> None:
    known = Series(WEEK).around(WEEK[1])
    lacking = {
        day: {ticker: item for ticker, item in of.items() if ticker != "WEGE3"} for day, of in known.closes.items()
    }
    with pytest.raises(NotRebuildable, match="no prices of 2025-08-04: WEGE3"):
        rebuild_session(replace(known, closes=lacking))


def test_a_rebalancing_is_named_with_what_entered_and_left() -> None:
    known = Series(["2025-09-01", "2025-09-02", "2025-09-03"]).around("2025-09-02")
    first, *others = known.after.holdings
    other = replace(known.after, holdings=(replace(first, codigo="NEWS3", qtde_teorica=7), *others))
    with pytest.raises(NotRebuildable, match=r"the index was rebalanced: NEWS3 entered, ALOS3 left"):
        rebuild_session(replace(known, after=other))


def test_a_divisor_that_moved_without_a_sign_is_told() -> None:
    known = Series(WEEK).around(WEEK[1])
    divisor = known.after.statement.divisor
    assert divisor is not None
    moved = known.after.restated(divisor=divisor - 1)
    with pytest.raises(NotRebuildable, match="no share shows an event"):
        rebuild_session(replace(known, after=moved))


def test_without_a_divisor_nothing_is_rebuilt() -> None:
    known = Series(WEEK).around(WEEK[1])
    with pytest.raises(NotRebuildable, match="2025-08-06: its divisor is not known"):
        rebuild_session(replace(known, after=known.after.restated(divisor=None)))


def test_an_unseen_change_in_the_session_after_is_found_by_its_weights() -> None:
    known = Series(WEEK).around(WEEK[1])
    rows = {row.codigo: row.participacao_pct for row in known.after.holdings}
    damaged = recorded.with_cells(known.after, participacao_pct={"VALE3": rows["ITUB4"], "ITUB4": rows["VALE3"]})
    with pytest.raises(NotRebuildable, match="does not follow"):
        rebuild_session(replace(known, after=damaged))
