"""What a page writes: numbers with separators, names of gates and steps, short reasons."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.language import ENGLISH, PORTUGUESE
from flows.site.render import _environment, clip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("quantities sum to 91922324686: 91922324700", "quantities sum to 91.922.324.686: 91.922.324.700"),
        ("PETR4 (qtde_teorica=4566445852)", "PETR4 (qtde_teorica=4.566.445.852)"),
        ("100000.25 of 100000.", "100.000,25 of 100.000."),
        ("84 of 2025", "84 of 2025"),
        ("s3://raw/ibov_carteira_20250630.parquet", "s3://raw/ibov_carteira_20250630.parquet"),
        ("jr_12345678 8c22e1d3-92e4-44b0-841b-582519512345", "jr_12345678 8c22e1d3-92e4-44b0-841b-582519512345"),
        ("127.0.0.1:60491/x and 60491:tcp", "127.0.0.1:60491/x and 60491:tcp"),
        ("00012345", "00012345"),
    ],
)
def test_large_numbers_in_texts_have_separators_and_names_stay_as_they_are(text: str, expected: str) -> None:
    assert _environment(PORTUGUESE).filters["figures"](text) == expected


@given(st.text())
def test_a_text_without_its_separators_is_the_text(text: str) -> None:
    assert _environment(ENGLISH).filters["figures"](text).replace(",", "") == text.replace(",", "")


@given(st.text(), st.integers(2, 200))
def test_a_clipped_text_is_the_beginning_of_it(text: str, most: int) -> None:
    found = clip(text, most)
    assert found == text or (text.startswith(found.removesuffix(" …")) and len(found) <= most + 2)


def test_a_gate_that_is_not_known_is_shown_by_its_name() -> None:
    filters = _environment(PORTUGUESE).filters
    assert [filters["gate_name"](name) for name in ("gate-1-raw", "gate-9")] == ["Gate 1, o arquivo bruto", "gate-9"]
    assert [filters["gate_short"](name) for name in ("gate-1-raw", "odd")] == ["1", "odd"]
