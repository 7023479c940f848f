"""Whatever B3's site sends: it is read whole and within bounds, or refused by name; and kept where the contract says."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hostile import GIGANTIC, JSON, PATHS, TEXTS
from hypothesis import example, given
from hypothesis import strategies as st

from expectations.contract.keys import session_path
from expectations.gates.raw import FULL_SHARE
from flows.b3.calendar import is_session
from flows.b3.csv_download import decode_download, parse_csv
from flows.b3.json_answer import parse_page, parse_pages
from flows.b3.payload import Payload
from flows.b3.portfolio import MAX_QUANTITY, MAX_TEXT, Portfolio
from flows.b3.saved_page import parse_html
from flows.errors import PayloadError
from flows.session.pipeline import Collected, Pipeline
from flows.session.raw_file import RawFacts, decode, encode
from flows.settings import load_settings
from local.b3 import sample
from local.b3.formats import csv_download, html_page, json_page

RECORDED = sample.recorded(date(2025, 6, 30))
SMALL = replace(RECORDED, holdings=RECORDED.holdings[:3])
ANSWER: dict[str, Any] = json.loads(json_page(SMALL, 1, 120, by_sector=True))
CSV = decode_download(csv_download(SMALL)).decode("latin-1")
PAGE = html_page(SMALL).decode()
AT = datetime(2025, 6, 30, 11, tzinfo=UTC)

HEADER = [("header", name) for name in ANSWER["header"]]
PLACES = [
    *HEADER,
    *(("page", name) for name in ANSWER["page"]),
    *(("results", 1, name) for name in ANSWER["results"][0]),
]


def read_json(body: bytes) -> Portfolio:
    return parse_pages("IBOV", [parse_page(body, 1)])


def read_or_refused(read: Callable[[], Portfolio]) -> None:
    """What holds of anything that is read: every text printable and short, every number one that a session may have."""
    try:
        portfolio = read()
    except PayloadError as error:
        assert str(error).isprintable()
        assert len(str(error)) < 400
        return
    for holding in portfolio.holdings:
        for text in (holding.codigo, holding.acao, holding.tipo, holding.setor or "x"):
            assert 0 < len(text) <= MAX_TEXT
            assert text.isprintable()
        assert 0 <= holding.qtde_teorica <= MAX_QUANTITY
        assert 0 <= holding.participacao_pct < 1000
    assert 0 <= portfolio.statement.total_quantity <= MAX_QUANTITY
    assert 0 <= portfolio.statement.total_share < 1000
    assert 0 < portfolio.statement.divisor < MAX_QUANTITY + 1
    facts = RawFacts.of(portfolio, AT, [])
    assert decode(encode(portfolio, facts)).facts == facts


def with_value(place: tuple[str | int, ...], value: object) -> bytes:
    answer = json.loads(json.dumps(ANSWER))
    parent = answer
    for step in place[:-1]:
        parent = parent[step]
    parent[place[-1]] = value
    return json.dumps(answer).encode()


class TestJson:
    @given(st.sampled_from(PLACES), JSON)
    @example(("page", "totalRecords"), 10**4000)
    @example(("page", "totalPages"), 10**400)
    def test_with_anything_in_any_place_is_read_or_refused(self, place: tuple[str | int, ...], value: object) -> None:
        read_or_refused(lambda: read_json(with_value(place, value)))

    @given(st.sampled_from([(), ("page",), ("header",), ("results", 0)]), TEXTS, JSON)
    def test_with_a_field_more_is_refused(self, parent: tuple[str | int, ...], name: str, value: object) -> None:
        read_or_refused(lambda: read_json(with_value((*parent, name), value)))

    @given(JSON)
    def test_in_a_json_string_is_no_other(self, value: object) -> None:
        read_or_refused(lambda: read_json(json.dumps(json.dumps(value)).encode()))

    @pytest.mark.parametrize("depth", [10, 900, 960, 980, 985, 990, 1000, 100_000])
    @pytest.mark.parametrize(("opening", "closing"), ["[]", ('{"a":', "}")])
    def test_nested_to_any_depth_is_refused(self, depth: int, opening: str, closing: str) -> None:
        nested = f"{opening * depth}1{closing * depth}"
        for body in (nested, json.dumps(ANSWER | {"results": 0}).replace('"results": 0', f'"results": {nested}')):
            with pytest.raises(PayloadError, match=r"nested deeper|not JSON|where"):
                read_json(body.encode())

    @pytest.mark.parametrize("number", ["1" * 5000, "1e400", "-1e400", "NaN", "Infinity", "-0", "1" * 4000])
    def test_with_a_gigantic_number_in_its_counts_is_refused(self, number: str) -> None:
        body = json.dumps(ANSWER).replace('"totalRecords": 84', f'"totalRecords": {number}')
        assert number in body
        with pytest.raises(PayloadError):
            read_json(body.encode())

    @pytest.mark.parametrize("text", GIGANTIC)
    @pytest.mark.parametrize("field", ["part", "theoricalQty"])
    def test_with_a_gigantic_figure_in_a_row_is_refused(self, field: str, text: str) -> None:
        with pytest.raises(PayloadError):
            read_json(with_value(("results", 0, field), text))


class TestCsv:
    @given(st.integers(0, 6), st.integers(0, 5), TEXTS)
    def test_with_anything_in_any_cell_is_read_or_refused(self, line: int, cell: int, text: str) -> None:
        lines = [row.split(";") for row in CSV.split("\r\n")]
        lines[line][cell % len(lines[line])] = text
        content = "\r\n".join(";".join(row) for row in lines).encode("utf-8", "surrogatepass")
        read_or_refused(lambda: parse_csv("IBOV", content))

    @given(st.binary(max_size=60), st.integers(0, 200))
    def test_with_any_bytes_put_in_is_read_or_refused(self, piece: bytes, at: int) -> None:
        body = base64.b64encode(CSV.encode("latin-1")[:at] + piece + CSV.encode("latin-1")[at:])
        read_or_refused(lambda: parse_csv("IBOV", decode_download(body)))


class TestHtml:
    @given(st.sampled_from(["ALLOS", "ALOS3", "30/06/25", "<tbody>", "<tfoot>", "<h2>", "<!DOCTYPE html>"]), TEXTS)
    def test_with_anything_in_any_place_is_read_or_refused(self, place: str, text: str) -> None:
        assert place in PAGE
        content = PAGE.replace(place, text).encode("utf-8", "surrogatepass")
        read_or_refused(lambda: parse_html("IBOV", content))

    def test_reads_no_file_and_expands_no_entity(self, tmp_path: Path) -> None:
        secret = tmp_path / "secret"
        secret.write_text("SECRET")
        declared = f'<!DOCTYPE html [<!ENTITY f SYSTEM "file://{secret}"><!ENTITY a "LOL"><!ENTITY b "&a;&a;">]>'
        page = PAGE.replace("<!DOCTYPE html>", declared).replace("ALLOS", "&f;&b;")
        with pytest.raises(PayloadError, match=r"name: '&f;&b;' holds HTML's entities"):
            parse_html("IBOV", page.encode())

    def test_expands_no_entity_a_billion_times(self) -> None:
        entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
        page = PAGE.replace("<!DOCTYPE html>", f'<!DOCTYPE html [<!ENTITY l0 "lol">{entities}]>').replace(
            "ALLOS", "&l9;"
        )
        with pytest.raises(PayloadError, match=r"name: '&l9;' holds HTML's entities"):
            parse_html("IBOV", page.encode())

    @pytest.mark.parametrize("piece", ["<div>" * 100_000, "<table>" * 500, "<!--" * 10_000, "<h2 " + "a=b " * 50_000])
    def test_of_a_giant_s_form_is_refused(self, piece: str) -> None:
        with pytest.raises(PayloadError):
            parse_html("IBOV", PAGE.replace("<table>", piece).encode())


class TestKeys:
    @given(
        st.sampled_from(["json", "csv", "html"]),
        st.sampled_from(PLACES) | st.none(),
        st.sampled_from(PATHS) | TEXTS,
    )
    def test_of_any_payload_lie_in_landing(self, source: str, place: tuple[str | int, ...] | None, text: str) -> None:
        whole = {
            "json": with_value(place or ("header", "date"), text),
            "csv": csv_download(SMALL),
            "html": PAGE.encode(),
        }
        body = whole[source] if place else text.encode("utf-8", "surrogatepass")
        payload = Payload("IBOV", source, 1, body, AT, "")
        session = payload.session()
        folder = session_path(session) if session else "undated"
        name = payload.key().removeprefix(f"landing/{folder}/")
        assert name.startswith("ibov_20250630T110000Z_p001_")
        assert name.endswith(f".{source}.gz")
        assert "/" not in name
        assert name.isascii()


@pytest.mark.parametrize("year", [69, 75, 99])
def test_a_session_of_another_century_is_refused_where_it_is_read(year: int) -> None:
    with pytest.raises(PayloadError, match="of before 2000"):
        read_json(with_value(("header", "date"), f"02/01/{year:02}"))


class TestGate1:
    @pytest.mark.parametrize("year", [0, 68])
    def test_refuses_a_session_of_another_time(self, year: int) -> None:
        portfolio = read_json(with_value(("header", "date"), f"02/01/{year:02}"))
        assert is_session(portfolio.session) in (True, False)
        report = checked(portfolio)
        assert "one that B3 may show" in report

    def test_refuses_quantities_whose_sum_no_machine_word_holds(self) -> None:
        most = replace(SMALL.holdings[0], qtde_teorica=MAX_QUANTITY)
        portfolio = replace(SMALL.restated(total_quantity=1), holdings=(most, *SMALL.holdings[1:]))
        assert "quantities sum to the header's 1: " in checked(portfolio)

    @pytest.mark.parametrize("share", ["0", "999.999"])
    def test_refuses_a_header_of_another_share_than_all(self, share: str) -> None:
        assert f"the header's share is {FULL_SHARE}" in checked(SMALL.restated(total_share=Decimal(share)))


def checked(portfolio: Portfolio) -> str:
    """What gate 1 says of a portfolio that was collected on the recorded day."""
    facts = RawFacts.of(portfolio, AT, [])
    return Pipeline(load_settings({}), None).check_raw(Collected(facts, encode(portfolio, facts))).verdict()  # type: ignore[arg-type]
