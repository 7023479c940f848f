"""CAST and TRY_CAST: which types become which, and how."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from local.athena import types
from local.athena.analysis.operators import as_local, called, mismatch
from local.athena.analysis.values import Value, made
from local.athena.functions.conversions import converter
from local.athena.language.errors import AthenaQueryError, NotOnLaptopError, Position
from local.athena.types import SqlType, duckdb_zone, without_zone

if TYPE_CHECKING:
    from local.athena.functions.signatures import Udfs
    from local.athena.language.nodes import TypeName

_SIMPLE = {"boolean", *types.INTEGERS, "real", "double", "varbinary", "date", "json", "unknown"}
_INTERVALS = {"interval day to second", "interval year to month"}
_OF_TRINO = {
    "char",
    "time",
    "time with time zone",
    "uuid",
    "ipaddress",
    "hyperloglog",
    "p4hyperloglog",
    "qdigest",
    "tdigest",
}
_OF_TRINO |= {"setdigest", "geometry", "sphericalgeography", "bingtile", "color"}


def type_of(name: TypeName) -> SqlType:
    """The type that a query names.

    Raises:
        AthenaQueryError: Trino has no such type.
        NotOnLaptopError: the laptop has it not.
    """
    base, numbers = name.name, name.numbers
    if base in _OF_TRINO:
        raise NotOnLaptopError(f"type {base}", name.at)
    if base in _SIMPLE | _INTERVALS and not numbers and not name.inner:
        return SqlType(base)
    match base, len(numbers), len(name.inner):
        case "varchar", 0 | 1, 0:
            return types.varchar(numbers[0] if numbers else None)
        case "decimal", 0 | 1 | 2, 0:
            return _decimal(name)
        case (("timestamp" | "timestamp with time zone"), 0 | 1, 0):
            digits = numbers[0] if numbers else 3
            if digits > types.MAX_TIME_DIGITS:
                raise NotOnLaptopError(f"timestamp({digits})", name.at)
            return types.timestamp(digits, types.SESSION_ZONE if base.endswith("zone") else None)
        case ("array", 0, 1) | ("map", 0, 2) | ("row", 0, _):
            return SqlType(base, inner=tuple(map(type_of, name.inner)), labels=name.labels)
    raise AthenaQueryError.at(name.at, "TYPE_NOT_FOUND", f"Unknown type: {base}")


def _decimal(name: TypeName) -> SqlType:
    precision, scale = (*(name.numbers or (38,)), 0)[:2]
    if not 1 <= precision <= types.MAX_PRECISION or scale > precision:
        message = (
            f"DECIMAL precision must be in range [1, 38] and its scale at most the precision: {precision}, {scale}"
        )
        raise AthenaQueryError.at(name.at, "INVALID_LITERAL", message)
    return types.decimal(precision, scale)


def cast(value: Value, kind: SqlType, at: Position, udfs: Udfs, *, is_try: bool) -> Value:
    """A value as one of another type.

    Raises:
        AthenaQueryError: Trino casts no such value.
    """
    found = _cast(value, kind, at, udfs)
    if found is None:
        raise mismatch(at, f"Cannot cast {value.type} to {kind}")
    return (
        replace(found, text=f"TRY({found.text})", is_bare=True, at=at)
        if is_try
        else replace(found, at=at, is_constant=False)
    )


def _cast(value: Value, kind: SqlType, at: Position, udfs: Udfs) -> Value | None:  # noqa: PLR0911 - one a pair
    source = value.type
    if source.base == "unknown":
        return value.cast(kind)
    if without_zone(source) == without_zone(kind):
        return replace(value, type=replace(kind, zone=source.zone) if not kind.inner else source)
    if source.base == "timestamp with time zone" and kind.base in {"date", "timestamp"}:
        return _cast(as_local(value), kind, at, udfs)
    if source.base in {"date", "timestamp"} and kind.base == "timestamp with time zone":
        return value.cast(kind)
    if source.base in {"varchar", "json"} and kind.base == "timestamp with time zone":
        raise NotOnLaptopError(f"a cast of {source.base} to {kind.base}, each value of which has a zone of its own", at)
    if source.base == "row" and kind.base == "json":
        raise NotOnLaptopError("a cast of a row to json", at)
    if source.base == "timestamp with time zone" and kind.base == source.base:
        local = _cast(as_local(value), types.timestamp(kind.numbers[0]), at, udfs)
        assert local
        return made(f"timezone('{duckdb_zone(source.zone)}', {local.text})", replace(kind, zone=source.zone), at, local)
    if _is_native(source, kind):
        return made(f"CAST({value.text} AS {kind.duckdb})", kind, at, value)
    function = converter(source, kind)
    return called(function, [value], kind, at, udfs) if function else None


def _is_native(source: SqlType, kind: SqlType) -> bool:
    """Whether DuckDB's own cast gives the same, in every case."""
    if source.is_integer:
        if kind.is_integer:
            return types.INTEGERS.index(source.base) < types.INTEGERS.index(kind.base)
        return kind.base in {"double", "real"} or kind == types.VARCHAR
    if source.base == "decimal":
        return kind.base in {"double", "real"}
    return (source.base, kind.base) in {
        ("date", "timestamp"),
        ("timestamp", "date"),
        ("real", "double"),
        ("double", "real"),
    } or (source.base == "varchar" and kind == types.VARCHAR)
