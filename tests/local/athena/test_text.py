from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from local.athena import types
from local.athena.text import as_csv, as_lines, as_text, column_info
from local.athena.types import SqlType


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        (types.VARCHAR, None, None),
        (types.VARCHAR, "", ""),
        (types.VARCHAR, "é", "é"),
        (types.BOOLEAN, True, "true"),
        (types.INTEGER, 84, "84"),
        (types.DOUBLE, 0.0, "0.0"),
        (types.DOUBLE, -0.0, "-0.0"),
        (types.DOUBLE, 1.5, "1.5"),
        (types.DOUBLE, 100.0, "100.0"),
        (types.DOUBLE, 0.001, "0.001"),
        (types.DOUBLE, 0.0009, "9.0E-4"),
        (types.DOUBLE, 9999999.0, "9999999.0"),
        (types.DOUBLE, 10000000.0, "1.0E7"),
        (types.DOUBLE, 91922324686.0, "9.1922324686E10"),
        (types.DOUBLE, -1.25e-7, "-1.25E-7"),
        (types.DOUBLE, float("nan"), "NaN"),
        (types.DOUBLE, float("-inf"), "-Infinity"),
        (types.REAL, 0.10000000149011612, "0.1"),
        (types.decimal(3, 0), Decimal("1E+2"), "100"),
        (types.decimal(4, 3), Decimal("1.500"), "1.500"),
        (types.DATE, date(2025, 6, 30), "2025-06-30"),
        (types.TIMESTAMP, datetime.fromisoformat("2025-06-30T12:01:02.345678"), "2025-06-30 12:01:02.345"),
        (types.TIMESTAMP_UTC, datetime(2025, 6, 30, 12, tzinfo=UTC), "2025-06-30 12:00:00.000 UTC"),
        (
            types.timestamp(3, "America/Sao_Paulo"),
            datetime(2025, 6, 30, 12, tzinfo=UTC),
            "2025-06-30 09:00:00.000 America/Sao_Paulo",
        ),
        (types.VARBINARY, b"\x0aA", "0a 41"),
        (types.DAY_TO_SECOND, -90_061_001, "-1 01:01:01.001"),
        (types.YEAR_TO_MONTH, 14, "1-2"),
        (types.array(types.VARCHAR), ["1", None, "a", ""], "[1, null, a, ]"),
        (types.map_of(types.VARCHAR, types.DOUBLE), {"a": 1.0, "b": None}, "{a=1.0, b=null}"),
        (
            SqlType("row", inner=(types.INTEGER, types.VARCHAR), labels=("x", None)),
            {"_0": 1, "_1": "a"},
            "{x=1, field1=a}",
        ),
    ],
)
def test_values_are_written_as_athena_writes_them(kind: SqlType, value: object, text: str | None) -> None:
    assert as_text(kind, value) == text


@pytest.mark.parametrize(
    ("kind", "name", "precision", "scale"),
    [
        (types.VARCHAR, "varchar", 2147483647, 0),
        (types.varchar(3), "varchar", 3, 0),
        (types.INTEGER, "integer", 10, 0),
        (types.BIGINT, "bigint", 19, 0),
        (types.DOUBLE, "double", 17, 0),
        (types.REAL, "float", 17, 0),
        (types.DATE, "date", 0, 0),
        (types.TIMESTAMP, "timestamp", 3, 0),
        (types.TIMESTAMP_UTC, "timestamp with time zone", 3, 0),
        (types.decimal(18, 3), "decimal", 18, 3),
        (types.array(types.INTEGER), "array", 0, 0),
    ],
)
def test_types_are_called_as_athena_calls_them(kind: SqlType, name: str, precision: int, scale: int) -> None:
    info = column_info("c", kind)

    assert (info["Name"], info["Type"], info["Precision"], info["Scale"]) == ("c", name, precision, scale)


def test_a_csv_quotes_every_value_and_leaves_null_empty() -> None:
    assert as_csv(["a", "b"], [("1", None), ('say "x"', "")]) == b'"a","b"\n"1",\n"say ""x""",""\n'


def test_a_statements_output_is_lines() -> None:
    assert as_lines([("a",), ("b", "c")]) == b"a\nb\tc\n"
