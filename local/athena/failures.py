"""What Athena says where a query fails on a value, found in what DuckDB says."""

from __future__ import annotations

import re

import duckdb

from local.athena.functions.errors import raised
from local.athena.language.errors import AthenaQueryError

_OVERFLOW = re.compile(r"Overflow in (\w+) of (INT\d+|U?\w+) \((.*)\)!")
_OPERATIONS = {
    "addition": "addition",
    "subtraction": "subtraction",
    "multiplication": "multiplication",
    "negation": "negation",
}
_SIZES = {"INT8": "tinyint", "INT16": "smallint", "INT32": "integer", "INT64": "bigint", "INT128": "bigint"}


def failure_of(error: duckdb.Error, otherwise: str) -> AthenaQueryError:  # noqa: PLR0911 - one answer a kind
    """Athena's error for one of DuckDB's.

    Args:
        error: DuckDB's.
        otherwise: what is said of one that is none of a value.
    """
    message = str(error)
    if found := raised(message):
        return AthenaQueryError(found)
    if "Division by zero" in message:
        return AthenaQueryError("DIVISION_BY_ZERO: Division by zero")
    if overflow := _OVERFLOW.search(message):
        operation = _OPERATIONS.get(overflow[1], overflow[1])
        return AthenaQueryError(
            f"NUMERIC_VALUE_OUT_OF_RANGE: {_SIZES.get(overflow[2], 'bigint')} {operation} overflow: {overflow[3]}"
        )
    if "More than one row returned by a subquery" in message:
        return AthenaQueryError("SUBQUERY_MULTIPLE_ROWS: Scalar sub-query has returned multiple rows")
    if "INT128" in message:
        return AthenaQueryError("NUMERIC_VALUE_OUT_OF_RANGE: bigint addition overflow")
    if isinstance(error, duckdb.OutOfRangeException):
        return AthenaQueryError("NUMERIC_VALUE_OUT_OF_RANGE: a number is out of its type's range")
    return AthenaQueryError(otherwise)
