"""The recorded sample's prices: the Ibovespa's closes of the sessions on which the sample's weights rest, and of its last one.

The closes are those that a public repository recorded (github.com/gtnix/quant_b3_backtest); where B3's own weights contradict
one, the value that they imply stands in its place, and both are named beside it. Not recorded, and made by B3's rules: the ISIN;
the number of the distribution, of which only that it rises on an ex-day is B3's; the flags of 2025-06-27, which are those of the
session after it but for the shares whose first ex-day that was.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from importlib.resources import files

from expectations.contract.b3_texts import TYPE_CLASS_WIDTH, TYPE_FLAGS_WIDTH
from expectations.contract.quotes import Quote
from local.b3.sample import SESSIONS

PRICED_SESSIONS = (date(2025, 6, 27), *SESSIONS)

# The shares whose first ex-day a session was: the events that B3's weights and divisors of these sessions show.
_FIRST_EX_DAY = {
    date(2025, 6, 30): frozenset({"DIRR3", "RENT3", "MULT3"}),
    date(2025, 7, 1): frozenset({"BBDC3", "BBDC4", "ITUB4"}),
}
_DISMES = 100
_LEVEL_AT = TYPE_CLASS_WIDTH + TYPE_FLAGS_WIDTH
_ISIN_KINDS = {"ON": "ACNOR", "PN": "ACNPR", "PNA": "ACNPA", "PNB": "ACNPB", "UNT": "CDAM1"}


def recorded_quotes(session: date) -> list[Quote]:
    """The recorded prices of a session, in B3's order of the portfolio (by name).

    Raises:
        KeyError: the session is none of PRICED_SESSIONS.
    """
    shares = {row["codigo"]: row for row in _table("sample.csv")}
    return [_quote(session, row, shares[row["codigo"]]) for row in _table("closes.csv")]


def _table(name: str) -> list[dict[str, str]]:
    return [*csv.DictReader(files("local.b3").joinpath(f"data/{name}").read_text(encoding="utf-8").splitlines())]


def _quote(session: date, row: Mapping[str, str], share: Mapping[str, str]) -> Quote:
    ticker, especi = row["codigo"], _especi(session, share)
    return Quote(
        session=session,
        ticker=ticker,
        isin=isin_of(ticker, especi),
        especi=especi,
        short_name=share["acao"],
        close=Decimal(row[f"fechamento_{session:%Y_%m_%d}"]),
        fatcot=1,
        dismes=_DISMES + sum(ticker in shares for day, shares in _FIRST_EX_DAY.items() if day <= session),
    )


def _especi(session: date, share: Mapping[str, str]) -> str:
    if session in SESSIONS:
        return share[f"tipo_{session:%Y_%m_%d}"]
    following = SESSIONS[0]
    tipo = share[f"tipo_{following:%Y_%m_%d}"].ljust(_LEVEL_AT)
    if share["codigo"] in _FIRST_EX_DAY[following]:
        tipo = tipo[:TYPE_CLASS_WIDTH].ljust(_LEVEL_AT) + tipo[_LEVEL_AT:]
    return tipo.rstrip()


def isin_of(ticker: str, especi: str) -> str:
    """An ISIN as B3's rule makes it of a ticker's letters and class, with its check digit (ISO 6166)."""
    body = f"BR{ticker[:4]}{_ISIN_KINDS[especi[:TYPE_CLASS_WIDTH].strip()]}"
    digits = [int(digit) for letter in body for digit in str(int(letter, 36))]
    doubled = [digit * 2 if place % 2 == 0 else digit for place, digit in enumerate(reversed(digits))]
    return f"{body}{-sum(digit // 10 + digit % 10 for digit in doubled) % 10}"
