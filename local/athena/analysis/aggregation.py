"""Calls of aggregate functions, and of any function over a window."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from local.athena import types
from local.athena.analysis.forms import chosen, given
from local.athena.analysis.operators import called, mismatch
from local.athena.analysis.values import Value, made
from local.athena.functions.aggregates import (
    AGGREGATES,
    FINISHERS,
    WINDOW_FUNCTIONS,
    WITH_NULLS_TREATED,
    WITHOUT_FRAME,
    decimal_average,
)
from local.athena.functions.errors import invalid_argument
from local.athena.language import nodes
from local.athena.language.errors import AthenaQueryError, NotOnLaptopError
from local.athena.types import SqlType, array, row

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.athena.analysis.analyzer import Analyzer


def aggregate_call(analyzer: Analyzer, node: nodes.FunctionCall) -> Value:
    """An aggregate function's call, over a window or not.

    Raises:
        AthenaQueryError: Trino would refuse it.
        NotOnLaptopError: the laptop does.
    """
    if analyzer.within_aggregate and not node.window:
        message = f"Cannot nest aggregations inside aggregation: {node.name}"
        raise AthenaQueryError.at(node.at, "NESTED_AGGREGATION", message)
    if node.nulls:
        raise NotOnLaptopError(f"{node.name} … {node.nulls} NULLS", node.at)
    if node.window:
        _check_windowed(node)
    inner = analyzer if node.window else replace(analyzer, within_aggregate=True, groups=frozenset())
    arguments = _aggregate_arguments(inner, node)
    over, parts = over_window(analyzer, node)
    if node.where:
        condition = inner.truth(node.where, "FILTER clause")
        over, parts = f" FILTER (WHERE {condition.text}){over}", [*parts, condition]
    if node.is_star or (node.name == "count" and not arguments):
        if node.name != "count":
            raise AthenaQueryError.at(
                node.at, "FUNCTION_NOT_FOUND", f"Unexpected parameters (*) for function {node.name}"
            )
        return _finished(node, made(f"count(*){over}", types.BIGINT, node.at, *parts))
    order = [(sort, inner.value(sort.value)) for sort in node.order]
    if node.is_distinct and any(value.text not in {one.text for one in arguments} for _, value in order):
        message = "For aggregate function with DISTINCT, ORDER BY expressions must appear in arguments"
        raise AthenaQueryError.at(node.at, "EXPRESSION_NOT_IN_DISTINCT", message)
    found = _aggregated(analyzer, node, arguments, over, order)
    return _finished(node, made(found.text, found.type, node.at, *arguments, *parts, *(value for _, value in order)))


def _check_windowed(node: nodes.FunctionCall) -> None:
    if node.is_distinct:
        message = "DISTINCT in window function parameters not yet supported"
    elif node.where:
        message = "FILTER is not yet supported for window functions"
    elif node.order:
        message = "Window function with ORDER BY is not supported"
    else:
        return
    raise AthenaQueryError.at(node.at, "NOT_SUPPORTED", message)


def _aggregate_arguments(inner: Analyzer, node: nodes.FunctionCall) -> list[Value]:
    arguments = inner.values(node.arguments)
    if not node.window and any(argument.has_window for argument in arguments):
        raise AthenaQueryError.at(
            node.at, "NESTED_WINDOW", f"Cannot nest window functions inside aggregation: {node.name}"
        )
    return arguments


def _finished(node: nodes.FunctionCall, value: Value) -> Value:
    if node.window:
        return replace(value, has_window=True)
    return replace(value, reads=frozenset(), has_aggregate=True)


def _aggregated(
    analyzer: Analyzer,
    node: nodes.FunctionCall,
    arguments: list[Value],
    over: str,
    order: list[tuple[nodes.Sort, Value]],
) -> Value:
    form, bound = chosen(node.name, AGGREGATES[node.name], arguments, node.at)
    values, kinds = given(form, arguments, bound)
    _check(node, values, kinds)
    body = str(form.body)
    if node.is_distinct and "{*}" not in body and node.name not in {"max", "max_by"}:
        raise NotOnLaptopError(f"{node.name}(DISTINCT …)", node.at)
    if order and "{*}" not in body:
        body = body.replace("struct_pack(_0 := {0}, _1 := {1})", "struct_pack(_0 := {0}, _1 := {1}){o}")
    sorts = ", ".join(f"{value.text} {sort.direction}" for sort, value in order)
    ordered = f" ORDER BY {sorts}" if sorts else ""
    listed = ", ".join(value.text for value in values)
    parts = {"*": f"{'DISTINCT ' if node.is_distinct else ''}{listed}{ordered}", "o": ordered, "f": over}
    parts |= {str(place): value.text for place, value in enumerate(values)}
    text = _filled(body, parts)
    return _typed(analyzer, node, Value(text, form.returned(kinds, bound), node.at), kinds, values, over)


def _filled(body: str, parts: dict[str, str]) -> str:
    # At once, for what is put in may itself have brackets.
    return re.sub(r"\{([*\w])\}", lambda place: parts[place[1]], body)


def _check(node: nodes.FunctionCall, values: list[Value], kinds: list[SqlType]) -> None:
    if node.name in {"min", "max"} and not kinds[0].is_orderable:
        raise AthenaQueryError.at(
            node.at, "FUNCTION_NOT_FOUND", f"Unexpected parameters ({kinds[0]}) for function {node.name}"
        )
    if node.name in {"min", "max", "min_by", "max_by"} and any(kind.inner for kind in kinds):
        raise NotOnLaptopError(f"{node.name} of arrays and rows", node.at)
    if node.name == "listagg" and not values[1].is_constant:
        raise mismatch(values[1].at, "listagg's separator must be a literal")


def _typed(
    analyzer: Analyzer,
    node: nodes.FunctionCall,
    found: Value,
    kinds: list[SqlType],
    values: list[Value],
    over: str,
) -> Value:
    first = kinds[0]
    if node.name == "sum" and first.base == "decimal":
        kind = types.decimal(types.MAX_PRECISION, first.numbers[1])
        return Value(f"CAST({found.text} AS {kind.duckdb})", kind, node.at)
    if node.name == "avg" and first.base == "decimal":
        total = types.decimal(types.MAX_PRECISION, first.numbers[1])
        distinct = "DISTINCT " if node.is_distinct else ""
        count = f"count({distinct}{values[0].text}){over}"
        parts = [f"CAST({found.text} AS {total.duckdb})", count]
        text = analyzer.udfs.call(decimal_average, parts, [total, types.BIGINT], first, takes_nulls=True)
        return Value(text, first, node.at)
    if node.name in FINISHERS:
        function, _ = FINISHERS[node.name]
        gathered = array(row(*kinds)) if node.name == "map_agg" else array(first)
        parts = [f"CAST({found.text} AS {gathered.duckdb})"]
        return Value(analyzer.udfs.call(function, parts, [gathered], found.type, takes_nulls=True), found.type, node.at)
    return found


# --- windows ---------------------------------------------------------------------------------------------------------


def window_call(analyzer: Analyzer, node: nodes.FunctionCall) -> Value:
    """A call of a function that is of windows alone.

    Raises:
        AthenaQueryError: Trino would refuse it.
    """
    if node.window is None:
        raise AthenaQueryError.at(node.at, "MISSING_OVER", f"Window function {node.name} requires an OVER clause")
    _check_windowed(node)
    if node.is_star:
        raise AthenaQueryError.at(node.at, "FUNCTION_NOT_FOUND", f"Unexpected parameters (*) for function {node.name}")
    if node.nulls and node.name not in WITH_NULLS_TREATED:
        raise AthenaQueryError.at(
            node.at, "NULL_TREATMENT_NOT_ALLOWED", f"Cannot specify null treatment clause for {node.name}"
        )
    arguments = analyzer.values(node.arguments)
    form, bound = chosen(node.name, WINDOW_FUNCTIONS[node.name], arguments, node.at)
    values, kinds = given(form, arguments, bound)
    over, parts = over_window(analyzer, node)
    if node.name in {"lag", "lead"} and not _window(analyzer, node.window).order:
        message = f"{node.name} function requires an ORDER BY window clause"
        raise AthenaQueryError.at(node.at, "MISSING_ORDER_BY", message)
    values = _checked_offset(analyzer, node, values)
    ignoring = " IGNORE NULLS" if node.nulls == "IGNORE" else ""
    listed = ", ".join(value.text for value in values) + ignoring
    text = _filled(str(form.body), {"*": listed, "f": over})
    found = made(text, form.returned(kinds, bound), node.at, *values, *parts)
    return replace(found, has_window=True)


_LEAST = {
    "lag": (0, "Offset must be at least 0"),
    "lead": (0, "Offset must be at least 0"),
    "nth_value": (1, "Offset must be at least 1"),
    "ntile": (1, "Buckets must be greater than 0"),
}
"""The least whole number that is given to a function, and what is said of a lesser one."""


def _checked_offset(analyzer: Analyzer, node: nodes.FunctionCall, values: list[Value]) -> list[Value]:
    """The arguments, with the whole number among them checked for each row."""
    place = 0 if node.name == "ntile" else 1
    if node.name not in _LEAST or place >= len(values):
        return values
    offset = values[place]
    checked = called(_at_least(*_LEAST[node.name]), [offset], types.BIGINT, offset.at, analyzer.udfs)
    return [*values[:place], checked, *values[place + 1 :]]


@cache
def _at_least(least: int, message: str) -> Callable[[int], int]:
    def check(value: int) -> int:
        if value < least:
            raise invalid_argument(message)
        return value

    return check


def over_window(analyzer: Analyzer, node: nodes.FunctionCall) -> tuple[str, list[Value]]:
    """The text of a call's OVER, and the values in it; nothing where it has none."""
    if node.window is None:
        return "", []
    window = _window(analyzer, node.window)
    partition = analyzer.values(window.partition)
    order = [(sort, analyzer.value(sort.value)) for sort in window.order]
    if any(value.has_window for value in [*partition, *(value for _, value in order)]):
        raise AthenaQueryError.at(node.at, "NESTED_WINDOW", "Cannot nest window functions inside window specification")
    for _, value in order:
        if not value.type.is_orderable:
            raise mismatch(
                value.at, f"{value.type} is not orderable, and therefore cannot be used in window function ORDER BY"
            )
    parts = []
    if partition:
        parts.append(f"PARTITION BY {', '.join(value.text for value in partition)}")
    if order:
        parts.append(f"ORDER BY {', '.join(f'{value.text} {sort.direction}' for sort, value in order)}")
    if window.frame:
        parts.append(_frame(node, window))
    return f" OVER ({' '.join(parts)})", [*partition, *(value for _, value in order)]


