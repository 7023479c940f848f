"""Which of a table's partitions SQLite chooses: those that DuckDB would choose of all of them, and what is odd."""

from __future__ import annotations

import json
import sqlite3
from functools import cache
from itertools import product

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.glue.partition_choice import choice

KEYS = [{"Name": "year", "Type": "int"}, {"Name": "Day", "Type": "int"}, {"Name": "ticker", "Type": "string"}]
DAYS = ("1", "01", "02", "9", "30")
USUAL = tuple(product(("2024", "2025"), DAYS, ("PETR4", "VALE3", "D'OR")))
ODD = (
    ("2025", "x", "PETR4"),
    ("2025", "", "VALE3"),
    ("year", "1", "PETR4"),
    ("2025", "99999999999", "PETR4"),
    ("2025", "__HIVE_DEFAULT_PARTITION__", "PETR4"),
)


Partitions = tuple[tuple[str, ...], ...]


@cache
def state_of(partitions: Partitions) -> sqlite3.Connection:
    state = sqlite3.connect(":memory:")
    state.execute("CREATE TABLE partitions (table_name, partition_values, location)")
    rows = [("mine", json.dumps(values), f"s3://b/{place}") for place, values in enumerate(partitions)]
    state.executemany("INSERT INTO partitions VALUES (?, ?, ?)", [*rows, ("another", rows[0][1], "s3://b/no")])
    return state


@cache
def database_of(partitions: Partitions) -> duckdb.DuckDBPyConnection:
    database = duckdb.connect()
    database.execute("CREATE TABLE p (place INT, year INT, day INT, ticker VARCHAR)")
    database.executemany("INSERT INTO p VALUES (?, ?, ?, ?)", [[place, *row] for place, row in enumerate(partitions)])
    return database


def chosen(condition: str, partitions: Partitions) -> list[tuple[str, ...]]:
    query = choice("t", condition, KEYS, "table_name = ?")
    assert query
    found = state_of(partitions).execute(query, ("mine",)).fetchall()
    values = [tuple(json.loads(text)) for text, _ in found]
    assert [location for _, location in found] == [f"s3://b/{partitions.index(row)}" for row in values]
    return values


def by_duckdb(condition: str, partitions: Partitions) -> list[tuple[str, ...]]:
    query = f'SELECT place FROM p AS "t" WHERE {condition} ORDER BY place'
    return [partitions[place] for (place,) in database_of(partitions).execute(query).fetchall()]


number = st.one_of(
    st.sampled_from(["year", "day"]).map('"t"."{}"'.format), st.sampled_from([0, 1, 2, 9, 2025]).map(str)
)
text = st.sampled_from(['"t"."ticker"', "'PETR4'", "'VALE3'", "'D''OR'", "'petr4'", "'x = 1) OR (1'"])
operator = st.sampled_from(["=", "<>", "<", "<=", ">", ">="])
compared = st.one_of(
    st.builds("{} {} {}".format, number, operator, number),
    st.builds("{} {} {}".format, text, operator, text),
    st.builds("{} IN ({}, {})".format, number, number, number),
    st.builds("{} BETWEEN {} AND {}".format, number, number, number),
    st.builds("{} NOT IN ({}, {})".format, text, text, text),
    st.builds("{} IS NOT NULL".format, text),
)
conditions = st.recursive(
    compared,
    lambda inner: (
        st.one_of(st.builds("({}) AND ({})".format, inner, inner), st.builds("({}) OR ({})".format, inner, inner))
        | inner.map("NOT ({})".format)
    ),
    max_leaves=5,
)


@given(conditions)
def test_what_is_chosen_is_what_duckdb_chooses(condition: str) -> None:
    assert chosen(condition, USUAL) == by_duckdb(condition, USUAL)


@given(conditions)
def test_what_is_no_number_is_always_among_them(condition: str) -> None:
    assert chosen(condition, (*ODD, *USUAL)) == [*ODD, *by_duckdb(condition, USUAL)]


@pytest.mark.parametrize(
    "condition",
    [
        '"t"."year" * 100 + "t"."day" >= 202501',
        'CAST("t"."day" AS VARCHAR) = \'1\'',
        "\"t\".\"ticker\" LIKE 'V%' ESCAPE ''",
        '"t"."year" = 99999999999',
        'length("t"."ticker") = 5',
        '"t"."year" = 2025; DROP TABLE partitions',
        '"t"."ticker" = \'open',
        '"t"."year" = -1',
    ],
)
def test_what_both_may_not_take_for_the_same_is_left_to_duckdb(condition: str) -> None:
    assert choice("t", condition, KEYS, "table_name = ?") is None


@pytest.mark.parametrize(
    "key",
    [
        {"Name": "day", "Type": "date"},
        {"Name": "day", "Type": "tinyint"},
        {"Name": "_odd", "Type": "int"},
        {"Name": 'a"b', "Type": "int"},
    ],
)
def test_columns_of_other_types_and_names_are_left_to_duckdb(key: dict[str, str]) -> None:
    assert choice("t", '"t"."year" = 2025', [*KEYS, key], "table_name = ?") is None
