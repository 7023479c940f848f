"""Looking into JSON by a path: `$.a[0]["b"]` of json_extract, and `lax $.a[*]` of json_value and its kin."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from local.athena import types
from local.athena.functions.errors import TrinoError, invalid_argument, not_on_laptop
from local.athena.functions.json_values import JsonNumber, lenient, parsed, written
from local.athena.functions.partials import given
from local.athena.language.errors import AthenaQueryError, NotOnLaptopError
from local.athena.types import SqlType

if TYPE_CHECKING:
    from local.athena.language import nodes

_STEP = re.compile(r'\.(?P<name>[\w:-]+)|\["(?P<quoted>(?:[^"\\]|\\["\\])*)"\]|\[(?P<word>[\w-]+)\]')
_SQL_STEP = re.compile(r'\.(?P<name>[A-Za-z_][\w]*)|\."(?P<quoted>[^"]*)"|\[(?P<index>\d+)\]|\[(?P<all>\*)\]')
_SQL_PATH = re.compile(r"\s*(lax|strict)\s+\$(.*?)\s*", re.DOTALL)


_NOTHING = object()


class _PathError(Exception):
    """A path that a value has not."""


# --- json_extract ----------------------------------------------------------------------------------------------------


@cache
def _steps(path: str) -> tuple[str, ...]:
    found: list[str] = []
    offset = 1 if path.startswith("$") else len(path) + 1
    while offset < len(path):
        match = _STEP.match(path, offset)
        if not match:
            break
        quoted = match["quoted"]
        found.append(re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else match["name"] or match["word"])
        offset = match.end()
    if offset != len(path):
        raise invalid_argument(f"Invalid JSON path: '{path}'")
    return tuple(found)


def _looked_up(text: str, path: str) -> Any:  # noqa: ANN401 - JSON's values
    """What is at a path; where nothing is, not even JSON's null, `_NOTHING`."""
    value = lenient(text)
    if value is None and text.strip() != "null":
        return _NOTHING
    for step in _steps(path):
        if isinstance(value, dict) and step in value:
            value = value[step]
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return _NOTHING
    return value


def json_extract(text: str, path: str) -> str | None:
    """The JSON at a path, which may be JSON's null; null where there is none."""
    value = _looked_up(text, path)
    return None if value is _NOTHING else written(value)


def json_extract_scalar(text: str, path: str) -> str | None:
    """The text, number or truth at a path, as a text; null for anything else."""
    value = _looked_up(text, path)
    if value is _NOTHING or value is None or isinstance(value, (dict, list)):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def json_size(text: str, path: str) -> int | None:
    """How many elements the object or the array at a path has; 0 for a scalar."""
    value = _looked_up(text, path)
    if value is _NOTHING:
        return None
    return len(value) if isinstance(value, (dict, list)) else 0


# --- json_value, json_query, json_exists -----------------------------------------------------------------------------


def json_function(node: nodes.JsonCall) -> tuple[Any, SqlType]:
    """The Python function that a call of one of the three means, and the type that it gives.

    Raises:
        AthenaQueryError: the path is none.
        NotOnLaptopError: the laptop has not what the call asks for.
    """
    mode, steps = _sql_path(node)
    returning = node.returning.name if node.returning else "varchar"
    if node.name == "json_exists":
        if "UNKNOWN" in {node.on_error, node.on_empty} or node.on_empty:
            raise NotOnLaptopError("this ON ERROR of json_exists", node.at)
        return given(json_exists, mode, steps, node.on_error or "FALSE"), types.BOOLEAN
    if returning not in {"varchar", "bigint", "integer", "double", "boolean"} or (
        node.name == "json_query" and returning != "varchar"
    ):
        raise NotOnLaptopError(f"{node.name} RETURNING {returning}", node.at)
    if {node.on_empty, node.on_error} - {"", "NULL", "ERROR"}:
        raise NotOnLaptopError(f"this ON EMPTY or ON ERROR of {node.name}", node.at)
    if node.name == "json_query":
        return given(json_query, mode, steps, node.wrapper, node.on_empty, node.on_error), types.VARCHAR
    return given(json_value, mode, steps, returning, node.on_empty, node.on_error), SqlType(returning)


