"""What a query's ORDER BY and LIMIT are of: a SELECT, VALUES, a TABLE, a UNION and its like."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.athena import types
from local.athena.analysis.operators import mismatch, to_one_type
from local.athena.analysis.planned import Planned, labelled
from local.athena.analysis.scopes import Scope
from local.athena.analysis.selects import SelectPlanner
from local.athena.analysis.values import Value, quoted
from local.athena.language import nodes
from local.athena.language.errors import NotOnLaptopError, Position

if TYPE_CHECKING:
    from collections.abc import Sequence

    from local.athena.analysis.planning import CommonTables, Planner
    from local.athena.types import SqlType


class Bodies:
    """Plans the bodies of one query.

    Args:
        planner: plans the queries and finds the tables among them.
        outer: the scope around the query.
        tables: those of its WITH, and of those around it.
    """

    def __init__(self, planner: Planner, outer: Scope | None, tables: CommonTables) -> None:
        self._planner = planner
        self._outer = outer
        self._tables = tables

    def body(self, node: nodes.Body) -> Planned:
        """A query's body.

        Raises:
            AthenaQueryError: Athena would refuse it, or the laptop does.
        """
        match node:
            case nodes.Select():
                return SelectPlanner(self._planner, node, self._outer, self._tables).plan((), "")
            case nodes.QueryNode():
                return self._planner.query(node, self._outer, self._tables)
            case nodes.Values():
                return self._values(node)
            case nodes.TableName():
                source = self._planner.table(node, node.parts[-1].key, self._tables)
                columns = labelled([field.shown for field in source.fields], [field.type for field in source.fields])
                pairs = zip(source.fields, columns, strict=True)
                listed = ", ".join(f"{field.text} AS {quoted(column.label)}" for field, column in pairs)
                return Planned(f"SELECT {listed} FROM {source.text}", columns)  # noqa: S608 - ours
            case nodes.SetOperation():
                return self._set_operation(node)

    def _values(self, node: nodes.Values) -> Planned:
        analyzer = self._planner.analyzer(Scope([], self._outer), self._tables)
        rows = [analyzer.values(row.items if isinstance(row, nodes.RowOf) else (row,)) for row in node.rows]
        if len({len(row) for row in rows}) > 1:
            raise mismatch(node.at, "Values rows have mismatched sizes")
        columns = [to_one_type(column, "VALUES rows") for column in zip(*rows, strict=True)]
        kinds = [column[0].type for column in columns]
        listed = ", ".join(
            f"({', '.join(f'CAST({column[place].text} AS {column[0].type.duckdb})' for column in columns)})"
            for place in range(len(rows))
        )
        names = labelled([None] * len(kinds), kinds)
        labels = ", ".join(quoted(column.label) for column in names)
        return Planned(f"SELECT * FROM (VALUES {listed}) AS v({labels})", names)  # noqa: S608 - ours

    def _set_operation(self, node: nodes.SetOperation) -> Planned:
        left, right = self.body(node.left), self.body(node.right)
        if len(left.columns) != len(right.columns):
            message = f"{node.operator} query has different number of fields: {len(left.columns)}, {len(right.columns)}"
            raise mismatch(node.at, message)
        kinds = []
        for place, (one, other) in enumerate(zip(left.columns, right.columns, strict=True), 1):
            kind = types.common_type(one.type, other.type)
            if kind is None:
                if types.common_type(types.without_zone(one.type), types.without_zone(other.type)):
                    raise NotOnLaptopError("one column of values in more than one time zone", node.at)
                message = f"column {place} in {node.operator} query has incompatible types: {one.type}, {other.type}"
                raise mismatch(node.at, message)
            kinds.append(kind)
        parts = [self._as_kinds(side, kinds, node.at) for side in (left, right)]
        word = f"{node.operator} ALL" if node.is_all else node.operator
        columns = labelled([column.name for column in left.columns], kinds)
        labels = ", ".join(quoted(column.label) for column in columns)
        alias = self._planner.alias("united")
        text = f"SELECT * FROM (({parts[0]}) {word} ({parts[1]})) AS {quoted(alias)}({labels})"  # noqa: S608 - ours
        return Planned(text, columns)

    def _as_kinds(self, side: Planned, kinds: Sequence[SqlType], at: Position) -> str:
        if all(column.type.duckdb == kind.duckdb for column, kind in zip(side.columns, kinds, strict=True)):
            return side.text
        alias = self._planner.alias("side")
        values = (
            Value(f"{quoted(alias)}.{quoted(column.label)}", column.type, at, is_bare=True).cast(kind).text
            for column, kind in zip(side.columns, kinds, strict=True)
        )
        return f"SELECT {', '.join(values)} FROM ({side.text}) AS {quoted(alias)}"  # noqa: S608 - ours
