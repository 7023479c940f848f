"""Recorded sessions of the Ibovespa with the closes before them: the sample's three, and 2025-07-03, 07-04 and 07-07."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

from expectations.contract.quotes import Quote
from expectations.contract.statement import Statement
from flows.b3.portfolio import Holding, Portfolio
from flows.b3.verification import Prices
from local.b3 import sample

# The divisors of the sessions that are not in the sample, and the session whose closes each was made of.
_FURTHER = {
    date(2025, 7, 3): (Decimal("15439208.88533736"), date(2025, 7, 2)),
    date(2025, 7, 4): (Decimal("15438607.05630450"), date(2025, 7, 3)),
    date(2025, 7, 7): (Decimal("15438607.05630450"), date(2025, 7, 4)),
}
BEFORE = {
    date(2025, 6, 30): date(2025, 6, 27),
    date(2025, 7, 1): date(2025, 6, 30),
    date(2025, 7, 2): date(2025, 7, 1),
    **{session: before for session, (_, before) in _FURTHER.items()},
}
"""The recorded sessions, each with the session before it."""

SESSIONS = tuple(BEFORE)
LAST = SESSIONS[-1]
QUANTITY_OF_TIMS3 = 806_346_600
"""From 2025-07-03 on, by its flag EBG."""


@cache
def portfolio(session: date) -> Portfolio:
    """What B3 stated for a recorded session."""
    if session not in _FURTHER:
        return sample.recorded(session)
    holdings = tuple(
        Holding(
            row["codigo"],
            row["acao"],
            row[f"tipo_{session:%Y%m%d}"],
            None,
            int(row["qtde_teorica"]),
            Decimal(row[f"participacao_{session:%Y%m%d}"]),
        )
        for row in _rows()
    )
    total = sum(row.qtde_teorica for row in holdings)
    return Portfolio(
        Statement(sample.INDEX, session, len(holdings), total, Decimal("100.000"), _FURTHER[session][0]),
        "json",
        holdings,
    )


@cache
def quotes(session: date) -> dict[str, Quote]:
    """The closes of a session, by ticker."""
    if session in sample.PRICED:
        return {quote.ticker: quote for quote in sample.quotes(session)}
    types = {row.codigo: row for row in portfolio(session).holdings}
    return {
        row["codigo"]: Quote(
            session,
            row["codigo"],
            "",
            types[row["codigo"]].tipo,
            row["acao"],
            Decimal(row[f"fechamento_{session:%Y%m%d}"]),
            1,
            0,
        )
        for row in _rows()
    }


def prices(session: date, *, alone: bool = False) -> Prices:
    """What is known when a recorded session is judged; alone, without the portfolio before it."""
    before = BEFORE[session]
    known = None if alone or before not in SESSIONS else portfolio(before)
    return Prices(before, quotes(before), {}, known)


def with_cells(found: Portfolio, **cells: dict[str, object]) -> Portfolio:
    """A portfolio with other cells: by column, and in it by ticker."""
    return replace(
        found,
        holdings=tuple(
            replace(row, **{name: values[row.codigo] for name, values in cells.items() if row.codigo in values})
            for row in found.holdings
        ),
    )


@cache
def _rows() -> list[dict[str, str]]:
    text = (Path(__file__).parent / "data" / "july_2025.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
