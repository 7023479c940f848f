"""Literals: each with Trino's type, and the value that DuckDB gets for it."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

from local.athena import types
from local.athena.analysis.casts import cast, type_of
from local.athena.analysis.values import Value, literal
from local.athena.functions.conversions import converter
from local.athena.functions.dates import parsed_timestamp, zone_name
from local.athena.functions.errors import TrinoError
from local.athena.functions.json_values import canonical_json
from local.athena.language import nodes
from local.athena.language.errors import AthenaQueryError, NotOnLaptopError
from local.athena.types import SqlType, duckdb_zone

if TYPE_CHECKING:
    from local.athena.functions.signatures import Udfs

_INT_MAX, _BIGINT_MAX = 2**31 - 1, 2**63 - 1
_INT_MIN, _BIGINT_MIN = -(2**31), -(2**63)
_MILLISECONDS = {"DAY": 86_400_000, "HOUR": 3_600_000, "MINUTE": 60_000, "SECOND": 1000}
_DAY_PARTS = ("DAY", "HOUR", "MINUTE", "SECOND")


def constant(node: nodes.Constant) -> Value:
    """NULL, a truth, a number, a text, bytes."""
    value = node.value
    kind, text = _plain(node)
    return Value(text, kind, node.at, is_constant=True, constant=value, is_bare=not text.startswith("-"))


def _plain(node: nodes.Constant) -> tuple[SqlType, str]:
    match node.value:
        case None:
            return types.UNKNOWN, "NULL"
        case bool(value):
            return types.BOOLEAN, "true" if value else "false"
        case int(value):
            return _integer(value, node)
        case float(value):
            return types.DOUBLE, f"CAST('{value!r}' AS DOUBLE)"
        case str(value):
            return types.varchar(len(value)), literal(value)
        case bytes(value):
            return types.VARBINARY, "'" + "".join(f"\\x{byte:02X}" for byte in value) + "'::BLOB"


def _integer(value: int, node: nodes.Constant) -> tuple[SqlType, str]:
    if _INT_MIN <= value <= _INT_MAX:
        return types.INTEGER, str(value)
    if _BIGINT_MIN <= value <= _BIGINT_MAX:
        return types.BIGINT, f"CAST({value} AS BIGINT)"
    raise AthenaQueryError.at(node.at, "SYNTAX_ERROR", f"Invalid numeric literal: {value}")


def decimal_constant(node: nodes.DecimalConstant) -> Value:
    """A number with a point: a decimal of as many digits as are written."""
    whole, _, fraction = node.digits.partition(".")
    whole = whole.lstrip("0")
    precision = max(len(whole) + len(fraction), 1)
    if precision > types.MAX_PRECISION:
        raise AthenaQueryError.at(node.at, "SYNTAX_ERROR", f"Invalid decimal literal: {node.digits}")
    kind = types.decimal(precision, len(fraction))
    text = f"CAST('{whole or '0'}{'.' + fraction if fraction else ''}' AS {kind.duckdb})"
    return Value(text, kind, node.at, is_constant=True, constant=Decimal(node.digits), is_bare=True)


def typed_constant(node: nodes.TypedConstant, udfs: Udfs) -> Value:
    """A text with its type before it.

    Raises:
        AthenaQueryError: the text is none of that type.
    """
    if node.type.name in {"timestamp", "timestamp with time zone"}:
        return _timestamp(node)
    if node.type.name == "decimal":
        text = node.text
        if not re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)", text, re.ASCII):
            raise AthenaQueryError.at(node.at, "INVALID_LITERAL", f"'{text}' is not a valid decimal literal")
        sign = "-" if text.startswith("-") else ""
        found = decimal_constant(nodes.DecimalConstant(node.at, text.lstrip("+-")))
        return found if not sign else Value(f"-{found.text}", found.type, node.at)
    if node.type.name == "json":
        try:
            text = canonical_json(node.text)
        except TrinoError as error:
            raise AthenaQueryError.at(
                node.at, "INVALID_LITERAL", f"'{node.text}' is not a valid JSON literal"
            ) from error
        return Value(literal(text), types.JSON, node.at, is_bare=True)
    kind = type_of(node.type)
    if kind == types.DATE:
        return _date(node)
    return cast(constant(nodes.Constant(node.at, node.text)), kind, node.at, udfs, is_try=False)


def _date(node: nodes.TypedConstant) -> Value:
    read = converter(types.VARCHAR, types.DATE)
    assert read
    try:
        text = f"CAST('{read(node.text)}' AS DATE)"
    except TrinoError as error:
        raise _invalid(node, "date", error) from error
    return Value(text, types.DATE, node.at, is_bare=True)


def _invalid(node: nodes.TypedConstant, what: str, error: TrinoError) -> AthenaQueryError:
    if error.is_of_laptop:
        return AthenaQueryError(str(error))
    return AthenaQueryError.at(node.at, "INVALID_LITERAL", f"'{node.text}' is not a valid {what} literal")


def _timestamp(node: nodes.TypedConstant) -> Value:
    try:
        moment, digits, zone = parsed_timestamp(node.text)
        zone = zone_name(zone) if zone else None
    except TrinoError as error:
        raise _invalid(node, "timestamp", error) from error
    if digits > types.MAX_TIME_DIGITS:
        raise NotOnLaptopError(f"timestamp({digits})", node.at)
    text = f"CAST('{moment.isoformat(sep=' ')}' AS TIMESTAMP)"
    if zone:
        text = f"timezone('{duckdb_zone(zone)}', {text})"
    return Value(text, types.timestamp(digits, zone), node.at, is_bare=True)


def interval_constant(node: nodes.IntervalConstant) -> Value:
    """An interval, in months or in milliseconds.

    Raises:
        AthenaQueryError: the text is none of that unit.
    """
    sign = -1 if node.is_negative else 1
    try:
        if node.unit in {"YEAR", "MONTH"}:
            return Value(str(sign * _months(node)), types.YEAR_TO_MONTH, node.at)
        return Value(f"CAST({sign * _milliseconds(node)} AS BIGINT)", types.DAY_TO_SECOND, node.at)
    except (ValueError, KeyError) as error:
        message = f"'{node.text}' is not a valid interval literal"
        raise AthenaQueryError.at(node.at, "INVALID_LITERAL", message) from error


def _months(node: nodes.IntervalConstant) -> int:
    sign, text = _signed(node.text)
    if node.to:
        years, months = text.split("-")
        return sign * (_count(years) * 12 + _count(months))
    return sign * _count(text) * (12 if node.unit == "YEAR" else 1)


def _milliseconds(node: nodes.IntervalConstant) -> int:
    sign, text = _signed(node.text)
    first = _DAY_PARTS.index(node.unit)
    parts = _DAY_PARTS[first : _DAY_PARTS.index(node.to or node.unit) + 1]
    numbers = re.split(r"[ :]", text.strip())
    if len(numbers) != len(parts):
        raise ValueError(text)
    total = 0
    for part, number in zip(parts, numbers, strict=True):
        amount = round(Decimal(number) * 1000) if part == "SECOND" and re.fullmatch(r"\d+\.\d{1,3}", number) else None
        total += amount if amount is not None else _count(number) * _MILLISECONDS[part]
    return sign * total


def _signed(text: str) -> tuple[int, str]:
    text = text.strip()
    return (-1, text[1:]) if text.startswith("-") else (1, text.removeprefix("+"))


def _count(text: str) -> int:
    if not text.isdecimal():
        raise ValueError(text)
    return int(text)
