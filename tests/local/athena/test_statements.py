from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest

from local.athena.language.errors import AthenaQueryError
from local.athena.rights import CallersCatalog
from local.athena.statements import kind_of, run_statement
from local.rights.api_calls import AccountPlace
from local.rights.privileges import caller

if TYPE_CHECKING:
    from tests.local.conftest import Shares


def lines(shares: Shares, text: str) -> list[str | None] | None:
    catalog = CallersCatalog(shares.catalog, shares.partitions, caller(), AccountPlace())
    result = run_statement(text, "default", catalog)
    return None if result is None else [value for (value,) in result.rows]


def add_view(shares: Shares, name: str = "large", sql: str = "SELECT name\nFROM shares") -> None:
    definition = {
        "originalSql": sql,
        "catalog": "awsdatacatalog",
        "schema": "default",
        "columns": [{"name": "name", "type": "varchar"}],
    }
    view = {
        "Name": name,
        "TableType": "VIRTUAL_VIEW",
        "Parameters": {"presto_view": "true"},
        "ViewOriginalText": f"/* Presto View: {base64.b64encode(json.dumps(definition).encode()).decode()} */",
        "StorageDescriptor": {"Columns": [{"Name": "name", "Type": "string"}]},
    }
    shares.catalog.operations()["AWSGlue.CreateTable"]({"DatabaseName": "default", "TableInput": view})


# --- kinds -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1",
        "-- a comment\nSELECT 1",
        "/* a comment */ select 1",
        "  \n (SELECT 1) UNION (SELECT 2)",
        "WITH a AS (SELECT 1) SELECT * FROM a",
        "VALUES 1",
        "TABLE shares",
        "SELEC name",
        "SELECT 'unclosed",
    ],
)
def test_a_query_is_one_whatever_stands_before_it(text: str) -> None:
    assert (kind_of(text).is_query, kind_of(text).type) == (True, "DML" if not text.startswith("SELEC ") else "DDL")


@pytest.mark.parametrize(
    ("text", "word", "kind"),
    [
        ("SHOW TABLES", "SHOW", "DDL"),
        ("-- x\nDESCRIBE shares", "DESCRIBE", "DDL"),
        ("create table x as select 1", "CREATE", "DDL"),
        ("INSERT INTO x SELECT 1", "INSERT", "DML"),
        ("UNLOAD (SELECT 1) TO 's3://x/'", "UNLOAD", "DML"),
        ("EXPLAIN SELECT 1", "EXPLAIN", "UTILITY"),
        ("DROP TABLE `x`", "DROP", "DDL"),
    ],
)
def test_anything_else_is_told_by_its_first_word(text: str, word: str, kind: str) -> None:
    assert (kind_of(text).word, kind_of(text).type, kind_of(text).is_query) == (word, kind, False)


@pytest.mark.parametrize(
    "text",
    [
        "EXPLAIN SELECT 1",
        "EXECUTE x",
        "PREPARE x FROM SELECT 1",
        "UNLOAD (SELECT 1) TO 's3://x/'",
        "CREATE TABLE x AS SELECT 1",
        "DROP TABLE x",
        "MSCK REPAIR TABLE x",
    ],
)
def test_what_writes_or_explains_is_refused_by_name(shares: Shares, text: str) -> None:
    with pytest.raises(
        AthenaQueryError, match=rf"NOT_SUPPORTED: .*{text.split(maxsplit=1)[0]} is refused, Athena has it"
    ):
        lines(shares, text)


# --- SHOW --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["SHOW DATABASES", "show schemas", "SHOW DATABASES LIKE 'def*'", "-- all\nSHOW DATABASES;"]
)
def test_databases_are_shown(shares: Shares, text: str) -> None:
    assert lines(shares, text) == ["default"]


@pytest.mark.parametrize(
    "text",
    [
        "SHOW TABLES",
        "show tables in default",
        "SHOW TABLES IN `default`",
        "SHOW TABLES 'sh*'",
        "SHOW TABLES LIKE 'sh*'",
        "SHOW TABLES IN default LIKE 'x|shares'",
        "SHOW TABLES '.*are.*'",
    ],
)
def test_tables_are_shown(shares: Shares, text: str) -> None:
    assert lines(shares, text) == ["shares"]


@pytest.mark.parametrize("text", ["SHOW TABLES 'other*'", "SHOW VIEWS", "SHOW DATABASES LIKE 'x'"])
def test_what_does_not_match_is_not_shown(shares: Shares, text: str) -> None:
    assert lines(shares, text) == []


