"""Athena's answers with values of their types, as an Arrow table.

https://docs.aws.amazon.com/athena/latest/ug/data-types.html: what Athena writes of each type. What has no plain
counterpart (arrays, maps, rows, times with a zone) stays the text that Athena writes.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import pyarrow as pa

from flows.errors import QueryError
from flows.lake.athena import QueryResult

_TYPES = {
    "boolean": pa.bool_(),
    "tinyint": pa.int8(),
    "smallint": pa.int16(),
    "integer": pa.int32(),
    "int": pa.int32(),
    "bigint": pa.int64(),
    "float": pa.float32(),
    "real": pa.float32(),
    "double": pa.float64(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("ms"),
}
_MOST_DIGITS = 38  # of a decimal


def arrow_table(result: QueryResult) -> pa.Table:
    """The rows as an Arrow table: numbers, booleans, dates and timestamps (naive, milliseconds) as such, all else as text.

    Raises:
        QueryError: two columns have one name, or a value is not of its column's type.
    """
    if twice := [name for name, count in Counter(result.columns).items() if count > 1]:
        raise QueryError(f"{', '.join(twice)}: more than one column of that name; give each its own with AS")
    columns = zip(*result.rows, strict=True) if result.rows else [()] * len(result.columns)
    arrays = [
        _typed(name, type_, values) for name, type_, values in zip(result.columns, result.types, columns, strict=True)
    ]
    return pa.Table.from_arrays(arrays, names=list(result.columns))


def _typed(name: str, type_: str, values: tuple[str | None, ...]) -> Any:  # noqa: ANN401 - pyarrow has no types
    texts = pa.array(values, pa.string())
    try:
        return texts.cast(_decimal(values) if type_ == "decimal" else _TYPES.get(type_, pa.string()))
    except pa.ArrowInvalid as error:
        raise QueryError(f"column {name} is no {type_}: {error}") from error


def _decimal(values: tuple[str | None, ...]) -> Any:  # noqa: ANN401 - pyarrow has no types
    # Athena names the type without its scale, and writes every value with all digits of it.
    scale = max((len(value.partition(".")[2]) for value in values if value), default=0)
    return pa.decimal128(_MOST_DIGITS, scale)
