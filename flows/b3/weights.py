"""How B3 makes a portfolio's weights, level and divisor of quantities and prices. Pure and exact, in rational numbers.

Nothing of it is B3's own word. It is inferred from recorded portfolios of 2021 to July 2025: of 21 whose prices are all known,
with 1,746 weights, 20 come out to the last thousandth, and the 21st looks like one wrong price. Real-estate funds and depositary
receipts were not tested.

The prices of a session's weights are those of the session before: the last trade's, but for a share's first ex-day, when it is
the theoretical ex-price, not rounded to cents.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import floor

_WHOLE = 100_000  # thousandths of a percent
_HALF = Fraction(1, 2)
_DIVISOR_DECIMALS = 8
_PERCENT_DECIMALS = 3


@dataclass(frozen=True, slots=True)
class Position:
    """One share of a portfolio, with what its weight is made of.

    Attributes:
        name: the company's trading name, by which B3 orders its plain list.
        quantity: theoretical quantity, in shares.
        price: of one share, in reais.
    """

    ticker: str
    name: str
    quantity: int
    price: Fraction

    @property
    def value(self) -> Fraction:
        """In reais."""
        return self.quantity * self.price


def total_value(positions: Iterable[Position]) -> Fraction:
    """What the portfolio is worth, in reais."""
    return sum((position.value for position in positions), Fraction(0))


def weights(positions: Sequence[Position]) -> dict[str, Decimal]:
    """The weights as B3 states them, in percent, by ticker; they sum to exactly 100.000.

    Each is rounded to thousandths, half up. Where the sum is then another, the rows are gone through in the order of the plain
    list (by name, also where B3 shows the list by sector), and what rounding took or gave is added up: at a whole thousandth the
    row has it, and the sum begins again at nothing. What then is missing from 100.000 the last row has.

    Args:
        positions: in whichever order; together they are worth something.
    """
    ordered = sorted(positions, key=lambda position: (position.name, position.ticker))
    worth = total_value(ordered)
    exact = [_WHOLE * position.value / worth for position in ordered]
    rounded = [floor(value + _HALF) for value in exact]
    if sum(rounded) != _WHOLE:
        rounded = _adjusted(exact, rounded)
    return {position.ticker: _percent(count) for position, count in zip(ordered, rounded, strict=True)}


def _adjusted(exact: Sequence[Fraction], rounded: Sequence[int]) -> list[int]:
    made: list[int] = []
    left = Fraction(0)
    for value, count in zip(exact, rounded, strict=True):
        left += value - count
        moved = 0
        if abs(left) >= 1:
            moved, left = (1 if left > 0 else -1), Fraction(0)
        made.append(count + moved)
    made[-1] += _WHOLE - sum(made)
    return made


def level(worth: Fraction, divisor: Decimal) -> Fraction:
    """The index's level in points of what its portfolio is worth (in reais) and its divisor."""
    return worth / Fraction(divisor)


def next_divisor(divisor: Decimal, worth_before: Fraction, worth: Fraction) -> Decimal:
    """The divisor of a session, at which the level of the close before it stays what it was.

    Args:
        divisor: of the session before.
        worth_before: what the portfolio of the session before was worth at its close, in reais.
        worth: what the session's own portfolio is worth at the same prices, ex-prices where shares go ex.
    """
    return rounded(Fraction(divisor) * worth / worth_before, _DIVISOR_DECIMALS)


def worth_of(divisor: Decimal, divisor_before: Decimal, worth_before: Fraction) -> Fraction:
    """What a session's portfolio is worth by two divisors, whatever its ex-prices; the inverse of `next_divisor`."""
    return Fraction(divisor) / Fraction(divisor_before) * worth_before


def ex_price(worth: Fraction, others: Iterable[Position], quantity: int) -> Fraction:
    """The one price that is not known of a portfolio of which everything else is, in reais."""
    return (worth - total_value(others)) / quantity


def rounded(value: Fraction, decimals: int) -> Decimal:
    """A number as it is written with so many decimals, half up."""
    return Decimal(floor(value * 10**decimals + _HALF)).scaleb(-decimals)


def _percent(thousandths: int) -> Decimal:
    return Decimal(thousandths).scaleb(-_PERCENT_DECIMALS)
