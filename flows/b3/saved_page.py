"""B3's portfolio page, as a browser rendered and saved it.

The page is an Angular application: a plain GET returns an empty `<app-root>`, which is not taken for a damaged page. Labels
may be empty (translations not loaded), so that everything is located by element and position, never by text.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

from lxml import etree, html

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

_DATE = re.compile(r"\d{2}/\d{2}/\d{2}", re.ASCII)
_CELLS = 5
_CELLS_BY_SECTOR = 7  # the sector first, its accumulated share last
_FOOTER_ROWS = 2


def parse_html(index: str, content: bytes) -> Portfolio:
    """The portfolio in a rendered page.

    Args:
        index: the index code that was asked for (the page shows it only in a script's state).
        content: the page, UTF-8.

    Raises:
        PayloadError: the page is not rendered, or not of the recorded form.
    """
    page = _rendered(content)
    table = _only(page, ".//table", "table")
    rows = table.findall("./tbody/tr")
    footer = [_texts(row) for row in table.findall("./tfoot/tr")]
    if not rows:
        raise PayloadError("tbody", "no rows")
    if len(footer) != _FOOTER_ROWS:
        raise PayloadError("tfoot", f"{len(footer)} rows where the total and the divisor were expected")
    quantity, share = _figures("tfoot, total", footer[0], 2)
    (divisor,) = _figures("tfoot, divisor", footer[1], 1)
    statement = Statement(
        index=index,
        session=_session(page),
        total_records=None,
        total_quantity=read_quantity("tfoot, total", quantity),
        total_share=read_share("tfoot, share", share),
        divisor=read_divisor("tfoot, divisor", divisor),
    )
    read = [_holding(f"row {number}", _texts(row)) for number, row in enumerate(rows, start=1)]
    check_sector_totals(read)
    return Portfolio(statement, "html", tuple(holding for _, holding, _ in read))


def _rendered(content: bytes) -> html.HtmlElement:
    # No entities and no network: a page is data, whatever it asks for.
    parser = html.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False, remove_comments=True)
    try:
        document = html.document_fromstring(content, parser=parser)
    except etree.ParserError as error:
        raise PayloadError("page", "empty") from error
    portfolio = document.find(".//app-day-portfolio")
    if portfolio is None:
        raise PayloadError("page", "not a rendered portfolio page: it has no app-day-portfolio (a plain GET has none)")
    return portfolio


def _only(page: html.HtmlElement, path: str, name: str) -> html.HtmlElement:
    found = page.findall(path)
    if len(found) != 1:
        raise PayloadError(name, f"{len(found)} found where one was expected")
    return found[0]


def _session(page: html.HtmlElement) -> date:
    headings = [str(heading.text_content()) for heading in page.findall(".//h2")]
    dates = [found for heading in headings for found in _DATE.findall(heading)]
    if len(dates) != 1:
        raise PayloadError("h2", f"{shown(headings)} where one date dd/mm/yy was expected")
    return read_session("h2", dates[0])


def _texts(row: html.HtmlElement) -> list[str]:
    return [str(cell.text_content()).strip(" \r\n\t\xa0") for cell in row.iterchildren("td", "th")]


def _figures(field: str, texts: list[str], count: int) -> list[str]:
    figures = [text for text in texts if text[:1].isdigit()][:count]
    if len(figures) != count:
        raise PayloadError(field, f"{shown(texts)} where {count} figures were expected")
    return figures


def _holding(field: str, cells: list[str]) -> tuple[str, Holding, Decimal | None]:
    """A row, and its sector's total share where the page states it."""
    if len(cells) not in (_CELLS, _CELLS_BY_SECTOR):
        raise PayloadError(field, f"{len(cells)} cells where {_CELLS} were expected")
    by_sector = len(cells) == _CELLS_BY_SECTOR
    codigo, acao, tipo, quantity, share = cells[1:6] if by_sector else cells
    holding = Holding(
        codigo=read_code(f"{field}, code", codigo),
        acao=read_name(f"{field}, name", acao),
        tipo=read_tipo(f"{field}, type", tipo),
        setor=read_sector(f"{field}, sector", cells[0]) if by_sector else None,
        qtde_teorica=read_quantity(f"{field}, quantity", quantity),
        participacao_pct=read_share(f"{field}, share", share),
    )
    return f"{field}, sector", holding, read_share(f"{field}, sector's share", cells[-1]) if by_sector else None
