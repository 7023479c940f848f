"""How Athena writes a value as text, and what it calls a type."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Row = tuple[str | None, ...]

_SMALLEST_PLAIN, _LARGEST_PLAIN = 1e-3, 1e7
"""Between these a double is written without an exponent, as Java's Double.toString does."""

_TYPES = {
    "VARCHAR": ("varchar", 2147483647, 0),
    "BOOLEAN": ("boolean", 0, 0),
    "TINYINT": ("tinyint", 3, 0),
    "SMALLINT": ("smallint", 5, 0),
    "INTEGER": ("integer", 10, 0),
    "BIGINT": ("bigint", 19, 0),
    "HUGEINT": ("bigint", 19, 0),  # DuckDB's sum of integers; Athena's is a bigint
    "FLOAT": ("float", 17, 0),
    "DOUBLE": ("double", 17, 0),
    "DATE": ("date", 0, 0),
    "TIMESTAMP": ("timestamp", 3, 0),
    "TIMESTAMP WITH TIME ZONE": ("timestamp with time zone", 3, 0),
    "BLOB": ("varbinary", 1073741824, 0),
}


def column_info(name: str, duckdb_type: str) -> dict[str, Any]:
    """The ColumnInfo of a result's column."""
    if duckdb_type.startswith("DECIMAL"):
        precision, scale = (int(part) for part in duckdb_type.removeprefix("DECIMAL(").rstrip(")").split(","))
        kind = "decimal"
    else:
        kind, precision, scale = _TYPES.get(duckdb_type, ("varchar", 2147483647, 0))
    return {
        "CatalogName": "hive",
        "SchemaName": "",
        "TableName": "",
        "Name": name,
        "Label": name,
        "Type": kind,
        "Precision": precision,
        "Scale": scale,
        "Nullable": "UNKNOWN",
        "CaseSensitive": kind == "varchar",
    }


def as_text(value: object) -> str | None:
    """A value as Athena writes it; None for null."""
    if value is None:
        return None
    for kind, write in _WRITERS:
        if isinstance(value, kind):
            return write(value)
    return str(value)


def _element(value: object) -> str:
    text = as_text(value)
    return "null" if text is None else text


def _double(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    size = abs(value)
    if size == 0 or _SMALLEST_PLAIN <= size < _LARGEST_PLAIN:
        plain = format(Decimal(repr(value)), "f")
        return plain if "." in plain else f"{plain}.0"
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    fraction = "".join(map(str, digits[1:])) or "0"
    return f"{'-' if sign else ''}{digits[0]}.{fraction}E{int(exponent) + len(digits) - 1}"


def _instant(value: datetime) -> str:
    return value.isoformat(sep=" ", timespec="milliseconds").replace("+00:00", " UTC")


def _array(value: list[object]) -> str:
    return f"[{', '.join(map(_element, value))}]"


def _map(value: dict[str, object]) -> str:
    items = ", ".join(f"{name}={_element(item)}" for name, item in value.items())
    return f"{{{items}}}"


_WRITERS: tuple[tuple[type, Callable[[Any], str]], ...] = (
    (bool, lambda value: str(value).lower()),
    (float, _double),
    (datetime, _instant),  # before date, of which it is a kind
    (date, date.isoformat),
    (Decimal, lambda value: format(value, "f")),
    (list, _array),
    (dict, _map),
)


def as_csv(header: Sequence[str], rows: Iterable[Row]) -> bytes:
    """A result as the file that Athena leaves in S3: every value quoted, null as nothing at all."""
    lines = [",".join(_quoted(value) for value in row) + "\n" for row in (tuple(header), *rows)]
    return "".join(lines).encode()


def _quoted(value: str | None) -> str:
    return "" if value is None else '"' + value.replace('"', '""') + '"'


def as_lines(rows: Iterable[Row]) -> bytes:
    """A statement's output as the file that Athena leaves in S3: tab-separated, without a header."""
    return "".join("\t".join(value or "" for value in row) + "\n" for row in rows).encode()
