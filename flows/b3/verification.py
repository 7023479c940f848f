"""What prices say of a session's portfolio, as a record. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from expectations.contract.outcomes import Verdict

if TYPE_CHECKING:
    from expectations.contract.quotes import Quote
    from flows.b3.portfolio import Portfolio

WEIGHT_STEP = Decimal("0.001")
"""B3's precision of weights, in percent."""

_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Prices:
    """What is known besides a session's portfolio when it is judged.

    Attributes:
        session_before: the trading session whose closes the weights are made of.
        closes: by ticker, the last quote until then, of renamed shares under both of their tickers.
        opened: by ticker, the session's own quotes, whose flags and DISMES tell events; empty before its evening.
        before: the portfolio of the session before, where it is published and B3's own.
    """

    session_before: date
    closes: Mapping[str, Quote]
    opened: Mapping[str, Quote] = field(default_factory=dict)
    before: Portfolio | None = None


@dataclass(frozen=True, slots=True)
class ExEvent:
    """A share that goes ex, by what its weight and the divisors imply.

    Attributes:
        close: of the session before, in reais.
        price: the theoretical ex-price, in reais.
        precision: how much the price may be off, in reais; zero where the divisors tell it.
        signs: what tells the event.
    """

    ticker: str
    close: Fraction
    price: Fraction
    precision: Fraction
    signs: str

    def __str__(self) -> str:
        """The event in words."""
        about = "" if not self.precision else f" ± {float(self.precision):.4f}"
        return f"{self.ticker} {float(self.close):.2f} ex {float(self.price):.4f}{about} ({self.signs})"


@dataclass(frozen=True, slots=True)
class WeightDifference:
    """A weight that does not follow from the prices, in percent."""

    ticker: str
    stated: Decimal
    computed: Decimal

    @property
    def is_far(self) -> bool:
        """Whether it is off by more than a thousandth."""
        return abs(self.stated - self.computed) > WEIGHT_STEP

    def __str__(self) -> str:
        """The difference in words."""
        return f"{self.ticker} {self.stated} where {self.computed} follows"


@dataclass(frozen=True, slots=True)
class Verification:
    """What the prices say of a portfolio.

    Attributes:
        session_before: whose closes they are.
        shares: number of shares of the portfolio.
        differences: weights that do not follow, those off by a thousandth too.
        events: shares that go ex.
        level: the index's closing level of the session before, in points; None where it cannot be computed.
        level_is_exact: whether no price in it had to be estimated.
        unpriced: shares without a close.
        remarks: what else does not follow, or is worth knowing, one line each.
    """

    verdict: Verdict
    session_before: date
    shares: int
    differences: tuple[WeightDifference, ...] = ()
    events: tuple[ExEvent, ...] = ()
    level: Decimal | None = None
    level_is_exact: bool = True
    unpriced: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def far(self) -> tuple[WeightDifference, ...]:
        """The weights that are off by more than a thousandth."""
        return tuple(item for item in self.differences if item.is_far)

    @property
    def line(self) -> str:
        """All of it in one line."""
        return "; ".join(self._parts())

    def _parts(self) -> Iterator[str]:
        # Nothing was held against a price.
        if self.verdict is Verdict.WITHOUT_PRICES and not self.unpriced:
            yield from self.remarks
            return
        if self.verdict is Verdict.WITHOUT_PRICES and len(self.unpriced) == self.shares:
            yield f"no prices of {self.session_before}"
            yield from self.remarks
            return
        yield f"{self.shares - len(self.differences) - len(self.unpriced)} of {self.shares} weights equal"
        near = [item for item in self.differences if not item.is_far]
        if near:
            yield f"off by 0.001: {_named([item.ticker for item in near])}"
        if self.far:
            yield f"off by more: {_named(list(map(str, self.far)))}"
        if self.unpriced:
            yield f"no price of {_named(self.unpriced)}"
        if self.events:
            yield f"ex: {_named(list(map(str, self.events)))}"
        yield from self.remarks
        if self.level is not None:
            yield f"level at the close of {self.session_before}: {'' if self.level_is_exact else 'about '}{self.level:,}"


def _named(items: Sequence[str]) -> str:
    more = len(items) - _MOST_NAMED
    return ", ".join(items[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
