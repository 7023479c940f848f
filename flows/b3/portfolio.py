"""The portfolio of one session, and how B3 writes numbers, dates and texts in pt-br.

B3 writes `1.234.567,89` and `dd/mm/yy` in pt-br, `1,234,567.89` and `mm/dd/yy` in en-us. Only pt-br is asked for, and only
pt-br is read: "04/07/25" is another session in the other language, so a guess would be silent damage.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from expectations.contract.statement import Statement
from expectations.contract.tables import REBUILT
from flows.errors import PayloadError

COPY_OF = "copy of "
MAX_TEXT = 80  # characters; the longest recorded text, a sector, has 49
MAX_SHOWN = 60  # characters of a value that an error repeats
MAX_QUANTITY = 10**15 - 1  # exact as a double, as it is published; the largest recorded total has eleven digits
MAX_RECORDS = 10_000  # rows; the largest recorded portfolio has 179

_WHOLE = r"(?:0|[1-9]\d{0,2}(?:\.\d{3}){0,4})"  # no leading zeros: "0.620" is a share that lost its comma
_QUANTITY = re.compile(_WHOLE, re.ASCII)
_SHARE = re.compile(r"(?:0|[1-9]\d{0,2}),\d{3}", re.ASCII)
_DIVISOR = re.compile(rf"{_WHOLE},\d{{8}}", re.ASCII)  # in all 179 recorded files; another count is a cut figure
_FIRST_YEAR = 2000
_SWAPPED = str.maketrans(",.", ".,")  # turns an en-us figure into a pt-br one
_DATE = re.compile(r"(\d{2})/(\d{2})/(\d{2})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Holding:
    """One row of a portfolio, as B3 states it. `setor` is None where the source has none."""

    codigo: str
    acao: str
    tipo: str
    setor: str | None
    qtde_teorica: int
    participacao_pct: Decimal

    def __post_init__(self) -> None:
        """Hold texts once that a folder's thousands of portfolios have alike."""
        for name in ("codigo", "acao", "tipo", "setor"):
            if text := getattr(self, name):
                object.__setattr__(self, name, sys.intern(text))


