"""The recorded sample: what B3 stated of the Ibovespa for the sessions of 2025-06-30 and 2025-07-01, and the closes around them.

The facts are B3's, in tables of the project's own. Quantities, names and codes were the same in both sessions. The recorded
answers of these days carry no sectors: sector strings are those of the nearest recorded answer that has them, of 2025-04-07,
and three shares that were not in the index then have none. The hour of collection is not recorded; 08:00 is assumed.

What B3 stated for 2025-07-02 is there too, so that 2025-07-01 has a session on either side; NTCO3 was NATU3 by then.

Closes of 2025-06-27, 06-30 and 07-01 come from a public repository, which is wrong in five of them: VALE3 of 06-27, NTCO3, ELET3
and ELET6 of 06-30, NTCO3 of 07-01. There the table has the price that B3's own weights imply, and says so (`deduzido`). Of the
quotes' other facts none is recorded: names and types are those of the session's portfolio; for 06-27, of which there is none, the
types are those of 06-30 without the flags of the three shares whose first ex-day was 06-30; the ISIN is what B3's
rule makes of letters and class; of the number of the distribution, only that it rises on an ex-day is B3's.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from importlib.resources import files
from zoneinfo import ZoneInfo

from expectations.contract.b3_texts import TYPE_CLASS_WIDTH, TYPE_FLAGS_WIDTH
from expectations.contract.quotes import Quote
from expectations.contract.statement import Statement
from flows.b3.portfolio import Holding, Portfolio

INDEX = "IBOV"
TOTAL_QUANTITY = 91_922_324_686
SESSION_AFTER = date(2025, 7, 2)
DIVISORS = {
    date(2025, 6, 30): Decimal("15453473.14801835"),
    date(2025, 7, 1): Decimal("15441231.44400306"),
    SESSION_AFTER: Decimal("15440487.14969838"),
}
SESSIONS = tuple(session for session in DIVISORS if session < SESSION_AFTER)
"""The sessions that are collected."""

PRICED = (date(2025, 6, 27), *SESSIONS)
"""The sessions whose closes are recorded."""

FIRST_EX_DAY = frozenset({"DIRR3", "RENT3", "MULT3"})
"""The shares that went ex on 2025-06-30."""

EX_AMOUNTS = {
    (date(2025, 7, 1), "BBDC3"): Decimal("0.2702") * Decimal("0.85"),
    (date(2025, 7, 1), "BBDC4"): Decimal("0.2972") * Decimal("0.85"),
    (date(2025, 7, 1), "ITUB4"): Decimal("0.0176") * Decimal("0.85"),
    (SESSION_AFTER, "BBDC3"): Decimal("0.0173") * Decimal("0.85"),
    (SESSION_AFTER, "BBDC4"): Decimal("0.0190") * Decimal("0.85"),
}
"""What came off each share's close, in reais, by session and share: interest on equity as announced, net of the tax of 15 %."""


_OPENING_HOURS = 8
_DISTRIBUTIONS = 100  # before the sample's first ex-day
_ISIN_KINDS = {"ON": "ACNOR", "PN": "ACNPR", "PNA": "ACNPA", "PNB": "ACNPB", "UNT": "CDAM1"}
_MOST_MOVED = 997  # thousandths of a percent


def recorded(session: date) -> Portfolio:
    """The recorded portfolio of a sample session, in B3's order (by name).

    Raises:
        KeyError: the session is not in the sample.
    """
    divisor = DIVISORS[session]
    holdings = tuple(_after() if session == SESSION_AFTER else _collected(f"{session:%Y_%m_%d}"))
    statement = Statement(INDEX, session, len(holdings), TOTAL_QUANTITY, Decimal("100.000"), divisor)
    return Portfolio(statement, "sample", holdings)


def _collected(stamp: str) -> Iterator[Holding]:
    for row in _table("sample"):
        yield Holding(
            codigo=row["codigo"],
            acao=row["acao"],
            tipo=row[f"tipo_{stamp}"],
            setor=row["setor"] or None,
            qtde_teorica=int(row["qtde_teorica"]),
            participacao_pct=Decimal(row[f"participacao_{stamp}"]),
        )


def _after() -> Iterator[Holding]:
    sectors = {row["codigo"]: row["setor"] for row in _table("sample")}
    for row in _table("next_session"):
        yield Holding(
            codigo=row["codigo"],
            acao=row["acao"],
            tipo=row["tipo"],
            setor=sectors.get(row["codigo"]) or None,
            qtde_teorica=int(row["qtde_teorica"]),
            participacao_pct=Decimal(row["participacao"]),
        )


def _table(name: str) -> list[dict[str, str]]:
    text = files("local.b3").joinpath(f"data/{name}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def quotes(session: date) -> list[Quote]:
    """The quotes of one of the sessions whose closes are recorded, by ticker.

    Raises:
        KeyError: its closes are not recorded.
    """
    if session not in PRICED:
        raise KeyError(session)
    shares = {row.codigo: row for row in recorded(max(session, SESSIONS[0])).holdings}
    closes = {row["codigo"]: Decimal(row[f"fechamento_{session:%Y_%m_%d}"]) for row in _table("closes")}
    return [
        Quote(
            session=session,
            ticker=ticker,
            isin=isin_of(ticker, shares[ticker].tipo),
            especi=_type_of(shares[ticker], session),
            short_name=shares[ticker].acao,
            close=close,
            fatcot=1,
            dismes=_distribution(ticker, session),
        )
        for ticker, close in sorted(closes.items())
    ]


def _distribution(ticker: str, session: date) -> int:
    first = ticker in FIRST_EX_DAY and session >= SESSIONS[0]
    return _DISTRIBUTIONS + first + sum(share == ticker and day <= session for day, share in EX_AMOUNTS)


def isin_of(ticker: str, tipo: str) -> str:
    """An ISIN as B3's rule makes it of a ticker's letters and the share's class, with its check digit (ISO 6166)."""
    body = f"BR{ticker[:4]}{_ISIN_KINDS[tipo[:TYPE_CLASS_WIDTH].strip()]}"
    digits = [int(digit) for letter in body for digit in str(int(letter, 36))]
    doubled = [digit * 2 if place % 2 == 0 else digit for place, digit in enumerate(reversed(digits))]
    return f"{body}{-sum(digit // 10 + digit % 10 for digit in doubled) % 10}"


def _type_of(share: Holding, session: date) -> str:
    if session >= SESSIONS[0] or share.codigo not in FIRST_EX_DAY:
        return share.tipo
    kept, level = share.tipo[:TYPE_CLASS_WIDTH], share.tipo[TYPE_CLASS_WIDTH + TYPE_FLAGS_WIDTH :]
    return f"{kept}{'':{TYPE_FLAGS_WIDTH}}{level}".rstrip()


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
