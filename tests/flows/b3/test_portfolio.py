"""How B3 writes numbers, dates and texts in pt-br, and nothing else is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.b3.portfolio import (
    MAX_QUANTITY,
    Portfolio,
    read_divisor,
    read_quantity,
    read_session,
    read_share,
    read_text,
    shown,
)
from flows.errors import PayloadError
from local.b3.formats import pt_br

# Whatever B3 might put where a text belongs.
NO_TEXTS = [None, 1, 1.5, True, [], {}, b"1,234"]


def refusal(read: Callable[[str, object], object], value: object) -> str:
    with pytest.raises(PayloadError) as refused:
        read("results[3].part", value)
    assert refused.value.field == "results[3].part"
    assert "results[3].part" in str(refused.value)
    assert "\n" not in str(refused.value)
    return str(refused.value)


class TestQuantity:
    @pytest.mark.parametrize(
        ("text", "number"),
        [("1.345.832.968", 1_345_832_968), ("98.370.249.996", 98_370_249_996), ("620", 620), ("0", 0), ("2.666", 2666)],
    )
    def test_is_a_whole_number_with_points_between_thousands(self, text: str, number: int) -> None:
        assert read_quantity("q", text) == number

    @given(st.integers(0, MAX_QUANTITY))
    def test_is_read_exactly_beyond_32_bits(self, number: int) -> None:
        assert read_quantity("q", pt_br(number)) == number

    @pytest.mark.parametrize(
        "text",
        ["", " 1", "1 ", "-1", "+1", "1.23", "1.2345", ".123", "1..234", "1e3", "1.234,0", "1234", "\u0661", "1.234\n"],
    )
    def test_of_another_form_is_refused_by_field_and_value(self, text: str) -> None:
        assert repr(text) in refusal(read_quantity, text)

    @pytest.mark.parametrize("text", ["2,666", "1,345,832,968"])
    def test_in_en_us_is_told_as_such(self, text: str) -> None:
        assert "en-us" in refusal(read_quantity, text)

    @pytest.mark.parametrize("value", NO_TEXTS)
    def test_that_is_no_text_is_refused(self, value: object) -> None:
        assert repr(value) in refusal(read_quantity, value)


class TestShare:
    @pytest.mark.parametrize(("text", "share"), [("2,732", "2.732"), ("100,000", "100.000"), ("0,005", "0.005")])
    def test_is_a_percentage_with_a_comma_and_three_decimals(self, text: str, share: str) -> None:
        assert read_share("s", text) == Decimal(share)

    @given(st.integers(0, 100_000))
    def test_is_read_exactly(self, thousandths: int) -> None:
        share = Decimal(thousandths) / 1000
        assert read_share("s", pt_br(share.quantize(Decimal("0.001")))) == share

    @pytest.mark.parametrize(
        "text", ["", "2,73", "2,7322", "2", ",732", "-2,732", "1.000,000", "2,732%", "2 732", "NaN"]
    )
    def test_of_another_form_is_refused_by_field_and_value(self, text: str) -> None:
        assert repr(text) in refusal(read_share, text)

    @pytest.mark.parametrize("text", ["2.732", "0.620", "100.000"])
    def test_in_en_us_is_told_as_such(self, text: str) -> None:
        assert "en-us" in refusal(read_share, text)

    @pytest.mark.parametrize("value", NO_TEXTS)
    def test_that_is_no_text_is_refused(self, value: object) -> None:
        assert repr(value) in refusal(read_share, value)


class TestDivisor:
    @pytest.mark.parametrize(
        ("text", "divisor"),
        [
            ("15.453.473,14801835", "15453473.14801835"),
            ("16.279.911,48376400", "16279911.48376400"),
            ("940,12000000", "940.12"),
        ],
    )
    def test_has_points_between_thousands_and_eight_decimals(self, text: str, divisor: str) -> None:
        assert read_divisor("d", text) == Decimal(divisor)

    @given(st.decimals(min_value=1, max_value=10**12, places=8))
    def test_is_read_exactly(self, divisor: Decimal) -> None:
        assert read_divisor("d", pt_br(divisor)) == divisor

    @pytest.mark.parametrize(
        "text", ["15453473,14801835", "15.453.473", "1,2", "", "1,1234567", "1,123456789", "940,12", "1.234,5678"]
    )
    def test_of_another_form_is_refused_by_field_and_value(self, text: str) -> None:
        assert repr(text) in refusal(read_divisor, text)

    def test_in_en_us_is_told_as_such(self) -> None:
        assert "en-us" in refusal(read_divisor, "16,036,751.16744128")


class TestSession:
    @given(st.dates(date(2000, 1, 1), date(2068, 12, 31)))
    def test_is_day_month_year_of_two_digits_each(self, session: date) -> None:
        assert read_session("header.date", f"{session:%d/%m/%y}") == session

    @pytest.mark.parametrize(
        "text", ["30/06/2025", "2025-06-30", "30-06-25", "3/6/25", "", "30/06/25 ", "\u0663\u0660/06/25"]
    )
    def test_of_another_form_is_refused_by_field_and_value(self, text: str) -> None:
        assert repr(text) in refusal(read_session, text)

    @pytest.mark.parametrize("text", ["16/03/99", "02/01/69", "31/12/70"])
    def test_of_another_century_is_refused(self, text: str) -> None:
        assert "is of before 2000" in refusal(read_session, text)

    @pytest.mark.parametrize("text", ["06/30/25", "31/06/25", "29/02/25", "00/01/25"])
    def test_that_is_no_day_of_the_calendar_is_refused_rather_than_turned_round(self, text: str) -> None:
        assert "is not a date (dd/mm/yy, as in pt-br)" in refusal(read_session, text)


class TestText:
    @pytest.mark.parametrize(
        "text",
        ["ON      NM", "Cons N  Básico / Alimentos Processados", "AMBEV S/A", "Petróleo, Gás e Biocombustíveis", " x "],
    )
    def test_stands_exactly_as_b3_wrote_it(self, text: str) -> None:
        assert read_text("t", text) == text

    @pytest.mark.parametrize("text", ["", "   ", "a\nb", "a\x00b", "a\u200bb", "a\u202eb", "\ud800", "x" * 81])
    def test_that_is_blank_too_long_or_not_printable_is_refused(self, text: str) -> None:
        refusal(read_text, text)

    @pytest.mark.parametrize("value", NO_TEXTS)
    def test_that_is_no_text_is_refused(self, value: object) -> None:
        assert repr(value) in refusal(read_text, value)


class TestShown:
    @given(st.text())
    def test_is_one_line_of_bounded_length(self, text: str) -> None:
        assert len(shown(text)) <= 61
        assert "\n" not in shown(text)


class TestPortfolio:
    def test_has_sectors_where_any_row_has_one(self, small: Portfolio) -> None:
        assert small.has_sectors
        assert not replace(small, holdings=small.holdings[2:]).has_sectors


class TestFingerprint:
    @pytest.mark.parametrize(
        "same",
        [
            pytest.param(lambda p: replace(p, holdings=p.holdings[::-1]), id="row order"),
            pytest.param(lambda p: replace(p, source="csv"), id="source"),
            pytest.param(lambda p: p.restated(total_records=None), id="no count of rows"),
            pytest.param(
                lambda p: replace(p, holdings=tuple(replace(holding, setor=None) for holding in p.holdings)),
                id="no sectors",
            ),
            pytest.param(
                lambda p: p.restated(divisor=Decimal("15453473.1480183500")), id="trailing zeros of the divisor"
            ),
        ],
    )
    def test_is_the_same_whatever_the_source_and_order(
        self, small: Portfolio, same: Callable[[Portfolio], Portfolio]
    ) -> None:
        assert same(small).fingerprint() == small.fingerprint()

    @pytest.mark.parametrize(
        "other",
        [
            pytest.param(lambda p: p.restated(index="IBXX"), id="index"),
            pytest.param(lambda p: p.restated(session=date(2025, 7, 1)), id="session"),
            pytest.param(lambda p: p.restated(total_quantity=p.statement.total_quantity + 1), id="total quantity"),
            pytest.param(lambda p: p.restated(total_share=Decimal("99.999")), id="total share"),
            pytest.param(lambda p: p.restated(divisor=p.statement.divisor + Decimal("0.00000001")), id="divisor"),
            pytest.param(lambda p: replace(p, holdings=p.holdings[1:]), id="a row less"),
            *(
                pytest.param(
                    lambda p, name=name, value=value: replace(
                        p, holdings=(replace(p.holdings[0], **{name: value}), *p.holdings[1:])
                    ),
                    id=name,
                )
                for name, value in {
                    "codigo": "ALOS4",
                    "acao": "ALLOS SA",
                    "tipo": "ON      NM",
                    "qtde_teorica": 1,
                    "participacao_pct": Decimal("0.510"),
                }.items()
            ),
        ],
    )
    def test_is_another_when_anything_that_b3_states_is(
        self, small: Portfolio, other: Callable[[Portfolio], Portfolio]
    ) -> None:
        assert other(small).fingerprint() != small.fingerprint()
