"""The run's date taken for the session's: one portfolio under several dates, or under a day without trading."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from flows.backfill.importing.files import Found, SourceFile
from flows.backfill.importing.suspects import Suspect, suspects_apart

if TYPE_CHECKING:
    from flows.b3.portfolio import Portfolio

MONDAY, TUESDAY, SATURDAY = date(2025, 6, 30), date(2025, 7, 1), date(2025, 6, 28)
CARNIVAL = date(2025, 3, 3)  # a Monday without trading


def copy(portfolio: Portfolio, session: date, *, b3_states_session: bool = False) -> Found:
    file = SourceFile(f"{session}.parquet", b"")
    return Found((file,), portfolio.restated(session=session), b3_states_session=b3_states_session)


def reasons(*copies: Found) -> list[str | None]:
    return [item.reason if isinstance(item, Suspect) else None for item in suspects_apart(copies)]


def moved(portfolio: Portfolio) -> Portfolio:
    """The portfolio of another session: two weights have moved."""
    first, second, *rest = portfolio.holdings
    thousandth = Decimal("0.001")
    first = replace(first, participacao_pct=first.participacao_pct + thousandth)
    second = replace(second, participacao_pct=second.participacao_pct - thousandth)
    return replace(portfolio, holdings=(first, second, *rest))


def test_a_day_without_trading_is_no_session(sample: Portfolio) -> None:
    for day in (SATURDAY, CARNIVAL):
        (reason,) = reasons(copy(sample, day))
        assert reason is not None
        assert "no trading day" in reason


def test_the_trading_day_among_three_dates_of_one_portfolio_is_its_session(sample: Portfolio) -> None:
    found = reasons(copy(sample, SATURDAY), copy(sample, date(2025, 6, 29)), copy(sample, MONDAY))
    assert [reason is None for reason in found] == [False, False, True]


def test_the_same_figures_on_two_trading_days_are_neither_s(sample: Portfolio) -> None:
    first, second = reasons(copy(sample, MONDAY), copy(sample, TUESDAY))
    assert first == second
    assert first is not None
    assert "2025-06-30, 2025-07-01" in first


def test_two_copies_of_one_session_are_both_good(sample: Portfolio) -> None:
    assert reasons(copy(sample, MONDAY), copy(sample, MONDAY)) == [None, None]


def test_other_figures_are_another_session(sample: Portfolio) -> None:
    assert reasons(copy(sample, MONDAY), copy(moved(sample), TUESDAY)) == [None, None]


def test_b3s_own_word_is_believed_against_a_copiers(sample: Portfolio) -> None:
    own = copy(sample, MONDAY, b3_states_session=True)
    first, second = reasons(own, copy(sample, TUESDAY))
    assert first is None
    assert second is not None


def test_b3s_own_word_is_believed_on_a_holiday(sample: Portfolio) -> None:
    assert reasons(copy(sample, CARNIVAL, b3_states_session=True)) == [None]
