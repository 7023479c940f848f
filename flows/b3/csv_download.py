"""B3's CSV download of the portfolio: `IBOVDia_DD-MM-YY.csv`.

Latin-1, CRLF, `;`, no quotes; a title with the session, a heading, rows that end in an extra `;`, and two trailers with the
totals and the divisor. The plain view has five columns, the sector view seven. People's copies differ in the details:
`flows.backfill.importing.csv_copy` brings them to the same cells.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from decimal import Decimal

from expectations.contract.statement import Statement
from flows.b3.portfolio import (
    Holding,
    Portfolio,
    check_sector_totals,
    read_divisor,
    read_quantity,
    read_session,
    read_share,
    shown,
)
from flows.b3.texts import read_code, read_name, read_sector, read_tipo
from flows.errors import PayloadError

TITLE = re.compile(r"([A-Z0-9]{4}) - Carteira do Dia (\S+)")
PLAIN = ("Código", "Ação", "Tipo", "Qtde. Teórica", "Part. (%)")
BY_SECTOR = ("Setor", *PLAIN, "Part. (%)Acum.")
TOTAL = "Quantidade Teórica Total"
DIVISOR = "Redutor"

_FULL_SHARE = Decimal("100.000")


@dataclass(frozen=True, slots=True)
class CsvRow:
    """One share's line: its number in the file, from 1, and its cells by the heading's columns."""

    number: int
    cells: dict[str, str]


@dataclass(frozen=True, slots=True)
class CsvSheet:
    """The cells of a CSV file, in B3's own writing.

    Attributes:
        session: as the title writes it, `dd/mm/yy`.
        total: total quantity and total share; None for a copy without B3's totals, whose rows then speak for themselves.
        divisor: None likewise.
    """

    index: str
    session: str
    rows: tuple[CsvRow, ...]
    total: tuple[str, str] | None
    divisor: str | None

    def portfolio(self) -> Portfolio:
        """The portfolio that the cells state.

        Raises:
            PayloadError: a cell is not of B3's form, or sectors contradict their totals.
        """
        session = read_session("title", self.session)
        rows = [_holding(row) for row in self.rows]
        check_sector_totals(rows)
        holdings = tuple(holding for _, holding, _ in rows)
        quantity, share = self.total or (None, None)
        own_sum = sum(holding.qtde_teorica for holding in holdings)
        statement = Statement(
            index=self.index,
            session=session,
            total_records=None,
            total_quantity=own_sum if quantity is None else read_quantity(TOTAL, quantity),
            total_share=_FULL_SHARE if share is None else read_share(f"{TOTAL}, share", share),
            divisor=None if self.divisor is None else read_divisor(DIVISOR, self.divisor),
        )
        return Portfolio(statement, "csv", holdings)


def decode_download(body: bytes) -> bytes:
    """The file inside B3's download answer, which is bare base64 (sometimes as a JSON string).

    Raises:
        PayloadError: the answer is not base64.
    """
    try:
        return base64.b64decode(body.strip().strip(b'"'), validate=True)
    except binascii.Error as error:
        raise PayloadError("body", f"not base64: it begins {shown(body[:40].decode('latin-1'))}") from error


def parse_csv(index: str, content: bytes) -> Portfolio:
    """The portfolio in a CSV file of either view.

    Args:
        index: the index code that was asked for; the title must state the same.
        content: the file.

    Raises:
        PayloadError: the file is not of a recorded form, or of another index.
    """
    title, *rest = _text(content).split("\n")
    session = _session(index, title)
    if not rest:
        raise PayloadError("heading", "missing: the file is cut short after its title")
    heading, *body = rest
    columns = _columns(heading)
    for label in (TOTAL, DIVISOR):
        if not any(line.startswith(f"{label};") for line in body):
            raise PayloadError("trailers", f"the line '{label}' is missing: the file is cut short, or was edited")
    *rows, total, divisor = body
    if not rows:
        raise PayloadError("rows", "none between the heading and the totals")
    share = columns.index("Part. (%)")
    totals = _trailer(f"line {len(rest)}", total, TOTAL, share + 1)
    divisors = _trailer(f"line {len(rest) + 1}", divisor, DIVISOR, share)
    return CsvSheet(
        index=index,
        session=session,
        rows=tuple(_row(number, row, columns) for number, row in enumerate(rows, start=3)),
        total=(totals[share - 1], totals[share]),
        divisor=divisors[share - 1],
    ).portfolio()


def _text(content: bytes) -> str:
    if not content.strip():
        raise PayloadError("file", "empty")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    return text.replace("\r\n", "\n").strip("\n")


def _session(index: str, title: str) -> str:
    found = TITLE.fullmatch(title.strip())
    if not found:
        raise PayloadError("title", f"{shown(title)} where '{index} - Carteira do Dia dd/mm/yy' was expected")
    if found[1] != index:
        raise PayloadError("title", f"the file is of {found[1]}, {index} was asked for")
    return found[2]


def _columns(heading: str) -> tuple[str, ...]:
    columns = tuple(name.strip() for name in heading.rstrip(";").split(";"))
    if columns not in (PLAIN, BY_SECTOR):
        raise PayloadError("heading", f"{shown(heading)} is neither of B3's two headings")
    return columns


def _trailer(field: str, line: str, label: str, cells: int) -> list[str]:
    found = line.split(";")
    if found[0] != label or len(found) < cells:
        raise PayloadError(field, f"{shown(line)} where the trailer '{label}' was expected")
    return found


def _row(number: int, line: str, columns: tuple[str, ...]) -> CsvRow:
    cells = line.split(";")
    if len(cells) != len(columns) + 1 or cells[-1]:
        raise PayloadError(f"line {number}", f"{shown(line)} has not the heading's {len(columns)} columns")
    return CsvRow(number, dict(zip(columns, cells, strict=False)))


def _holding(row: CsvRow) -> tuple[str, Holding, Decimal | None]:
    """A share, and its sector's total share where the view states it."""
    field, cells = f"line {row.number}", row.cells
    by_sector = "Setor" in cells
    holding = Holding(
        codigo=read_code(f"{field}, Código", cells["Código"]),
        acao=read_name(f"{field}, Ação", cells["Ação"]),
        tipo=read_tipo(f"{field}, Tipo", cells["Tipo"]),
        setor=read_sector(f"{field}, Setor", cells["Setor"]) if by_sector else None,
        qtde_teorica=read_quantity(f"{field}, Qtde. Teórica", cells["Qtde. Teórica"]),
        participacao_pct=read_share(f"{field}, Part. (%)", cells["Part. (%)"]),
    )
    total = read_share(f"{field}, Part. (%)Acum.", cells["Part. (%)Acum."]) if by_sector else None
    return f"{field}, Setor", holding, total
