"""B3's JSON answer: pages to a portfolio.

An answer has `page`, `header` and `results`; its form is exactly the recorded one, and a field more or less is an error:
B3 changed, and somebody must look before figures are trusted. A JSON string inside a JSON string has been recorded and is
understood.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from expectations.contract.statement import Statement
from flows.b3.portfolio import (
    MAX_RECORDS,
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

MAX_PAGES = 50
MAX_DEPTH = 8  # levels; B3's answer has four

_TOP = frozenset({"page", "header", "results"})
_PAGE = frozenset({"pageNumber", "pageSize", "totalRecords", "totalPages"})
_HEADER = frozenset({"date", "text", "part", "partAcum", "textReductor", "reductor", "theoricalQty"})
_ROW = frozenset({"segment", "cod", "asset", "type", "part", "partAcum", "theoricalQty"})


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the answer: its number, B3's own counts, and the header and rows as they stand."""

    number: int
    total_records: int
    total_pages: int
    header: Mapping[str, Any]
    results: Sequence[Any]


def parse_page(body: bytes, expected_number: int) -> Page:
    """One page of B3's answer.

    Args:
        body: the bytes as received, unpacked.
        expected_number: the page that was asked for, from 1.

    Raises:
        PayloadError: not JSON, not of the recorded form, another page than asked for, or without rows.
    """
    answer = _fields("body", decode_answer(body), _TOP)
    page = _fields("page", answer["page"], _PAGE)
    counts = {name: _count(f"page.{name}", page[name]) for name in _PAGE}
    if counts["pageNumber"] != expected_number:
        raise PayloadError("page.pageNumber", f"{counts['pageNumber']} where page {expected_number} was asked for")
    if counts["totalPages"] > MAX_PAGES:
        raise PayloadError("page.totalPages", f"{counts['totalPages']} is more than {MAX_PAGES}")
    results = answer["results"]
    if not isinstance(results, list) or not results:
        raise PayloadError("results", f"{shown(results)} on page {expected_number} where rows were expected")
    header = _fields("header", answer["header"], _HEADER)
    return Page(expected_number, counts["totalRecords"], counts["totalPages"], header, results)


def parse_pages(index: str, pages: Sequence[Page]) -> Portfolio:
    """The portfolio that the pages make, in B3's order.

    Raises:
        PayloadError: a page is missing or tells another header than the first, or a field is not of B3's form.
    """
    first = pages[0]
    if len(pages) != first.total_pages:
        raise PayloadError("page.totalPages", f"{first.total_pages} pages are stated, {len(pages)} were received")
    for page in pages[1:]:
        if (page.header, page.total_records, page.total_pages) != (
            first.header,
            first.total_records,
            first.total_pages,
        ):
            raise PayloadError(
                f"page {page.number}", "another header or count than page 1: B3 changed between two calls"
            )
    header = first.header
    rows = [row for page in pages for row in page.results]
    # The header first: it tells another language or form in one place, before eighty rows repeat it.
    statement = Statement(
        index=index,
        total_records=first.total_records,
        total_quantity=read_quantity("header.theoricalQty", header["theoricalQty"]),
        total_share=read_share("header.part", header["part"]),
        divisor=read_divisor("header.reductor", header["reductor"]),
        session=read_session("header.date", header["date"]),
    )
    holdings = tuple(_holding(f"results[{number}]", row) for number, row in enumerate(rows))
    totals = [_sector_total(f"results[{number}].partAcum", row["partAcum"]) for number, row in enumerate(rows)]
    fields = [f"results[{number}].segment" for number in range(len(rows))]
    check_sector_totals(zip(fields, holdings, totals, strict=True))
    return Portfolio(statement, "json", holdings)


def decode_answer(body: bytes) -> object:
    """What an answer holds as JSON, also where it is a JSON string inside a JSON string.

    Raises:
        PayloadError: not UTF-8, not JSON, cut short, empty, or nested deeper than any answer of B3's.
    """
    try:
        answer = json.loads(body.decode("utf-8-sig"))
        answer = json.loads(answer) if isinstance(answer, str) else answer
    except UnicodeDecodeError as error:
        raise PayloadError("body", f"not UTF-8 (byte {error.start + 1} is {body[error.start]:#04x})") from error
    except (ValueError, RecursionError) as error:
        raise PayloadError("body", _why_no_json(body, error)) from error
    _refuse_depth(answer)
    return answer


def _why_no_json(body: bytes, error: ValueError | RecursionError) -> str:
    text = body.decode("utf-8-sig").strip()
    if not text:
        return "empty"
    if isinstance(error, json.JSONDecodeError) and text[0] == "{" and _ends_within(error):
        return f"not JSON: cut short after {len(body)} bytes, it ends {shown(text[-20:])}"
    return f"not JSON: it begins {shown(body[:40].decode('utf-8', 'replace'))}"


def _ends_within(error: json.JSONDecodeError) -> bool:
    """Whether what is missing is what would come after the text's end."""
    return error.pos >= len(error.doc.rstrip()) - 1 or error.msg.startswith("Unterminated string")


def _sector_total(field: str, value: object) -> Decimal | None:
    return None if value is None else read_share(field, value)


def _refuse_depth(answer: object) -> None:
    # Level by level, because to show or to compare what is nested deeply recurses, and may go deeper than Python does.
    level = [answer]
    for _ in range(MAX_DEPTH):
        level = [inner for value in level for inner in _inner(value)]
    if level:
        raise PayloadError("body", f"nested deeper than {MAX_DEPTH} levels")


def _inner(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _fields(field: str, value: object, names: frozenset[str]) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise PayloadError(field, f"{shown(value)} where an object was expected")
    if missing := sorted(names - value.keys()):
        raise PayloadError(f"{field}.{missing[0]}", "missing")
    if unknown := sorted(value.keys() - names):
        name = repr(unknown[0])[1:-1][:40]  # one line of printable characters, whatever it is
        raise PayloadError(f"{field}.{name}", f"unknown field, with {shown(value[unknown[0]])}")
    return value


def _count(field: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_RECORDS:
        raise PayloadError(field, f"{shown(value)} where a count from 1 to {MAX_RECORDS} was expected")
    return value


def _holding(field: str, value: object) -> Holding:
    row = _fields(field, value, _ROW)
    segment = row["segment"]
    return Holding(
        codigo=read_code(f"{field}.cod", row["cod"]),
        acao=read_name(f"{field}.asset", row["asset"]),
        tipo=read_tipo(f"{field}.type", row["type"]),
        setor=None if segment is None else read_sector(f"{field}.segment", segment),
        qtde_teorica=read_quantity(f"{field}.theoricalQty", row["theoricalQty"]),
        participacao_pct=read_share(f"{field}.part", row["part"]),
    )
