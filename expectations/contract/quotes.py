"""B3's own closing prices (COTAHIST): one quote, the table `bovespa_cotacoes` of them, the files that B3 publishes.

Standard library only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from expectations.contract.tables import QUOTES_COLUMNS, QUOTES_TABLE

__all__ = ["QUOTES_COLUMNS", "QUOTES_TABLE", "Quote", "QuotesFile", "Span"]


@dataclass(frozen=True, slots=True)
class Quote:
    """What B3 says of a share that traded in a session.

    Attributes:
        especi: class, event flags and listing level in fixed widths 4 + 4 + 2, right-trimmed: the portfolio's `type`.
        short_name: the portfolio's `asset`.
        close: price of the session's last trade, in reais, as printed: for `fatcot` units, and not adjusted for events.
        fatcot: units that the price is for: 1, rarely 1000.
        dismes: number of the distribution, which rises by one on an ex-day.
    """

    session: date
    ticker: str
    isin: str
    especi: str
    short_name: str
    close: Decimal
    fatcot: int
    dismes: int

    @property
    def price(self) -> Fraction:
        """The price of one unit, in reais, exact."""
        return Fraction(self.close) / self.fatcot


class Span(StrEnum):
    """How many sessions a file of COTAHIST is of, by the letter in its name."""

    DAY = "D"
    MONTH = "M"
    YEAR = "A"


FIRST_YEAR = 1986
"""Of COTAHIST, and of the century that a year of two digits is of."""

_NAME = re.compile(
    r"COTAHIST[_.]?(?:(?P<D>D(?:\d{8}|\d{6}))|(?P<M>M(?:\d{6}|\d{4}))|(?P<A>A(?:\d{4}|\d{2})))(?!\d)",
    re.ASCII | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, order=True)
class QuotesFile:
    """A file that B3 publishes: `COTAHIST_D30062025.ZIP`, `COTAHIST_M062025.ZIP` of a month, `COTAHIST_A2025.ZIP` of a year.

    Attributes:
        first: the first day of the span.
    """

    span: Span
    first: date

    @classmethod
    def of(cls, span: Span, day: date) -> QuotesFile:
        """The file of that span in which the day is."""
        first = {Span.DAY: day, Span.MONTH: day.replace(day=1), Span.YEAR: day.replace(month=1, day=1)}
        return cls(span, first[span])

    @classmethod
    def read_name(cls, name: str) -> QuotesFile | None:
        """The file that a file's name names, also with a year of two digits (`COTAHIST.A98`); None where it names none."""
        found = _NAME.search(name)
        if not found or found.lastgroup is None:
            return None
        span, digits = Span(found.lastgroup), found[found.lastgroup][1:]
        ahead = {Span.DAY: 4, Span.MONTH: 2, Span.YEAR: 0}[span]
        day, month = (digits[:2] if span is Span.DAY else "01"), (digits[ahead - 2 : ahead] if ahead else "01")
        try:
            return cls.of(span, date(_year(digits[ahead:]), int(month), int(day)))
        except ValueError:
            return None

    @property
    def last(self) -> date:
        """The last day of the span."""
        if self.span is Span.DAY:
            return self.first
        if self.span is Span.YEAR:
            return self.first.replace(month=12, day=31)
        return (self.first + timedelta(days=31)).replace(day=1) - timedelta(days=1)

    @property
    def name(self) -> str:
        """The name under which B3 publishes it."""
        stamp = {Span.DAY: f"{self.first:%d%m%Y}", Span.MONTH: f"{self.first:%m%Y}", Span.YEAR: f"{self.first:%Y}"}
        return f"COTAHIST_{self.span}{stamp[self.span]}.ZIP"

    @property
    def code(self) -> str:
        """The span with its date so that codes have its order: `D20250630`, `M202506`, `A2025`."""
        stamp = {Span.DAY: f"{self.first:%Y%m%d}", Span.MONTH: f"{self.first:%Y%m}", Span.YEAR: f"{self.first:%Y}"}
        return f"{self.span}{stamp[self.span]}"

    def has(self, session: date) -> bool:
        """Whether the session is in the span."""
        return self.first <= session <= self.last


def _year(digits: str) -> int:
    if len(digits) > 2:  # noqa: PLR2004 - digits of a year without its century
        return int(digits)
    century = 1900 if int(digits) >= FIRST_YEAR % 100 else 2000
    return century + int(digits)
