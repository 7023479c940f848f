from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from local.athena.analysis.planned import QueryPlan
from local.athena.analysis.planner import plan_query
from local.athena.analysis.tables import GivenTables, Tables
from local.athena.language.errors import AthenaQueryError

SHARES: dict[str, Any] = {
    "DatabaseName": "b3",
    "Name": "shares",
    "StorageDescriptor": {"Columns": [{"Name": "name", "Type": "string"}, {"Name": "quantity", "Type": "bigint"}]},
    "PartitionKeys": [{"Name": "day", "Type": "int"}],
}


def view(sql: str, **columns: str) -> dict[str, Any]:
    definition = {
        "originalSql": sql,
        "catalog": "awsdatacatalog",
        "schema": "b3",
        "columns": [{"name": name, "type": kind} for name, kind in columns.items()],
    }
    return {
        "Name": "v",
        "TableType": "VIRTUAL_VIEW",
        "Parameters": {"presto_view": "true"},
        "ViewOriginalText": f"/* Presto View: {base64.b64encode(json.dumps(definition).encode()).decode()} */",
        "StorageDescriptor": {"Columns": [{"Name": name, "Type": kind} for name, kind in columns.items()]},
        "PartitionKeys": [],
    }


def parse(text: str, **known: dict[str, Any]) -> QueryPlan:
    views = (dict(table, DatabaseName="default", Name=name) for name, table in known.items())
    return plan_query(text, Tables(GivenTables(SHARES, *views)), "default")


def test_a_view_reads_the_tables_of_its_own_database() -> None:
    query = parse("SELECT * FROM v", v=view("SELECT name FROM shares", name="varchar"))

    assert [scan.table["Name"] for scan in query.scans] == ["shares"]


def test_a_view_has_the_columns_and_the_types_that_it_declares() -> None:
    query = parse("SELECT * FROM v", v=view("SELECT quantity AS q FROM shares", q="double"))

    assert "CAST" in query.text
    assert "DOUBLE" in query.text


def test_a_view_may_be_read_by_another_name_and_joined() -> None:
    known = view("SELECT name, day FROM shares", name="varchar", day="integer")

    query = parse("SELECT a.name FROM v AS a JOIN default.v b ON a.day = b.day", v=known)

    assert len(query.scans) == 2


def test_a_view_may_read_a_view() -> None:
    inner = view("SELECT name FROM shares", name="varchar")
    outer = view("SELECT name FROM default.inner_view", name="varchar")

    query = parse("SELECT * FROM v", v=outer, inner_view=inner)

    assert [scan.table["Name"] for scan in query.scans] == ["shares"]


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        pytest.param(view("SELECT * FROM default.v", name="varchar"), "nested too deep", id="reads itself"),
        pytest.param(view("SELECT FROM WHERE", name="varchar"), "INVALID_VIEW: View 'v'", id="no query"),
        pytest.param(view("SELECT name FROM shares", name="bigint"), "VIEW_IS_STALE: .*cannot be coerced", id="a type"),
        pytest.param(view("SELECT gone FROM shares", name="varchar"), "COLUMN_NOT_FOUND", id="a column it has not"),
        pytest.param(view("SELECT day FROM shares", name="varchar"), "VIEW_IS_STALE", id="a column of another type"),
        pytest.param(view("SELECT name FROM gone", name="varchar"), r"TABLE_NOT_FOUND: .*b3\.gone", id="a table gone"),
        pytest.param(
            {**view("SELECT 1", name="varchar"), "ViewOriginalText": "SELECT 1"}, "not one that Athena made", id="plain"
        ),
        pytest.param(
            {**view("SELECT 1", name="varchar"), "Parameters": {}}, "not one that Athena made", id="a flag lost"
        ),
        pytest.param(
            {**view("SELECT name FROM shares", name="varchar"), "StorageDescriptor": {"Columns": []}},
            "VIEW_IS_STALE",
            id="another declaration",
        ),
    ],
)
def test_a_view_that_cannot_be_run_says_why(known: dict[str, Any], reason: str) -> None:
    with pytest.raises(AthenaQueryError, match=reason):
        parse("SELECT name FROM v", v=known)
