from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from local.athena.text import as_csv, as_lines, as_text, column_info


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, None),
        ("", ""),
        ("é", "é"),
        (True, "true"),
        (84, "84"),
        (0.0, "0.0"),
        (-0.0, "-0.0"),
        (1.5, "1.5"),
        (100.0, "100.0"),
        (0.001, "0.001"),
        (0.0009, "9.0E-4"),
        (9999999.0, "9999999.0"),
        (10000000.0, "1.0E7"),
        (91922324686.0, "9.1922324686E10"),
        (-1.25e-7, "-1.25E-7"),
        (float("nan"), "NaN"),
        (float("-inf"), "-Infinity"),
        (Decimal("1E+2"), "100"),
        (Decimal("1.500"), "1.500"),
        (date(2025, 6, 30), "2025-06-30"),
        (datetime.fromisoformat("2025-06-30T12:01:02.345678"), "2025-06-30 12:01:02.345"),
        (datetime(2025, 6, 30, 12, tzinfo=UTC), "2025-06-30 12:00:00.000 UTC"),
        ([1, None, "a", ""], "[1, null, a, ]"),
        ({"a": 1.0, "b": None}, "{a=1.0, b=null}"),
    ],
)
def test_values_are_written_as_athena_writes_them(value: object, text: str | None) -> None:
    assert as_text(value) == text


@pytest.mark.parametrize(
    ("duckdb_type", "name", "precision", "scale"),
    [
        ("VARCHAR", "varchar", 2147483647, 0),
        ("INTEGER", "integer", 10, 0),
        ("BIGINT", "bigint", 19, 0),
        ("HUGEINT", "bigint", 19, 0),
        ("DOUBLE", "double", 17, 0),
        ("DATE", "date", 0, 0),
        ("TIMESTAMP", "timestamp", 3, 0),
        ("DECIMAL(18,3)", "decimal", 18, 3),
    ],
)
def test_types_are_called_as_athena_calls_them(duckdb_type: str, name: str, precision: int, scale: int) -> None:
    info = column_info("c", duckdb_type)

    assert (info["Name"], info["Type"], info["Precision"], info["Scale"]) == ("c", name, precision, scale)


def test_a_csv_quotes_every_value_and_leaves_null_empty() -> None:
    assert as_csv(["a", "b"], [("1", None), ('say "x"', "")]) == b'"a","b"\n"1",\n"say ""x""",""\n'


def test_a_statements_output_is_lines() -> None:
    assert as_lines([("a",), ("b", "c")]) == b"a\nb\tc\n"
