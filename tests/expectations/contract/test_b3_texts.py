"""B3's texts: what a ticker and a name look like."""

from __future__ import annotations

import re

import pytest

from expectations.contract import b3_texts


@pytest.mark.parametrize("ticker", ["VALE3", "BPAC11", "B3SA3", "SANB11"])
def test_a_ticker_is_four_characters_and_a_number(ticker: str) -> None:
    assert re.match(b3_texts.TICKER_PATTERN, ticker)


@pytest.mark.parametrize("ticker", ["VALE", "vale3", "VALE333", "VAL3", "VALE 3", "ALLOS", " VALE3"])
def test_anything_else_is_no_ticker(ticker: str) -> None:
    assert not re.match(b3_texts.TICKER_PATTERN, ticker)


@pytest.mark.parametrize("name", ["AMBEV S/A", "B3", "RUMO S.A.", "AZZAS 2154", "P&G", "BBSEGURIDADE"])
def test_a_name_is_up_to_twelve_characters_of_b3_s_alphabet(name: str) -> None:
    assert re.match(b3_texts.NAME_PATTERN, name)
