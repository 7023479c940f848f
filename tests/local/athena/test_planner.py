from __future__ import annotations

from typing import Any

import pytest

from local.athena.analysis.planned import QueryPlan
from local.athena.analysis.planner import plan_query
from local.athena.analysis.tables import GivenTables, Tables
from local.athena.language.errors import AthenaQueryError

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
TABLES = Tables(GivenTables(TABLE, {**TABLE, "Name": "other"}))


def parse(text: str, *parameters: str) -> QueryPlan:
    return plan_query(text, TABLES, "default", parameters)


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
        '"shares_2"."day" = 2',
    ]


# --- text --------------------------------------------------------------------------------------------------------------


def test_columns_without_a_name_are_numbered_by_position() -> None:
    columns = parse("SELECT name, count(*), max(quantity) AS most, 1 FROM shares GROUP BY name").columns

    assert [name for name, _ in columns] == ["name", "_col1", "most", "_col3"]


def test_parameters_take_the_places_of_question_marks() -> None:
    assert "'VALE3'" in parse("SELECT name FROM shares WHERE ticker = ? AND day = ?", "'VALE3'", "30").text


def test_too_few_parameters_are_refused() -> None:
    with pytest.raises(AthenaQueryError, match=r"INVALID_PARAMETER_USAGE: .*expected 2 but found 1"):
        parse("SELECT name FROM shares WHERE ticker = ? AND day = ?", "'VALE3'")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("SELECT * FROM nothing", "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.default.nothing' does not exist"),
        ("SELECT * FROM sharez", "TABLE_NOT_FOUND: .*Near names: shares"),
        ("SELECT * FROM b3.shares", "SCHEMA_NOT_FOUND: line 1:15: Schema 'b3' does not exist"),
        ("SELECT * FROM hive.default.shares", "CATALOG_NOT_FOUND: line 1:15: Catalog 'hive' does not exist"),
        (
            'SELECT * FROM "shares$partitions"',
            r'NOT_SUPPORTED on the laptop: line 1:15: "shares\$partitions"; Athena has it',
        ),
        (
            "SELECT nothing FROM shares",
            "COLUMN_NOT_FOUND: line 1:8: Column 'nothing' cannot be resolved or requester is not",
        ),
        ("SELECT name,\n  quantty FROM shares", "COLUMN_NOT_FOUND: line 2:3: Column 'quantty' .*Near names: quantity"),
        ("SELECT t.name FROM shares", "COLUMN_NOT_FOUND: line 1:8: Column 't.name' cannot be resolved"),
        ("SELECT name FROM shares, other", "AMBIGUOUS_NAME: line 1:8: Column 'name' is ambiguous"),
        ('SELECT "$path" FROM shares', r'NOT_SUPPORTED on the laptop: line 1:8: "\$path"; Athena has it'),
        ("SELECT name FROM shares WHERE", "SYNTAX_ERROR: line 1:30: mismatched input '<EOF>'"),
        ("SELECT 1; SELECT 2", "SYNTAX_ERROR: Only one sql statement is allowed"),
        ("", "SYNTAX_ERROR: line 1:1: mismatched input '<EOF>'"),
        ("SELEC name", "SYNTAX_ERROR: line 1:1: mismatched input 'SELEC'. Expecting: 'SELECT'"),
        ("SELEC * FROM shares", "SYNTAX_ERROR: line 1:1: mismatched input 'SELEC'"),
        ("SELECT 'unclosed", "SYNTAX_ERROR: line 1:8: mismatched input .'."),
        ("SELECT name FROM `shares`", "SYNTAX_ERROR: line 1:18: backquoted identifiers are not supported"),
        ("SELECT 1a", "SYNTAX_ERROR: line 1:8: identifiers must not start with a digit"),
        ("SELECT name, FROM shares", "SYNTAX_ERROR: line 1:14: mismatched input 'FROM'"),
        ("SELECT name FROM shares LIMIT 5 OFFSET 2", "SYNTAX_ERROR: line 1:33: mismatched input 'OFFSET'"),
        ("FROM shares", "SYNTAX_ERROR: line 1:1: mismatched input 'FROM'"),
        ("FROM shares SELECT name", "SYNTAX_ERROR: line 1:1: mismatched input 'FROM'"),
        ("SELECT * EXCLUDE (name) FROM shares", "SYNTAX_ERROR: line 1:10: mismatched input 'EXCLUDE'"),
        ("SELECT * EXCEPT (name) FROM shares", "SYNTAX_ERROR: line 1:18: mismatched input"),
        ("SELECT DISTINCT ON (name) * FROM shares", "SYNTAX_ERROR: line 1:17: mismatched input 'ON'"),
        (
            "SELECT name FROM shares QUALIFY row_number() OVER () = 1",
            "SYNTAX_ERROR: line 1:33: mismatched input 'row_number'",
        ),
        ("SELECT * FROM shares ASOF JOIN other ON x = y", "COLUMN_NOT_FOUND: line 1:41: Column 'x'"),
        ("SELECT COLUMNS('n.*') FROM shares", "FUNCTION_NOT_FOUND: line 1:8: Function 'columns' not registered"),
        ("SELECT name FROM shares GROUP BY ALL", "SYNTAX_ERROR: line 1:37: mismatched input '<EOF>'"),
        ("SELECT count(*) AS n FROM shares GROUP BY name HAVING n > 1", "COLUMN_NOT_FOUND: line 1:55: Column 'n'"),
        ("SELECT quantity + 1 AS q FROM shares WHERE q > 1", "COLUMN_NOT_FOUND: line 1:44: Column 'q'"),
        ("SELECT quantity + 1 AS q, q + 1 FROM shares", "COLUMN_NOT_FOUND: line 1:27: Column 'q'"),
        ("SELECT name n FROM shares GROUP BY n", "COLUMN_NOT_FOUND: line 1:36: Column 'n'"),
        (
            "SELECT name, count(*) FROM shares",
            "EXPRESSION_NOT_AGGREGATE: line 1:8: 'name' must be an aggregate expression",
        ),
        ("SELECT quantity + 1 FROM shares GROUP BY name", r"EXPRESSION_NOT_AGGREGATE: .*'quantity \+ 1' must be"),
        ("SELECT name FROM shares ORDER BY count(*)", "EXPRESSION_NOT_AGGREGATE"),
        ("SELECT DISTINCT name FROM shares ORDER BY day", "EXPRESSION_NOT_IN_DISTINCT: .*must appear in select list"),
        (
            "SELECT name FROM shares ORDER BY 2",
            "INVALID_COLUMN_REFERENCE: line 1:34: ORDER BY position 2 is not in select list",
        ),
        (
            "SELECT name FROM shares WHERE count(*) > 1",
            "EXPRESSION_NOT_SCALAR: .*WHERE clause cannot contain aggregations",
        ),
        (
            "SELECT name FROM shares WHERE year = '2025'",
            "TYPE_MISMATCH: line 1:36: Cannot apply operator: integer = varchar",
        ),
        (
            "SELECT name FROM shares WHERE name",
            "TYPE_MISMATCH: .*WHERE clause must evaluate to a boolean: actual type varchar",
        ),
        (
            "SELECT name FROM shares UNION SELECT day FROM other",
            "TYPE_MISMATCH: .*column 1 in UNION query has incompatible",
        ),
        (
            "SELECT name FROM shares UNION SELECT name, day FROM other",
            "TYPE_MISMATCH: .*different number of fields: 1, 2",
        ),
        (
            "SELECT name FROM shares WHERE day IN (SELECT ticker FROM other)",
            "TYPE_MISMATCH: line 1:35: .*integer = varchar",
        ),
        ("SELECT * FROM shares NATURAL JOIN other", "NOT_SUPPORTED: line 1:22: Natural join not supported"),
        (
            "SELECT * FROM shares FULL JOIN other ON shares.day > other.day",
            "NOT_SUPPORTED: .*FULL JOIN involving an unsupported",
        ),
        ("SELECT * FROM shares TABLESAMPLE BERNOULLI (10)", "NOT_SUPPORTED on the laptop: line 1:22: TABLESAMPLE"),
        ("WITH RECURSIVE a(n) AS (SELECT 1) SELECT * FROM a", "NOT_SUPPORTED on the laptop: line 1:6: WITH RECURSIVE"),
        (
            "SELECT * FROM (VALUES (1, 2)) AS t(a)",
            "MISMATCHED_COLUMN_ALIASES: .*1 entries but 't' has 2 columns available",
        ),
        ("SELECT 1 FROM shares LIMIT -1", "SYNTAX_ERROR: line 1:28: mismatched input '-'"),
        ("SELECT name FROM shares FETCH FIRST 1 ROW WITH TIES", "NOT_SUPPORTED on the laptop: .*WITH TIES"),
        ("SELECT lag(name) OVER (ORDER BY day ROWS 1 PRECEDING) FROM shares", "INVALID_WINDOW_FRAME: .*lag function"),
        ("SELECT sum(day) OVER w FROM shares", "INVALID_WINDOW_REFERENCE: line 1:22: Cannot resolve WINDOW name w"),
        (
            "SELECT day FROM shares s WHERE 1 = (SELECT 1 FROM other o WHERE o.day = s.day LIMIT 1)",
            "a correlated subquery",
        ),
        (
            "SELECT reduce(ARRAY[day], 0, (s, x) -> s + x, s -> s) FROM shares",
            "NOT_SUPPORTED on the laptop: line 1:8: reduce",
        ),
    ],
)
def test_what_athena_would_refuse_is_refused_in_its_words(text: str, reason: str) -> None:
    with pytest.raises(AthenaQueryError, match=reason) as caught:
        parse(text)

    assert "sqlglot" not in str(caught.value)
    assert "duckdb" not in str(caught.value).lower()
