"""Functions of dates and times whose result has the type or the zone of an argument."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from local.athena import types
from local.athena.analysis.casts import cast
from local.athena.analysis.moments import zone_of, zone_part
from local.athena.analysis.operators import as_local, called, comparable, from_local
from local.athena.analysis.values import Value, literal, made
from local.athena.functions import date_texts, dates
from local.athena.functions.errors import TrinoError
from local.athena.functions.partials import given
from local.athena.language.errors import AthenaQueryError, NotOnLaptopError
from local.athena.types import SqlType, duckdb_zone

if TYPE_CHECKING:
    from local.athena.analysis.analyzer import Analyzer
    from local.athena.language import nodes

_MOMENTS = {"date", "timestamp", "timestamp with time zone"}


def _unexpected(node: nodes.FunctionCall, values: list[Value]) -> AthenaQueryError:
    kinds = ", ".join(str(value.type) for value in values)
    return AthenaQueryError.at(
        node.at, "FUNCTION_NOT_FOUND", f"Unexpected parameters ({kinds}) for function {node.name}"
    )


def _checked(node: nodes.FunctionCall, values: list[Value], *wanted: str) -> list[Value]:
    """The arguments, each of one of the bases that are named, with bars between them."""
    fits = len(values) == len(wanted) and all(
        value.type.base in {*bases.split("|"), "unknown"} for value, bases in zip(values, wanted, strict=True)
    )
    if not fits:
        raise _unexpected(node, values)
    return values


_ANY_MOMENT = "date|timestamp|timestamp with time zone"
_ANY_TIMESTAMP = "timestamp|timestamp with time zone"
_ANY_WHOLE = "bigint|integer|smallint|tinyint"


def _date(analyzer: Analyzer, node: nodes.FunctionCall) -> Value:
    values = analyzer.values(node.arguments)
    if len(values) != 1 or values[0].type.base not in {*_MOMENTS, "varchar"}:
        raise _unexpected(node, values)
    return cast(values[0], types.DATE, node.at, analyzer.udfs, is_try=False)


def _date_add(analyzer: Analyzer, node: nodes.FunctionCall) -> Value:
    unit, amount, moment = _checked(node, analyzer.values(node.arguments), "varchar", _ANY_WHOLE, _ANY_MOMENT)
    is_time = _is_of_time(unit, moment)
    held = _in_utc(moment) if is_time else _held(moment)
    parts = [unit.cast(types.VARCHAR), amount.cast(types.BIGINT), held]
    adder = dates.date_add if moment.type.base == "date" else _adder(moment.type.numbers[0])
    found = called(adder, parts, held.type, node.at, analyzer.udfs)
    if is_time:
        return made(f"timezone('UTC', {found.text})", moment.type, node.at, unit, amount, moment)
    return _back(found, moment, node, unit, amount)


@cache
def _adder(digits: int) -> Any:  # noqa: ANN401 - a function
    return given(dates.date_add_to, digits)


def _is_of_time(unit: Value, *moments: Value) -> bool:
    """Whether a unit is one of instants, whatever the clock of their zone says."""
    zones = {moment.type.zone or types.SESSION_ZONE for moment in moments if moment.type.is_timestamp}
    if not any(moment.type.zone for moment in moments):
        return False
    if unit.is_constant:
        return str(unit.constant).lower() in {"millisecond", "second", "minute", "hour"}
    if zones != {types.SESSION_ZONE}:
        raise NotOnLaptopError("a unit that is not a literal, of timestamps in another time zone", unit.at)
    return False


def _in_utc(moment: Value) -> Value:
    text = f"timezone('UTC', {moment.text})"
    return replace(moment, text=text, type=types.timestamp(moment.type.numbers[0]), is_bare=True)


def _held(moment: Value) -> Value:
    return moment if moment.type.base == "date" else as_local(moment)


def _back(found: Value, moment: Value, node: nodes.FunctionCall, *others: Value) -> Value:
    if moment.type.base == "timestamp with time zone":
        return from_local(found.text, moment, node.at, *others)
    return made(found.text, moment.type, node.at, moment, *others)


def _date_trunc(analyzer: Analyzer, node: nodes.FunctionCall) -> Value:
    unit, moment = _checked(node, analyzer.values(node.arguments), "varchar", _ANY_MOMENT)
    held = _held(moment)
    found = called(dates.date_trunc, [unit.cast(types.VARCHAR), held], held.type, node.at, analyzer.udfs)
    return _back(found, moment, node, unit)


def _date_diff(analyzer: Analyzer, node: nodes.FunctionCall) -> Value:
    unit, first, second = _checked(node, analyzer.values(node.arguments), "varchar", _ANY_MOMENT, _ANY_MOMENT)
    pair = comparable(first, second)
    if pair is None:
        raise _unexpected(node, [unit, first, second])
    if pair[0].type.base == "timestamp with time zone":
        # Days, months and years are those of the zone of the first.
        zone = first.type.zone or types.SESSION_ZONE
        local = _in_utc if _is_of_time(unit, first, second) else as_local
        pair = tuple(local(replace(value, type=replace(value.type, zone=zone))) for value in pair)  # type: ignore[assignment]
    return called(dates.date_diff, [unit.cast(types.VARCHAR), *pair], types.BIGINT, node.at, analyzer.udfs)


def _last_day(analyzer: Analyzer, node: nodes.FunctionCall) -> Value:
    (moment,) = _checked(node, analyzer.values(node.arguments), _ANY_MOMENT)
    day = cast(moment, types.DATE, node.at, analyzer.udfs, is_try=False)
    return called(dates.last_day_of_month, [day], types.DATE, node.at, analyzer.udfs)


# --- now -------------------------------------------------------------------------------------------------------------


def _now(_: Analyzer, node: nodes.FunctionCall) -> Value:
    digits = _digits(node)
    # The instant of the query, the same wherever it is asked for.
    text = "date_trunc('millisecond', now())"
    return made(text, types.timestamp(digits, types.SESSION_ZONE), node.at)


def _local_now(_: Analyzer, node: nodes.FunctionCall) -> Value:
    return made("timezone('UTC', date_trunc('millisecond', now()))", types.timestamp(_digits(node)), node.at)


def _digits(node: nodes.FunctionCall) -> int:
    if not node.arguments:
        return 3
    raise NotOnLaptopError(f"{node.name} with a precision", node.at)


def _today(_: Analyzer, node: nodes.FunctionCall) -> Value:
    return made("CAST(timezone('UTC', now()) AS DATE)", types.DATE, node.at)


def _refused(_: Analyzer, node: nodes.FunctionCall) -> Value:
    raise NotOnLaptopError(node.name, node.at)


# --- zones -----------------------------------------------------------------------------------------------------------


def _at_timezone(analyzer: Analyzer, node: nodes.FunctionCall) -> Value:
    moment, zone = _checked(node, analyzer.values(node.arguments), _ANY_TIMESTAMP, "varchar")
    kind = types.timestamp(moment.type.numbers[0], types.SESSION_ZONE)
    return replace(
        moment.cast(kind) if not moment.type.zone else moment, type=replace(kind, zone=zone_of(zone)), at=node.at
    )


def _with_timezone(analyzer: Analyzer, node: nodes.FunctionCall) -> Value:
    moment, zone = _checked(node, analyzer.values(node.arguments), "timestamp", "varchar")
    name = zone_of(zone)
    kind = types.timestamp(moment.type.numbers[0], name)
    return made(f"timezone('{duckdb_zone(name)}', {moment.text})", kind, node.at, moment)


def _from_unixtime(analyzer: Analyzer, node: nodes.FunctionCall) -> Value:
    values = analyzer.values(node.arguments)
    if len(values) == len(("seconds", "hours", "minutes")):
        raise NotOnLaptopError("from_unixtime with hours and minutes", node.at)
    if len(values) not in {1, 2} or not types.coerces(values[0].type, types.DOUBLE):
        raise _unexpected(node, values)
    zone = zone_of(values[1]) if len(values) > 1 else types.SESSION_ZONE
    kind = types.timestamp(3, zone)
    return called(dates.from_unixtime, [values[0].cast(types.DOUBLE)], kind, node.at, analyzer.udfs)


def _from_iso8601(analyzer: Analyzer, node: nodes.FunctionCall) -> Value:
    (text,) = _checked(node, analyzer.values(node.arguments), "varchar")
    if not isinstance(text.constant, str):
        raise NotOnLaptopError("from_iso8601_timestamp of anything but a literal", node.at)
    try:
        moment, zone = dates.from_iso8601_timestamp(text.constant)
        name = dates.zone_name(zone) if zone else types.SESSION_ZONE
    except TrinoError as error:
        raise AthenaQueryError(str(error)) from error
    return made(
        f"timezone('{duckdb_zone(name)}', CAST({literal(moment.isoformat(' '))} AS TIMESTAMP))",
        types.timestamp(3, name),
        node.at,
    )


# --- texts -----------------------------------------------------------------------------------------------------------


def _date_format(analyzer: Analyzer, node: nodes.FunctionCall) -> Value:
    moment, pattern = _checked(node, analyzer.values(node.arguments), _ANY_MOMENT, "varchar")
    parts = [as_local(moment), pattern.cast(types.VARCHAR)]
    return called(date_texts.date_format, parts, types.VARCHAR, node.at, analyzer.udfs)


def _date_parse(analyzer: Analyzer, node: nodes.FunctionCall) -> Value:
    text, pattern = _checked(node, analyzer.values(node.arguments), "varchar", "varchar")
    parts = [text.cast(types.VARCHAR), pattern.cast(types.VARCHAR)]
    return called(date_texts.date_parse, parts, types.TIMESTAMP, node.at, analyzer.udfs)


@cache
def _datetime_writer(zone: str | None) -> Any:  # noqa: ANN401 - a function
    return given(date_texts.format_datetime, zone) if zone else _without_zone


def _without_zone(moment: Any, pattern: str) -> str:  # noqa: ANN401 - a timestamp
    return date_texts.format_datetime(None, moment, pattern)


def _format_datetime(analyzer: Analyzer, node: nodes.FunctionCall) -> Value:
    moment, pattern = _checked(node, analyzer.values(node.arguments), _ANY_MOMENT, "varchar")
    held = moment if moment.type.base == "timestamp with time zone" else as_local(moment)
    parts = [held, pattern.cast(types.VARCHAR)]
    return called(_datetime_writer(held.type.zone), parts, types.VARCHAR, node.at, analyzer.udfs)


def _parse_datetime(analyzer: Analyzer, node: nodes.FunctionCall) -> Value:
    text, pattern = _checked(node, analyzer.values(node.arguments), "varchar", "varchar")
    parts = [text.cast(types.VARCHAR), pattern.cast(types.VARCHAR)]
    found = called(date_texts.parse_datetime, parts, types.TIMESTAMP, node.at, analyzer.udfs)
    return found.cast(types.TIMESTAMP_UTC)


@cache
def _iso_writer(kind: SqlType) -> Any:  # noqa: ANN401 - a function
    digits = kind.numbers[0] if kind.numbers else None

    def write(value: Any) -> str:  # noqa: ANN401 - a date or a timestamp
        return dates.to_iso8601(digits, kind.zone, value)

    return write


def _to_iso8601(analyzer: Analyzer, node: nodes.FunctionCall) -> Value:
    (moment,) = _checked(node, analyzer.values(node.arguments), _ANY_MOMENT)
    return called(_iso_writer(moment.type), [moment], types.VARCHAR, node.at, analyzer.udfs)


def _zone_part(analyzer: Analyzer, node: nodes.FunctionCall) -> Value:
    (moment,) = _checked(node, analyzer.values(node.arguments), "timestamp with time zone")
    return zone_part(node.name, moment, node.at, analyzer.udfs)


DATES = {
    "timezone_hour": _zone_part,
    "timezone_minute": _zone_part,
    "date": _date,
    "date_add": _date_add,
    "date_trunc": _date_trunc,
    "date_diff": _date_diff,
    "last_day_of_month": _last_day,
    "now": _now,
    "current_timestamp": _now,
    "localtimestamp": _local_now,
    "current_date": _today,
    **dict.fromkeys(
        ("current_time", "localtime", "current_user", "current_catalog", "current_schema", "current_path"), _refused
    ),
    "at_timezone": _at_timezone,
    "with_timezone": _with_timezone,
    "from_unixtime": _from_unixtime,
    "from_iso8601_timestamp": _from_iso8601,
    "date_format": _date_format,
    "date_parse": _date_parse,
    "format_datetime": _format_datetime,
    "parse_datetime": _parse_datetime,
    "to_iso8601": _to_iso8601,
}