def _sql_path(node: nodes.JsonCall) -> tuple[str, tuple[str | int, ...]]:
    path = _SQL_PATH.fullmatch(node.path)
    if not path:
        raise AthenaQueryError.at(node.at, "INVALID_PATH", f"cannot parse JSON path: {node.path}")
    found: list[str | int] = []
    offset, text = 0, path[2]
    while offset < len(text):
        match = _SQL_STEP.match(text, offset)
        if not match:
            raise NotOnLaptopError(f"the JSON path '{node.path}'", node.at)
        found.append(
            int(match["index"]) if match["index"] else -1 if match["all"] else match["name"] or match["quoted"]
        )
        offset = match.end()
    return path[1], tuple(found)


def _items(mode: str, steps: tuple[str | int, ...], text: str) -> list[Any]:
    try:
        items = [parsed(text)]
    except ValueError as error:
        raise _PathError from error
    for step in steps:
        items = [found for item in items for found in _step(mode, step, item)]
    return items


def _step(mode: str, step: str | int, item: Any) -> list[Any]:  # noqa: ANN401 - JSON's values
    is_lax = mode == "lax"
    if isinstance(step, str):
        if isinstance(item, list) and is_lax:
            return [found for one in item for found in _step("lax" if isinstance(one, dict) else "none", step, one)]
        if isinstance(item, dict) and step in item:
            return [item[step]]
    else:
        if not isinstance(item, list):
            if not is_lax:
                raise _PathError
            item = [item]
        if step < 0:
            return list(item)
        if step < len(item):
            return [item[step]]
    if mode == "strict":
        raise _PathError
    return []


def json_exists(mode: str, steps: tuple[str | int, ...], on_error: str, text: str) -> bool:
    """Whether a JSON text has anything at a path."""
    try:
        return bool(_items(mode, steps, text))
    except _PathError as error:
        if on_error == "ERROR":
            raise _failed("JSON path evaluation failed") from error
        return on_error == "TRUE"


def json_value(mode: str, steps: tuple[str | int, ...], returning: str, on_empty: str, on_error: str, text: str) -> Any:  # noqa: ANN401
    """The scalar at a path."""
    try:
        items = _items(mode, steps, text)
        if not items:
            _check(on_empty, "JSON path found no items")
            return None
        return _returned(_only_scalar(items), returning)
    except (_PathError, ValueError) as error:
        if on_error == "ERROR":
            raise _failed("JSON path evaluation failed") from error
        return None


def _only_scalar(items: list[Any]) -> Any:  # noqa: ANN401 - JSON's values
    if len(items) > 1 or isinstance(items[0], (dict, list)):
        raise _PathError
    return items[0]


def _returned(item: Any, returning: str) -> Any:  # noqa: ANN401 - JSON's values
    if item is None:
        return None
    if isinstance(item, JsonNumber) and not re.fullmatch(r"-?\d+", item) and returning != "double":
        raise not_on_laptop("json_value of a number with a fraction, but RETURNING double")
    if isinstance(item, bool):
        return item if returning == "boolean" else str(item).lower() if returning == "varchar" else _no_scalar()
    if returning == "varchar":
        return str(item)
    if returning == "boolean":
        return {"true": True, "false": False}[item.lower()] if item.lower() in {"true", "false"} else _no_scalar()
    return float(item) if returning == "double" else int(item)


def _no_scalar() -> None:
    raise _PathError


def json_query(
    mode: str, steps: tuple[str | int, ...], wrapper: str, on_empty: str, on_error: str, text: str
) -> str | None:
    """The JSON at a path, as a text."""
    try:
        items = _items(mode, steps, text)
    except _PathError as error:
        if on_error == "ERROR":
            raise _failed("JSON path evaluation failed") from error
        return None
    if not items:
        _check(on_empty, "JSON path found no items")
        return None
    if wrapper == "UNCONDITIONAL" or (
        wrapper == "CONDITIONAL" and (len(items) > 1 or not isinstance(items[0], (dict, list)))
    ):
        return written(items)
    if len(items) > 1:
        _check(on_error, "JSON path found multiple items")
        return None
    return written(items[0])


def _check(behaviour: str, message: str) -> None:
    if behaviour == "ERROR":
        raise _failed(message)


def _failed(message: str) -> TrinoError:
    return TrinoError("JSON_VALUE_RESULT_ERROR", message)
