"""B3's rendered page: located by element and position, and told apart from the empty application."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.contract.statement import Statement
from flows.b3.portfolio import Holding, Portfolio
from flows.b3.saved_page import parse_html
from flows.errors import PayloadError
from local.b3.formats import html_page

# As a browser saves it: labels not loaded, cells with white space around, attributes of Angular's.
PAGE = """<!DOCTYPE html><html lang="pt-br"><head><title></title><script>var x = "<table>";</script></head><body>
<h2>09/09/99</h2><table><tr><td>elsewhere</td></tr></table>
<app-root ng-version="11"><app-day-portfolio _nghost-c1=""><div>
<h2 class="t"> - 09/07/25</h2><select id="segment"><option></option></select>
<table class="table"><thead><tr><th></th><th></th><th></th><th></th><th></th></tr></thead><tbody><!---->
<tr class="ng-star-inserted"><td> ALOS3 </td><td>ALLOS</td><td>ON  ED  NM</td><td class="r">476.976.044</td><td> 0,509</td></tr>
<tr><td>ABEV3</td><td><span>AMBEV S/A</span></td><td>ON</td><td>4.394.835.131</td><td>&nbsp;99,491</td></tr></tbody>
<tfoot><tr><td></td><td></td><td></td><td>4.871.811.175</td><td>100,000</td></tr>
<tr><td></td><td></td><td></td><td>15.453.473,14801835</td><td></td></tr></tfoot></table>
<select id="selectPage"><option>120</option></select></div></app-day-portfolio></app-root></body></html>"""


def parse(page: str) -> Portfolio:
    return parse_html("IBOV", page.encode())


def test_a_rendered_page_is_read_exactly() -> None:
    assert parse(PAGE) == Portfolio(
        statement=Statement(
            "IBOV", date(2025, 7, 9), None, 4_871_811_175, Decimal("100.000"), Decimal("15453473.14801835")
        ),
        source="html",
        holdings=(
            Holding("ALOS3", "ALLOS", "ON  ED  NM", None, 476_976_044, Decimal("0.509")),
            Holding("ABEV3", "AMBEV S/A", "ON", None, 4_394_835_131, Decimal("99.491")),
        ),
    )


def test_a_whole_page_is_what_b3_stated(sample: Portfolio) -> None:
    assert parse_html("IBOV", html_page(sample)).fingerprint() == sample.fingerprint()


def test_characters_of_html_in_a_name_are_read_back(small: Portfolio) -> None:
    named = replace(small, holdings=(replace(small.holdings[0], acao="P&G <1>"),))
    assert parse_html("IBOV", html_page(named)).holdings[0].acao == "P&G <1>"


def test_a_page_by_sector_has_the_sector_first_and_its_sum_last() -> None:
    page = PAGE.replace("<tr><td>ABEV3", "<tr><td>Cons N  Básico / Bebidas</td><td>ABEV3").replace(
        "&nbsp;99,491</td>", "99,491</td><td>99,491</td>"
    )
    assert parse(page).holdings[1] == Holding(
        "ABEV3", "AMBEV S/A", "ON", "Cons N  Básico / Bebidas", 4_394_835_131, Decimal("99.491")
    )


def test_labels_that_are_loaded_change_nothing() -> None:
    page = PAGE.replace("<th></th>", "<th>Código</th>").replace(
        "<tfoot><tr><td></td>", "<tfoot><tr><td>Quantidade Teórica Total</td>"
    )
    assert parse(page) == parse(PAGE)


def test_a_page_that_shows_a_part_keeps_the_whole_s_totals_so_that_gate_1_can_tell() -> None:
    first = PAGE.index("<tr><td>ABEV3")
    part = parse(PAGE[:first] + PAGE[PAGE.index("</tbody>") :])
    assert len(part.holdings) == 1
    assert part.statement.total_quantity == 4_871_811_175


@pytest.mark.parametrize(
    ("page", "field", "message"),
    [
        pytest.param("", "page", "empty", id="empty"),
        pytest.param("   ", "page", "", id="blank"),
        pytest.param("<html><body><app-root></app-root></body></html>", "page", "not a rendered", id="a plain GET"),
        pytest.param('{"page":{}}', "page", "not a rendered portfolio page", id="JSON"),
        pytest.param(PAGE.replace("<tbody>", "<table></table><tbody>", 1), "table", "found where one", id="two tables"),
        pytest.param(PAGE[: PAGE.index("<table class")] + "</app-day-portfolio>", "table", "0 found", id="no table"),
        pytest.param(PAGE.replace(" - 09/07/25", ""), "h2", "one date dd/mm/yy was expected", id="no date"),
        pytest.param(PAGE.replace("</h2><select", "</h2><h2>10/07/25</h2><select"), "h2", "one date dd/mm/yy", id="two dates"),
        pytest.param(PAGE.replace("09/07/25", "07/31/25"), "h2", "as in pt-br", id="a date in en-us"),
        pytest.param(PAGE[: PAGE.index('<tr class="ng')] + PAGE[PAGE.index("</tbody>") :], "tbody", "no rows", id="no rows"),
        pytest.param(PAGE[: PAGE.index("<tfoot>")] + PAGE[PAGE.index("</table>\n<select") :], "tfoot", "0 rows", id="no footer"),
        pytest.param(PAGE.replace("<td>100,000</td>", "<td></td>"), "tfoot, total", "2 figures", id="no total share"),
        pytest.param(PAGE.replace("15.453.473,14801835", ""), "tfoot, divisor", "1 figures", id="no divisor"),
        pytest.param(PAGE.replace("<td>ABEV3</td>", ""), "row 2", "4 cells where 5 were expected", id="a cell lost"),
        pytest.param(PAGE.replace("<td>ABEV3</td>", "<td></td>"), "row 2, code", "''", id="no code"),
        pytest.param(PAGE.replace("476.976.044", "476,976,044"), "row 1, quantity", "en-us figure", id="a quantity in en-us"),
        pytest.param(PAGE.replace("0,509", "0.509"), "row 1, share", "en-us figure", id="a weight in en-us"),
    ],
)  # fmt: skip
def test_another_form_is_refused_by_place_and_value(page: str, field: str, message: str) -> None:
    with pytest.raises(PayloadError) as refused:
        parse(page)
    assert refused.value.field == field
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


@given(st.binary() | st.text().map(str.encode))
def test_whatever_else_comes_is_refused_as_a_payload(content: bytes) -> None:
    with pytest.raises(PayloadError):
        parse_html("IBOV", content)


@given(st.integers(0, len(PAGE) - 1), st.text(max_size=8))
def test_any_piece_put_into_a_page_is_read_or_refused_as_a_payload(at: int, piece: str) -> None:
    try:
        parse(PAGE[:at] + piece + PAGE[at:])
    except PayloadError as error:
        refused = str(error)
        assert "\n" not in refused
