"""B3's CSV download: both views, the copies that people keep, and what is refused."""

from __future__ import annotations

import base64
import json
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.contract.statement import Statement
from flows.b3.csv_download import decode_download, parse_csv
from flows.b3.portfolio import Holding, Portfolio
from flows.errors import PayloadError
from local.b3.formats import csv_download

PLAIN = """\
IBOV - Carteira do Dia 06/01/25
Código;Ação;Tipo;Qtde. Teórica;Part. (%)
ALOS3;ALLOS;ON  EJ  NM;476.976.044;0,442;
ABEV3;AMBEV S/A;ON  EDJ;4.394.835.131;99,558;
Quantidade Teórica Total;;;4.871.811.175;100,000
Redutor;;;16.279.911,48376400
""".replace("\n", "\r\n")
BY_SECTOR = """\
IBOV - Carteira do Dia 13/01/25
Setor;Código;Ação;Tipo;Qtde. Teórica;Part. (%);Part. (%)Acum.
Petróleo/ Gás e Biocombustíveis;PETR4;PETROBRAS;PN      N2;4.410.955.873;60,000;60,000;
Cons N  Básico / Bebidas;ABEV3;AMBEV S/A;ON;4.394.835.131;40,000;40,000;
Quantidade Teórica Total;;;;8.805.791.004;100,000;100,000
Redutor;;;;16.279.911,48376400
""".replace("\n", "\r\n")
COLUMNS = "has not the heading's 5 columns"
MISSING = "the line 'Quantidade Teórica Total' is missing"
NO_DIVISOR = "the line 'Redutor' is missing"


def parse(text: str) -> Portfolio:
    return parse_csv("IBOV", text.encode("latin-1"))


def test_the_plain_view_is_read_exactly() -> None:
    assert parse(PLAIN) == Portfolio(
        statement=Statement(
            "IBOV", date(2025, 1, 6), None, 4_871_811_175, Decimal("100.000"), Decimal("16279911.48376400")
        ),
        source="csv",
        holdings=(
            Holding("ALOS3", "ALLOS", "ON  EJ  NM", None, 476_976_044, Decimal("0.442")),
            Holding("ABEV3", "AMBEV S/A", "ON  EDJ", None, 4_394_835_131, Decimal("99.558")),
        ),
    )


def test_the_sector_view_is_read_exactly() -> None:
    portfolio = parse(BY_SECTOR)
    assert portfolio.session == date(2025, 1, 13)
    assert portfolio.holdings[0] == Holding(
        "PETR4", "PETROBRAS", "PN      N2", "Petróleo/ Gás e Biocombustíveis", 4_410_955_873, Decimal("60.000")
    )
    assert (portfolio.statement.total_quantity, portfolio.statement.divisor) == (
        8_805_791_004,
        Decimal("16279911.48376400"),
    )


def test_a_whole_download_is_what_b3_stated(sample: Portfolio) -> None:
    portfolio = parse_csv("IBOV", decode_download(csv_download(sample)))
    assert portfolio.fingerprint() == sample.fingerprint()


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(PLAIN.replace("\r\n", "\n").encode("latin-1"), id="LF"),
        pytest.param(PLAIN.encode(), id="UTF-8"),
        pytest.param(PLAIN.encode("utf-8-sig"), id="UTF-8 with a byte-order mark"),
        pytest.param(PLAIN.rstrip().encode("latin-1"), id="no last line's end"),
        pytest.param((PLAIN + "\r\n").encode("latin-1"), id="a blank line at the end"),
        pytest.param(
            PLAIN.replace("Part. (%)\r\n", "Part. (%);\r\n", 1).encode("latin-1"), id="the heading with its `;`"
        ),
    ],
)
def test_copies_that_people_keep_are_understood(content: bytes) -> None:
    assert parse_csv("IBOV", content) == parse(PLAIN)


