"""The prices of shares that go ex, solved from the weights, and from two divisors where they are known. Pure.

The shares whose prices are known tell what the whole portfolio is worth: each bounds it by its own weight, whose rounding is
known. Where most of them agree, those that do not are the ones that are wrong, whatever they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from flows.b3.rounding import Row, contradictions, likeliest
from flows.b3.weights import Position, ex_price, weights

_PERCENT = 100
_ROUNDING = Fraction(5, 10_000)  # percent: half of the weights' last decimal
_MOST_OFF = Fraction(15, 10_000)  # percent: rounding, and the thousandth by which B3 makes the sum whole
_LEAST_LEFT = Fraction(1, 2)  # of a share's value, which no recorded event halves
_DECIMALS = 3


@dataclass(frozen=True, slots=True)
class Known:
    """A share whose price is known: its weight is stated in percent, its price in reais."""

    ticker: str
    name: str
    quantity: int
    weight: Decimal
    price: Fraction

    def weighs(self, worth: Fraction) -> Fraction:
        """Its weight in a portfolio that is worth so much, in percent."""
        return _PERCENT * self.quantity * self.price / worth

    def bounds(self, off: Fraction) -> tuple[Fraction, Fraction]:
        """What the portfolio is worth at least and at most, if the weight is off by no more than this."""
        value, weight = _PERCENT * self.quantity * self.price, Fraction(self.weight)
        # A weight of nearly nothing says only that the portfolio is not small.
        return value / (weight + off), value / max(weight - off, off / 1_000_000)


@dataclass(frozen=True, slots=True)
class Unknown:
    """A share whose price is to be solved.

    Attributes:
        close: of the session before, in reais; None where there is none.
        value_before: of the position at that close, where the quantity may have changed, in reais.
        free: whether any price may be right, for nothing is known to hold it to.
    """

    ticker: str
    name: str
    quantity: int
    weight: Decimal
    close: Fraction | None = None
    value_before: Fraction | None = None
    free: bool = False

    def problem(self, price: Fraction, precision: Fraction) -> str | None:
        """Why an event does not explain the price; None where one may."""
        if self.close is None or self.free:
            return None
        whole = self.value_before / self.quantity if self.value_before else self.close
        if _LEAST_LEFT * whole <= price + precision and price - precision <= whole:
            return None
        return (
            f"{self.ticker}: its weight stands for a price of {float(price):.4f}, its close was {float(self.close):.2f}"
        )


@dataclass(frozen=True, slots=True)
class Solution:
    """What was solved.

    Attributes:
        worth: of the portfolio, in reais; None where nothing tells it.
        is_exact: whether the divisors told it.
        prices: of the unknown shares, in reais.
        precision: how much each may be off, in reais.
        computed: the weights that follow for all shares, in percent; of an unknown share its stated one, unless it follows.
        problems: why it does not fit, one line each.
    """

    worth: Fraction | None
    is_exact: bool
    prices: Mapping[str, Fraction]
    precision: Mapping[str, Fraction]
    computed: Mapping[str, Decimal]
    problems: Sequence[str] = field(default=())
    fits: bool = False


def solve(known: Sequence[Known], unknown: Sequence[Unknown], by_divisor: Fraction | None) -> Solution:
    """Solve the unknown prices.

    Args:
        by_divisor: what the portfolio is worth by the two divisors, in reais; None where they are not known.
    """
    shares: list[Known | Unknown] = [*known, *unknown]
    bounds, rows = _agreed(known), _plain_list(known, unknown)
    worth, is_exact, problems = by_divisor, by_divisor is not None, []
    if bounds is not None and (by_divisor is None or not bounds[0] <= by_divisor <= bounds[1]):
        worth, is_exact = likeliest(rows, bounds), False
        if by_divisor is not None:
            off = float(by_divisor / worth - 1)
            problems = [f"the divisor moved otherwise than the weights: {off:+.4%}"]
    if worth is None:
        problem = "no share's price is known for certain"
        return Solution(None, is_exact=False, prices={}, precision={}, computed={}, problems=(problem,))
    prices, precision = _prices(known, unknown, worth, is_exact=is_exact)
    strange = (item.problem(prices[item.ticker], precision[item.ticker]) for item in unknown)
    problems += [found for found in strange if found]
    follows = _all_follow(known, unknown, prices) if is_exact and len(unknown) == 1 else {}
    if follows and all(follows[item.ticker] == item.weight for item in shares):
        return Solution(worth, is_exact, prices, precision, follows, problems, fits=not problems)
    # Without a share to solve the rule itself has failed; with the one solved exactly, every weight would have to follow.
    may_fit = bool(unknown) and not follows and not problems
    against = contradictions(rows, worth)
    computed = {item.ticker: item.weight for item in shares}
    computed |= {ticker: Decimal(made).scaleb(-_DECIMALS) for ticker, made in against.items()}
    return Solution(worth, is_exact, prices, precision, computed, problems, fits=may_fit and not against)


def _plain_list(known: Sequence[Known], unknown: Sequence[Unknown]) -> list[Row]:
    """The shares as rows in the order of B3's plain list."""
    values = {item.ticker: item.quantity * item.price for item in known}
    shares: list[Known | Unknown] = [*known, *unknown]
    ordered = sorted(shares, key=lambda item: (item.name, item.ticker))
    return [Row(item.ticker, int(item.weight.scaleb(_DECIMALS)), values.get(item.ticker)) for item in ordered]


def _all_follow(
    known: Sequence[Known], unknown: Sequence[Unknown], prices: Mapping[str, Fraction]
) -> dict[str, Decimal]:
    """The weights by the rule, once every price is known exactly; none where a price is none."""
    positions = [Position(item.ticker, item.name, item.quantity, item.price) for item in known]
    positions += [Position(item.ticker, item.name, item.quantity, prices[item.ticker]) for item in unknown]
    return weights(positions) if all(position.price > 0 for position in positions) else {}


def _agreed(known: Sequence[Known]) -> tuple[Fraction, Fraction] | None:
    """What the portfolio is worth at least and at most by most of the known shares; None without any."""
    if not known:
        return None
    strict = [item.bounds(_ROUNDING) for item in known]
    ends = sorted([(low, 0) for low, _ in strict] + [(high, 1) for _, high in strict])
    most = count = 0
    best = strict[0]
    for number, (end, closes) in enumerate(ends):
        count += -1 if closes else 1
        if count > most and not closes:
            most, best = count, (end, ends[number + 1][0])
    middle = (best[0] + best[1]) / 2
    loose = [item.bounds(_MOST_OFF) for item in known if abs(item.weighs(middle) - Fraction(item.weight)) <= _MOST_OFF]
    return max(low for low, _ in loose), min(high for _, high in loose)


def _prices(
    known: Sequence[Known], unknown: Sequence[Unknown], worth: Fraction, *, is_exact: bool
) -> tuple[dict[str, Fraction], dict[str, Fraction]]:
    if is_exact and len(unknown) == 1:
        (one,) = unknown
        others = [Position(item.ticker, item.name, item.quantity, item.price) for item in known]
        return {one.ticker: ex_price(worth, others, one.quantity)}, {one.ticker: Fraction(0)}
    a_percent = {item.ticker: worth / _PERCENT / item.quantity for item in unknown}
    prices = {item.ticker: Fraction(item.weight) * a_percent[item.ticker] for item in unknown}
    return prices, {ticker: _MOST_OFF * price for ticker, price in a_percent.items()}
