"""JSON as Trino keeps and writes it.

Source: https://trino.io/docs/current/functions/json.html.
"""

from __future__ import annotations

import json
import re
from datetime import date
from decimal import Decimal
from typing import Any, NoReturn

from local.athena.functions.errors import invalid_argument, invalid_cast, not_on_laptop
from local.athena.functions.numbers import half_up, java_double, java_real
from local.athena.functions.texts import moment_text
from local.athena.types import SqlType

_TRUTHS = {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}


class JsonNumber(str):
    """A number as a JSON text writes it."""

    __slots__ = ()


def parsed(text: str) -> Any:  # noqa: ANN401 - JSON's values
    """A JSON text's value; numbers as they are written.

    Raises:
        ValueError: it is none.
    """
    return json.loads(text, parse_float=JsonNumber, parse_int=JsonNumber, parse_constant=_no_constant)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def written(value: Any, *, is_sorted: bool = False) -> str:  # noqa: ANN401 - JSON's values
    """A value as a JSON text, without blanks."""
    if isinstance(value, JsonNumber):
        return _number(value)
    if isinstance(value, dict):
        items = sorted(value.items()) if is_sorted else value.items()
        return "{" + ",".join(f"{written(key)}:{written(item, is_sorted=is_sorted)}" for key, item in items) + "}"
    if isinstance(value, list):
        return "[" + ",".join(written(item, is_sorted=is_sorted) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def _number(text: str) -> str:
    return text if re.fullmatch(r"-?\d+", text) else java_double(float(text))


def canonical_json(text: str) -> str:
    """What Trino's JSON keeps of a text: no blanks, objects by their keys' order.

    Raises:
        TrinoError: it is no JSON.
    """
    try:
        return written(parsed(text), is_sorted=True)
    except ValueError as error:
        raise invalid_argument(f"Cannot convert value to JSON: '{text}'") from error


def lenient(text: str) -> Any:  # noqa: ANN401 - JSON's values
    """A JSON text's value; None where it is none from its first character on.

    Raises:
        TrinoError: it begins as JSON and does not end so: how much of it Trino reads depends on what is looked for.
    """
    try:
        return parsed(text)
    except ValueError as error:
        if text.lstrip()[:1] in {"{", "["}:
            raise not_on_laptop("reading JSON that is broken off") from error
        return None


# --- casts -----------------------------------------------------------------------------------------------------------


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
        case "double":
            return JsonNumber(java_double(value))
        case "real":
            return JsonNumber(java_real(value))
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


def _of_json(kind: SqlType, value: Any) -> Any:  # noqa: ANN401, PLR0911 - a value of the type; one answer a type
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
            return int(half_up(Decimal(str(value) if not isinstance(value, bool) else int(value))))
        case "double" | "real":
            return float(value)
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
    text = _number(value) if isinstance(value, JsonNumber) else str(value)
    return text[: kind.numbers[0]] if kind.numbers else text


def _truth(value: Any) -> bool:  # noqa: ANN401 - JSON's values
    if isinstance(value, bool):
        return value
    if isinstance(value, JsonNumber):
        return float(value) != 0
    if value.lower() not in _TRUTHS:
        raise ValueError(value)
    return _TRUTHS[value.lower()]


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


# --- functions -------------------------------------------------------------------------------------------------------


def json_array_length(text: str) -> int | None:
    """How many elements a JSON array has; null for anything else."""
    value = lenient(text)
    return len(value) if isinstance(value, list) else None


def json_array_contains(kind: SqlType, text: str, wanted: Any) -> bool | None:  # noqa: ANN401 - a value of the type
    """Whether a JSON array has an element; null for what is no array."""
    value = lenient(text)
    if not isinstance(value, list):
        return None
    return any(_is_same(kind, item, wanted) for item in value)


def _is_same(kind: SqlType, item: Any, wanted: Any) -> bool:  # noqa: ANN401 - JSON's values
    if kind.base == "boolean" or isinstance(item, bool):
        return isinstance(item, bool) and kind.base == "boolean" and item == wanted
    if kind.base == "varchar":
        return isinstance(item, str) and not isinstance(item, JsonNumber) and item == wanted
    return isinstance(item, JsonNumber) and float(item) == wanted and (kind.base == "double" or "." not in item)


def json_array_get(text: str, place: int) -> str | None:
    """An element of a JSON array, counted from 0, or from the end where negative."""
    value = lenient(text)
    if not isinstance(value, list) or not -len(value) <= place < len(value):
        return None
    found = value[place]
    return None if found is None else written(found)


def is_json_scalar(text: str) -> bool:
    """Whether a JSON text is neither an object nor an array."""
    try:
        return not isinstance(parsed(text), (dict, list))
    except ValueError as error:
        raise invalid_argument(f"Invalid JSON value: {text}") from error