@pytest.mark.parametrize(
    ("text", "field", "message"),
    [
        pytest.param("", "file", "empty", id="empty"),
        pytest.param("\r\n".join(PLAIN.split("\r\n")[:1]), "heading", "cut short after its title", id="the title alone"),
        pytest.param("\r\n".join(PLAIN.split("\r\n")[:2]), "trailers", MISSING, id="no rows"),
        pytest.param("\r\n".join(PLAIN.split("\r\n")[:2] + PLAIN.split("\r\n")[4:]), "rows", "none", id="totals alone"),
        pytest.param(PLAIN.split("\r\n", 1)[1], "title", "'Código;Ação;Tipo", id="title removed"),
        pytest.param(PLAIN.replace("IBOV -", "IBXX -"), "title", "the file is of IBXX, IBOV was asked for", id="another index"),
        pytest.param(PLAIN.replace("06/01/25", "01/06/2025"), "title", "'01/06/2025'", id="a date of another form"),
        pytest.param(PLAIN.replace("06/01/25", "01/31/25"), "title", "as in pt-br", id="a date in en-us"),
        pytest.param(PLAIN.replace("Tipo;", "Type;"), "heading", "neither of B3's two headings", id="another heading"),
        pytest.param(PLAIN.replace("ABEV3;AMBEV S/A", "ABEV3"), "line 4", COLUMNS, id="a cell lost"),
        pytest.param(PLAIN.replace("0,442;", "0,442;x"), "line 3", COLUMNS, id="a cell more"),
        pytest.param(PLAIN.replace("0,442;", "0,442"), "line 3", COLUMNS, id="a row without its last `;`"),
        pytest.param(PLAIN.replace("ALOS3;", ";"), "line 3, Código", "''", id="no code"),
        pytest.param(PLAIN.replace("0,442", "0.442"), "line 3, Part. (%)", "en-us figure", id="a weight in en-us"),
        pytest.param(PLAIN.replace("476.976.044", "476976044"), "line 3, Qtde. Teórica", "'476976044'", id="no separators"),
        pytest.param(PLAIN.replace("Quantidade Teórica Total", "Total"), "trailers", MISSING, id="no total"),
        pytest.param(PLAIN.replace("Redutor;;;16.279.911,48376400\r\n", ""), "trailers", NO_DIVISOR, id="no divisor"),
        pytest.param(PLAIN.replace(";100,000", ""), "line 5", "trailer", id="the total's share lost"),
        pytest.param(PLAIN.replace("48376400", "4837640"), "Redutor", "'16.279.911,4837640'", id="a divisor cut"),
        pytest.param(PLAIN.replace(",48376400", ""), "Redutor", "'16.279.911'", id="a divisor without decimals"),
        pytest.param(PLAIN.replace("100,000", "100,0"), "Quantidade Teórica Total, share", "'100,0'", id="the total's share cut"),
    ],
)  # fmt: skip
def test_another_form_is_refused_by_line_and_value(text: str, field: str, message: str) -> None:
    with pytest.raises(PayloadError) as refused:
        parse(text)
    assert refused.value.field == field
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


class TestDownload:
    FILE = PLAIN.encode("latin-1")

    @pytest.mark.parametrize(
        "body",
        [
            pytest.param(base64.b64encode(FILE), id="bare base64"),
            pytest.param(json.dumps(base64.b64encode(FILE).decode()).encode(), id="base64 as a JSON string"),
            pytest.param(base64.b64encode(FILE) + b"\r\n", id="a line's end after it"),
        ],
    )
    def test_holds_the_file_in_base64(self, body: bytes) -> None:
        assert decode_download(body) == self.FILE

    @pytest.mark.parametrize("body", [b"<html>no</html>", FILE, b"abc", b"{}"])
    def test_that_is_no_base64_is_refused_and_shows_how_it_begins(self, body: bytes) -> None:
        with pytest.raises(PayloadError, match="not base64: it begins") as refused:
            decode_download(body)
        assert refused.value.field == "body"


@given(st.binary())
def test_whatever_else_comes_is_refused_as_a_payload(content: bytes) -> None:
    with pytest.raises(PayloadError):
        parse_csv("IBOV", content)


@given(st.integers(0, 5), st.text(max_size=40))
def test_any_line_replaced_is_read_or_refused_as_a_payload(number: int, line: str) -> None:
    lines = PLAIN.split("\r\n")
    lines[number] = line
    try:
        parse_csv("IBOV", "\r\n".join(lines).encode())
    except PayloadError as error:
        refused = str(error)
        assert "\n" not in refused