@dataclass(frozen=True, slots=True)
class Portfolio:
    """The portfolio of one session: its rows, and what B3 states once for all of them.

    Attributes:
        source: `json` or `csv` of B3's answers; of files that were imported `copy of json`, `copy of csv`, `copy of html` or
            `copy of parquet`; `reconstruida` of one that was computed.
    """

    statement: Statement
    source: str
    holdings: tuple[Holding, ...]

    @property
    def index(self) -> str:
        """Index code."""
        return self.statement.index

    @property
    def session(self) -> date:
        """The trading day, from B3's header."""
        return self.statement.session

    def restated(self, **changes: Any) -> Portfolio:  # noqa: ANN401 - any field of the statement
        """The same rows under a statement with other values in the named fields."""
        return replace(self, statement=replace(self.statement, **changes))

    @property
    def has_sectors(self) -> bool:
        """Whether any row carries a sector."""
        return any(holding.setor for holding in self.holdings)

    def fingerprint(self) -> str:
        """Digest of what B3 states, whatever the source, the row order and the time of collection.

        Sectors are left out: they are B3's labels, absent from two of the three sources.
        """
        rows = sorted([h.codigo, h.acao, h.tipo, str(h.qtde_teorica), str(h.participacao_pct)] for h in self.holdings)
        stated = self.statement
        divisor = "" if stated.divisor is None else str(stated.divisor.normalize())
        totals = [str(stated.total_quantity), str(stated.total_share), divisor]
        said = [stated.index, stated.session.isoformat(), totals, rows]
        # What was computed is not what B3 stated, however equal: B3's own figures replace it.
        text = json.dumps([*said, REBUILT] if self.source == REBUILT else said, ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()


def same_figures(one: Portfolio, other: Portfolio) -> bool:
    """Whether two portfolios state the same shares and totals, sectors apart; what only one states counts for nothing."""
    rows, others = (
        sorted((h.codigo, h.acao, h.tipo, h.qtde_teorica, h.participacao_pct) for h in portfolio.holdings)
        for portfolio in (one, other)
    )
    stated, also = one.statement, other.statement
    both = stated.divisor is not None and also.divisor is not None
    return (
        rows == others
        and (stated.total_quantity, stated.total_share) == (also.total_quantity, also.total_share)
        and (not both or stated.divisor == also.divisor)
    )


def check_sector_totals(rows: Iterable[tuple[str, Holding, Decimal | None]]) -> None:
    """Hold the rows to the totals that B3 states of their sectors, which catch sectors that were shifted or swapped.

    Args:
        rows: each with the name of its sector's field, and its sector's total share in percent, as its own row states it;
            None where it states none. In the recorded answers it is exactly the sum of the sector's rows.

    Raises:
        PayloadError: a row states another total than its sector's rows sum to.
    """
    listed = list(rows)
    sums: defaultdict[str | None, Decimal] = defaultdict(Decimal)
    for _, holding, _ in listed:
        sums[holding.setor] += holding.participacao_pct
    for field, holding, total in listed:
        if total is not None and total != sums[holding.setor]:
            raise PayloadError(
                field,
                f"{holding.codigo} is under {shown(holding.setor)}, of which B3 states {total} in all; its rows sum to "
                f"{sums[holding.setor]}",
            )


def shown(value: object) -> str:
    """A value as an error repeats it: one line, of bounded length."""
    text = repr(value)
    return text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "…"


def read_quantity(field: str, value: object) -> int:
    """A whole number up to `MAX_QUANTITY`, with thousands separators: `1.345.832.968`.

    Raises:
        PayloadError: the value is anything else.
    """
    return int(_matched(field, value, _QUANTITY, "1.234.567").replace(".", ""))


def read_share(field: str, value: object) -> Decimal:
    """A share of the index in percent, with three decimals: `2,732`.

    Raises:
        PayloadError: the value is anything else.
    """
    return _share(_matched(field, value, _SHARE, "1,234").replace(",", "."))


@lru_cache(maxsize=100_000)
def _share(text: str) -> Decimal:
    """Each of the hundred thousand that there are is held once, however many portfolios have it."""
    return Decimal(text)


def read_divisor(field: str, value: object) -> Decimal:
    """B3's divisor, thousands separated and with exactly eight decimals: `15.453.473,14801835`.

    Raises:
        PayloadError: the value is anything else.
    """
    return Decimal(_matched(field, value, _DIVISOR, "1.234.567,12345678").replace(".", "").replace(",", "."))


def read_session(field: str, value: object) -> date:
    """A session's date, `dd/mm/yy`, of 2000 to 2068.

    Raises:
        PayloadError: the value is anything else, no day of the calendar, or of another century.
    """
    text = _matched(field, value, _DATE, "dd/mm/yy")
    try:
        session = datetime.strptime(text, "%d/%m/%y").date()  # noqa: DTZ007 - a calendar day has no zone
    except ValueError as error:
        raise PayloadError(field, f"{shown(value)} is not a date (dd/mm/yy, as in pt-br)") from error
    if session.year < _FIRST_YEAR:
        raise PayloadError(field, f"{shown(value)} is of before {_FIRST_YEAR}")
    return session


def read_text(field: str, value: object) -> str:
    """A text, exactly as it stands.

    Raises:
        PayloadError: the value is not a text, is empty or longer than 80 characters, or holds control characters.
    """
    if not isinstance(value, str) or not value.strip():
        raise PayloadError(field, f"{shown(value)} where a text was expected")
    if len(value) > MAX_TEXT or not value.isprintable():
        raise PayloadError(field, f"{shown(value)} is not a text of at most {MAX_TEXT} printable characters")
    return value


def _matched(field: str, value: object, pattern: re.Pattern[str], example: str) -> str:
    if isinstance(value, str):
        if pattern.fullmatch(value):
            return value
        if pattern.fullmatch(value.translate(_SWAPPED)):
            raise PayloadError(field, f"{shown(value)} is an en-us figure, pt-br ({example}) was asked for")
    raise PayloadError(field, f"{shown(value)} is not of B3's pt-br form {example}")