@pytest.mark.parametrize("text", ["SHOW VIEWS", "SHOW VIEWS IN default", "SHOW VIEWS LIKE 'la*'"])
def test_views_are_shown(shares: Shares, text: str) -> None:
    add_view(shares)

    assert lines(shares, text) == ["large"]


@pytest.mark.parametrize("name", ["shares", "default.shares", '"default"."shares"', "`shares`", "`default`.`shares`"])
def test_partitions_are_shown_as_paths(shares: Shares, name: str) -> None:
    shares.register(7, "VALE3")
    shares.register(30, "PETR4")

    assert lines(shares, f"SHOW PARTITIONS {name}") == ["day=30/ticker=PETR4", "day=7/ticker=VALE3"]


@pytest.mark.parametrize(
    "text", ["SHOW COLUMNS IN shares", "SHOW COLUMNS FROM default.shares", "SHOW COLUMNS IN shares IN default"]
)
def test_columns_are_shown_with_the_partition_columns_last(shares: Shares, text: str) -> None:
    assert lines(shares, text) == ["name", "quantity", "weight", "day", "ticker"]


def test_a_table_is_shown_as_the_statement_that_makes_it(shares: Shares) -> None:
    said = lines(shares, "SHOW CREATE TABLE shares")

    assert said is not None
    assert said[:6] == [
        "CREATE EXTERNAL TABLE `default.shares`(",
        "  `name` string COMMENT 'The company\\'s name', ",
        "  `quantity` bigint, ",
        "  `weight` double)",
        "PARTITIONED BY ( ",
        "  `day` int, ",
    ]
    assert said[-2:] == ["LOCATION", "  's3://plain/shares/'"]


def test_a_view_is_shown_as_the_statement_that_makes_it(shares: Shares) -> None:
    add_view(shares)

    assert lines(shares, "SHOW CREATE VIEW large") == ["CREATE VIEW default.large AS", "SELECT name", "FROM shares"]


@pytest.mark.parametrize("text", ["SHOW CREATE TABLE large", "SHOW CREATE VIEW shares"])
def test_a_table_is_no_view_and_a_view_no_table(shares: Shares, text: str) -> None:
    add_view(shares)

    with pytest.raises(AthenaQueryError, match=r"NOT_SUPPORTED: line 1:\d+: 'default\.(large|shares)' is a"):
        lines(shares, text)


# --- DESCRIBE ----------------------------------------------------------------------------------------------------------


def test_a_description_names_types_comments_and_partition_columns(shares: Shares) -> None:
    said = lines(shares, "DESCRIBE default.shares")

    assert said is not None
    assert str(said[0]).split() == ["name", "string", "The", "company's", "name"]
    assert "# Partition Information" in said
    assert str(said[-1]).split() == ["ticker", "string"]


def test_a_partition_is_described_as_its_table(shares: Shares) -> None:
    shares.register(7, "VALE3")

    assert lines(shares, "DESCRIBE shares PARTITION (day = 7, ticker = 'VALE3')") == lines(shares, "DESCRIBE shares")
    with pytest.raises(AthenaQueryError, match=r"PARTITION_NOT_FOUND: .*\{day=8, ticker=VALE3\}"):
        lines(shares, "DESCRIBE shares PARTITION (day = 8, ticker = 'VALE3')")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("DESCRIBE FORMATTED shares", "NOT_SUPPORTED on the laptop: line 1:10: DESCRIBE FORMATTED; Athena has it"),
        ("DESCRIBE nothing", "TABLE_NOT_FOUND: line 1:10: Table 'default.nothing' does not exist"),
        ("SHOW", "SYNTAX_ERROR: line 1:5: mismatched input '<EOF>'"),
        ("SHOW TBLPROPERTIES shares", "NOT_SUPPORTED on the laptop: line 1:6: SHOW TBLPROPERTIES"),
        ("SHOW TABLES shares", "SYNTAX_ERROR: line 1:13: mismatched input 'shares'"),
    ],
)
def test_what_cannot_be_shown_says_why(shares: Shares, text: str, reason: str) -> None:
    with pytest.raises(AthenaQueryError, match=reason):
        lines(shares, text)


@pytest.mark.parametrize("text", ["SELECT 1", "SELEC 1", "VALUES 1", "-- SHOW TABLES\nSELECT 1"])
def test_a_query_is_not_such_a_statement(shares: Shares, text: str) -> None:
    assert lines(shares, text) is None