def _window(analyzer: Analyzer, window: nodes.WindowNode | nodes.Name) -> nodes.WindowNode:
    if isinstance(window, nodes.WindowNode):
        return window
    if window.key not in analyzer.windows:
        raise AthenaQueryError.at(window.at, "INVALID_WINDOW_REFERENCE", f"Cannot resolve WINDOW name {window.text}")
    return analyzer.windows[window.key]


def _frame(node: nodes.FunctionCall, window: nodes.WindowNode) -> str:
    frame = window.frame
    assert frame
    if node.name in WITHOUT_FRAME:
        raise AthenaQueryError.at(
            frame.at, "INVALID_WINDOW_FRAME", f"Cannot specify window frame for {node.name} function"
        )
    bounds = [bound for bound in (frame.start, frame.end) if bound]
    if frame.unit != "ROWS" and any(bound.value for bound in bounds):
        raise NotOnLaptopError(f"{frame.unit} with an offset", frame.at)
    if frame.unit == "GROUPS" and not window.order:
        raise AthenaQueryError.at(frame.at, "MISSING_ORDER_BY", "Window frame of type GROUPS requires ORDER BY")
    _check_bounds(frame)
    texts = [_bound(bound) for bound in bounds]
    return f"{frame.unit} BETWEEN {texts[0]} AND {texts[1]}" if frame.end else f"{frame.unit} {texts[0]}"


