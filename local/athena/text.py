"""How Athena writes a result: its values as texts, and what it calls their types."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from local.athena.functions.conversions import day_to_second_text, text_of, year_to_month_text
from local.athena.functions.numbers import java_double, java_real
from local.athena.functions.texts import moment_text
from local.athena.types import SqlType

Row = tuple[str | None, ...]

_LONGEST = 2_147_483_647
_PRECISIONS = {
    "boolean": 0,
    "tinyint": 3,
    "smallint": 5,
    "integer": 10,
    "bigint": 19,
    "real": 17,
    "double": 17,
    "date": 0,
    "timestamp": 3,
    "timestamp with time zone": 3,
    "varbinary": 1_073_741_824,
    "varchar": _LONGEST,
}
_NAMES = {"real": "float", "unknown": "unknown"}
_MILLISECOND_DIGITS = 3


@dataclass(frozen=True, slots=True)
class QueryAnswer:
    """A query's answer: its columns as Athena's ColumnInfo, and its rows as Athena's texts."""

    columns: tuple[dict[str, Any], ...]
    rows: tuple[Row, ...]


def column_info(name: str, kind: SqlType) -> dict[str, Any]:
    """The ColumnInfo of a result's column."""
    precision, scale = _PRECISIONS.get(kind.base, 0), 0
    if kind.base == "decimal":
        precision, scale = kind.numbers
    elif kind.base == "varchar" and kind.numbers:
        (precision,) = kind.numbers
    return {
        "CatalogName": "hive",
        "SchemaName": "",
        "TableName": "",
        "Name": name,
        "Label": name,
        "Type": _NAMES.get(kind.base, kind.base),
        "Precision": precision,
        "Scale": scale,
        "Nullable": "UNKNOWN",
        "CaseSensitive": kind.base == "varchar",
    }


def as_text(kind: SqlType, value: Any) -> str | None:  # noqa: ANN401, C901, PLR0911 - one answer a type
    """A value as Athena writes it in a result; None for null."""
    if value is None:
        return None
    match kind.base:
        case "double":
            return java_double(value)
        case "real":
            return java_real(value)
        case "timestamp" | "timestamp with time zone":
            return moment_text(max(kind.numbers[0], _MILLISECOND_DIGITS), kind.zone, value)
        case "varbinary":
            return bytes(value).hex(" ")
        case "interval day to second":
            return day_to_second_text(value)
        case "interval year to month":
            return year_to_month_text(value)
        case "array":
            return f"[{', '.join(_element(kind.inner[0], item) for item in value)}]"
        case "map":
            pairs = (f"{_element(kind.inner[0], key)}={_element(kind.inner[1], item)}" for key, item in value.items())
            return f"{{{', '.join(pairs)}}}"
        case "row":
            return f"{{{', '.join(_fields(kind, value))}}}"
        case _:
            write = text_of(kind)
            return str(write(value)) if write else str(value)


def _fields(kind: SqlType, value: dict[str, Any]) -> Iterable[str]:
    for place, (label, inner, item) in enumerate(zip(kind.labels, kind.inner, value.values(), strict=True)):
        yield f"{label or f'field{place}'}={_element(inner, item)}"


def _element(kind: SqlType, value: object) -> str:
    text = as_text(kind, value)
    return "null" if text is None else text


def as_csv(header: Sequence[str], rows: Iterable[Row]) -> bytes:
    """A result as the file that Athena leaves in S3: every value quoted, null as nothing at all."""
    lines = [",".join(_quoted(value) for value in row) + "\n" for row in (tuple(header), *rows)]
    return "".join(lines).encode()


def _quoted(value: str | None) -> str:
    return "" if value is None else '"' + value.replace('"', '""') + '"'


def as_lines(rows: Iterable[Row]) -> bytes:
    """A statement's output as the file that Athena leaves in S3: tab-separated, without a header."""
    return "".join("\t".join(value or "" for value in row) + "\n" for row in rows).encode()
