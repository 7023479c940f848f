"""A portfolio written as B3 publishes it: JSON pages, the CSV download, the rendered page."""

from __future__ import annotations

import base64
import html
import json
from decimal import Decimal
from itertools import groupby
from typing import Any

from flows.b3.portfolio import Holding, Portfolio

_SWAPPED = str.maketrans(",.", ".,")
_TOTAL_TEXT = "Quantidade Teórica Total"
_DIVISOR_TEXT = "Redutor"
_EIGHT_DECIMALS = Decimal("0.00000001")

_PAGE = """<!DOCTYPE html>
<html lang="pt-br"><head><meta charset="utf-8"><title>B3</title></head><body><app-root><app-day-portfolio>
<h2> - {session}</h2><select id="segment"><option></option></select>
<table><thead><tr><th></th><th></th><th></th><th></th><th></th></tr></thead>
<tbody>{rows}</tbody>
<tfoot><tr><td></td><td></td><td></td><td>{quantity}</td><td>{share}</td></tr>
<tr><td></td><td></td><td></td><td>{divisor}</td><td></td></tr></tfoot></table>
<select id="selectPage"><option>120</option></select><ngx-pagination></ngx-pagination>
</app-day-portfolio></app-root></body></html>
"""


def pt_br(number: int | Decimal) -> str:
    """A number as B3 writes it in pt-br: `1.234.567,89`."""
    return (f"{number:,f}" if isinstance(number, Decimal) else f"{number:,}").translate(_SWAPPED)


def json_page(portfolio: Portfolio, page: int, page_size: int, *, by_sector: bool) -> bytes:
    """One page of the JSON answer: plain by name, or grouped by sector with each sector's accumulated share."""
    rows = _by_sector(portfolio) if by_sector else [_row(holding, None, None) for holding in portfolio.holdings]
    total = len(rows)
    header = {
        "date": f"{portfolio.session:%d/%m/%y}",
        "text": _TOTAL_TEXT,
        "part": pt_br(portfolio.statement.total_share),
        "partAcum": pt_br(portfolio.statement.total_share) if by_sector else None,
        "textReductor": _DIVISOR_TEXT,
        "reductor": _divisor(portfolio),
        "theoricalQty": pt_br(portfolio.statement.total_quantity),
    }
    answer = {
        "page": {
            "pageNumber": page,
            "pageSize": page_size,
            "totalRecords": portfolio.statement.total_records or total,
            "totalPages": -(-total // page_size),
        },
        "header": header,
        "results": rows[(page - 1) * page_size : page * page_size],
    }
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()


def csv_download(portfolio: Portfolio) -> bytes:
    """The download's answer: base64 of the plain CSV file, latin-1 with CRLF."""
    lines = [
        f"{portfolio.index} - Carteira do Dia {portfolio.session:%d/%m/%y}",
        "Código;Ação;Tipo;Qtde. Teórica;Part. (%)",
        *(
            f"{item.codigo};{item.acao};{item.tipo};{pt_br(item.qtde_teorica)};{pt_br(item.participacao_pct)};"
            for item in portfolio.holdings
        ),
        f"{_TOTAL_TEXT};;;{pt_br(portfolio.statement.total_quantity)};{pt_br(portfolio.statement.total_share)}",
        f"{_DIVISOR_TEXT};;;{_divisor(portfolio)}",
    ]
    return base64.b64encode("".join(f"{line}\r\n" for line in lines).encode("latin-1"))


def html_page(portfolio: Portfolio) -> bytes:
    """The portfolio page as a browser renders it with 120 rows, its labels not loaded."""
    rows = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in _cells(item)) + "</tr>"
        for item in portfolio.holdings
    )
    return _PAGE.format(
        session=f"{portfolio.session:%d/%m/%y}",
        rows=rows,
        quantity=pt_br(portfolio.statement.total_quantity),
        share=pt_br(portfolio.statement.total_share),
        divisor=_divisor(portfolio),
    ).encode()


def _divisor(portfolio: Portfolio) -> str:
    divisor = portfolio.statement.divisor
    return "" if divisor is None else pt_br(divisor.quantize(_EIGHT_DECIMALS))


def _cells(holding: Holding) -> tuple[str, ...]:
    return (
        holding.codigo,
        holding.acao,
        holding.tipo,
        pt_br(holding.qtde_teorica),
        pt_br(holding.participacao_pct),
    )


def _by_sector(portfolio: Portfolio) -> list[dict[str, Any]]:
    ordered = sorted(portfolio.holdings, key=lambda holding: (holding.setor or "", holding.codigo))
    rows: list[dict[str, Any]] = []
    for sector, group in groupby(ordered, key=lambda holding: holding.setor):
        holdings = list(group)
        accumulated = sum((holding.participacao_pct for holding in holdings), Decimal(0))
        rows.extend(_row(holding, sector, pt_br(accumulated)) for holding in holdings)
    return rows


def _row(holding: Holding, segment: str | None, accumulated: str | None) -> dict[str, Any]:
    return {
        "segment": segment,
        "cod": holding.codigo,
        "asset": holding.acao,
        "type": holding.tipo,
        "part": pt_br(holding.participacao_pct),
        "partAcum": accumulated,
        "theoricalQty": pt_br(holding.qtde_teorica),
    }
