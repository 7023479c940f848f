"""Whether stated weights are such as B3's rounding makes, where the prices of some shares are not known. Pure.

What rounding took or gave up to a row is then not one figure but lies between two: a row contradicts the rule only where no
price of the unknown shares could make it so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor

_WHOLE = 100_000  # thousandths of a percent
_STEP = 2  # half thousandths: what a row is moved by
_MOST_MISSING = 2  # thousandths that the last row has been seen to make up for
_TRIED = 1024  # values of a portfolio between two bounds, of whose way the right ones were a fiftieth and more


Number = Fraction | float
"""Exact, or to choose among many that are then held to the exact ones."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the plain list.

    Attributes:
        stated: its weight in thousandths of a percent.
        value: of the position, in reais; None where its price is not known.
    """

    ticker: str
    stated: int
    value: Number | None


def contradictions(rows: Sequence[Row], worth: Number) -> dict[str, int]:
    """The rows whose weights the rule cannot have made, with those that it would have made, in thousandths.

    Args:
        rows: in the order of the plain list.
        worth: of the portfolio, in reais.
    """
    plainly, adjusted = _not_rounded(rows, worth), _not_adjusted(rows, worth)
    return plainly if len(plainly) <= len(adjusted) else adjusted


def likeliest(rows: Sequence[Row], bounds: tuple[Fraction, Fraction]) -> Fraction:
    """What a portfolio is worth between two bounds: the middle of where the fewest rows contradict the rule."""
    least, most = bounds
    step = (most - least) / _TRIED
    tried = [least + number * step for number in range(_TRIED + 1)]
    inexact = [Row(row.ticker, row.stated, None if row.value is None else float(row.value)) for row in rows]
    counts = [len(contradictions(inexact, float(worth))) for worth in tried]
    fewest = min(counts)
    best = [worth for worth, count in zip(tried, counts, strict=True) if count == fewest]
    return (best[0] + best[-1]) / 2


def _exact(row: Row, worth: Number) -> tuple[Number, int]:
    """A row's weight in thousandths, and as it is rounded, half up."""
    assert row.value is not None, "of rows whose price is known"
    exact = _WHOLE * row.value / worth
    return exact, floor(2 * exact + 1) // 2


def _not_rounded(rows: Sequence[Row], worth: Number) -> dict[str, int]:
    """Where the rounded weights sum to the whole by themselves."""
    known = ((row, _exact(row, worth)[1]) for row in rows if row.value is not None)
    return {row.ticker: made for row, made in known if made != row.stated}


def _not_adjusted(rows: Sequence[Row], worth: Number) -> dict[str, int]:
    """Where they do not, and what rounding took or gave is carried on from row to row.

    It is at least `low` and at most `high`, in half thousandths.
    """
    low: Number = 0
    high: Number = 0
    found: dict[str, int] = {}
    for row in rows:
        if row.value is None:
            low, high = _past_unknown(low - 1, high + 1)
            continue
        exact, made = _exact(row, worth)
        low, high = low + 2 * (exact - made), high + 2 * (exact - made)
        moved = row.stated - made
        if row is rows[-1] and abs(moved) <= _MOST_MISSING:
            continue
        if moved == 0 and low < _STEP and high > -_STEP:
            low, high = max(low, -_STEP), min(high, _STEP)
            continue
        if not ((moved == 1 and high >= _STEP) or (moved == -1 and low <= -_STEP)):
            found[row.ticker] = made + (0 if moved else (1 if low >= _STEP else -1))
        low = high = 0
    return found


def _past_unknown(low: Number, high: Number) -> tuple[Number, Number]:
    """Past a row of which only its weight is known: it may have been moved, after which the sum begins again at nothing."""
    if low <= -_STEP or high >= _STEP:
        low, high = min(low, 0), max(high, 0)
    return max(low, -_STEP), min(high, _STEP)
