"""The rule by which B3 makes weights: recorded sessions to the last thousandth, and what always holds of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from string import ascii_uppercase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.b3.weights import Position, ex_price, level, next_divisor, rounded, total_value, weights, worth_of
from local.b3 import sample
from tests.flows.b3 import recorded
from tests.strategies import TICKERS

WHOLE = Decimal("100.000")
# What came off each share's close on its first ex-day, in reais.
AMOUNTS = {
    (date(2025, 6, 30), "DIRR3"): Decimal("2.00"),
    (date(2025, 6, 30), "RENT3"): Decimal("0.5062") * Decimal("0.85"),
    (date(2025, 6, 30), "MULT3"): Decimal("0.2456") * Decimal("0.85"),
    **sample.EX_AMOUNTS,
    (date(2025, 7, 3), "LREN3"): Decimal("0.203") * Decimal("0.85"),
    (date(2025, 7, 4), "RADL3"): Decimal("0.0769") * Decimal("0.85"),
}
RENAMED = {"NATU3": "NTCO3"}

positions = st.lists(
    st.builds(
        Position,
        ticker=TICKERS,
        name=st.text(ascii_uppercase, min_size=2, max_size=12),
        quantity=st.integers(1, 10**10),
        price=st.integers(1, 10**6).map(lambda cents: Fraction(cents, 100)),
    ),
    min_size=1,
    max_size=120,
    unique_by=lambda position: position.ticker,
)


def positions_of(session: date) -> list[Position]:
    closes = recorded.quotes(recorded.BEFORE[session])
    found = []
    for row in recorded.portfolio(session).holdings:
        quote = closes.get(row.codigo) or closes[RENAMED[row.codigo]]
        price = quote.price - Fraction(AMOUNTS.get((session, row.codigo), Decimal(0)))
        found.append(Position(row.codigo, row.acao, row.qtde_teorica, price))
    return found


@pytest.mark.parametrize("session", recorded.SESSIONS, ids=str)
def test_the_weights_of_a_recorded_session_come_out_to_the_last_thousandth(session: date) -> None:
    stated = {row.codigo: row.participacao_pct for row in recorded.portfolio(session).holdings}
    assert weights(positions_of(session)) == stated


@pytest.mark.parametrize(
    ("session", "points"),
    [
        (date(2025, 6, 30), "136865.79"),
        (date(2025, 7, 3), "139050.93"),
        (date(2025, 7, 4), "140927.86"),
        (date(2025, 7, 7), "141263.56"),
    ],
    ids=str,
)
def test_the_level_is_the_one_at_which_the_index_closed(session: date, points: str) -> None:
    divisor = recorded.portfolio(session).statement.divisor
    assert divisor is not None
    assert rounded(level(total_value(positions_of(session)), divisor), 2) == Decimal(points)


def test_the_divisor_of_a_session_without_an_event_is_that_of_the_session_before() -> None:
    friday, monday = recorded.portfolio(date(2025, 7, 4)).statement, recorded.portfolio(date(2025, 7, 7)).statement
    worth = total_value(positions_of(date(2025, 7, 7)))
    assert friday.divisor == monday.divisor
    assert friday.divisor is not None
    assert next_divisor(friday.divisor, worth, worth) == monday.divisor


def test_the_divisor_falls_by_what_a_share_pays() -> None:
    """RADL3's amount is announced with four decimals: the divisor comes out to a few hundredths of its 15 million."""
    thursday, friday = recorded.portfolio(date(2025, 7, 3)).statement, recorded.portfolio(date(2025, 7, 4)).statement
    after = positions_of(date(2025, 7, 4))
    paid = AMOUNTS[date(2025, 7, 4), "RADL3"]
    before = [replace(item, price=item.price + (Fraction(paid) if item.ticker == "RADL3" else 0)) for item in after]
    assert thursday.divisor is not None
    assert friday.divisor is not None
    made = next_divisor(thursday.divisor, total_value(before), total_value(after))
    assert abs(made - friday.divisor) < Decimal("0.01")
    worth = worth_of(friday.divisor, thursday.divisor, total_value(before))
    others = [item for item in after if item.ticker != "RADL3"]
    (share,) = (item for item in before if item.ticker == "RADL3")
    solved = share.price - ex_price(worth, others, share.quantity)
    assert rounded(solved, 4) == rounded(Fraction(paid), 4)


@given(positions)
def test_weights_sum_to_exactly_a_hundred_and_have_three_decimals(found: list[Position]) -> None:
    made = weights(found)
    assert sum(made.values()) == WHOLE
    assert {weight.as_tuple().exponent for weight in made.values()} == {-3}


@given(positions, st.randoms(use_true_random=False))
def test_the_order_in_which_the_rows_come_changes_nothing(found: list[Position], random: object) -> None:
    mixed = list(found)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert weights(mixed) == weights(found)


@given(positions, st.fractions(Fraction(1, 1000), 1000).filter(bool))
def test_another_currency_changes_nothing(found: list[Position], rate: Fraction) -> None:
    assert weights([replace(item, price=item.price * rate) for item in found]) == weights(found)


@given(positions, st.integers(2, 1000))
def test_a_share_that_is_split_weighs_what_it_did(found: list[Position], factor: int) -> None:
    first, *others = found
    split = replace(first, quantity=first.quantity * factor, price=first.price / factor)
    assert weights([split, *others]) == weights(found)


@given(positions)
def test_no_weight_but_the_last_is_off_by_more_than_a_thousandth_and_its_rounding(found: list[Position]) -> None:
    worth = total_value(found)
    last = max(found, key=lambda item: (item.name, item.ticker)).ticker
    for item in found:
        off = abs(Fraction(weights(found)[item.ticker]) - 100 * item.value / worth)
        assert item.ticker == last or off <= Fraction(15, 10_000)


@given(positions, st.decimals(Decimal("0.01"), Decimal(10**9), places=8), st.fractions(Fraction(1, 2), 2))
def test_what_a_portfolio_is_worth_is_read_back_from_its_divisor(
    found: list[Position], divisor: Decimal, moved: Fraction
) -> None:
    before = total_value(found)
    made = next_divisor(divisor, before, before * moved)
    read = worth_of(made, divisor, before)
    # To half of the divisor's last decimal.
    assert abs(read - before * moved) <= before * Fraction(5, 10**9) / Fraction(divisor)
