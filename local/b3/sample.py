"""The recorded sample: what B3 stated of the Ibovespa for the sessions of 2025-06-30 and 2025-07-01.

The facts are B3's, in a table of the project's own. Quantities, names and codes were the same in both sessions. The recorded
answers of these days carry no sectors: sector strings are those of the nearest recorded answer that has them, of 2025-04-07,
and three shares that were not in the index then have none. The hour of collection is not recorded; 08:00 is assumed.
"""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from importlib.resources import files
from zoneinfo import ZoneInfo

from expectations.contract.statement import Statement
from flows.b3.portfolio import Holding, Portfolio

INDEX = "IBOV"
TOTAL_QUANTITY = 91_922_324_686
DIVISORS = {date(2025, 6, 30): Decimal("15453473.14801835"), date(2025, 7, 1): Decimal("15441231.44400306")}
SESSIONS = tuple(DIVISORS)

_OPENING_HOURS = 8
_MOST_MOVED = 997  # thousandths of a percent


def recorded(session: date) -> Portfolio:
    """The recorded portfolio of a sample session, in B3's order (by name).

    Raises:
        KeyError: the session is not in the sample.
    """
    divisor = DIVISORS[session]
    text = files("local.b3").joinpath("data/sample.csv").read_text(encoding="utf-8")
    stamp = f"{session:%Y_%m_%d}"
    holdings = tuple(
        Holding(
            codigo=row["codigo"],
            acao=row["acao"],
            tipo=row[f"tipo_{stamp}"],
            setor=row["setor"] or None,
            qtde_teorica=int(row["qtde_teorica"]),
            participacao_pct=Decimal(row[f"participacao_{stamp}"]),
        )
        for row in csv.DictReader(text.splitlines())
    )
    statement = Statement(INDEX, session, len(holdings), TOTAL_QUANTITY, Decimal("100.000"), divisor)
    return Portfolio(statement, "sample", holdings)


def as_of(session: date, portfolio: Portfolio) -> Portfolio:
    """The portfolio as if it were another session's: two weights are moved, for no two sessions have the same.

    Args:
        portfolio: a recorded one, or a part of one; its two largest weights differ by the session alone.
    """
    most, next_most = sorted(portfolio.holdings, key=lambda holding: holding.participacao_pct)[:-3:-1]
    moved = Decimal(session.toordinal() % _MOST_MOVED) / 1000
    weights = {most.codigo: most.participacao_pct - moved, next_most.codigo: next_most.participacao_pct + moved}
    holdings = tuple(
        replace(holding, participacao_pct=weights.get(holding.codigo, holding.participacao_pct))
        for holding in portfolio.holdings
    )
    return replace(portfolio.restated(session=session), holdings=holdings)


def collected_at(session: date) -> datetime:
    """The instant at which a sample session counts as collected: 08:00 in São Paulo on its day."""
    return datetime(session.year, session.month, session.day, _OPENING_HOURS, tzinfo=ZoneInfo("America/Sao_Paulo"))
