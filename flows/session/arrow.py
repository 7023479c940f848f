"""The contract's columns for Arrow."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from expectations.contract.tables import Column, ColumnType

_ARROW_TYPES = {
    ColumnType.STRING: pa.string(),
    ColumnType.BIGINT: pa.int64(),
    ColumnType.INT: pa.int32(),
    ColumnType.DOUBLE: pa.float64(),
    ColumnType.BOOLEAN: pa.bool_(),
    ColumnType.DATE: pa.date32(),
    ColumnType.TIMESTAMP: pa.timestamp("us", tz="UTC"),
}


def arrow_schema(columns: Sequence[Column]) -> pa.Schema:
    """Columns as an Arrow schema."""
    return pa.schema([pa.field(column.name, _ARROW_TYPES[column.type], nullable=column.nullable) for column in columns])
