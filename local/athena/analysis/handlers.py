"""Each kind of expression understood: it becomes a typed value, or is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from local.athena import types
from local.athena.analysis import conditions
from local.athena.analysis.calls import call
from local.athena.analysis.casts import cast, type_of
from local.athena.analysis.constants import constant, decimal_constant, interval_constant, typed_constant
from local.athena.analysis.fields import Field
from local.athena.analysis.moments import extract, zone_of
from local.athena.analysis.operators import arithmetic, called, compare, mismatch, to_one_type
from local.athena.analysis.values import Value, made
from local.athena.functions.json_paths import json_function
from local.athena.language import nodes
from local.athena.language.errors import AthenaQueryError, NotOnLaptopError, Position
from local.athena.types import SqlType, array, row

if TYPE_CHECKING:
    from local.athena.analysis.analyzer import Analyzer, Handlers


# --- names and constants ----------


def _reference(analyzer: Analyzer, node: nodes.Reference) -> Value:
    if node.name.key in analyzer.scope.arguments:
        return replace(analyzer.scope.arguments[node.name.key], at=node.at)
    found = analyzer.scope.find([node.name])
    if found is None:
        raise analyzer.scope.unknown([node.name])
    return Value(found.text, found.type, node.at, frozenset({found}), is_bare=True)


def _dereference(analyzer: Analyzer, node: nodes.Dereference) -> Value:
    names = _names(node)
    if names and names[0].key not in analyzer.scope.arguments:
        found = analyzer.scope.find(names)
        if found:
            return Value(found.text, found.type, node.at, frozenset({found}), is_bare=True)
    try:
        base = analyzer.value(node.base)
    except AthenaQueryError as error:
        if names and str(error).startswith("COLUMN_NOT_FOUND"):
            raise analyzer.scope.unknown(names) from error
        raise
    if base.type.base != "row":
        if names:
            raise analyzer.scope.unknown(names)
        raise mismatch(node.at, f"Expression {base.type} is not of type ROW")
    labels = [label.lower() if label else None for label in base.type.labels]
    if labels.count(node.field.key) != 1:
        raise analyzer.scope.unknown(names or [node.field])
    place = labels.index(node.field.key)
    return made(f"struct_extract({base.text}, '_{place}')", base.type.inner[place], node.at, base)


def _constant(_: Analyzer, node: nodes.Constant) -> Value:
    return constant(node)


def _parameter(analyzer: Analyzer, node: nodes.Parameter) -> Value:
    return analyzer.value(analyzer.parameters[node.number])


def _typed(analyzer: Analyzer, node: nodes.TypedConstant) -> Value:
    return typed_constant(node, analyzer.udfs)


# --- operators ----------


def _unary(analyzer: Analyzer, node: nodes.Unary) -> Value:
    value = analyzer.value(node.operand)
    if not value.type.is_number and not value.type.base.startswith("interval"):
        raise mismatch(node.at, f"Cannot apply operator: {node.operator}{value.type}")
    # DuckDB's minus gives a constant a larger type, where its own has no room for the result.
    text = f"CAST(0 AS {value.type.duckdb}) - " if value.type.is_integer else "-"
    return value if node.operator == "+" else made(text + value.enclosed, value.type, node.at, value, is_bare=False)


def _binary(analyzer: Analyzer, node: nodes.Binary) -> Value:
    if node.operator == "||":
        return call(analyzer, nodes.FunctionCall(node.at, "concat", (node.left, node.right)))
    left, right = analyzer.value(node.left), analyzer.value(node.right)
    if node.operator in {"+", "-", "*", "/", "%"}:
        return arithmetic(node.operator, left, right, node.at, analyzer.udfs)
    return compare(node.operator, left, right, node.at)


def _at_time_zone(analyzer: Analyzer, node: nodes.AtTimeZone) -> Value:
    value = analyzer.value(node.value)
    if not value.type.is_timestamp:
        raise mismatch(
            node.at, f"Type of value must be a time or timestamp with or without time zone (actual {value.type})"
        )
    zone = zone_of(analyzer.value(node.zone))
    kind = types.timestamp(value.type.numbers[0], zone)
    return replace(value.cast(replace(kind, zone=types.SESSION_ZONE)) if not value.type.zone else value, type=kind)


def _extract(analyzer: Analyzer, node: nodes.Extract) -> Value:
    return extract(node, analyzer.value(node.value), analyzer.udfs)


# --- choices ----------


def _case(analyzer: Analyzer, node: nodes.CaseExpression) -> Value:
    if node.operand is None:
        conditions_ = [analyzer.truth(condition, "CASE WHEN clause") for condition, _ in node.branches]
    else:
        operand = analyzer.value(node.operand)
        conditions_ = [conditions.case_equal(operand, analyzer.value(condition)) for condition, _ in node.branches]
    otherwise = [analyzer.value(node.otherwise)] if node.otherwise else []
    results = to_one_type([*analyzer.values([result for _, result in node.branches]), *otherwise], "All CASE results")
    branches = " ".join(
        f"WHEN {condition.text} THEN {result.text}" for condition, result in zip(conditions_, results, strict=False)
    )
    text = f"CASE {branches}{f' ELSE {results[-1].text}' if otherwise else ''} END"
    return made(text, results[0].type, node.at, *conditions_, *results)


def _cast(analyzer: Analyzer, node: nodes.Cast) -> Value:
    return cast(analyzer.value(node.value), type_of(node.type), node.at, analyzer.udfs, is_try=node.is_try)


# --- structures ----------


def _array(analyzer: Analyzer, node: nodes.ArrayOf) -> Value:
    if not node.items:
        return made("CAST([] AS INTEGER[])", array(types.UNKNOWN), node.at)
    items = to_one_type(analyzer.values(node.items), "All ARRAY elements")
    kind = array(items[0].type)
    return made(f"CAST([{', '.join(item.text for item in items)}] AS {kind.duckdb})", kind, node.at, *items)


def _row(analyzer: Analyzer, node: nodes.RowOf) -> Value:
    items = analyzer.values(node.items)
    fields = ", ".join(f"_{i} := CAST({item.text} AS {item.type.duckdb})" for i, item in enumerate(items))
    return made(f"struct_pack({fields})", row(*(item.type for item in items)), node.at, *items)


def _subscript(analyzer: Analyzer, node: nodes.Subscript) -> Value:
    base, index = analyzer.value(node.base), analyzer.value(node.index)
    if base.type.base == "row":
        if not index.is_constant or not isinstance(index.constant, int):
            raise mismatch(index.at, "Subscript expression on ROW requires a constant index")
        if not 1 <= index.constant <= len(base.type.inner):
            message = f"ROW index out of bounds: {index.constant}"
            raise AthenaQueryError.at(index.at, "INVALID_FUNCTION_ARGUMENT", message)
        place = index.constant - 1
        return made(f"struct_extract({base.text}, '_{place}')", base.type.inner[place], node.at, base)
    return conditions.subscript(base, index, node.at, analyzer.udfs)


def _lambda(_: Analyzer, node: nodes.Lambda) -> Value:
    raise AthenaQueryError.at(node.at, "SYNTAX_ERROR", "Lambda expression should always be used inside a function")


# --- queries ----------


def _in_query(analyzer: Analyzer, node: nodes.InQuery) -> Value:
    value = analyzer.value(node.value)
    text, reads = _one_column(analyzer, node.query, value, "=", node.at)
    found = f"{value.enclosed} IN ({text})"
    if value.type.base in {"double", "real"}:  # NaN equals nothing
        found = f"({found}) AND NOT isnan({value.text})"
    return _queried(analyzer, found, types.BOOLEAN, node.at, reads, value)


def _exists(analyzer: Analyzer, node: nodes.Exists) -> Value:
    text, _, reads = analyzer.subquery(node.query, analyzer.scope)
    return _queried(analyzer, f"EXISTS ({text})", types.BOOLEAN, node.at, reads)


def _subquery(analyzer: Analyzer, node: nodes.Subquery) -> Value:
    text, kinds, reads = analyzer.subquery(node.query, analyzer.scope)
    if len(kinds) != 1:
        raise NotOnLaptopError("a subquery of several columns as a value", node.at)
    return replace(_queried(analyzer, f"({text})", kinds[0], node.at, reads), is_bare=True)


def _quantified(analyzer: Analyzer, node: nodes.Quantified) -> Value:
    value = analyzer.value(node.value)
    text, reads = _one_column(analyzer, node.query, value, node.operator, node.at)
    quantifier = "ALL" if node.quantifier == "ALL" else "ANY"
    compared = f"{value.enclosed} {node.operator} {quantifier} ({text})"
    return _queried(analyzer, compared, types.BOOLEAN, node.at, reads, value)


def _one_column(
    analyzer: Analyzer, query: nodes.QueryNode, value: Value, operator: str, at: Position
) -> tuple[str, frozenset[Field]]:
    text, kinds, reads = analyzer.subquery(query, analyzer.scope)
    if len(kinds) != 1:
        raise NotOnLaptopError("comparing with a subquery of several columns", query.at)
    common = types.common_type(types.without_zone(value.type), types.without_zone(kinds[0]))
    if common is None:
        raise mismatch(at, f"Cannot apply operator: {value.type} {operator} {kinds[0]}")
    if value.type.duckdb != kinds[0].duckdb and not (value.type.is_number and kinds[0].is_number):
        raise NotOnLaptopError(f"comparing {value.type} with a query of {kinds[0]}", at)
    return text, reads


def _queried(
    analyzer: Analyzer, text: str, kind: SqlType, at: Position, reads: frozenset[Field], *parts: Value
) -> Value:
    found = made(text, kind, at, *parts, is_bare=False)
    ungrouped = frozenset(field for field in reads if field.text not in analyzer.groups)
    return replace(found, is_volatile=True, reads=found.reads | ungrouped)


def _json(analyzer: Analyzer, node: nodes.JsonCall) -> Value:
    value = analyzer.value(node.value)
    if value.type.base not in {"varchar", "json", "unknown"}:
        raise mismatch(value.at, f"Cannot read input of type {value.type} as JSON using formatting JSON")
    function, kind = json_function(node)
    return called(
        function, [value.cast(types.VARCHAR) if value.type.base == "unknown" else value], kind, node.at, analyzer.udfs
    )


def _names(node: nodes.Expression) -> list[nodes.Name]:
    if isinstance(node, nodes.Reference):
        return [node.name]
    if isinstance(node, nodes.Dereference):
        base = _names(node.base)
        return [*base, node.field] if base else []
    return []


def _logical(analyzer: Analyzer, node: nodes.Logical) -> Value:
    terms = [analyzer.truth(term, "Logical expression term") for term in node.terms]
    text = f" {node.operator} ".join(term.enclosed for term in terms)
    return made(text, types.BOOLEAN, node.at, *terms, is_bare=False)


HANDLERS: Handlers = {
    nodes.Reference: _reference,
    nodes.Dereference: _dereference,
    nodes.Constant: _constant,
    nodes.DecimalConstant: lambda _, node: decimal_constant(node),
    nodes.TypedConstant: _typed,
    nodes.IntervalConstant: lambda _, node: interval_constant(node),
    nodes.Parameter: _parameter,
    nodes.Unary: _unary,
    nodes.Binary: _binary,
    nodes.Logical: _logical,
    nodes.Not: conditions.negated,
    nodes.Between: conditions.between,
    nodes.InList: conditions.in_list,
    nodes.InQuery: _in_query,
    nodes.Like: conditions.like,
    nodes.IsNull: conditions.is_null,
    nodes.IsDistinct: conditions.is_distinct,
    nodes.Quantified: _quantified,
    nodes.Exists: _exists,
    nodes.Subquery: _subquery,
    nodes.CaseExpression: _case,
    nodes.Cast: _cast,
    nodes.AtTimeZone: _at_time_zone,
    nodes.Extract: _extract,
    nodes.ArrayOf: _array,
    nodes.RowOf: _row,
    nodes.Subscript: _subscript,
    nodes.Lambda: _lambda,
    nodes.FunctionCall: call,
    nodes.JsonCall: _json,
}
"""What understands each kind of node."""
