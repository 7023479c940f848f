"""The project's own queries run here: views, saved queries, those of the documents and the flows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from expectations.contract.catalog import table_input
from expectations.contract.ledger import LEDGER_TABLE
from expectations.contract.names import DATABASE
from expectations.contract.tables import REFINED_TABLE, TABLES
from expectations.queries.saved import QUERIES
from expectations.queries.views import VIEW_PARAMETERS, VIEW_TYPE, VIEWS, View
from flows.cli.changes import changes_query
from flows.session.confirm import session_query, session_tables
from local.athena.analysis.planner import plan_query
from local.athena.analysis.tables import GivenTables, Tables
from local.athena.engine import Engine
from local.s3.mirror import Mirror

ROOT = Path(__file__).parents[3]
DAY = date(2025, 6, 30)
_IN_SHELL = re.compile(r'(?:bovespa query(?: --json)?|SQL=) ?"(SELECT [^"…]+)"')


def known() -> list[dict[str, Any]]:
    tables = [dict(table_input(table, "refined")) for table in (*TABLES, LEDGER_TABLE)]
    return [{**table, "DatabaseName": DATABASE} for table in [*tables, *map(as_table, VIEWS)]]


def as_table(view: View) -> dict[str, Any]:
    columns = [{"Name": name, "Type": kind.value} for name, kind in view.columns]
    return {
        "Name": view.name,
        "TableType": VIEW_TYPE,
        "Parameters": dict(VIEW_PARAMETERS),
        "ViewOriginalText": view.original_text,
        "StorageDescriptor": {"Columns": columns},
    }


def documented() -> Iterator[str]:
    for path in (ROOT / "README.md", ROOT / "README.pt-BR.md", *sorted((ROOT / "docs").glob("*.md"))):
        text = path.read_text(encoding="utf-8")
        for block in re.findall(r"```sql\n(.*?)```", text, re.DOTALL):
            yield from (
                query
                for query in re.split(r";\s*$", block, flags=re.MULTILINE)
                if query.strip().upper().startswith(("SELECT", "WITH"))
            )
        yield from _IN_SHELL.findall(text)


def queries() -> Iterator[tuple[str, str]]:
    yield from ((view.name, f"SELECT * FROM {view.name}") for view in VIEWS)
    yield from ((view.query_name, view.sql) for view in VIEWS)
    yield from ((query.name, query.sql) for query in QUERIES)
    yield from ((f"document {number}", text) for number, text in enumerate(documented()))
    yield from ((table.name, session_query(table, "IBOV", DAY)) for table in session_tables("IBOV"))
    yield from ((table.name, session_query(table, "IFIX", DAY)) for table in session_tables("IFIX"))
    yield "changes", changes_query("IBOV", None, None, weights=False)
    yield "changes since", changes_query("IBOV", DAY, DAY, weights=True)


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Mirror:
    folder = tmp_path_factory.mktemp("own")
    return Mirror(folder / "s3", folder / "scratch")


def test_the_documents_have_queries() -> None:
    assert len(list(documented())) > 10


@pytest.mark.parametrize(("name", "text"), [pytest.param(*query, id=query[0]) for query in queries()])
def test_a_query_of_the_projects_runs(mirror: Mirror, name: str, text: str) -> None:
    plan = plan_query(text, Tables(GivenTables(*known())), DATABASE)
    engine = Engine(mirror, lambda *_: [])
    try:
        engine.prepare(plan)
        rows = engine.run(plan).rows
        assert rows in ((), ((None,),)) or not plan.scans, "no table has a row"
    finally:
        engine.close()


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_a_view_gives_the_types_that_it_declares(view: Any) -> None:  # noqa: ANN401
    plan = plan_query(view.sql, Tables(GivenTables(*known())), DATABASE)
    declared = json.loads(json.dumps([(name, str(kind)) for name, kind in view.columns]))
    hive = {"varchar": "string", "integer": "int", "timestamp(3)": "timestamp"}
    # A text of a VALUES has a length, and becomes one without.
    kinds = [(name, kind.base if kind.base == "varchar" else str(kind)) for name, kind in plan.columns]
    assert [[name, hive.get(kind, kind)] for name, kind in kinds] == declared


def test_the_refined_table_has_athenas_types() -> None:
    plan = plan_query(f"SELECT * FROM {REFINED_TABLE.name}", Tables(GivenTables(*known())), DATABASE)
    assert {str(kind) for _, kind in plan.columns} == {"varchar", "double", "date", "timestamp(3)", "integer"}
