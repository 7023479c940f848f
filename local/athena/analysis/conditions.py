"""Trino's predicates: BETWEEN, IN, LIKE, IS NULL, IS DISTINCT FROM, NOT; and subscripts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from local.athena import types
from local.athena.analysis.operators import called, comparable, compare, mismatch, to_one_type
from local.athena.analysis.values import Value, made
from local.athena.functions.errors import invalid_argument
from local.athena.language.errors import NotOnLaptopError, Position
from local.athena.types import without_zone

if TYPE_CHECKING:
    from local.athena.analysis.analyzer import Analyzer
    from local.athena.functions.signatures import Udfs
    from local.athena.language import nodes


def negated(analyzer: Analyzer, node: nodes.Not) -> Value:
    """NOT."""
    operand = analyzer.truth(node.operand, "Value of logical NOT expression")
    return made(f"NOT {operand.enclosed}", types.BOOLEAN, node.at, operand, is_bare=False)


def between(analyzer: Analyzer, node: nodes.Between) -> Value:
    """BETWEEN."""
    value, low, high = analyzer.values([node.value, node.low, node.high])
    kind = types.common_type(without_zone(value.type), without_zone(low.type))
    kind = kind and types.common_type(kind, without_zone(high.type))
    if kind is None or not kind.is_orderable:
        raise mismatch(node.at, f"Cannot check if {value.type} is BETWEEN {low.type} and {high.type}")
    if kind.base in {"double", "real"}:
        both = [compare(">=", value, low, node.at), compare("<=", value, high, node.at)]
        return made(" AND ".join(one.enclosed for one in both), types.BOOLEAN, node.at, *both, is_bare=False)
    value, low, high = (_as(one, kind) for one in (value, low, high))
    text = f"{value.enclosed} BETWEEN {low.enclosed} AND {high.enclosed}"
    return made(text, types.BOOLEAN, node.at, value, low, high, is_bare=False)


def _as(value: Value, kind: types.SqlType) -> Value:
    return replace(value, type=without_zone(value.type)).cast(kind)


def in_list(analyzer: Analyzer, node: nodes.InList) -> Value:
    """IN with a list."""
    values = [replace(one, type=without_zone(one.type)) for one in analyzer.values([node.value, *node.items])]
    value, *items = to_one_type(values, "IN value and list items")
    if value.type.inner:
        raise NotOnLaptopError(f"comparing values of type {value.type}", node.at)
    if value.type.base in {"double", "real"}:  # NaN equals nothing
        pairs = [compare("=", value, item, node.at) for item in items]
        return made(" OR ".join(pair.enclosed for pair in pairs), types.BOOLEAN, node.at, *pairs, is_bare=False)
    text = f"{value.enclosed} IN ({', '.join(item.text for item in items)})"
    return made(text, types.BOOLEAN, node.at, value, *items, is_bare=False)


def like(analyzer: Analyzer, node: nodes.Like) -> Value:
    """LIKE; Trino has no escape character unless one is named."""
    value, pattern = analyzer.value(node.value), analyzer.value(node.pattern)
    escape = analyzer.value(node.escape) if node.escape else None
    for part, what in (
        (value, "Left side of LIKE expression"),
        (pattern, "Pattern for LIKE expression"),
        (escape, "Escape for LIKE expression"),
    ):
        if part and part.type.base not in {"varchar", "unknown"}:
            raise mismatch(part.at, f"{what} must evaluate to a varchar (actual: {part.type})")
    value, pattern = value.cast(types.VARCHAR), pattern.cast(types.VARCHAR)
    if escape is None:
        return made(
            f"{value.enclosed} LIKE {pattern.enclosed} ESCAPE ''", types.BOOLEAN, node.at, value, pattern, is_bare=False
        )
    escape = escape.cast(types.VARCHAR)
    pattern = called(_checked_pattern, [pattern, escape], types.VARCHAR, node.at, analyzer.udfs)
    text = f"{value.enclosed} LIKE {pattern.text} ESCAPE {escape.enclosed}"
    return made(text, types.BOOLEAN, node.at, value, pattern, escape, is_bare=False)


def _checked_pattern(pattern: str, escape: str) -> str:
    if len(escape) != 1:
        raise invalid_argument("Escape string must be a single character")
    is_escaped = False
    for character in pattern:
        if is_escaped and character not in {"%", "_", escape}:
            raise invalid_argument("Escape character must be followed by '%', '_' or the escape character itself")
        is_escaped = character == escape and not is_escaped
    if is_escaped:
        raise invalid_argument("Escape character must be followed by '%', '_' or the escape character itself")
    return pattern


def is_null(analyzer: Analyzer, node: nodes.IsNull) -> Value:
    """IS NULL."""
    value = analyzer.value(node.value)
    return made(f"{value.enclosed} IS NULL", types.BOOLEAN, node.at, value, is_bare=False)


def is_distinct(analyzer: Analyzer, node: nodes.IsDistinct) -> Value:
    """IS DISTINCT FROM."""
    left, right = analyzer.value(node.left), analyzer.value(node.right)
    pair = comparable(left, right)
    if pair is None or not pair[0].type.is_comparable:
        raise mismatch(node.at, f"Cannot apply operator: {left.type} IS DISTINCT FROM {right.type}")
    text = f"{pair[0].enclosed} IS DISTINCT FROM {pair[1].enclosed}"
    return made(text, types.BOOLEAN, node.at, left, right, is_bare=False)


def case_equal(operand: Value, value: Value) -> Value:
    """What a CASE with an operand asks of each of its branches."""
    pair = comparable(operand, value)
    if pair is None:
        raise mismatch(
            value.at, f"CASE operand type does not match WHEN clause operand type: {operand.type} vs {value.type}"
        )
    return compare("=", operand, value, value.at)


# --- subscripts ------------------------------------------------------------------------------------------------------


def subscript(base: Value, index: Value, at: Position, udfs: Udfs) -> Value:
    """An array's element or a map's value.

    Raises:
        AthenaQueryError: it has none of that type.
    """
    if base.type.base == "array" and types.coerces(index.type, types.BIGINT):
        return called(_element, [base, index.cast(types.BIGINT)], base.type.inner[0], at, udfs)
    if base.type.base == "map":
        if not types.coerces(index.type, base.type.inner[0]):
            raise mismatch(at, f"Cannot apply operator: {base.type}[{index.type}]")
        return called(_entry, [base, index.cast(base.type.inner[0])], base.type.inner[1], at, udfs)
    raise mismatch(at, f"Cannot apply operator: {base.type}[{index.type}]")


def _element(values: list[Any], index: int) -> object:
    if index == 0:
        raise invalid_argument("SQL array indices start at 1")
    if index < 0:
        raise invalid_argument(f"Array subscript is negative: {index}")
    if index > len(values):
        message = f"Array subscript must be less than or equal to array length: {index} > {len(values)}"
        raise invalid_argument(message)
    return values[index - 1]


def _entry(entries: dict[Any, Any], key: object) -> object:
    if key not in entries:
        raise invalid_argument(f"Key not present in map: {key}")
    return entries[key]
