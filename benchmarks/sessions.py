"""Sessions in any number, made of the recorded sample: the same number is always the same portfolio."""

from __future__ import annotations

import base64
import random
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from flows.b3.calendar import is_session
from flows.b3.portfolio import Portfolio
from flows.session.raw_file import RawFacts, encode
from local.b3 import sample
from local.b3.formats import csv_download

FIRST_DAY = date(2015, 1, 2)

Cells = dict[date, dict[str, tuple[float, float]]]
"""Per session and ticker: quantity and share."""


def trading_days(count: int, first: date = FIRST_DAY) -> list[date]:
    """The first trading days from a day on."""
    days: list[date] = []
    day = first
    while len(days) < count:
        days += [day] if is_session(day) else []
        day += timedelta(days=1)
    return days


def varied(session: date, seed: int) -> Portfolio:
    """The recorded portfolio with figures of the session's own, and totals that agree."""
    chance = random.Random(seed)  # noqa: S311 - figures, no secrets
    recorded = sample.recorded(sample.SESSIONS[0])
    rows = list(recorded.holdings)
    for _ in range(20):
        one, other = chance.sample(range(len(rows)), 2)
        moved = Decimal(chance.randint(1, 20)) / 1000
        if rows[other].participacao_pct > moved:
            rows[one] = replace(rows[one], participacao_pct=rows[one].participacao_pct + moved)
            rows[other] = replace(rows[other], participacao_pct=rows[other].participacao_pct - moved)
    rows = [replace(row, qtde_teorica=row.qtde_teorica + chance.randint(0, 9999)) for row in rows]
    total = sum(row.qtde_teorica for row in rows)
    return replace(recorded.restated(session=session, total_quantity=total), holdings=tuple(rows))


def portfolios(count: int) -> list[Portfolio]:
    """The first so many sessions."""
    return [varied(day, number) for number, day in enumerate(trading_days(count))]


def raw_content(portfolio: Portfolio) -> tuple[RawFacts, bytes]:
    """The raw file of a portfolio, collected at eight in the morning of its day."""
    facts = RawFacts.of(portfolio, sample.collected_at(portfolio.session), ["landing/recorded.json.gz"])
    return facts, encode(portfolio, facts)


def stated(given: Iterable[Portfolio]) -> Cells:
    """What the portfolios say of each share."""
    return {
        portfolio.session: {
            row.codigo: (float(row.qtde_teorica), float(row.participacao_pct)) for row in portfolio.holdings
        }
        for portfolio in given
    }


def shown(rows: Iterable[tuple[date, str, float, float]]) -> Cells:
    """What rows of session, ticker, quantity and share say.

    Raises:
        ValueError: a share stands twice in a session.
    """
    found: Cells = {}
    for session, code, quantity, share in rows:
        of_session = found.setdefault(session, {})
        if code in of_session:
            raise ValueError(f"{session}: {code} stands twice")
        of_session[code] = (quantity, share)
    return found


def csv_files(folder: Path, given: Iterable[Portfolio]) -> None:
    """The portfolios as B3's downloads in a folder; every third is as people's copies are: line feeds, or without its title."""
    for number, portfolio in enumerate(given):
        content = base64.b64decode(csv_download(portfolio))
        if number % 3 == 1:
            content = content.decode("latin-1").replace("\r\n", "\n").encode()
        if number % 6 == 2:  # noqa: PLR2004 - a sixth of them
            content = content.split(b"\r\n", 1)[1]
        (folder / f"IBOVDia_{portfolio.session:%d-%m-%y}.csv").write_bytes(content)
