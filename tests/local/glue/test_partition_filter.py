from __future__ import annotations

import json
import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.account.gateway import ServiceError
from local.glue.partition_filter import filter_to_sql

KEYS = [{"Name": "Day", "Type": "int"}, {"Name": "ticker", "Type": "string"}]


def holds(expression: str, day: int, ticker: str) -> bool:
    condition = filter_to_sql(expression, KEYS)
    row = json.dumps([str(day), ticker])
    query = f"SELECT {condition} FROM (SELECT ? AS partition_values)"
    return bool(sqlite3.connect(":memory:").execute(query, (row,)).fetchone()[0])


@given(st.integers(0, 40), st.integers(0, 40))
def test_numbers_are_compared_as_numbers(day: int, other: int) -> None:
    assert holds(f"day < {other}", day, "A") is (day < other)
    assert holds(f"day = '{other}'", day, "A") is (day == other)


@given(st.text(st.characters(categories=["Lu", "Nd"]), min_size=1, max_size=6), st.sampled_from(["PETR4", "VALE3"]))
def test_texts_are_compared_as_texts(ticker: str, other: str) -> None:
    assert holds(f"ticker = '{other}'", 1, ticker) is (ticker == other)


def test_names_are_compared_without_their_case() -> None:
    assert holds("DAY = 1 AND Ticker = 'A'", 1, "A")


def test_a_digit_beside_a_text_column_stays_a_text() -> None:
    assert holds("ticker = '1'", 1, "1")


def test_a_quote_in_a_value_ends_nothing() -> None:
    assert holds("ticker = 'it''s'", 1, "it's")


@pytest.mark.parametrize(
    "expression", ["", "weight = 1", "day = 1 UNION SELECT 1", "day ||", "random() = 1", "partition_values = ''"]
)
def test_what_is_no_expression_over_the_partition_columns_is_refused(expression: str) -> None:
    with pytest.raises(ServiceError, match="InvalidInputException"):
        filter_to_sql(expression, KEYS)
