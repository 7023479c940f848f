"""B3's JSON answer: pages of exactly the recorded form make a portfolio, anything else is refused by field and value."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.contract.statement import Statement
from flows.b3.json_answer import Page, parse_page, parse_pages
from flows.b3.portfolio import Holding, Portfolio
from flows.errors import PayloadError
from local.b3.formats import json_page

# As B3 sends it, compact, in pt-br, with sectors.
BODY = (
    '{"page":{"pageNumber":1,"pageSize":120,"totalRecords":2,"totalPages":1},'
    '"header":{"date":"04/07/25","text":"Quantidade Teórica Total","part":"100,000","partAcum":"100,000",'
    '"textReductor":"Redutor","reductor":"15.453.473,14801835","theoricalQty":"4.871.811.175"},'
    '"results":[{"segment":"Cons N  Básico / Alimentos Processados","cod":"ALOS3","asset":"ALLOS","type":"ON  ED  NM",'
    '"part":"0,509","partAcum":"0,509","theoricalQty":"476.976.044"},'
    '{"segment":null,"cod":"ABEV3","asset":"AMBEV S/A","type":"ON","part":"99,491","partAcum":null,'
    '"theoricalQty":"4.394.835.131"}]}'
).encode()
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
ROW_FIELDS = ("segment", "cod", "asset", "type", "part", "partAcum", "theoricalQty")


def parse(body: bytes) -> Portfolio:
    return parse_pages("IBOV", [parse_page(body, 1)])


def changed(*path: str | int, to: Any) -> bytes:  # noqa: ANN401 - any JSON
    """The recorded answer with the value at the path replaced."""
    answer = json.loads(BODY)
    place = answer
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = to
    return json.dumps(answer).encode()


def without(*path: str | int) -> bytes:
    answer = json.loads(BODY)
    place = answer
    for step in path[:-1]:
        place = place[step]
    del place[path[-1]]
    return json.dumps(answer).encode()


def test_the_recorded_form_is_read_exactly() -> None:
    assert parse(BODY) == Portfolio(
        statement=Statement(
            "IBOV", date(2025, 7, 4), 2, 4_871_811_175, Decimal("100.000"), Decimal("15453473.14801835")
        ),
        source="json",
        holdings=(
            Holding(
                "ALOS3", "ALLOS", "ON  ED  NM", "Cons N  Básico / Alimentos Processados", 476_976_044, Decimal("0.509")
            ),
            Holding("ABEV3", "AMBEV S/A", "ON", None, 4_394_835_131, Decimal("99.491")),
        ),
    )


@pytest.mark.parametrize("by_sector", [True, False])
@pytest.mark.parametrize("page_size", [20, 83, 84, 120, 9999])
def test_pages_of_any_size_make_the_same_portfolio(sample: Portfolio, page_size: int, *, by_sector: bool) -> None:
    count = -(-len(sample.holdings) // page_size)
    pages = [
        parse_page(json_page(sample, number, page_size, by_sector=by_sector), number) for number in range(1, count + 1)
    ]
    read = parse_pages("IBOV", pages)
    assert read.fingerprint() == sample.fingerprint()
    assert read.statement.total_records == 84
    assert read.has_sectors is by_sector


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(json.dumps(BODY.decode()).encode(), id="a JSON string inside a JSON string"),
        pytest.param(b"\xef\xbb\xbf" + BODY, id="a byte-order mark"),
        pytest.param(json.dumps(json.loads(BODY), indent=2).encode(), id="indented, escaped"),
        pytest.param(b" \r\n" + BODY + b"\n", id="white space around"),
    ],
)
def test_other_wrappings_of_the_same_answer_are_understood(body: bytes) -> None:
    assert parse(body) == parse(BODY)


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        pytest.param(b"<!DOCTYPE html><html>", "body", "not JSON: it begins '<!DOCTYPE html><html>'", id="HTML"),
        pytest.param(b"", "body", "empty", id="empty"),
        pytest.param(BODY[:-1], "body", "cut short after", id="cut before its end"),
        pytest.param(BODY[:300], "body", "cut short after 300 bytes", id="cut in a text"),
        pytest.param(BODY.decode().encode("latin-1"), "body", "not UTF-8", id="latin-1"),
        pytest.param(b"[" * 100_000, "body", "not JSON", id="nested without end"),
        pytest.param(b"1" * 5000, "body", "not JSON", id="a number of 5000 digits"),
        pytest.param(b"[]", "body", "[] where an object was expected", id="a list"),
        pytest.param(b"null", "body", "None where an object was expected", id="null"),
        pytest.param(
            json.dumps(json.dumps(BODY.decode())).encode(), "body", "where an object was expected", id="a string thrice wrapped"
        ),
        pytest.param(without("header"), "body.header", "missing", id="no header"),
        pytest.param(without("page", "totalPages"), "page.totalPages", "missing", id="no page count"),
        pytest.param(without("header", "date"), "header.date", "missing", id="no date"),
        pytest.param(changed("extra", to=[1]), "body.extra", "unknown field, with [1]", id="a field more"),
        pytest.param(changed("header", "moeda", to="R$"), "header.moeda", "unknown field, with 'R$'", id="a header field more"),
        pytest.param(changed("page", to=None), "page", "None where an object was expected", id="page null"),
        pytest.param(changed("page", "pageNumber", to=2), "page.pageNumber", "2 where page 1 was asked for", id="another page"),
        pytest.param(changed("page", "totalPages", to=51), "page.totalPages", "51 is more than 50", id="too many pages"),
        pytest.param(changed("page", "totalRecords", to=0), "page.totalRecords", "0 where a count from 1", id="no records"),
        pytest.param(changed("page", "totalRecords", to="84"), "page.totalRecords", "'84' where a count", id="a count as text"),
        pytest.param(changed("page", "totalPages", to=True), "page.totalPages", "True where a count", id="a count that is true"),
        pytest.param(changed("page", "pageSize", to=1.5), "page.pageSize", "1.5 where a count", id="a count with decimals"),
        pytest.param(changed("results", to=[]), "results", "[] on page 1 where rows were expected", id="no results"),
        pytest.param(changed("results", to=None), "results", "None on page 1 where rows were expected", id="results null"),
        pytest.param(changed("results", to={}), "results", "{} on page 1 where rows were expected", id="results an object"),
        pytest.param(changed("header", "date", to="07/04/2025"), "header.date", "dd/mm/yy", id="a date of another form"),
        pytest.param(changed("header", "date", to="06/30/25"), "header.date", "as in pt-br", id="a date in en-us"),
        pytest.param(changed("header", "part", to="100.000"), "header.part", "en-us figure", id="share in en-us"),
        pytest.param(
            changed("header", "theoricalQty", to="4,871,811,175"), "header.theoricalQty", "en-us figure", id="total in en-us"
        ),
        pytest.param(changed("header", "reductor", to=None), "header.reductor", "None is not", id="divisor null"),
        pytest.param(changed("results", 1, to="x"), "results[1]", "'x' where an object was expected", id="a row that is a text"),
        *(
            pytest.param(without("results", 1, name), f"results[1].{name}", "missing", id=f"a row without {name}")
            for name in ROW_FIELDS
        ),
        pytest.param(changed("results", 1, "isin", to="BR"), "results[1].isin", "unknown field", id="a row field more"),
        pytest.param(changed("results", 1, "cod", to=None), "results[1].cod", "None where a text", id="no code"),
        pytest.param(changed("results", 1, "type", to=""), "results[1].type", "'' where a text", id="type blank"),
        pytest.param(changed("results", 1, "segment", to=""), "results[1].segment", "'' where a text", id="sector blank"),
        pytest.param(changed("results", 1, "part", to="0.509"), "results[1].part", "en-us figure", id="a weight in en-us"),
        pytest.param(changed("results", 1, "part", to=0.509), "results[1].part", "0.509 is not", id="a weight as number"),
        pytest.param(
            changed("results", 1, "theoricalQty", to="1.5"), "results[1].theoricalQty", "'1.5' is not", id="no quantity"
        ),
    ],
)  # fmt: skip
def test_another_form_is_refused_by_field_and_value(body: bytes, field: str, message: str) -> None:
    with pytest.raises(PayloadError) as refused:
        parse(body)
    assert refused.value.field == field
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


class TestPages:
    @pytest.fixture
    def pages(self, small: Portfolio) -> list[Page]:
        return [parse_page(json_page(small, number, 1, by_sector=False), number) for number in (1, 2, 3)]

    def test_come_together_in_b3_s_order(self, small: Portfolio, pages: list[Page]) -> None:
        assert [item.codigo for item in parse_pages("IBOV", pages).holdings] == ["ALOS3", "ABEV3", "BPAC11"]

    def test_of_which_one_is_missing_are_refused(self, pages: list[Page]) -> None:
        with pytest.raises(PayloadError, match="3 pages are stated, 2 were received"):
            parse_pages("IBOV", pages[:2])

    @pytest.mark.parametrize(
        "other",
        [
            pytest.param(lambda page: replace(page, header={**page.header, "date": "01/07/25"}), id="session"),
            pytest.param(lambda page: replace(page, header={**page.header, "theoricalQty": "1"}), id="total"),
            pytest.param(lambda page: replace(page, total_records=4), id="count of records"),
            pytest.param(lambda page: replace(page, total_pages=4), id="count of pages"),
        ],
    )
    def test_that_tell_of_another_answer_than_the_first_are_refused(
        self, pages: list[Page], other: Callable[[Page], Page]
    ) -> None:
        with pytest.raises(PayloadError, match="page 2: another header or count than page 1"):
            parse_pages("IBOV", [pages[0], other(pages[1]), pages[2]])


@given(st.binary() | JSON_VALUES.map(lambda value: json.dumps(value).encode()))
def test_whatever_else_comes_is_refused_as_a_payload(body: bytes) -> None:
    with pytest.raises(PayloadError):
        parse(body)


@given(st.sampled_from(ROW_FIELDS), JSON_VALUES)
def test_any_value_in_a_row_is_read_or_refused_as_a_payload(name: str, value: object) -> None:
    try:
        parse(changed("results", 0, name, to=value))
    except PayloadError as error:
        field = error.field
        # A sector that its total contradicts is named by its own field, whichever of the two was damaged.
        assert field == f"results[0].{name}" or (name in ("part", "partAcum") and field.endswith(".segment"))
