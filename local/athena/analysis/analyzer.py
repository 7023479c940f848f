"""What a query's expressions are understood with: every kind of node becomes a typed value, or is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from local.athena import types
from local.athena.analysis.fields import Field
from local.athena.analysis.operators import mismatch
from local.athena.analysis.scopes import Scope
from local.athena.analysis.values import Value
from local.athena.language import nodes
from local.athena.types import SqlType

if TYPE_CHECKING:
    from local.athena.functions.signatures import Udfs

Handlers = Mapping[type, Callable[["Analyzer", Any], Value]]


@dataclass
class Analyzer:
    """Understands the expressions of one query.

    Args:
        scope: what its names can mean.
        udfs: gathers the Python functions that it calls.
        handlers: what understands each kind of node.
        subquery: understands a query within an expression: DuckDB's text, its columns' types, what it reads of this one.
        parameters: expressions for the question marks.
    """

    scope: Scope
    udfs: Udfs
    handlers: Handlers
    subquery: Callable[[nodes.QueryNode, Scope], tuple[str, list[SqlType], frozenset[Field]]]
    parameters: Sequence[nodes.Expression] = ()
    groups: frozenset[str] = frozenset()
    windows: dict[str, nodes.WindowNode] = field(default_factory=dict)
    within_aggregate: bool = False

    def value(self, node: nodes.Expression) -> Value:
        """An expression.

        Raises:
            AthenaQueryError: Athena would refuse it, or the laptop does.
        """
        found = self.handlers[type(node)](self, node)
        if found.text in self.groups:
            return replace(found, reads=frozenset())
        return found

    def values(self, found: Sequence[nodes.Expression]) -> list[Value]:
        """Several expressions."""
        return [self.value(node) for node in found]

    def truth(self, node: nodes.Expression, what: str) -> Value:
        """A condition.

        Args:
            node: the condition.
            what: it is of, as Trino says it, such as `WHERE clause`.

        Raises:
            AthenaQueryError: it is none.
        """
        found = self.value(node)
        if found.type.base not in {"boolean", "unknown"}:
            raise mismatch(found.at, f"{what} must evaluate to a boolean: actual type {found.type}")
        return found.cast(types.BOOLEAN)

    def with_arguments(self, arguments: dict[str, Value]) -> Analyzer:
        """The same within a lambda."""
        scope = Scope(self.scope.fields, self.scope.outer, {**self.scope.arguments, **arguments}, self.scope.correlated)
        return replace(self, scope=scope)
