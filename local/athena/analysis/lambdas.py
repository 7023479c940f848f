"""Functions that take a lambda: https://trino.io/docs/current/functions/lambda.html."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from local.athena import types
from local.athena.analysis.operators import mismatch
from local.athena.analysis.values import Value, made
from local.athena.language import nodes
from local.athena.language.errors import AthenaQueryError
from local.athena.types import SqlType, array

if TYPE_CHECKING:
    from local.athena.analysis.analyzer import Analyzer


def _over(analyzer: Analyzer, node: nodes.FunctionCall, base: str) -> tuple[Value, nodes.Lambda]:
    (values,), function = _over_several(analyzer, node, base)
    return values, function


def _over_several(analyzer: Analyzer, node: nodes.FunctionCall, *bases: str) -> tuple[tuple[Value, ...], nodes.Lambda]:
    *before, last = (*node.arguments, None)[: len(bases) + 1]
    if len(node.arguments) != len(bases) + 1 or not isinstance(last, nodes.Lambda):
        raise AthenaQueryError.at(node.at, "FUNCTION_NOT_FOUND", f"Unexpected parameters for function {node.name}")
    values = analyzer.values([argument for argument in before if argument])
    if any(value.type.base != base for value, base in zip(values, bases, strict=True)):
        kinds = ", ".join(str(value.type) for value in values)
        raise AthenaQueryError.at(
            node.at, "FUNCTION_NOT_FOUND", f"Unexpected parameters ({kinds}) for function {node.name}"
        )
    return tuple(values), last


def _body(analyzer: Analyzer, function: nodes.Lambda, *arguments: tuple[str, SqlType]) -> Value:
    if len(function.parameters) != len(arguments):
        message = f"Expected a lambda with {len(arguments)} parameters, but it has {len(function.parameters)}"
        raise AthenaQueryError.at(function.at, "INVALID_PARAMETER_USAGE", message)
    named = {
        name.key: Value(text, kind, name.at, is_bare=True)
        for name, (text, kind) in zip(function.parameters, arguments, strict=True)
    }
    found = analyzer.with_arguments(named).value(function.body)
    if found.has_aggregate or found.has_window:
        raise AthenaQueryError.at(function.at, "EXPRESSION_NOT_SCALAR", "Lambda expression cannot contain aggregations")
    return found


def _condition(analyzer: Analyzer, function: nodes.Lambda, *arguments: tuple[str, SqlType]) -> Value:
    found = _body(analyzer, function, *arguments)
    if found.type.base not in {"boolean", "unknown"}:
        raise mismatch(found.at, f"Expected a lambda that gives a boolean, not {found.type}")
    return found.cast(types.BOOLEAN)


def _transform(analyzer: Analyzer, node: nodes.FunctionCall) -> Value:
    values, function = _over(analyzer, node, "array")
    name = _argument(analyzer)
    body = _body(analyzer, function, (name, values.type.inner[0]))
    return made(f"list_transform({values.text}, lambda {name}: {body.text})", array(body.type), node.at, values, body)


def _filter(analyzer: Analyzer, node: nodes.FunctionCall) -> Value:
    values, function = _over(analyzer, node, "array")
    name = _argument(analyzer)
    body = _condition(analyzer, function, (name, values.type.inner[0]))
    return made(f"list_filter({values.text}, lambda {name}: {body.text})", values.type, node.at, values, body)


def _zip_with(analyzer: Analyzer, node: nodes.FunctionCall) -> Value:
    (left, right), function = _over_several(analyzer, node, "array", "array")
    name = _argument(analyzer)
    kinds = left.type.inner[0], right.type.inner[0]
    body = _body(analyzer, function, (f"{name}[1]", kinds[0]), (f"{name}[2]", kinds[1]))
    zipped = f"list_transform(list_zip({left.text}, {right.text}), lambda {name}: {body.text})"
    text = f"CASE WHEN {left.enclosed} IS NULL OR {right.enclosed} IS NULL THEN NULL ELSE {zipped} END"
    return made(text, array(body.type), node.at, left, right, body)


def _map_filter(analyzer: Analyzer, node: nodes.FunctionCall) -> Value:
    (entries,), function = _over_several(analyzer, node, "map")
    name = _argument(analyzer)
    body = _condition(analyzer, function, *_pair(name, entries))
    text = f"map_from_entries(list_filter(map_entries({entries.text}), lambda {name}: {body.text}))"
    return made(text, entries.type, node.at, entries, body)


def _transform_values(analyzer: Analyzer, node: nodes.FunctionCall) -> Value:
    (entries,), function = _over_several(analyzer, node, "map")
    name = _argument(analyzer)
    body = _body(analyzer, function, *_pair(name, entries))
    kind = types.map_of(entries.type.inner[0], body.type)
    pair = f"struct_pack(k := {name}.key, v := CAST({body.text} AS {body.type.duckdb}))"
    text = f"map_from_entries(list_transform(map_entries({entries.text}), lambda {name}: {pair}))"
    return made(text, kind, node.at, entries, body)


def _pair(name: str, entries: Value) -> tuple[tuple[str, SqlType], tuple[str, SqlType]]:
    key, value = entries.type.inner
    return (f"{name}.key", key), (f"{name}.value", value)


def _argument(analyzer: Analyzer) -> str:
    return f"x{len(analyzer.scope.arguments)}"


def _matcher(combined: str) -> Callable[[Analyzer, nodes.FunctionCall], Value]:
    def build(analyzer: Analyzer, node: nodes.FunctionCall) -> Value:
        values, function = _over(analyzer, node, "array")
        name = _argument(analyzer)
        body = _condition(analyzer, function, (name, values.type.inner[0]))
        truths = f"list_transform({values.text}, lambda {name}: {body.text})"
        return made(combined.format(values.text, truths), types.BOOLEAN, node.at, values, body)

    return build


def _three_valued(found: bool, otherwise: bool, wanted: bool = True) -> str:  # noqa: FBT001, FBT002 - truth values are its matter
    """What is so where an element is as wanted, null where only a null might be, and otherwise the contrary."""
    nulls = "len(list_filter({1}, lambda y: y IS NULL)) > 0"
    return (
        f"CASE WHEN {{0}} IS NULL THEN NULL WHEN list_contains({{1}}, {wanted}) THEN {found} "
        f"WHEN {nulls} THEN NULL ELSE {otherwise} END"
    )


LAMBDAS = {
    "zip_with": _zip_with,
    "map_filter": _map_filter,
    "transform_values": _transform_values,
    "transform": _transform,
    "filter": _filter,
    "any_match": _matcher(_three_valued(found=True, otherwise=False)),
    "all_match": _matcher(_three_valued(found=False, otherwise=True, wanted=False)),
    "none_match": _matcher(_three_valued(found=False, otherwise=True)),
}
