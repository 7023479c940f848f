"""Values as JSON, and JSON as values, as Trino's CAST makes them.

Source: https://trino.io/docs/current/functions/json.html#cast-to-json and the tests of Trino's JSON operators.
"""

from __future__ import annotations

import math
from datetime import date
from decimal import Decimal
from typing import Any

from local.athena.functions.errors import TrinoError, invalid_cast, not_on_laptop
from local.athena.functions.json_values import ExactNumber, JsonNumber, parsed, written
from local.athena.functions.numbers import half_up, java_double, java_real, standard_double
from local.athena.functions.read_texts import (
    LIMITS,
    decimal_of,
    decimal_of_text,
    float_of_text,
    truth_of_text,
    whole_of_text,
)
from local.athena.functions.texts import moment_text
from local.athena.types import SqlType

_OF_JSON = {"boolean", *LIMITS, "real", "double", "decimal", "varchar", "json"}


def makes_of_json(kind: SqlType) -> bool:
    """Whether JSON becomes a value of a type."""
    return kind.base in _OF_JSON or (bool(kind.inner) and all(map(makes_of_json, kind.inner)))


def to_json(kind: SqlType, value: Any) -> str:  # noqa: ANN401 - a value of the type
    """A value as JSON.

    Raises:
        TrinoError: the laptop does not make JSON of this type.
    """
    return written(_plain(kind, value), is_sorted=True)


def _plain(kind: SqlType, value: Any) -> Any:  # noqa: ANN401, C901, PLR0911 - one answer a type
    if value is None:
        return None
    match kind.base:
        case "boolean" | "varchar":
            return value
        case "tinyint" | "smallint" | "integer" | "bigint":
            return JsonNumber(value)
        case "double" | "real":
            text = java_double(value) if kind.base == "double" else java_real(value)
            return ExactNumber(text) if math.isfinite(value) else text
        case "decimal":
            return ExactNumber(value)
        case "json":
            return parsed(value)
        case "date":
            return date.isoformat(value)
        case "timestamp":
            return moment_text(kind.numbers[0], None, value)
        case "array":
            return [_plain(kind.inner[0], item) for item in value]
        case "map" if kind.inner[0].base == "varchar":
            return {key: _plain(kind.inner[1], item) for key, item in value.items()}
        case _:
            raise not_on_laptop(f"a cast of {kind} to json")


def from_json(kind: SqlType, text: str) -> Any:  # noqa: ANN401 - a value of the type
    """A JSON text as a value of a type; JSON's null is null.

    Raises:
        TrinoError: it is none of the type.
    """
    value = parsed(text)
    try:
        return _of_json(kind, value)
    except (ArithmeticError, AttributeError, TypeError, ValueError) as error:
        raise invalid_cast(f"Cannot cast to {kind}. Unexpected value in JSON: {text}") from error
    except TrinoError as error:
        if error.is_of_laptop:
            raise
        raise invalid_cast(f"Cannot cast '{text}' to {kind}") from error


def _of_json(kind: SqlType, value: Any) -> Any:  # noqa: ANN401, C901, PLR0911 - a value of the type; one answer a type
    if value is None:
        return "null" if kind.base == "json" else None
    match kind.base:
        case "json":
            return written(value)
        case "varchar":
            return _text(kind, value)
        case "boolean":
            return _truth(value)
        case "tinyint" | "smallint" | "integer" | "bigint":
            return _whole(kind, value)
        case "double" | "real":
            return float(value) if isinstance(value, (bool, JsonNumber)) else float_of_text(kind, value)
        case "decimal":
            return _decimal(kind, value)
        case "array":
            return [_of_json(kind.inner[0], item) for item in _list(value)]
        case "map" if kind.inner[0].base == "varchar":
            return {key: _of_json(kind.inner[1], item) for key, item in value.items()}
        case "row":
            return _row(kind, value)
        case _:
            raise not_on_laptop(f"a cast of json to {kind}")


def _text(kind: SqlType, value: Any) -> str:  # noqa: ANN401 - JSON's values
    if isinstance(value, (dict, list)):
        raise TypeError(kind)
    if isinstance(value, bool):
        return "true" if value else "false"
    text = standard_double(float(value)) if isinstance(value, JsonNumber) and not value.is_whole else str(value)
    if kind.numbers and len(text) > kind.numbers[0]:
        raise ValueError(text)
    return text


def _truth(value: Any) -> bool:  # noqa: ANN401 - JSON's values
    if isinstance(value, bool):
        return value
    if not isinstance(value, JsonNumber):
        return truth_of_text(value)
    if value.is_whole:
        whole_of_text(SqlType("bigint"), value)
    return float(value) != 0


def _whole(kind: SqlType, value: Any) -> int:  # noqa: ANN401 - JSON's values
    if isinstance(value, bool):
        return int(value)
    if not isinstance(value, JsonNumber) or value.is_whole:
        return whole_of_text(kind, value)
    found = int(half_up(Decimal(float(value))))
    if not -LIMITS[kind.base] <= found < LIMITS[kind.base]:
        raise ValueError(value)
    return found


def _decimal(kind: SqlType, value: Any) -> Decimal:  # noqa: ANN401 - JSON's values
    if isinstance(value, bool):
        return decimal_of(kind, int(value), str(value))
    return decimal_of_text(kind, value)


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(value)
    return value


def _row(kind: SqlType, value: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON's values
    if isinstance(value, dict):
        lowered = {key.lower(): item for key, item in value.items()}
        items = [lowered.get((label or "").lower()) for label in kind.labels]
    else:
        items = _list(value)
    pairs = enumerate(zip(kind.inner, items, strict=True))
    return {f"_{place}": _of_json(inner, item) for place, (inner, item) in pairs}
