"""B3's CSV download of the portfolio: `IBOVDia_DD-MM-YY.csv`.

Latin-1, CRLF, `;`, no quotes; a title with the session, a heading, rows that end in an extra `;`, and two trailers with the
totals and the divisor. The plain view has five columns, the sector view seven. Saved copies come with LF, and in UTF-8.
"""

from __future__ import annotations

import base64
import binascii
import re

from expectations.contract.statement import Statement
from flows.b3.portfolio import (
    Holding,
    Portfolio,
    read_divisor,
    read_quantity,
    read_session,
    read_share,
    read_text,
    shown,
)
from flows.errors import PayloadError

_TITLE = re.compile(r"([A-Z0-9]{4}) - Carteira do Dia (\S+)")
_PLAIN = ["Código", "Ação", "Tipo", "Qtde. Teórica", "Part. (%)"]
_BY_SECTOR = ["Setor", *_PLAIN, "Part. (%)Acum."]
_TOTAL = "Quantidade Teórica Total"
_DIVISOR = "Redutor"
_MIN_LINES = 5  # title, heading, one row, two trailers


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
    lines = _text(content).split("\n")
    if len(lines) < _MIN_LINES:
        raise PayloadError("file", f"{len(lines)} lines: a title, a heading, rows and two trailers were expected")
    title, heading, *rows, total, divisor = lines
    session_text = _session_text(index, title)
    columns = _columns(heading)
    share = columns.index("Part. (%)")
    totals = _trailer(f"line {len(lines) - 1}", total, _TOTAL, share + 1)
    divisors = _trailer(f"line {len(lines)}", divisor, _DIVISOR, share)
    statement = Statement(
        index=index,
        session=read_session("title", session_text),
        total_records=None,
        total_quantity=read_quantity(_TOTAL, totals[share - 1]),
        total_share=read_share(f"{_TOTAL}, share", totals[share]),
        divisor=read_divisor(_DIVISOR, divisors[share - 1]),
    )
    holdings = tuple(_holding(number, row, columns) for number, row in enumerate(rows, start=3))
    return Portfolio(statement, "csv", holdings)


def _text(content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    return text.replace("\r\n", "\n").strip("\n")


def _session_text(index: str, title: str) -> str:
    found = _TITLE.fullmatch(title.strip())
    if not found:
        raise PayloadError("title", f"{shown(title)} where '{index} - Carteira do Dia dd/mm/yy' was expected")
    if found[1] != index:
        raise PayloadError("title", f"the file is of {found[1]}, {index} was asked for")
    return found[2]


def _columns(heading: str) -> list[str]:
    columns = [name.strip() for name in heading.rstrip(";").split(";")]
    if columns not in (_PLAIN, _BY_SECTOR):
        raise PayloadError("heading", f"{shown(heading)} is neither of B3's two headings")
    return columns


def _trailer(field: str, line: str, label: str, cells: int) -> list[str]:
    found = line.split(";")
    if found[0] != label or len(found) < cells:
        raise PayloadError(field, f"{shown(line)} where the trailer '{label}' was expected")
    return found


def _holding(number: int, line: str, columns: list[str]) -> Holding:
    field = f"line {number}"
    cells = line.split(";")
    if len(cells) != len(columns) + 1 or cells[-1]:
        raise PayloadError(field, f"{shown(line)} has not the heading's {len(columns)} columns")
    row = dict(zip(columns, cells, strict=False))
    return Holding(
        codigo=read_text(f"{field}, Código", row["Código"]),
        acao=read_text(f"{field}, Ação", row["Ação"]),
        tipo=read_text(f"{field}, Tipo", row["Tipo"]),
        setor=read_text(f"{field}, Setor", row["Setor"]) if "Setor" in row else None,
        qtde_teorica=read_quantity(f"{field}, Qtde. Teórica", row["Qtde. Teórica"]),
        participacao_pct=read_share(f"{field}, Part. (%)", row["Part. (%)"]),
    )
