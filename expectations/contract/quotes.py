"""B3's own closing prices (COTAHIST): one quote, and the table `bovespa_cotacoes` of them. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from expectations.contract.tables import QUOTES_COLUMNS, QUOTES_TABLE

__all__ = ["QUOTES_COLUMNS", "QUOTES_TABLE", "Quote"]


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
