"""What the parts of a query ask of the planner of the whole: the queries within them, the tables that they read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from local.athena.analysis.planned import FromSource, Planned

if TYPE_CHECKING:
    from collections.abc import Iterable

    from local.athena.analysis.analyzer import Analyzer
    from local.athena.analysis.scopes import Scope
    from local.athena.analysis.values import Value
    from local.athena.language import nodes

CommonTables = dict[str, tuple[str, Planned]]
"""The queries of a WITH by their names: what each is called in DuckDB's text, and its columns."""


class Planner(Protocol):
    """Plans a query and those within it."""

    def alias(self, wanted: str) -> str:
        """A name for a relation that no other has."""

    def analyzer(self, scope: Scope, tables: CommonTables) -> Analyzer:
        """What understands the expressions of a scope."""

    def query(self, node: nodes.QueryNode, outer: Scope | None, tables: CommonTables) -> Planned:
        """A query with its WITH, ORDER BY, OFFSET and LIMIT.

        Raises:
            AthenaQueryError: Athena would refuse it, or the laptop does.
        """

    def table(self, node: nodes.TableName, wanted: str, tables: CommonTables) -> FromSource:
        """A table, a view, or a query of a WITH.

        Args:
            node: its name.
            wanted: what its columns are to be read by.
            tables: those of WITH.

        Raises:
            AthenaQueryError: there is none of that name.
        """

    def prune(self, conditions: Iterable[Value]) -> None:
        """Let the scans do without the partitions of which these conditions cannot hold."""
