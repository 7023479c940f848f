"""Sessions in any number, made of the recorded sample: the same number is always the same portfolio."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta

from flows.b3.calendar import sessions_between
from flows.b3.portfolio import Portfolio
from flows.session.raw_file import RawFacts, encode
from local.b3 import sample

FIRST_DAY = date(2015, 1, 2)

Cells = dict[date, dict[str, tuple[float, float]]]
"""Per session and ticker: quantity and share."""


def trading_days(count: int) -> list[date]:
    """The first trading days."""
    return sessions_between(FIRST_DAY, FIRST_DAY + timedelta(days=10 + 2 * count))[:count]


def varied(session: date, seed: int) -> Portfolio:
    """The recorded portfolio with figures of the session's own, and totals that agree."""
    chance = random.Random(seed)  # noqa: S311 - figures, no secrets
    recorded = sample.recorded(sample.SESSIONS[0])
    shares = [row.participacao_pct for row in recorded.holdings]
    chance.shuffle(shares)
    rows = [
        replace(row, participacao_pct=share, qtde_teorica=row.qtde_teorica + chance.randint(0, 9999))
        for row, share in zip(recorded.holdings, shares, strict=True)
    ]
    total = sum(row.qtde_teorica for row in rows)
    return replace(recorded.restated(session=session, total_quantity=total), holdings=tuple(rows))


def portfolios(count: int, first: int = 0) -> list[Portfolio]:
    """So many sessions, from a place among them on."""
    return [varied(day, number) for number, day in enumerate(trading_days(first + count))][first:]


def raw_content(portfolio: Portfolio) -> tuple[bytes, RawFacts]:
    """The raw file of a portfolio, collected at eight in the morning of its day."""
    facts = RawFacts.of(portfolio, sample.collected_at(portfolio.session), ["landing/recorded.json.gz"])
    return encode(portfolio, facts), facts


def stated(given: Iterable[Portfolio]) -> Cells:
    """What the portfolios say of each share."""
    rows = ((portfolio.session, row) for portfolio in given for row in portfolio.holdings)
    return cells((day, row.codigo, float(row.qtde_teorica), float(row.participacao_pct)) for day, row in rows)


def cells(rows: Iterable[tuple[date, str, float, float]]) -> Cells:
    """What rows of session, ticker, quantity and share say; a ticker that stands twice in a session is a `ValueError`."""
    found: Cells = {}
    for session, code, quantity, share in rows:
        if code in found.setdefault(session, {}):
            raise ValueError(f"{session}: {code} stands twice")
        found[session][code] = (quantity, share)
    return found
