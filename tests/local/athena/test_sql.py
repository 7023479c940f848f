from __future__ import annotations

from typing import Any

import pytest

from local.athena.sql import Query, QueryError, parse_query

TABLE: dict[str, Any] = {
    "DatabaseName": "default",
    "Name": "shares",
    "StorageDescriptor": {"Columns": [{"Name": "name", "Type": "string"}, {"Name": "quantity", "Type": "bigint"}]},
    "PartitionKeys": [
        {"Name": "year", "Type": "int"},
        {"Name": "day", "Type": "int"},
        {"Name": "ticker", "Type": "string"},
    ],
}


def find(database: str, name: str) -> dict[str, Any]:
    if database != "default":
        raise QueryError(f"SCHEMA_NOT_FOUND: Schema '{database}' does not exist")
    if name not in ("shares", "other"):
        raise QueryError(f"TABLE_NOT_FOUND: Table 'awsdatacatalog.{database}.{name}' does not exist")
    return {**TABLE, "Name": name}


def parse(text: str, *parameters: str) -> Query:
    return parse_query(text, find, "default", parameters)


def conditions(text: str) -> list[str | None]:
    return [scan.condition for scan in parse(text).scans]


# --- which tables ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["shares", "SHARES", "default.shares", '"default"."shares"', 'default."shares"', "awsdatacatalog.default.shares"],
)
def test_a_table_is_found_however_it_is_named(name: str) -> None:
    (scan,) = parse(f"SELECT name FROM {name}").scans

    assert (scan.table["DatabaseName"], scan.table["Name"]) == ("default", "shares")


def test_every_place_where_a_table_is_read_is_a_scan() -> None:
    query = parse(
        "SELECT a.name FROM shares a JOIN other b ON a.ticker = b.ticker WHERE a.day IN (SELECT day FROM shares)"
    )

    assert sorted(scan.table["Name"] for scan in query.scans) == ["other", "shares", "shares"]
    assert len({scan.name for scan in query.scans}) == 3


def test_a_common_table_expression_is_no_table() -> None:
    query = parse("WITH mine AS (SELECT name FROM shares) SELECT * FROM mine")

    assert [scan.table["Name"] for scan in query.scans] == ["shares"]


def test_a_query_without_tables_has_no_scans() -> None:
    assert parse("SELECT 1").scans == ()


# --- which partitions --------------------------------------------------------------------------------------------------


def test_what_is_asked_of_partition_columns_alone_prunes() -> None:
    where = "year = 2025 AND day BETWEEN 1 AND 3 AND quantity > 5 AND ticker IN ('A')"

    (condition,) = conditions(f"SELECT * FROM shares WHERE {where}")

    assert condition is not None
    assert "quantity" not in condition
    assert all(column in condition for column in ("year", "day", "ticker"))


@pytest.mark.parametrize(
    "where",
    [
        "year = 2025 OR quantity = 1",
        "year = quantity",
        "quantity = 1",
        "year = (SELECT max(year) FROM other)",
        "day = rand()",
    ],
)
def test_what_needs_more_than_the_partition_prunes_nothing(where: str) -> None:
    (condition, *_) = [
        scan.condition for scan in parse(f"SELECT name FROM shares WHERE {where}").scans if scan.alias == "shares"
    ]

    assert condition is None


def test_each_side_of_a_join_is_pruned_by_its_own_conditions() -> None:
    text = "SELECT a.name FROM shares a JOIN other b ON a.ticker = b.ticker WHERE a.day = 1 AND b.day = 2"

    assert sorted(str(condition) for condition in conditions(text)) == ['"a"."day" = 1', '"b"."day" = 2']


def test_an_outer_join_prunes_nothing() -> None:
    text = "SELECT a.name FROM shares a LEFT JOIN other b ON a.ticker = b.ticker WHERE b.day IS NULL"

    assert conditions(text) == [None, None]


def test_both_queries_of_a_union_are_pruned() -> None:
    assert conditions("SELECT name FROM shares WHERE day = 1 UNION ALL SELECT name FROM shares WHERE day = 2") == [
        '"shares"."day" = 1',
        '"shares"."day" = 2',
    ]


# --- text --------------------------------------------------------------------------------------------------------------


def test_columns_without_a_name_are_numbered_by_position() -> None:
    text = parse("SELECT name, count(*), max(quantity) AS most, 1 FROM shares GROUP BY name").text

    assert '"_col1"' in text
    assert '"_col3"' in text
    assert '"_col0"' not in text


def test_parameters_take_the_places_of_question_marks() -> None:
    assert "'VALE3'" in parse("SELECT name FROM shares WHERE ticker = ? AND day = ?", "'VALE3'", "30").text


def test_too_few_parameters_are_refused() -> None:
    with pytest.raises(QueryError, match=r"INVALID_PARAMETER_USAGE: .*expected 2 but found 1"):
        parse("SELECT name FROM shares WHERE ticker = ? AND day = ?", "'VALE3'")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("SELECT * FROM nothing", "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.default.nothing' does not exist"),
        ("SELECT * FROM b3.shares", "SCHEMA_NOT_FOUND: line 1:18: Schema 'b3' does not exist"),
        ("SELECT nothing FROM shares", "COLUMN_NOT_FOUND: .*'nothing' could not be resolved"),
        ("SELECT name FROM shares WHERE", "SYNTAX_ERROR: "),
        ("SELECT 1; SELECT 2", "SYNTAX_ERROR: Only one sql statement is allowed"),
        ("", "SYNTAX_ERROR: Only one sql statement is allowed"),
        ("SELEC name", "SYNTAX_ERROR: line 1:1: mismatched input 'SELEC'"),
        ("SELEC name FROM shares", "SYNTAX_ERROR: line 1:15: "),
        ("DROP TABLE shares", "NOT_SUPPORTED: .*DROP is refused"),
        ("INSERT INTO shares SELECT * FROM other", "NOT_SUPPORTED: .*INSERT is refused"),
        ("CREATE TABLE x AS SELECT * FROM shares", "NOT_SUPPORTED: .*CREATE is refused"),
        ("DELETE FROM shares", "NOT_SUPPORTED: .*DELETE is refused"),
        ("MSCK REPAIR TABLE shares", "NOT_SUPPORTED: .*MSCK is refused"),
    ],
)
def test_what_athena_would_refuse_is_refused_in_its_words(text: str, reason: str) -> None:
    with pytest.raises(QueryError, match=reason):
        parse(text)
