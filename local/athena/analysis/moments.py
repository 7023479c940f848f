"""Fields of dates and times, and the zones that a query names."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from local.athena import types
from local.athena.analysis.operators import as_local, called, mismatch
from local.athena.analysis.values import Value, made
from local.athena.functions.dates import zone_name, zone_offset
from local.athena.functions.errors import TrinoError
from local.athena.functions.partials import given
from local.athena.language.errors import AthenaQueryError, NotOnLaptopError, Position

if TYPE_CHECKING:
    from local.athena.functions.signatures import Udfs
    from local.athena.language import nodes

FIELDS = {
    "year": "year({0})",
    "quarter": "quarter({0})",
    "month": "month({0})",
    "week": "week({0})",
    "week_of_year": "week({0})",
    "day": "day({0})",
    "day_of_month": "day({0})",
    "day_of_week": "isodow({0})",
    "dow": "isodow({0})",
    "day_of_year": "dayofyear({0})",
    "doy": "dayofyear({0})",
    "year_of_week": "isoyear({0})",
    "yow": "isoyear({0})",
    "hour": "hour({0})",
    "minute": "minute({0})",
    "second": "second({0})",
    "millisecond": "(millisecond({0}) % 1000)",
}
"""DuckDB's expression for each field of a date and time."""

_OF_TIME = {"hour", "minute", "second", "millisecond"}
_EXTRACTED = set(FIELDS) - {"week_of_year", "millisecond"} | {"timezone_hour", "timezone_minute"}
_OF_DAYS = {
    "day": "{0} // 86400000",
    "hour": "{0} // 3600000 % 24",
    "minute": "{0} // 60000 % 60",
    "second": "{0} // 1000 % 60",
    "millisecond": "{0} % 1000",
}
_OF_MONTHS = {"year": "{0} // 12", "month": "{0} % 12"}


def zone_of(value: Value) -> str:
    """The zone that a constant names.

    Raises:
        AthenaQueryError: it is none.
        NotOnLaptopError: it is no constant.
    """
    if not (value.is_constant and isinstance(value.constant, str)):
        raise NotOnLaptopError("a time zone that is not a literal", value.at)
    try:
        return zone_name(value.constant)
    except TrinoError as error:
        code, _, message = str(error).partition(": ")
        raise AthenaQueryError.at(value.at, code, message) from error


def extract(node: nodes.Extract, value: Value, udfs: Udfs) -> Value:
    """EXTRACT(field FROM value)."""
    if node.field in {"timezone_hour", "timezone_minute"} and value.type.zone:
        return zone_part(node.field, value, node.at, udfs)
    if node.field not in _EXTRACTED:
        raise AthenaQueryError.at(node.at, "INVALID_ARGUMENTS", f"Invalid EXTRACT field: {node.field}")
    return part(node.field, value, node.at)


def zone_part(field: str, value: Value, at: Position, udfs: Udfs) -> Value:
    """The distance from UTC of a timestamp's zone: `timezone_hour`, `timezone_minute`."""
    return called(_offset(value.type.zone or types.SESSION_ZONE, field), [value], types.BIGINT, at, udfs)


@cache
def _offset(zone: str, field: str) -> Any:  # noqa: ANN401 - a function
    return given(zone_offset, zone, field)


def part(field: str, value: Value, at: Position) -> Value:
    """A field of a date, a timestamp or an interval."""
    if value.type.base.startswith("interval"):
        texts = _OF_DAYS if value.type == types.DAY_TO_SECOND else _OF_MONTHS
        if field in texts:
            return made(f"({texts[field].format(value.enclosed)})", types.BIGINT, at, value)
    elif (value.type.is_timestamp and field in FIELDS) or (
        value.type.base == "date" and field in set(FIELDS) - _OF_TIME
    ):
        return made(FIELDS[field].format(as_local(value).text), types.BIGINT, at, value)
    raise mismatch(at, f"Cannot extract {field} from {value.type}")
