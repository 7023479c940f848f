"""Trino's operators: which types they take, the type that they give, and the same in DuckDB's words.

Sources: https://trino.io/docs/current/functions/{math,decimal,datetime,comparison}.html.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import TYPE_CHECKING, Any

from local.athena import types
from local.athena.analysis.values import Value, made
from local.athena.functions.errors import TrinoError
from local.athena.language.errors import AthenaQueryError, NotOnLaptopError, Position
from local.athena.types import SqlType, as_decimal, common_type, decimal, duckdb_zone, without_zone

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from local.athena.functions.signatures import Udfs

_INTERVALS = {"interval day to second", "interval year to month"}
_WIDE = Context(prec=100)


def mismatch(at: Position, message: str) -> AthenaQueryError:
    """A TYPE_MISMATCH."""
    return AthenaQueryError.at(at, "TYPE_MISMATCH", message)


def to_one_type(values: Sequence[Value], what: str) -> list[Value]:
    """Values that must be of one type, each as one of it.

    Args:
        values: at least one.
        what: they are, as Trino says it.

    Raises:
        AthenaQueryError: they have no type in common.
        NotOnLaptopError: theirs are timestamps in more than one time zone.
    """
    kind = values[0].type
    for value in values[1:]:
        common = common_type(kind, value.type)
        if common is None:
            if common_type(without_zone(kind), without_zone(value.type)):
                raise NotOnLaptopError("one column of values in more than one time zone", value.at)
            kinds = list(dict.fromkeys(str(value.type) for value in values))
            raise mismatch(
                value.at,
                f"{what} must be the same type or coercible to a common type. Cannot find common type between {kind} and "
                f"{value.type}, all types (without duplicates): [{', '.join(kinds)}]",
            )
        kind = common
    return [value.cast(kind) for value in values]


# --- comparison ------------------------------------------------------------------------------------------------------


def comparable(left: Value, right: Value) -> tuple[Value, Value] | None:
    """Both values as ones of their common type; None where they cannot be compared."""
    kind = common_type(without_zone(left.type), without_zone(right.type))
    if kind is None:
        return None
    return _instant(left, kind), _instant(right, kind)


def _instant(value: Value, kind: SqlType) -> Value:
    return replace(value, type=without_zone(value.type)).cast(kind)


def compare(operator: str, left: Value, right: Value, at: Position) -> Value:
    """A comparison.

    Raises:
        AthenaQueryError: the two cannot be compared.
    """
    pair = comparable(left, right)
    if pair is None or not (pair[0].type.is_orderable or (operator in {"=", "<>"} and pair[0].type.is_comparable)):
        raise mismatch(at, f"Cannot apply operator: {left.type} {operator} {right.type}")
    one, other = pair
    if one.type.inner:
        raise NotOnLaptopError(f"comparing values of type {one.type}", at)
    text = f"{one.enclosed} {operator} {other.enclosed}"
    # NaN equals nothing and is neither less nor greater in Trino; in DuckDB it equals itself and is the greatest.
    suspect = {"=": one, "<>": one, "<": other, "<=": other, ">": one, ">=": one}[operator]
    if one.type.base in {"double", "real"} and not suspect.is_constant:
        nan = f"isnan({suspect.text})"
        text = f"({text} OR {nan})" if operator == "<>" else f"({text} AND NOT {nan})"
        return made(text, types.BOOLEAN, at, left, right)
    return made(text, types.BOOLEAN, at, left, right, is_bare=False)


# --- arithmetic ------------------------------------------------------------------------------------------------------


def arithmetic(operator: str, left: Value, right: Value, at: Position, udfs: Udfs) -> Value:
    """The result of + - * / %.

    Raises:
        AthenaQueryError: the operator does not take these types.
    """
    if left.type.is_number and right.type.is_number:
        return _numbers(operator, left, right, at, udfs)
    if left.type.base == "unknown" and right.type.is_number:
        return arithmetic(operator, left.cast(right.type), right, at, udfs)
    if right.type.base == "unknown" and left.type.is_number:
        return arithmetic(operator, left, right.cast(left.type), at, udfs)
    found = _times(operator, left, right, at, udfs)
    if found is None:
        raise mismatch(at, f"Cannot apply operator: {left.type} {operator} {right.type}")
    return found


def _numbers(operator: str, left: Value, right: Value, at: Position, udfs: Udfs) -> Value:
    kind = common_type(left.type, right.type)
    assert kind is not None
    if kind.base == "decimal":
        return _decimals(operator, left.cast(as_decimal(left.type)), right.cast(as_decimal(right.type)), at, udfs)
    one, other = left.cast(kind), right.cast(kind)
    symbol = "//" if operator == "/" and kind.is_integer else operator
    text = f"{_whole(one)} {symbol} {_whole(other)}"
    if kind.base == "real":
        return made(f"CAST({text} AS FLOAT)", kind, at, left, right)
    return made(text, kind, at, left, right, is_bare=False)


def _whole(value: Value) -> str:
    # A literal alone would take the size of what stands beside it in DuckDB.
    if value.is_constant and value.type.base in {"tinyint", "smallint"}:
        return f"CAST({value.text} AS {value.type.duckdb})"
    return value.enclosed


def _decimals(operator: str, left: Value, right: Value, at: Position, udfs: Udfs) -> Value:
    (p1, s1), (p2, s2) = left.type.numbers, right.type.numbers
    scale = max(s1, s2)
    match operator:
        case "+" | "-":
            kind = decimal(max(p1 - s1, p2 - s2) + scale + 1, scale)
        case "*":
            if s1 + s2 > types.MAX_PRECISION:
                raise mismatch(at, f"DECIMAL scale must be in range [0, precision (38)]: {s1 + s2}")
            kind = decimal(p1 + p2, s1 + s2)
        case "/":
            kind = decimal(p1 + s2 + max(s2 - s1, 0), scale)
        case _:
            kind = decimal(min(p2 - s2, p1 - s1) + scale, scale)
    return called(
        {"+": _plus, "-": _minus, "*": _product, "/": _quotient, "%": _remainder}[operator],
        [left, right],
        kind,
        at,
        udfs,
    )


def called(
    function: Callable[..., Any],
    values: Sequence[Value],
    kind: SqlType,
    at: Position,
    udfs: Udfs,
    *,
    takes_nulls: bool = False,
) -> Value:
    """A call of a Python function; null where an argument is, unless it takes nulls."""
    text = udfs.call(
        function, [value.text for value in values], [value.type for value in values], kind, takes_nulls=takes_nulls
    )
    return made(text, kind, at, *values)


def _checked(value: Decimal) -> Decimal:
    if len(value.as_tuple().digits) > types.MAX_PRECISION:
        raise TrinoError("NUMERIC_VALUE_OUT_OF_RANGE", "Decimal overflow")
    return value


def _plus(left: Decimal, right: Decimal) -> Decimal:
    return _checked(_WIDE.add(left, right))


def _minus(left: Decimal, right: Decimal) -> Decimal:
    return _checked(_WIDE.subtract(left, right))


def _product(left: Decimal, right: Decimal) -> Decimal:
    return _checked(_WIDE.multiply(left, right))


def _quotient(left: Decimal, right: Decimal) -> Decimal:
    if not right:
        raise TrinoError("DIVISION_BY_ZERO", "Division by zero")
    scale = max(-int(left.as_tuple().exponent), -int(right.as_tuple().exponent))
    return _checked(_WIDE.divide(left, right).quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP, _WIDE))


def _remainder(left: Decimal, right: Decimal) -> Decimal:
    if not right:
        raise TrinoError("DIVISION_BY_ZERO", "Division by zero")
    return _WIDE.remainder(left, right)


# --- dates, times and intervals --------------------------------------------------------------------------------------


def _times(operator: str, left: Value, right: Value, at: Position, udfs: Udfs) -> Value | None:  # noqa: PLR0911 - one a pair
    first, second = left.type.base, right.type.base
    if first in _INTERVALS and second in _INTERVALS | {"bigint", "integer", "smallint", "tinyint", "double", "real"}:
        return _of_interval(operator, left, right, at)
    if second == "interval day to second" and operator == "*" and left.type.is_number:
        return _of_interval(operator, right, left, at)
    if second in _INTERVALS and operator in {"+", "-"} and first in {"date", "timestamp", "timestamp with time zone"}:
        return moved(left, right, operator, at, udfs)
    if first in _INTERVALS and operator == "+" and second in {"date", "timestamp", "timestamp with time zone"}:
        return moved(right, left, operator, at, udfs)
    if operator == "-" and left.type.is_timestamp | (first == "date") and right.type.is_timestamp | (second == "date"):
        pair = comparable(left, right)
        if pair is None:
            return None
        one, other = (value.cast(types.TIMESTAMP) if value.type.base == "date" else value for value in pair)
        return made(
            f"(epoch_us({one.text}) - epoch_us({other.text})) // 1000",
            types.DAY_TO_SECOND,
            at,
            left,
            right,
            is_bare=False,
        )
    return None


def _of_interval(operator: str, left: Value, right: Value, at: Position) -> Value | None:
    if right.type == left.type and operator in {"+", "-"}:
        return made(f"{left.enclosed} {operator} {right.enclosed}", left.type, at, left, right, is_bare=False)
    if right.type.is_number and operator in {"*", "/"}:
        text = f"CAST(trunc(CAST({left.text} AS DOUBLE) {operator} {right.enclosed}) AS BIGINT)"
        return made(text, left.type, at, left, right)
    return None


def moved(moment: Value, interval: Value, operator: str, at: Position, udfs: Udfs) -> Value:
    """A date or a timestamp, and an interval added to it or taken from it; of the moment's own type."""
    amount = interval.text if operator == "+" else f"-{interval.enclosed}"
    if interval.type == types.YEAR_TO_MONTH:
        local = as_local(moment)
        return from_local(f"{local.text} + to_months(CAST({amount} AS INTEGER))", moment, at, interval)
    if moment.type.base == "date":
        days = called(_whole_days, [replace(interval, text=amount)], types.BIGINT, at, udfs)
        return made(
            f"CAST({moment.enclosed} + CAST({days.text} AS INTEGER) AS DATE)", moment.type, at, moment, interval
        )
    kind = moment.type if moment.type.numbers[0] >= 3 else replace(moment.type, numbers=(3,))  # noqa: PLR2004 - milliseconds
    return made(f"{moment.enclosed} + to_microseconds({amount} * 1000)", kind, at, moment, interval, is_bare=False)


def _whole_days(milliseconds: int) -> int:
    days, rest = divmod(milliseconds, 86_400_000)
    if rest:
        raise TrinoError("INVALID_FUNCTION_ARGUMENT", "Cannot add hour, minutes or seconds to a date")
    return days


def as_local(value: Value) -> Value:
    """A date or a timestamp as the date and time of its own zone, without one."""
    if value.type.base == "timestamp with time zone":
        assert value.type.zone
        return replace(
            value,
            text=f"timezone('{duckdb_zone(value.type.zone)}', {value.text})",
            type=types.timestamp(value.type.numbers[0]),
            is_bare=True,
        )
    if value.type.base == "date":
        return replace(value, text=f"CAST({value.text} AS TIMESTAMP)", type=types.TIMESTAMP, is_bare=True)
    return value


def from_local(text: str, like: Value, at: Position, *others: Value) -> Value:
    """A date and time without a zone as one of a value's own type and zone."""
    match like.type.base:
        case "date":
            text = f"CAST({text} AS DATE)"
        case "timestamp with time zone":
            text = f"timezone('{duckdb_zone(like.type.zone)}', {text})"
        case _:
            text = f"CAST({text} AS TIMESTAMP)"
    return made(text, like.type, at, like, *others)
