"""Calls understood: which function is meant, of which types; what it is in DuckDB's words, or in Python."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from local.athena.analysis.aggregation import aggregate_call, window_call
from local.athena.analysis.known_names import TRINO_FUNCTIONS
from local.athena.analysis.operators import called
from local.athena.analysis.scopes import nearest
from local.athena.analysis.special import SPECIAL
from local.athena.analysis.values import Value, made
from local.athena.functions.aggregates import AGGREGATES, WINDOW_FUNCTIONS
from local.athena.functions.scalars import SCALARS
from local.athena.functions.signatures import Signature, Udfs, bind, target
from local.athena.language.errors import AthenaQueryError, NotOnLaptopError, Position

if TYPE_CHECKING:
    from collections.abc import Sequence

    from local.athena.analysis.expressions import Analyzer
    from local.athena.language import nodes
    from local.athena.types import SqlType


def call(analyzer: Analyzer, node: nodes.FunctionCall) -> Value:
    """A function's call.

    Raises:
        AthenaQueryError: Athena has no such function, or not for these types.
        NotOnLaptopError: Athena has it, the laptop has not.
    """
    if node.name in WINDOW_FUNCTIONS:
        return window_call(analyzer, node)
    if node.name in AGGREGATES:
        return aggregate_call(analyzer, node)
    if node.name not in SPECIAL and node.name not in SCALARS:
        raise unknown(node)
    if node.window or node.where or node.order or node.is_distinct or node.is_star or node.nulls:
        message = f"Function '{node.name}' is not an aggregation function"
        raise AthenaQueryError.at(node.at, "FUNCTION_NOT_AGGREGATE", message)
    if node.name in SPECIAL:
        found = SPECIAL[node.name](analyzer, node)
        if found is not None:
            return found
    return scalar(node.name, analyzer.values(node.arguments), node.at, analyzer.udfs)


def unknown(node: nodes.FunctionCall) -> AthenaQueryError:
    """The error for a function that the laptop has not."""
    if node.name in TRINO_FUNCTIONS:
        return NotOnLaptopError(node.name, node.at)
    known = {*SCALARS, *SPECIAL, *AGGREGATES, *WINDOW_FUNCTIONS, *TRINO_FUNCTIONS}
    message = f"Function '{node.name}' not registered{nearest(node.name, known)}"
    return AthenaQueryError.at(node.at, "FUNCTION_NOT_FOUND", message)


def scalar(name: str, arguments: list[Value], at: Position, udfs: Udfs) -> Value:
    """A call of a function of the table.

    Raises:
        AthenaQueryError: it has no form for these types.
    """
    if name not in SCALARS:
        raise unexpected(name, arguments, (), at)
    form, bound = chosen(name, SCALARS[name], arguments, at)
    values, kinds = given(form, arguments, bound)
    kind = form.returned(kinds, bound)
    if callable(form.body):
        return called(form.body, values, kind, at, udfs, takes_nulls=form.takes_nulls)
    text = form.body.format(*(value.text for value in values))
    is_call = text.endswith(")") and not text.startswith("(") and ") " not in text
    found = made(text, kind, at, *values, is_bare=is_call)
    return replace(found, is_volatile=found.is_volatile or form.is_volatile)


def chosen(
    name: str, forms: Sequence[Signature], arguments: Sequence[Value], at: Position
) -> tuple[Signature, dict[str, SqlType]]:
    """The form of a function that takes these arguments: as they are, or else with the least of conversions.

    Raises:
        AthenaQueryError: it has none.
    """
    kinds = [argument.type for argument in arguments]
    for exactly in (True, False):
        for form in forms:
            parameters = form.padded(len(kinds))
            if parameters is not None and (bound := bind(parameters, kinds, exactly=exactly)) is not None:
                return form, bound
    raise unexpected(name, arguments, forms, at)


def given(form: Signature, arguments: Sequence[Value], bound: dict[str, SqlType]) -> tuple[list[Value], list[SqlType]]:
    """The arguments as a form takes them, and their types."""
    parameters = form.padded(len(arguments))
    assert parameters is not None
    kinds = [target(pattern, argument.type, bound) for pattern, argument in zip(parameters, arguments, strict=True)]
    return [argument.cast(kind) for argument, kind in zip(arguments, kinds, strict=True)], kinds


def unexpected(name: str, arguments: Sequence[Value], forms: Sequence[Signature], at: Position) -> AthenaQueryError:
    """The error for arguments that a function does not take."""
    kinds = ", ".join(str(argument.type) for argument in arguments)
    shown = f"({kinds})" if kinds else "()"
    expected = f" Expected: {', '.join(form.shown for form in forms)}" if forms else ""
    message = f"Unexpected parameters {shown} for function {name}.{expected}"
    return AthenaQueryError.at(at, "FUNCTION_NOT_FOUND", message)
