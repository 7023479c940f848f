"""JSON as Trino keeps and writes it.

Source: https://trino.io/docs/current/functions/json.html.
"""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from local.athena.functions.errors import invalid_argument, not_on_laptop
from local.athena.functions.numbers import java_double
from local.athena.types import SqlType

_WHOLE = re.compile(r"-?[0-9]+")


class JsonNumber(str):
    """A number as a JSON text writes it."""

    __slots__ = ()

    @property
    def is_whole(self) -> bool:
        """Whether it is written without a fraction and without an exponent."""
        return bool(_WHOLE.fullmatch(self))


class ExactNumber(JsonNumber):
    """A number whose text stays as it is, however many digits it has."""

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
        return str(value) if value.is_whole or isinstance(value, ExactNumber) else java_double(float(value))
    if isinstance(value, dict):
        items = sorted(value.items()) if is_sorted else value.items()
        return "{" + ",".join(f"{written(key)}:{written(item, is_sorted=is_sorted)}" for key, item in items) + "}"
    if isinstance(value, list):
        return "[" + ",".join(written(item, is_sorted=is_sorted) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False)


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
