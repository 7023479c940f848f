"""The contract's columns for Arrow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from expectations.contract.tables import Column, ColumnType

if TYPE_CHECKING:
    import pyarrow as pa


def arrow_schema(columns: Sequence[Column]) -> pa.Schema:
    """Columns as an Arrow schema."""
    import pyarrow as pa  # noqa: PLC0415 - a quarter of a second, which who only looks at listings does without

    types = {
        ColumnType.STRING: pa.string(),
        ColumnType.BIGINT: pa.int64(),
        ColumnType.INT: pa.int32(),
        ColumnType.DOUBLE: pa.float64(),
        ColumnType.BOOLEAN: pa.bool_(),
        ColumnType.DATE: pa.date32(),
        ColumnType.TIMESTAMP: pa.timestamp("us", tz="UTC"),
    }
    return pa.schema([pa.field(column.name, types[column.type], nullable=column.nullable) for column in columns])
