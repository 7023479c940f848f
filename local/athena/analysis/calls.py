"""Calls understood: which kind of function is meant, or that there is none of the name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.athena.analysis.aggregation import aggregate_call, window_call
from local.athena.analysis.forms import scalar
from local.athena.analysis.known_names import TRINO_FUNCTIONS, WITH_LAMBDAS
from local.athena.analysis.scopes import nearest
from local.athena.analysis.special import SPECIAL
from local.athena.functions.aggregates import AGGREGATES, WINDOW_FUNCTIONS
from local.athena.functions.scalars import SCALARS
from local.athena.language import nodes
from local.athena.language.errors import AthenaQueryError, NotOnLaptopError

if TYPE_CHECKING:
    from local.athena.analysis.analyzer import Analyzer
    from local.athena.analysis.values import Value


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
    if node.name in WITH_LAMBDAS and any(isinstance(argument, nodes.Lambda) for argument in node.arguments):
        raise NotOnLaptopError(f"{node.name} with a lambda", node.at)
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
