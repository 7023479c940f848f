"""What Trino's documentation says of an expression is what Athena's engine here answers: one table, one case a line."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from local.athena.analysis.planner import plan_query
from local.athena.analysis.tables import GivenTables, Tables
from local.athena.engine import Engine
from local.athena.language.errors import AthenaQueryError
from local.s3.mirror import Mirror

CASES = Path(__file__).with_name("trino_cases.txt").read_text(encoding="utf-8").splitlines()
PLACE = re.escape("{at}")


TOGETHER = 20
"""How many values are asked for by one query: each query has a DuckDB of its own."""


def lines(separator: str) -> list[tuple[str, str]]:
    parts = (line.partition(f" {separator} ") for line in CASES if not line.startswith("#"))
    return [(expression, expected) for expression, found, expected in parts if found]


VALUES = lines("=>")


def cases(separator: str) -> list[object]:
    return [pytest.param(expression, expected, id=expression) for expression, expected in lines(separator)]


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Mirror:
    folder = tmp_path_factory.mktemp("athena")
    return Mirror(folder / "s3", folder / "scratch")


def answers(mirror: Mirror, *expressions: str) -> list[tuple[str, str | None]]:
    plan = plan_query(f"SELECT {', '.join(expressions)}", Tables(GivenTables()), "default")
    engine = Engine(mirror, lambda *_: [])
    try:
        engine.prepare(plan)
        (row,) = engine.run(plan).rows
    finally:
        engine.close()
    return [(str(kind), value) for (_, kind), value in zip(plan.columns, row, strict=True)]


@pytest.fixture(scope="module")
def answered(mirror: Mirror) -> Callable[[str], tuple[str, str | None]]:
    @cache
    def together(first: int) -> list[tuple[str, str | None]]:
        return answers(mirror, *(expression for expression, _ in VALUES[first : first + TOGETHER]))

    def find(expression: str) -> tuple[str, str | None]:
        place = next(place for place, (known, _) in enumerate(VALUES) if known == expression)
        first = place // TOGETHER * TOGETHER
        try:
            return together(first)[place - first]
        except AthenaQueryError:
            return answers(mirror, expression)[0]  # another of them fails

    return find


def test_the_table_has_cases_enough() -> None:
    assert len(VALUES) + len(lines("!!")) >= 300


@pytest.mark.parametrize(("expression", "expected"), cases("=>"))
def test_an_expression_has_trinos_type_and_value(
    answered: Callable[[str], tuple[str, str | None]], expression: str, expected: str
) -> None:
    kind, value = answered(expression)

    assert f"{kind}: {'NULL' if value is None else value}" == expected


@pytest.mark.parametrize(("expression", "expected"), cases("!!"))
def test_an_expression_fails_as_in_trino_or_is_refused_by_name(mirror: Mirror, expression: str, expected: str) -> None:
    with pytest.raises(AthenaQueryError) as caught:
        answers(mirror, expression)

    assert re.match(re.escape(expected).replace(PLACE, r"line \d+:\d+"), str(caught.value)), str(caught.value)
