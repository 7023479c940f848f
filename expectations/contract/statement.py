"""What B3 states once for the whole portfolio of one session. Standard library only, like the contract."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Statement:
    """The header of a portfolio: which one it is, and the totals that its rows must add up to.

    Attributes:
        index: index code.
        session: the trading day, from B3's header.
        total_records: number of rows by B3's own count; None where the source states none.
        total_quantity: sum of the theoretical quantities by B3's header, in shares; the rows' own where the source has none.
        total_share: sum of the shares of the index by B3's header, in percent; 100.000 where the source has none.
        divisor: B3's "redutor"; None where the source has none.
    """

    index: str
    session: date
    total_records: int | None
    total_quantity: int
    total_share: Decimal
    divisor: Decimal | None
