"""The run's date taken for the session's: one portfolio under several dates, or under a day without trading."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from flows.b3.differences import weights_of
from flows.backfill.importing.files import Found, SourceFile
from flows.backfill.importing.suspects import Settled, Suspect, settled, suspects_apart

if TYPE_CHECKING:
    from flows.b3.portfolio import Portfolio

MONDAY, TUESDAY, SATURDAY = date(2025, 6, 30), date(2025, 7, 1), date(2025, 6, 28)
NOW = datetime(2025, 7, 2, 12, tzinfo=UTC)
CARNIVAL = date(2025, 3, 3)  # a Monday without trading


def copy(portfolio: Portfolio, session: date, *, b3_states_session: bool = False) -> Found:
    file = SourceFile(f"{session}.parquet", b"")
    return Found((file,), portfolio.restated(session=session), b3_states_session=b3_states_session)


def reasons(*copies: Found) -> list[str | None]:
    return [item.reason if isinstance(item, Suspect) else None for item in suspects_apart(copies, NOW)]


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


def test_a_holiday_is_refused_also_where_b3_states_it_unless_its_owner_insists(sample: Portfolio) -> None:
    stated = copy(sample, CARNIVAL, b3_states_session=True)
    (reason,) = reasons(stated)
    assert reason is not None
    assert "2025-03-03 is no trading day" in reason
    assert reasons(replace(stated, insisted=True)) == [None]


@pytest.mark.parametrize(
    ("session", "reason"),
    [
        (date(2027, 3, 16), "after 2025-07-02, the newest session that B3 can be showing now"),
        (date(2031, 1, 6), "after 2025-07-02"),
        (date(2025, 7, 3), "after 2025-07-02"),
        (date(1999, 3, 16), "before 2000-01-03: there was no portfolio of IBOV"),
        (date(2000, 1, 2), "before 2000-01-03"),
    ],
)
@pytest.mark.parametrize("insisted", [True, False])
def test_a_date_that_cannot_be_is_refused_whoever_says_it(
    sample: Portfolio, session: date, reason: str, *, insisted: bool
) -> None:
    found = replace(copy(sample, session, b3_states_session=True), insisted=insisted)
    (refused,) = reasons(found)
    assert refused is not None
    assert reason in refused


def test_a_date_before_its_index_began_is_refused(sample: Portfolio) -> None:
    (reason,) = reasons(copy(sample.restated(index="IBEE"), date(2023, 6, 30)))
    assert reason is not None
    assert "before 2024-01-01: there was no portfolio of IBEE" in reason


def test_b3s_own_words_for_two_sessions_of_the_same_weights_are_neither_believed(sample: Portfolio) -> None:
    first, second = reasons(*(copy(sample, day, b3_states_session=True) for day in (MONDAY, TUESDAY)))
    assert first == second
    assert first is not None


def test_weights_of_a_session_that_is_published_are_no_other_s(sample: Portfolio) -> None:
    known = {("IBOV", weights_of(sample)): frozenset({MONDAY})}
    for b3_states_session in (True, False):
        again, other = suspects_apart(
            [copy(sample, day, b3_states_session=b3_states_session) for day in (MONDAY, TUESDAY)], NOW, known
        )
        assert isinstance(again, Found)
        assert isinstance(other, Suspect)
        assert "session 2025-06-30 has these weights already" in other.reason


def test_equal_weights_are_found_whatever_else_was_changed(sample: Portfolio) -> None:
    first, *rest = sample.holdings
    edited = replace(sample, holdings=(replace(first, qtde_teorica=1, tipo="ON"), *rest))
    assert None not in reasons(copy(sample, MONDAY), copy(edited, TUESDAY))


class TestSettling:
    def test_takes_the_one_that_says_most(self, sample: Portfolio) -> None:
        plain = replace(sample, holdings=tuple(replace(item, setor=None) for item in sample.holdings))
        one, other = copy(plain, MONDAY, b3_states_session=True), copy(sample, MONDAY)
        assert settled([one, other]) == Settled(other, (one,), ())

    def test_a_guessed_date_never_blocks_b3s_own_file(self, sample: Portfolio) -> None:
        own, guess = copy(sample, MONDAY, b3_states_session=True), copy(moved(sample), MONDAY)
        assert settled([guess, own]) == Settled(own, (), ((guess, own),))

    @pytest.mark.parametrize("b3_states_session", [True, False])
    def test_takes_none_where_equal_words_disagree(self, sample: Portfolio, *, b3_states_session: bool) -> None:
        one = copy(sample, MONDAY, b3_states_session=b3_states_session)
        other = copy(moved(sample), MONDAY, b3_states_session=b3_states_session)
        found = settled([one, other])
        assert found.best is None
        assert {(item.name, id(item)) for item, _ in found.other} == {(one.name, id(one)), (other.name, id(other))}
