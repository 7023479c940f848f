"""Whether stated weights are such as B3's rounding makes, where the prices of some shares are not known. Pure.

What rounding took or gave up to a row is then not one figure but lies between two: a row contradicts the rule only where no
price of the unknown shares could make it so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_WHOLE = 100_000  # thousandths of a percent
_STEP = 2  # half thousandths: what a row is moved by
_MOST_MISSING = 2  # thousandths that the last row has been seen to make up for
_TRIED = 1024  # values of a portfolio between two bounds, of whose way the right ones were a fiftieth and more


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the plain list.

    Attributes:
        stated: its weight in thousandths of a percent.
        value: of the position, in reais; None where its price is not known.
    """

    ticker: str
    stated: int
    value: Fraction | None


def contradictions(rows: Sequence[Row], worth: Fraction) -> dict[str, int]:
    """The rows whose weights the rule cannot have made, with those that it would have made, in thousandths.

    Args:
        rows: in the order of the plain list.
        worth: of the portfolio, in reais.
    """
    worths = np.array([worth], dtype=object)
    fewest = min(_not_rounded(rows, worths), _not_adjusted(rows, worths), key=lambda found: int(found.counts[0]))
    return {
        row.ticker: int(made[0])
        for row, made, is_wrong in zip(rows, fewest.made, fewest.wrong, strict=True)
        if is_wrong[0]
    }


def likeliest(rows: Sequence[Row], bounds: tuple[Fraction, Fraction]) -> Fraction:
    """What a portfolio is worth between two bounds: the middle of where the fewest rows contradict the rule."""
    least, most = bounds
    step = (most - least) / _TRIED
    tried = [least + number * step for number in range(_TRIED + 1)]
    # Not exact: to choose among many, of which the one that is taken is then held to what is exact.
    worths = np.array([float(worth) for worth in tried])
    counts = np.minimum(_not_rounded(rows, worths).counts, _not_adjusted(rows, worths).counts)
    best = np.flatnonzero(counts == counts.min())
    first, last = tried[int(best[0])], tried[int(best[-1])]
    return (first + last) / 2


@dataclass(frozen=True, slots=True)
class _Judged:
    """What a rule says of every row, at every value that the portfolio may have: arrays of rows times values.

    Attributes:
        made: the weights that it would have made, in thousandths.
        wrong: whether it cannot have made the stated one.
    """

    made: NDArray[Any]
    wrong: NDArray[np.bool_]

    @classmethod
    def none_of(cls, rows: Sequence[Row], worths: NDArray[Any]) -> _Judged:
        shape = len(rows), len(worths)
        return cls(np.zeros(shape, worths.dtype), np.zeros(shape, np.bool_))

    @property
    def counts(self) -> NDArray[np.int_]:
        """At every value, how many rows contradict the rule."""
        found: NDArray[np.int_] = self.wrong.sum(axis=0)
        return found


def _exact(value: Fraction, worths: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """A row's weight in thousandths, and as it is rounded, half up: as exact as the values of the portfolio are."""
    exact = (value if worths.dtype == object else float(value)) * _WHOLE / worths
    return exact, np.floor(2 * exact + 1) // 2


def _not_rounded(rows: Sequence[Row], worths: NDArray[Any]) -> _Judged:
    """Where the rounded weights sum to the whole by themselves."""
    found = _Judged.none_of(rows, worths)
    for number, row in enumerate(rows):
        if row.value is not None:
            found.made[number] = _exact(row.value, worths)[1]
            found.wrong[number] = found.made[number] != row.stated
    return found


def _not_adjusted(rows: Sequence[Row], worths: NDArray[Any]) -> _Judged:
    """Where they do not, and what rounding took or gave is carried on from row to row.

    It is at least `low` and at most `high`, in half thousandths.
    """
    found = _Judged.none_of(rows, worths)
    low = high = np.zeros(len(worths), worths.dtype)
    for number, row in enumerate(rows):
        if row.value is None:
            low, high = _past_unknown(low - 1, high + 1)
            continue
        exact, made = _exact(row.value, worths)
        low, high = low + 2 * (exact - made), high + 2 * (exact - made)
        moved = row.stated - made
        stays = (moved == 0) & (low < _STEP) & (high > -_STEP)
        goes = ((moved == 1) & (high >= _STEP)) | ((moved == -1) & (low <= -_STEP))
        makes_up = (number == len(rows) - 1) & (abs(moved) <= _MOST_MISSING)
        found.wrong[number] = ~(stays | goes | makes_up)
        found.made[number] = made + np.where(moved != 0, 0, np.where(low >= _STEP, 1, -1))
        low, high = np.where(stays, np.maximum(low, -_STEP), 0), np.where(stays, np.minimum(high, _STEP), 0)
    return found


def _past_unknown(low: NDArray[Any], high: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Past a row of which only its weight is known: it may have been moved, after which the sum begins again at nothing."""
    moved = (low <= -_STEP) | (high >= _STEP)
    low, high = np.where(moved, np.minimum(low, 0), low), np.where(moved, np.maximum(high, 0), high)
    return np.maximum(low, -_STEP), np.minimum(high, _STEP)
