"""Values of one type as values of another, as Trino's CAST makes them; None where it has no such cast.

Source: the tests of Trino's casts, and https://trino.io/docs/current/functions/conversion.html.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache
from typing import Any

from local.athena.functions.dates import parsed_timestamp, rounded
from local.athena.functions.errors import TrinoError, invalid_cast
from local.athena.functions.json_casts import from_json, makes_of_json, to_json
from local.athena.functions.numbers import half_up, java_double, java_real, standard_double
from local.athena.functions.partials import given
from local.athena.functions.read_texts import (
    LIMITS,
    date_of_text,
    decimal_of,
    decimal_of_text,
    float_of_text,
    truth_of_text,
    whole_of_text,
)
from local.athena.functions.texts import moment_text
from local.athena.types import SqlType

Converter = Callable[[Any], Any]


@cache
def converter(source: SqlType, target: SqlType) -> Converter | None:
    """What makes a value of one type of one of another; null stays null."""
    if source.inner or target.inner:
        return _of_structure(source, target)
    if source == target:
        return _same
    if target.base == "json":
        return given(to_json, source)
    if source.base == "json":
        return given(from_json, target) if makes_of_json(target) else None
    if target.base == "varchar":
        return _to_varchar(source, target)
    make = _MAKERS.get((_family(source), _family(target)))
    return given(make, source, target) if make else None


def _same(value: object) -> object:
    return value


def _family(kind: SqlType) -> str:
    return "whole" if kind.is_integer else "float" if kind.base in {"double", "real"} else kind.base


def _of_structure(source: SqlType, target: SqlType) -> Converter | None:
    if target.base == "json":
        return given(to_json, source)
    if source.base == "json":
        return given(from_json, target) if makes_of_json(target) else None
    if source.base != target.base or len(source.inner) != len(target.inner):
        return None
    inner = [
        _same if one.base == "unknown" else converter(one, other)
        for one, other in zip(source.inner, target.inner, strict=True)
    ]
    if any(one is None for one in inner):
        return None
    return given(_COMPOSED[source.base], inner)


def _array(inner: list[Converter], value: list[Any]) -> list[Any]:
    return [inner[0](item) if item is not None else None for item in value]


def _map(inner: list[Converter], value: dict[Any, Any]) -> dict[Any, Any]:
    return {inner[0](key): inner[1](item) if item is not None else None for key, item in value.items()}


def _row(inner: list[Converter], value: dict[str, Any]) -> dict[str, Any]:
    pairs = zip(inner, value.items(), strict=True)
    return {name: one(item) if item is not None else None for one, (name, item) in pairs}


_COMPOSED: dict[str, Callable[..., Any]] = {"array": _array, "map": _map, "row": _row}

# --- to varchar ------------------------------------------------------------------------------------------------------


def _to_varchar(source: SqlType, target: SqlType) -> Converter | None:
    write = text_of(source)
    if write is None:
        return None
    length = target.numbers[0] if target.numbers else None
    if length is None:
        return write
    if source.base == "varchar":
        return given(_cut, length)
    return given(_fitting, length, write)


def _cut(length: int, value: str) -> str:
    return value[:length]


def _fitting(length: int, write: Converter, value: object) -> str:
    text: str = write(value)
    if len(text) > length:
        raise invalid_cast(f"Value {text} cannot be represented as varchar({length})")
    return text


@cache
def text_of(kind: SqlType) -> Converter | None:  # noqa: PLR0911 - one answer a type
    """What writes a value of a type as CAST(… AS varchar) does."""
    match kind.base:
        case "boolean":
            return given(_truth_text)
        case "double":
            return given(standard_double)
        case "real":
            return given(_real_text)
        case "decimal":
            return given(_decimal_text)
        case "date":
            return given(_date_text)
        case "timestamp" | "timestamp with time zone":
            return given(moment_text, kind.numbers[0], kind.zone)
        case "interval day to second":
            return given(day_to_second_text)
        case "interval year to month":
            return given(year_to_month_text)
        case "varbinary" | "unknown" | "array" | "map" | "row":
            return None
        case _:
            return given(_plain_text)


def _truth_text(value: bool) -> str:  # noqa: FBT001 - it is the value
    return "true" if value else "false"


def _real_text(value: float) -> str:
    return standard_double(float(java_real(value)))


def _plain_text(value: object) -> str:
    return str(value)


def _date_text(value: date) -> str:
    return value.isoformat()


def _decimal_text(value: Decimal) -> str:
    return format(value, "f")


def day_to_second_text(milliseconds: int) -> str:
    """An interval of milliseconds: `2 03:04:05.678`."""
    sign = "-" if milliseconds < 0 else ""
    seconds, rest = divmod(abs(milliseconds), 1000)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    return f"{sign}{days} {hour:02}:{minute:02}:{second:02}.{rest:03}"


def year_to_month_text(months: int) -> str:
    """An interval of months: `1-2`."""
    years, rest = divmod(abs(months), 12)
    return f"{'-' if months < 0 else ''}{years}-{rest}"


# --- to the others ---------------------------------------------------------------------------------------------------


def _whole(value: int, target: SqlType, shown: object) -> int:
    limit = LIMITS[target.base]
    if not -limit <= value < limit:
        if target.base == "bigint":
            raise invalid_cast(f"Unable to cast {shown} to bigint")
        raise TrinoError("NUMERIC_VALUE_OUT_OF_RANGE", f"Out of range for {target.base}: {shown}")
    return value


def _whole_of_whole(_: SqlType, target: SqlType, value: int) -> int:
    return _whole(int(value), target, value)


def _whole_of_float(source: SqlType, target: SqlType, value: float) -> int:
    if value != value or value in {float("inf"), float("-inf")}:  # noqa: PLR0124 - NaN differs from itself
        raise invalid_cast(f"Cannot cast {source.base} {java_double(value)} to {target.base}")
    return _whole(int(half_up(Decimal(value))), target, java_double(value))


def _whole_of_decimal(_: SqlType, target: SqlType, value: Decimal) -> int:
    limit = LIMITS[target.base]
    found = int(half_up(value))
    if not -limit <= found < limit:
        raise invalid_cast(f"Cannot cast '{format(value, 'f')}' to {target.base.upper()}")
    return found


def _float_of_truth(_: SqlType, __: SqlType, value: bool) -> float:  # noqa: FBT001 - it is the value
    return float(value)


def _decimal(_: SqlType, target: SqlType, value: Decimal | int) -> Decimal:
    return decimal_of(target, value, repr(str(value)))


def _decimal_of_float(source: SqlType, target: SqlType, value: float) -> Decimal:
    shown = f"{source.base.upper()} '{java_double(value)}'"
    if value != value or value in {float("inf"), float("-inf")}:  # noqa: PLR0124 - NaN differs from itself
        raise invalid_cast(f"Cannot cast {shown} to DECIMAL({target.numbers[0]}, {target.numbers[1]})")
    text = java_double(value) if source.base == "double" else java_real(value)
    return decimal_of(target, Decimal(text), shown)


def _whole_of_text(_: SqlType, target: SqlType, value: str) -> int:
    return whole_of_text(target, value)


def _float_of_text(_: SqlType, target: SqlType, value: str) -> float:
    return float_of_text(target, value)


def _decimal_of_text(_: SqlType, target: SqlType, value: str) -> Decimal:
    return decimal_of_text(target, value)


def _truth_of_text(_: SqlType, __: SqlType, value: str) -> bool:
    return truth_of_text(value)


def _date_of_text(_: SqlType, __: SqlType, value: str) -> date:
    return date_of_text(value)


def _truth_of_number(_: SqlType, __: SqlType, value: float | Decimal) -> bool:
    return value != 0


def _timestamp_of_text(_: SqlType, target: SqlType, value: str) -> datetime:
    try:
        moment, _digits, zone = parsed_timestamp(value)
    except TrinoError as error:
        if error.is_of_laptop:
            raise
        raise invalid_cast(f"Value cannot be cast to timestamp: {value}") from error
    if zone:
        raise invalid_cast(f"Value cannot be cast to timestamp: {value}")
    return rounded(moment, target.numbers[0])


def _timestamp_of_timestamp(_: SqlType, target: SqlType, value: datetime) -> datetime:
    return rounded(value, target.numbers[0])


def _timestamp_of_date(_: SqlType, __: SqlType, value: date) -> datetime:
    return datetime.combine(value, time())


def _date_of_timestamp(_: SqlType, __: SqlType, value: datetime) -> date:
    return value.date()


_MAKERS: dict[tuple[str, str], Callable[..., Any]] = {
    ("whole", "whole"): _whole_of_whole,
    ("float", "whole"): _whole_of_float,
    ("decimal", "whole"): _whole_of_decimal,
    ("varchar", "whole"): _whole_of_text,
    ("boolean", "whole"): _whole_of_whole,
    ("varchar", "float"): _float_of_text,
    ("whole", "float"): _float_of_truth,
    ("float", "float"): _float_of_truth,
    ("decimal", "float"): _float_of_truth,
    ("boolean", "float"): _float_of_truth,
    ("whole", "decimal"): _decimal,
    ("boolean", "decimal"): _decimal,
    ("decimal", "decimal"): _decimal,
    ("float", "decimal"): _decimal_of_float,
    ("varchar", "decimal"): _decimal_of_text,
    ("varchar", "boolean"): _truth_of_text,
    ("whole", "boolean"): _truth_of_number,
    ("float", "boolean"): _truth_of_number,
    ("decimal", "boolean"): _truth_of_number,
    ("varchar", "date"): _date_of_text,
    ("timestamp", "date"): _date_of_timestamp,
    ("varchar", "timestamp"): _timestamp_of_text,
    ("timestamp", "timestamp"): _timestamp_of_timestamp,
    ("date", "timestamp"): _timestamp_of_date,
}
