"""Athena's answers with values of their types."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest

from flows.errors import QueryError
from flows.lake.athena import QueryResult
from flows.lake.typed import arrow_table


def answer(types: tuple[str, ...], *rows: tuple[str | None, ...], names: tuple[str, ...] = ()) -> QueryResult:
    return QueryResult(names or tuple(f"c{number}" for number in range(len(types))), types, rows, 0, 0, "")


def test_every_type_of_the_tables_becomes_its_own() -> None:
    types = ("varchar", "bigint", "integer", "double", "date", "timestamp", "boolean", "decimal", "array(varchar)")
    values = ("ON", "84", "6", "1.0E7", "2025-06-30", "2025-06-30 11:00:00.000", "true", "1.50", "[a, b]")
    (row,) = arrow_table(answer(types, values)).to_pylist()
    assert [*row.values()] == [
        *("ON", 84, 6, 1.0e7, date(2025, 6, 30), datetime(2025, 6, 30, 11), True, Decimal("1.50"), "[a, b]")  # noqa: DTZ001
    ]


def test_null_stays_null_and_no_rows_have_the_columns() -> None:
    assert arrow_table(answer(("bigint", "date"), (None, None))).to_pylist() == [{"c0": None, "c1": None}]
    assert arrow_table(answer(("bigint", "date"))).schema.names == ["c0", "c1"]


def test_two_columns_of_one_name_are_refused_by_it() -> None:
    with pytest.raises(QueryError, match="um: more than one column of that name"):
        arrow_table(answer(("bigint", "bigint"), ("1", "2"), names=("um", "um")))


def test_a_value_of_another_type_is_refused_with_its_column() -> None:
    with pytest.raises(QueryError, match="column c0 is no bigint"):
        arrow_table(answer(("bigint",), ("x",)))
