"""Queries as a whole answer as Trino's: one table, one query a line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from local.athena.analysis.planner import plan_query
from local.athena.analysis.tables import GivenTables, Tables
from local.athena.engine import Engine
from local.athena.language.errors import AthenaQueryError
from local.s3.mirror import Mirror

LINES = Path(__file__).with_name("trino_queries.txt").read_text(encoding="utf-8").splitlines()
SHARES = (
    "shares(name, quantity, weight, day) AS (VALUES (CAST('vale3' AS varchar), BIGINT '100', 0.5e0, 30), "
    "('petr4', 200, 0.25e0, 29), ('itub4', NULL, 0.25e0, 30))"
)


def cases(separator: str) -> list[object]:
    parts = (re.split(rf" {separator}(?: |$)", line) for line in LINES if not line.startswith("#"))
    return [pytest.param(*part, id=part[0]) for part in parts if len(part) == 2]


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Mirror:
    folder = tmp_path_factory.mktemp("queries")
    return Mirror(folder / "s3", folder / "scratch")


def answer(mirror: Mirror, query: str) -> str:
    own = query.removeprefix("WITH ")
    text = f"WITH {SHARES}, {own}" if own != query else f"WITH {SHARES} {query}"
    plan = plan_query(text, Tables(GivenTables()), "default")
    engine = Engine(mirror, lambda *_: [])
    try:
        engine.prepare(plan)
        rows = engine.run(plan).rows
    finally:
        engine.close()
    return " | ".join(", ".join("NULL" if value is None else value for value in row) for row in rows)


@pytest.mark.parametrize(("query", "expected"), cases("=>"))
def test_a_query_has_trinos_rows(mirror: Mirror, query: str, expected: str) -> None:
    assert answer(mirror, query) == expected


@pytest.mark.parametrize(("query", "expected"), cases("!!"))
def test_a_query_fails_as_in_trino_or_is_refused_by_name(mirror: Mirror, query: str, expected: str) -> None:
    with pytest.raises(AthenaQueryError) as caught:
        answer(mirror, query)

    without_places = re.compile(r"line \d+:\d+: ")
    assert without_places.sub("", str(caught.value)).startswith(without_places.sub("", expected))
