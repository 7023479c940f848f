"""Functions whose types, or whose arguments, a table of signatures cannot say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from local.athena import types
from local.athena.analysis.casts import cast
from local.athena.analysis.forms import scalar, unexpected
from local.athena.analysis.lambdas import LAMBDAS
from local.athena.analysis.moments import FIELDS, part
from local.athena.analysis.operators import arithmetic, called, comparable, compare, mismatch, to_one_type
from local.athena.analysis.special_dates import DATES
from local.athena.analysis.values import Value, literal, made
from local.athena.functions import arrays, formats, json_values, maths
from local.athena.functions.conversions import text_of
from local.athena.functions.partials import given
from local.athena.language.errors import AthenaQueryError, NotOnLaptopError
from local.athena.types import array, row

if TYPE_CHECKING:
    from local.athena.analysis.analyzer import Analyzer
    from local.athena.language import nodes

Special = Callable[["Analyzer", "nodes.FunctionCall"], Value | None]


def arguments_of(analyzer: Analyzer, node: nodes.FunctionCall, fewest: int, most: int | None = None) -> list[Value]:
    """A call's arguments, of which there must be so many.

    Raises:
        AthenaQueryError: there are not.
    """
    if not fewest <= len(node.arguments) <= (fewest if most is None else most):
        raise AthenaQueryError.at(
            node.at, "INVALID_ARGUMENTS", f"Invalid number of arguments for function '{node.name}'"
        )
    return analyzer.values(node.arguments)


# --- choices ---------------------------------------------------------------------------------------------------------


def _coalesce(analyzer: Analyzer, node: nodes.FunctionCall) -> Value:
    values = to_one_type(arguments_of(analyzer, node, 2, 999), "All COALESCE operands")
    return made(f"COALESCE({', '.join(value.text for value in values)})", values[0].type, node.at, *values)


def _nullif(analyzer: Analyzer, node: nodes.FunctionCall) -> Value:
    first, second = arguments_of(analyzer, node, 2)
    if comparable(first, second) is None:
        raise mismatch(node.at, f"Types are not comparable with NULLIF: {first.type} vs {second.type}")
    condition = compare("=", first, second, node.at)
    return made(f"CASE WHEN {condition.text} THEN NULL ELSE {first.text} END", first.type, node.at, condition, first)


def _if(analyzer: Analyzer, node: nodes.FunctionCall) -> Value:
    if not 2 <= len(node.arguments) <= 3:  # noqa: PLR2004 - with an ELSE and without
        raise AthenaQueryError.at(node.at, "INVALID_ARGUMENTS", "Invalid number of arguments for 'if' function")
    condition = analyzer.truth(node.arguments[0], "IF condition")
    results = to_one_type(analyzer.values(node.arguments[1:]), "Result types for IF")
    otherwise = f" ELSE {results[1].text}" if len(results) > 1 else ""
    return made(
        f"CASE WHEN {condition.text} THEN {results[0].text}{otherwise} END",
        results[0].type,
        node.at,
        condition,
        *results,
    )


def _try(analyzer: Analyzer, node: nodes.FunctionCall) -> Value:
    (value,) = arguments_of(analyzer, node, 1)
    if value.is_volatile or value.has_aggregate or value.has_window:
        raise NotOnLaptopError("try of a query, an aggregate function or a random value", node.at)
    return made(f"TRY({value.text})", value.type, node.at, value)


def _extreme(name: str) -> Special:
    def build(analyzer: Analyzer, node: nodes.FunctionCall) -> Value:
        values = to_one_type(arguments_of(analyzer, node, 1, 127), f"All arguments of {name}")
        if not values[0].type.is_orderable or values[0].type.inner:
            raise NotOnLaptopError(f"{name} of {values[0].type}", node.at)
        # Trino's is null where any of them is.
        nulls = " OR ".join(f"{value.enclosed} IS NULL" for value in values)
        found = f"{name}({', '.join(value.text for value in values)})"
        if name == "greatest" and values[0].type.base in {"double", "real"}:
            # NaN is less than every number here.
            numbers = ", ".join(f"CASE WHEN isnan({value.text}) THEN NULL ELSE {value.text} END" for value in values)
            found = f"COALESCE(greatest({numbers}), CAST('NaN' AS {values[0].type.duckdb}))"
        text = f"CASE WHEN {nulls} THEN NULL ELSE {found} END"
        return made(text, values[0].type, node.at, *values)

    return build


# --- types and texts -------------------------------------------------------------------------------------------------


def _typeof(analyzer: Analyzer, node: nodes.FunctionCall) -> Value:
    (value,) = arguments_of(analyzer, node, 1)
    return made(literal(str(value.type)), types.VARCHAR, node.at, value)


def _concat(analyzer: Analyzer, node: nodes.FunctionCall) -> Value:
    values = arguments_of(analyzer, node, 2, 127)
    if any(value.type.base == "array" for value in values):
        if any(value.type.base == "unknown" for value in values):
            raise NotOnLaptopError("an array and a NULL put together", node.at)
        return _concat_arrays(analyzer, node, values)
    bases = {value.type.base for value in values} - {"unknown"}
    kind = types.VARBINARY if bases == {"varbinary"} else types.VARCHAR
    if bases - {kind.base}:
        forms = "concat(array(E), ...), concat(varbinary, ...), concat(varchar, ...)"
        error = unexpected("concat", values, (), node.at)
        raise AthenaQueryError(f"{error} Expected: {forms}")
    return made(" || ".join(value.cast(kind).enclosed for value in values), kind, node.at, *values, is_bare=False)


def _concat_arrays(analyzer: Analyzer, node: nodes.FunctionCall, values: list[Value]) -> Value:
    wrapped = [value if value.type.base in {"array", "unknown"} else _of_one(value) for value in values]
    if any(value.type.base != "array" for value in values) and len(values) != 2:  # noqa: PLR2004 - an array and an element
        raise NotOnLaptopError("concat of an array and several elements", node.at)
    same = to_one_type(wrapped, "All arguments of concat")
    return called(arrays.concat, same, same[0].type, node.at, analyzer.udfs)


def _of_one(value: Value) -> Value:
    kind = array(value.type)
    return replace(value, text=f"CAST([{value.text}] AS {kind.duckdb})", type=kind, is_bare=True)


def _concat_ws(analyzer: Analyzer, node: nodes.FunctionCall) -> Value | None:
    values = arguments_of(analyzer, node, 2, 127)
    if any(value.type.base not in {"varchar", "unknown"} for value in values):
        raise NotOnLaptopError("concat_ws of anything but varchar", node.at)
    texts = [value.cast(types.VARCHAR).text for value in values]
    # Of a separator alone, of nulls alone: the empty text, as in Trino.
    return made(
        f"CASE WHEN {texts[0]} IS NULL THEN NULL ELSE concat_ws({', '.join(texts)}) END",
        types.VARCHAR,
        node.at,
        *values,
    )


def _format(analyzer: Analyzer, node: nodes.FunctionCall) -> Value:
    values = arguments_of(analyzer, node, 2, 127)
    udfs = analyzer.udfs
    prepared = []
    for value in values:
        if value.type.base in {"date", "timestamp", "timestamp with time zone"} or value.type.base.startswith(
            "interval"
        ):
            write = text_of(value.type)
            assert write
            value = called(write, [value], types.VARCHAR, node.at, udfs)  # noqa: PLW2901 - as a text from here on
        prepared.append(value)
    return called(formats.format_values, prepared, types.VARCHAR, node.at, udfs, takes_nulls=True)


def _json_array_contains(analyzer: Analyzer, node: nodes.FunctionCall) -> Value:
    text, wanted = arguments_of(analyzer, node, 2)
    kind = {"integer": types.BIGINT}.get(
        wanted.type.base, types.VARCHAR if wanted.type.base == "varchar" else wanted.type
    )
    if text.type.base not in {"varchar", "json"} or kind.base not in {"boolean", "bigint", "double", "varchar"}:
        raise mismatch(node.at, f"Unexpected parameters ({text.type}, {wanted.type}) for function json_array_contains")
    return called(_json_finder(kind), [text, wanted.cast(kind)], types.BOOLEAN, node.at, analyzer.udfs)


_FINDERS: dict[types.SqlType, Callable[..., object]] = {}


def _json_finder(kind: types.SqlType) -> Callable[..., object]:
    return _FINDERS.setdefault(kind, given(json_values.json_array_contains, kind))


# --- decimals --------------------------------------------------------------------------------------------------------


def _of_decimal(analyzer: Analyzer, node: nodes.FunctionCall) -> Value | None:
    """round, ceil, floor and truncate of a decimal, whose precision and scale depend on its own."""
    values = analyzer.values(node.arguments)
    if node.name == "truncate" and values and values[0].type.is_integer:
        # Trino's has no form for whole numbers, to which a decimal is the nearest.
        values[0] = values[0].cast(types.as_decimal(values[0].type))
    if not values or values[0].type.base != "decimal" or len(values) > 2:  # noqa: PLR2004 - a number and digits
        return None
    precision, scale = values[0].type.numbers
    whole = types.decimal(max(precision - scale + min(1, scale), 1), 0)
    forms: dict[tuple[str, int], tuple[Callable[..., object], types.SqlType]] = {
        ("round", 1): (maths.round_decimal, whole),
        ("round", 2): (maths.round_decimal_to, types.decimal(precision + 1, scale)),
        ("truncate", 1): (maths.truncate_decimal, types.decimal(max(precision - scale, 1), 0)),
        ("truncate", 2): (maths.truncate_decimal_to, values[0].type),
        ("floor", 1): (maths.floor_decimal, whole),
        **dict.fromkeys([("ceil", 1), ("ceiling", 1)], (maths.ceiling_decimal, whole)),
    }
    if (node.name, len(values)) not in forms:
        return None
    function, kind = forms[node.name, len(values)]
    given_values = [values[0], *(digits.cast(types.BIGINT) for digits in values[1:])]
    return called(function, given_values, kind, node.at, analyzer.udfs)


def _mod(analyzer: Analyzer, node: nodes.FunctionCall) -> Value:
    left, right = arguments_of(analyzer, node, 2)
    return arithmetic("%", left, right, node.at, analyzer.udfs)


# --- structures ------------------------------------------------------------------------------------------------------


def _map(_: Analyzer, node: nodes.FunctionCall) -> Value | None:
    if node.arguments:
        return None
    return made("CAST(MAP {} AS MAP(INTEGER, INTEGER))", types.map_of(types.UNKNOWN, types.UNKNOWN), node.at)


def _array_join(analyzer: Analyzer, node: nodes.FunctionCall) -> Value | None:
    values = analyzer.values(node.arguments)
    if not values or values[0].type.base != "array" or values[0].type.inner[0].base in {"varchar", "unknown"}:
        return None
    if values[0].type.inner[0].inner:
        raise NotOnLaptopError(f"array_join of {values[0].type}", node.at)
    texts = cast(values[0], array(types.VARCHAR), node.at, analyzer.udfs, is_try=False)
    return scalar("array_join", [texts, *values[1:]], node.at, analyzer.udfs)


def _zip(analyzer: Analyzer, node: nodes.FunctionCall) -> Value:
    values = arguments_of(analyzer, node, 2, 5)
    if any(value.type.base != "array" for value in values):
        raise mismatch(node.at, "zip takes arrays")
    kind = array(row(*(value.type.inner[0] for value in values)))
    return called(_zipped, values, kind, node.at, analyzer.udfs)


def _zipped(*values: list[object]) -> list[dict[str, object]]:
    size = max(map(len, values))
    return [
        {f"_{i}": one[place] if place < len(one) else None for i, one in enumerate(values)} for place in range(size)
    ]


def _grouping(analyzer: Analyzer, node: nodes.FunctionCall) -> Value:
    values = replace(analyzer, groups=frozenset()).values(node.arguments)
    if not values or any(value.text not in analyzer.groups for value in values):
        raise AthenaQueryError.at(node.at, "INVALID_ARGUMENTS", "GROUPING operation requires columns of the GROUP BY")
    text = f"GROUPING({', '.join(value.text for value in values)})"
    return replace(
        made(text, types.BIGINT, node.at), has_aggregate=True, type=types.INTEGER, text=f"CAST({text} AS INTEGER)"
    )


def _field(name: str) -> Special:
    def build(analyzer: Analyzer, node: nodes.FunctionCall) -> Value:
        (value,) = arguments_of(analyzer, node, 1)
        if value.type.base == "unknown":
            return value.cast(types.BIGINT)
        if value.type.base == "date":  # as a function takes it, unlike EXTRACT: hour(DATE '2025-06-30') is 0
            value = value.cast(types.TIMESTAMP)
        if not (value.type.is_timestamp or value.type.base.startswith("interval")):
            raise unexpected(name, [value], (), node.at)
        return part(name, value, node.at)

    return build


SPECIAL: dict[str, Special] = {
    "coalesce": _coalesce,
    "nullif": _nullif,
    "if": _if,
    "try": _try,
    "greatest": _extreme("greatest"),
    "least": _extreme("least"),
    "typeof": _typeof,
    "concat": _concat,
    "concat_ws": _concat_ws,
    "format": _format,
    "json_array_contains": _json_array_contains,
    **dict.fromkeys(("round", "ceil", "ceiling", "floor", "truncate"), _of_decimal),
    "mod": _mod,
    "map": _map,
    "array_join": _array_join,
    "zip": _zip,
    "grouping": _grouping,
    **{name: _field(name) for name in FIELDS},
    **DATES,
    **LAMBDAS,
}
"""What builds the call of a function; where it gives None, the table of signatures is asked."""
