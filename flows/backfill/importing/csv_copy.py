"""People's copies of B3's CSV download, brought to the cells that B3 wrote.

Seen in folders: LF for CRLF, UTF-8, UTF-16, letters and accents apart; the title gone, or padded with `;` by a spreadsheet;
the heading without accents; shares without their last zeros (`100` for `100,000`), cells in quotes, tabs for `;`; the totals
gone, and with them the title. The cells themselves are then read as strictly as B3's own.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Sequence

from flows.b3.csv_download import BY_SECTOR, DIVISOR, PLAIN, TITLE, TOTAL, CsvRow, CsvSheet, decode_download
from flows.b3.portfolio import shown
from flows.b3.texts import repaired
from flows.backfill.importing.files import (
    Found,
    Hints,
    ImportProblem,
    SourceFile,
    check_session,
    is_b3s_name,
    known_index,
    known_session,
)
from flows.errors import PayloadError

_MARKS = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig"))
_SHARE = re.compile(r"(\d{1,3})(?:,(\d{0,3}))?", re.ASCII)
_WHOLE = re.compile(r"[1-9]\d{3,14}", re.ASCII)
_LINE_END = re.compile(r"\r\n|\r|\n")
_LEAST_CELLS = 3  # of a line that may be a heading

Line = tuple[int, list[str]]


def read_csv(file: SourceFile, hints: Hints) -> Found:
    """The portfolio in a copy of a CSV download.

    Raises:
        ImportProblem, PayloadError: it is none, or is damaged.
        ImportConflict: its title, its name and its owner contradict each other.
    """
    lines = _lines(_text(file.content))
    title = TITLE.fullmatch(lines[0][1][0].strip()) if lines else None
    if title:
        lines = lines[1:]
    columns, body = _parted(lines)
    sheet = _sheet(file, hints, title, columns, body)
    portfolio = sheet.portfolio()
    if title:
        check_session(file, hints, portfolio.session)
    insisted = hints.session == portfolio.session
    return Found((file,), portfolio, b3_states_session=bool(title) or is_b3s_name(file.name), insisted=insisted)


def _sheet(
    file: SourceFile, hints: Hints, title: re.Match[str] | None, columns: tuple[str, ...], body: list[Line]
) -> CsvSheet:
    share = columns.index("Part. (%)")
    rows, total, divisor = _trailers(body)
    return CsvSheet(
        index=known_index(file, hints, title[1] if title else None),
        session=title[2] if title else f"{known_session(file, hints):%d/%m/%y}",
        rows=tuple(_row(line, columns) for line in rows),
        total=(_quantity(_cell(total, share - 1)), _share(_cell(total, share))) if total else None,
        divisor=_cell(divisor, share - 1) if divisor else None,
    )


# --- bytes to cells ------------------------------------------------------------------------------------------------------


def _text(content: bytes) -> str:
    """The text, whatever it is encoded in; still in the base64 of the download, where it has no cells."""
    text = _decoded(content)
    if ";" not in text and "\t" not in text and not TITLE.match(text):
        try:
            text = _decoded(decode_download(text.encode("ascii", "replace")))
        except PayloadError as error:
            raise ImportProblem(f"not a CSV download of B3's: it begins {shown(text[:40])}") from error
    return unicodedata.normalize("NFC", text)


def _decoded(content: bytes) -> str:
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), None)
    if encoding is None and b"\0" in content[:4]:
        encoding = "utf-16-be" if content.startswith(b"\0") else "utf-16-le"
    try:
        return content.decode(encoding or "utf-8")
    except UnicodeDecodeError as error:
        if encoding:
            raise ImportProblem(f"neither whole nor clean {encoding.upper()} ({error.reason})") from error
        return content.decode("latin-1")


def _lines(text: str) -> list[Line]:
    """The cells of each line that has any, with the line's number; without the empty ones at its end."""
    delimiter = ";" if ";" in text else "\t"
    listed = csv.reader(_LINE_END.split(text), delimiter=delimiter, strict=True)
    try:
        numbered = [(number, [cell.strip("\ufeff") for cell in cells]) for number, cells in enumerate(listed, start=1)]
    except csv.Error as error:
        raise ImportProblem(f"not a CSV file ({error})") from error
    stripped = [(number, _without_empty_end(cells)) for number, cells in numbered]
    return [(number, cells) for number, cells in stripped if cells]


def _without_empty_end(cells: list[str]) -> list[str]:
    filled = [position for position, cell in enumerate(cells, start=1) if cell.strip()]
    return cells[: filled[-1]] if filled else []


# --- cells to B3's cells -------------------------------------------------------------------------------------------------


def _parted(lines: list[Line]) -> tuple[tuple[str, ...], list[Line]]:
    """The heading's columns as B3 writes them, and the lines after it."""
    if not lines:
        raise ImportProblem("cut short: nothing comes after its title")
    (_, heading), *body = lines
    columns = tuple(repaired(cell, BY_SECTOR) or cell for cell in heading)
    if columns not in (PLAIN, BY_SECTOR):
        kind = "its heading" if len(heading) >= _LEAST_CELLS else "what it begins with"
        raise ImportProblem(
            f"not a CSV download of B3's: {kind}, {shown(';'.join(heading))}, is neither of B3's two headings"
        )
    return columns, body


def _trailers(body: list[Line]) -> tuple[list[Line], list[str] | None, list[str] | None]:
    """The rows, the totals and the divisor; both None in a copy without them.

    Raises:
        ImportProblem: one of the two is missing, or there are no rows.
    """
    labels = [repaired(cells[0], (TOTAL, DIVISOR)) for _, cells in body]
    found = [label for label in labels if label]
    if len(found) == 1:
        missing = DIVISOR if found == [TOTAL] else TOTAL
        raise ImportProblem(f"the line '{missing}' is missing: the file is cut short, or was edited")
    if found and (labels[-2:] != [TOTAL, DIVISOR] or len(found) != len((TOTAL, DIVISOR))):
        raise ImportProblem(f"the lines '{TOTAL}' and '{DIVISOR}' are not its last two, once each")
    rows = body[:-2] if found else body
    if not rows:
        raise ImportProblem("no rows: the file is cut short after its heading")
    return (rows, body[-2][1], body[-1][1]) if found else (rows, None, None)


def _row(line: Line, columns: Sequence[str]) -> CsvRow:
    number, cells = line
    if len(cells) != len(columns):
        raise PayloadError(
            f"line {number}", f"{shown(';'.join(cells))} has {len(cells)} cells, the heading {len(columns)}"
        )
    by_name = dict(zip(columns, cells, strict=True))
    by_name["Qtde. Teórica"] = _quantity(by_name["Qtde. Teórica"])
    for name in by_name.keys() & {"Part. (%)", "Part. (%)Acum."}:
        by_name[name] = _share(by_name[name])
    return CsvRow(number, by_name)


def _cell(cells: Sequence[str], position: int) -> str:
    return cells[position] if position < len(cells) else ""


def _share(cell: str) -> str:
    """A share whose last zeros a spreadsheet left out, with them."""
    found = _SHARE.fullmatch(cell.strip())
    return f"{found[1]},{(found[2] or '').ljust(3, '0')}" if found else cell.strip()


def _quantity(cell: str) -> str:
    """A quantity whose points a spreadsheet left out, with them."""
    text = cell.strip()
    return f"{int(text):,}".replace(",", ".") if _WHOLE.fullmatch(text) else text
