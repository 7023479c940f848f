"""SELECT understood: its columns, its groups, its order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from local.athena.analysis.operators import mismatch
from local.athena.analysis.planned import FromSource, Planned, ResultColumn, labelled
from local.athena.analysis.relations import Relations
from local.athena.analysis.scopes import Scope
from local.athena.analysis.values import Value, made, quoted
from local.athena.language import nodes
from local.athena.language.errors import AthenaQueryError, NotOnLaptopError, Position
from local.athena.types import BOOLEAN

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from local.athena.analysis.analyzer import Analyzer
    from local.athena.analysis.planning import CommonTables, Planner


@dataclass(frozen=True, slots=True)
class Selected:
    """One column of a SELECT's list."""

    name: str | None
    value: Value
    text: str
    at: Position


class SelectPlanner:
    """Plans one SELECT, with the ORDER BY of the query that it is of.

    Args:
        planner: plans the queries within it.
        node: the SELECT.
        outer: the scope around it.
        tables: those of WITH.
    """

    def __init__(self, planner: Planner, node: nodes.Select, outer: Scope | None, tables: CommonTables) -> None:
        self._planner = planner
        self._node = node
        self._tables = tables
        relations = Relations(planner, outer, tables)
        self._source = relations.source(node.source) if node.source else FromSource("", [])
        self._scope = Scope(self._source.fields, outer)
        windows = {name.key: window for name, window in node.windows}
        self._analyzer = replace(planner.analyzer(self._scope, tables), windows=windows)

    def plan(self, order: Sequence[nodes.Sort], rest: str) -> Planned:
        """The whole, with an order and DuckDB's text of OFFSET and LIMIT.

        Raises:
            AthenaQueryError: Athena would refuse it, or the laptop does.
        """
        where = self._where()
        grouped, group_by = self._groups()
        analyzer = replace(self._analyzer, groups=grouped)
        items = [selected for item in self._node.items for selected in self._selected(analyzer, item)]
        having = self._having(analyzer)
        columns = labelled([item.name for item in items], [item.value.type for item in items])
        sorts = self._order(analyzer, order, items)
        is_grouped = self._node.groups is not None or any(
            value.has_aggregate
            for value in [
                *(item.value for item in items),
                *([having] if having else []),
                *(value for value, _ in sorts),
            ]
        )
        if is_grouped:
            self._check_groups([(item.value, item.text) for item in items])
            self._check_groups([(having, "HAVING clause")] if having else [])
            self._check_groups([(value, "ORDER BY") for value, _ in sorts])
        return Planned(self._text(items, columns, where, group_by, having, sorts) + rest, columns)

    def _text(
        self,
        items: list[Selected],
        columns: tuple[ResultColumn, ...],
        where: Value | None,
        group_by: str,
        having: Value | None,
        sorts: list[tuple[Value, str]],
    ) -> str:
        listed = ", ".join(
            f"{item.value.text} AS {quoted(column.label)}" for item, column in zip(items, columns, strict=True)
        )
        parts = [f"SELECT {'DISTINCT ' if self._node.is_distinct else ''}{listed}"]
        if self._source.text:
            parts.append(f"FROM {self._source.text}")
        if where:
            parts.append(f"WHERE {where.text}")
        parts.append(group_by)
        if having:
            parts.append(f"HAVING {having.text}")
        if sorts:
            parts.append(f"ORDER BY {', '.join(direction for _, direction in sorts)}")
        return " ".join(part for part in parts if part)

    # --- WHERE and HAVING ------------------------------------------------------------------------------------------------

    def _where(self) -> Value | None:
        if self._node.where is None:
            return None
        found = list(self._conjuncts(self._node.where))
        for condition in found:
            _no_aggregates(condition, "WHERE clause")
        if not self._source.is_outer:
            self._planner.prune(found)
        if len(found) == 1:
            return found[0]
        text = " AND ".join(condition.enclosed for condition in found)
        return made(text, BOOLEAN, self._node.where.at, *found, is_bare=False)

    def _conjuncts(self, node: nodes.Expression) -> Iterable[Value]:
        if isinstance(node, nodes.Logical) and node.operator == "AND":
            for term in node.terms:
                yield from self._conjuncts(term)
        else:
            yield self._analyzer.truth(node, "WHERE clause")

    def _having(self, analyzer: Analyzer) -> Value | None:
        if self._node.having is None:
            return None
        found = analyzer.truth(self._node.having, "HAVING clause")
        if found.has_window:
            raise AthenaQueryError.at(found.at, "NESTED_WINDOW", "HAVING clause cannot contain window functions")
        # A HAVING makes one group of all rows, where there is no GROUP BY.
        return replace(found, has_aggregate=True)

    # --- columns ---------------------------------------------------------------------------------------------------------

    def _selected(self, analyzer: Analyzer, item: nodes.Item | nodes.Star) -> list[Selected]:
        if isinstance(item, nodes.Star):
            return self._star(analyzer, item)
        value = analyzer.value(item.value)
        name = item.alias.text if item.alias else _name_of(item.value)
        if self._node.is_distinct and not value.type.is_comparable:
            raise mismatch(item.at, f"DISTINCT can only be applied to comparable types (actual: {value.type})")
        return [Selected(name, value, item.text, item.at)]

    def _star(self, analyzer: Analyzer, star: nodes.Star) -> list[Selected]:
        if not self._source.text:
            raise AthenaQueryError.at(
                star.at, "COLUMN_NOT_FOUND", "SELECT * not allowed in queries without FROM clause"
            )
        wanted = [name.key for name in star.of]
        fields = [
            field for field in self._source.fields if not wanted or list(field.qualifiers[-len(wanted) :]) == wanted
        ]
        if not fields:
            text = ".".join(name.text for name in star.of)
            if (column := self._scope.find(list(star.of))) and column.type.base == "row":
                raise NotOnLaptopError(f"{text}.* of a row", star.at)
            raise AthenaQueryError.at(star.at, "TABLE_NOT_FOUND", f"Unable to resolve reference {text}")
        found = []
        for field in fields:
            reads = frozenset() if field.text in analyzer.groups else frozenset({field})
            value = Value(field.text, field.type, star.at, reads, is_bare=True)
            found.append(Selected(field.shown, value, field.shown or field.text, star.at))
        return found

    # --- groups ----------------------------------------------------------------------------------------------------------

    def _groups(self) -> tuple[frozenset[str], str]:
        if self._node.groups is None:
            return frozenset(), ""
        keys: set[str] = set()
        parts = []
        for grouping in self._node.groups:
            sets = [[self._key(node) for node in one] for one in grouping.sets]
            if grouping.kind != "SIMPLE":
                self._check_columns(node for one in grouping.sets for node in one)
            keys |= {text for one in sets for text in one}
            if grouping.kind == "SIMPLE":
                parts += sets[0]
            else:
                listed = (f"({', '.join(one)})" if len(one) != 1 else one[0] for one in sets)
                parts.append(f"{grouping.kind} ({', '.join(listed)})")
        return frozenset(keys), f"GROUP BY {', '.join(parts)}" if parts else "GROUP BY ()"

    def _check_columns(self, keys: Iterable[nodes.Expression]) -> None:
        for node in keys:
            if not isinstance(node, (nodes.Reference, nodes.Dereference)):
                message = "GROUP BY expression must be a column reference"
                raise AthenaQueryError.at(node.at, "INVALID_COLUMN_REFERENCE", message)

    def _key(self, node: nodes.Expression) -> str:
        if isinstance(node, nodes.Constant) and type(node.value) is int:
            items = self._node.items
            if any(isinstance(item, nodes.Star) for item in items):
                expanded = [one for item in items for one in self._selected(self._analyzer, item)]
                value = expanded[_place(node, len(expanded), "GROUP BY")].value
            else:
                item = items[_place(node, len(items), "GROUP BY")]
                assert isinstance(item, nodes.Item)
                value = self._analyzer.value(item.value)
        else:
            value = self._analyzer.value(node)
        _no_aggregates(value, "GROUP BY clause")
        if not value.type.is_comparable or value.type.base == "json":
            raise mismatch(value.at, f"{value.type} is not comparable, and therefore cannot be used in GROUP BY")
        return f"CAST({value.text} AS {value.type.duckdb})" if value.is_constant else value.text

    def _check_groups(self, found: Iterable[tuple[Value, str]]) -> None:
        own = set(self._scope.fields)
        for value, text in found:
            if value.reads & own:
                message = f"'{text}' must be an aggregate expression or appear in GROUP BY clause"
                raise AthenaQueryError.at(value.at, "EXPRESSION_NOT_AGGREGATE", message)

    # --- order -----------------------------------------------------------------------------------------------------------

    def _order(self, analyzer: Analyzer, order: Sequence[nodes.Sort], items: list[Selected]) -> list[tuple[Value, str]]:
        named: dict[str, Value] = {}
        for item in items:
            if item.name is not None:
                named.setdefault(item.name.lower(), item.value)
        inner = analyzer.with_arguments(named)
        found = []
        for sort in order:
            if isinstance(sort.value, nodes.Constant) and type(sort.value.value) is int:
                place = _place(sort.value, len(items), "ORDER BY")
                found.append(_sorted_by(items[place].value, place, sort))
                continue
            self._check_unambiguous(sort.value, items)
            value = inner.value(sort.value)
            places = [place for place, item in enumerate(items) if item.value.text == value.text]
            if not places and self._node.is_distinct:
                message = "For SELECT DISTINCT, ORDER BY expressions must appear in select list"
                raise AthenaQueryError.at(sort.at, "EXPRESSION_NOT_IN_DISTINCT", message)
            if places or not value.is_constant:
                found.append(_sorted_by(value, places[0] if places else None, sort))
        return found

    def _check_unambiguous(self, node: nodes.Expression, items: list[Selected]) -> None:
        if not isinstance(node, nodes.Reference):
            return
        texts = {item.value.text for item in items if item.name and item.name.lower() == node.name.key}
        if len(texts) > 1:
            raise AthenaQueryError.at(node.at, "AMBIGUOUS_NAME", f"Column '{node.name.text}' is ambiguous")


def _sorted_by(value: Value, place: int | None, sort: nodes.Sort) -> tuple[Value, str]:
    if not value.type.is_orderable:
        message = f"Type {value.type} is not orderable, and therefore cannot be used in ORDER BY: {value.type}"
        raise mismatch(sort.at, message)
    return value, f"{place + 1 if place is not None else value.text} {sort.direction}"


def _place(node: nodes.Constant, count: int, clause: str) -> int:
    assert isinstance(node.value, int)
    if not 1 <= node.value <= count:
        message = f"{clause} position {node.value} is not in select list"
        raise AthenaQueryError.at(node.at, "INVALID_COLUMN_REFERENCE", message)
    return node.value - 1


def _name_of(node: nodes.Expression) -> str | None:
    if isinstance(node, nodes.Reference):
        return node.name.text
    return node.field.text if isinstance(node, nodes.Dereference) else None


def _no_aggregates(value: Value, clause: str) -> None:
    if value.has_aggregate or value.has_window:
        message = f"{clause} cannot contain aggregations, window functions or grouping operations"
        raise AthenaQueryError.at(value.at, "EXPRESSION_NOT_SCALAR", message)