def _check_bounds(frame: nodes.Frame) -> None:
    def place(bound: nodes.Bound) -> tuple[int, int]:
        if bound.words == "CURRENT ROW":
            return 2, 0
        return (1 if bound.words == "PRECEDING" else 3), 0 if bound.value else (-1 if bound.words == "PRECEDING" else 1)

    start, end = place(frame.start), place(frame.end) if frame.end else (2, 0)
    if start == (3, 1):
        raise AthenaQueryError.at(frame.at, "INVALID_WINDOW_FRAME", "Window frame start cannot be UNBOUNDED FOLLOWING")
    if end == (1, -1):
        raise AthenaQueryError.at(frame.at, "INVALID_WINDOW_FRAME", "Window frame end cannot be UNBOUNDED PRECEDING")
    if start[0] > end[0]:
        raise AthenaQueryError.at(frame.at, "INVALID_WINDOW_FRAME", "Window frame starting later than it ends")


def _bound(bound: nodes.Bound) -> str:
    if bound.words == "CURRENT ROW":
        return bound.words
    if bound.value is None:
        return f"UNBOUNDED {bound.words}"
    if not (isinstance(bound.value, nodes.Constant) and isinstance(bound.value.value, int)):
        raise NotOnLaptopError("a window frame's offset that is not a literal", bound.at)
    return f"{bound.value.value} {bound.words}"
