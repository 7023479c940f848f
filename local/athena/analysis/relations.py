"""What a query reads from, understood: DuckDB's text of a FROM, and the columns that it gives."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from local.athena import types
from local.athena.analysis.fields import Field
from local.athena.analysis.operators import comparable, mismatch
from local.athena.analysis.planned import FromSource, renamed
from local.athena.analysis.scopes import Scope
from local.athena.analysis.values import Value, quoted
from local.athena.language import nodes
from local.athena.language.errors import AthenaQueryError
from local.athena.types import SqlType, array

if TYPE_CHECKING:
    from collections.abc import Sequence

    from local.athena.analysis.planning import CommonTables, Planner


class Relations:
    """Understands the relations of one query.

    Args:
        planner: plans the queries and finds the tables among them.
        outer: the scope around the query.
        tables: those of its WITH, and of those around it.
    """

    def __init__(self, planner: Planner, outer: Scope | None, tables: CommonTables) -> None:
        self._planner = planner
        self._outer = outer
        self._tables = tables

    def source(self, node: nodes.Relation, left: Sequence[Field] = ()) -> FromSource:
        """A relation.

        Args:
            node: the relation.
            left: the columns of what stands before it in the FROM.

        Raises:
            AthenaQueryError: it reads what is not there.
        """
        match node:
            case nodes.Join():
                return self._join(node, left)
            case nodes.Aliased():
                return self._aliased(node, left)
            case nodes.Unnest():
                return self._unnest(node, self._planner.alias("unnest"), left)
            case nodes.NestedQuery():
                return self._nested(node, self._planner.alias("subquery"), (), left)
            case nodes.TableName():
                return self._planner.table(node, node.parts[-1].key, self._tables)

    def _aliased(self, node: nodes.Aliased, left: Sequence[Field]) -> FromSource:
        key = node.alias.key
        match node.relation:
            case nodes.Unnest():
                found = self._unnest(node.relation, self._planner.alias(key), left)
            case nodes.NestedQuery():
                found = self._nested(node.relation, self._planner.alias(key), (key,), left)
            case nodes.TableName():
                found = self._planner.table(node.relation, key, self._tables)
            case _:
                found = self.source(node.relation, left)
        if node.columns and len(node.columns) != len(found.fields):
            count = f"{len(node.columns)} entries but '{node.alias.text}' has {len(found.fields)} columns available"
            message = f"Column alias list has {count}"
            raise AthenaQueryError.at(node.at, "MISMATCHED_COLUMN_ALIASES", message)
        names = [name.text for name in node.columns] if node.columns else [None] * len(found.fields)
        fields = [renamed(field, name, (key,)) for field, name in zip(found.fields, names, strict=True)]
        return replace(found, fields=fields)

    def _nested(
        self, node: nodes.NestedQuery, alias: str, qualifiers: Sequence[str], left: Sequence[Field]
    ) -> FromSource:
        outer = Scope(list(left), self._outer) if node.is_lateral else self._outer
        planned = self._planner.query(node.query, outer, self._tables)
        lateral = "LATERAL " if node.is_lateral else ""
        return FromSource(f"{lateral}({planned.text}) AS {quoted(alias)}", planned.fields(alias, qualifiers))

    # --- UNNEST ----------------------------------------------------------------------------------------------------------

    def _unnest(self, node: nodes.Unnest, alias: str, left: Sequence[Field]) -> FromSource:
        analyzer = self._planner.analyzer(Scope(list(left), self._outer), self._tables)
        values = analyzer.values(node.values)
        inner, outer, kinds, lengths = [], [], [], []
        for place, value in enumerate(values):
            expanded, selected, found = _expanded(value, place)
            inner += expanded
            outer += selected
            kinds += found
            lengths.append(f"len(map_keys({value.text}))" if value.type.base == "map" else f"len({value.text})")
        if node.has_ordinality:
            longest = f"greatest({', '.join(lengths)})" if len(lengths) > 1 else lengths[0]
            inner.append(f"unnest(range(1, {longest} + 1)) AS n")
            outer.append("u.n")
            kinds.append(types.BIGINT)
        listed = ", ".join(f"{text} AS c{place}" for place, text in enumerate(outer))
        text = f"LATERAL (SELECT {listed} FROM (SELECT {', '.join(inner)}) AS u) AS {quoted(alias)}"  # noqa: S608 - ours
        fields = [Field(None, None, kind, f"{quoted(alias)}.c{place}") for place, kind in enumerate(kinds)]
        return FromSource(text, fields, is_lateral=True)

    # --- joins -----------------------------------------------------------------------------------------------------------

    def _join(self, node: nodes.Join, before: Sequence[Field]) -> FromSource:
        left = self.source(node.left, before)
        right = self.source(node.right, [*before, *left.fields])
        is_outer = left.is_outer or right.is_outer or node.kind in {"LEFT", "RIGHT", "FULL"}
        if node.kind == "CROSS":
            return FromSource(
                f"{left.text} CROSS JOIN {_bracketed(node.right, right)}", left.fields + right.fields, is_outer
            )
        if node.using:
            return self._using(node, left, right, is_outer=is_outer)
        assert node.on is not None
        self._check(node, right)
        scope = Scope(left.fields + right.fields, self._outer)
        condition = self._planner.analyzer(scope, self._tables).truth(node.on, "JOIN ON clause")
        if condition.has_aggregate or condition.has_window:
            message = "JOIN clause cannot contain aggregations, window functions or grouping operations"
            raise AthenaQueryError.at(node.on.at, "EXPRESSION_NOT_SCALAR", message)
        text = f"{left.text} {node.kind} JOIN {_bracketed(node.right, right)} ON {condition.text}"
        return FromSource(text, left.fields + right.fields, is_outer)

    def _check(self, node: nodes.Join, right: FromSource) -> None:
        always = isinstance(node.on, nodes.Constant) and node.on.value is True
        if right.is_lateral and not (always and node.kind in {"LEFT", "INNER"}):
            message = f"{node.kind} JOIN involving UNNEST is only supported with condition ON TRUE"
            raise AthenaQueryError.at(node.at, "NOT_SUPPORTED", message)
        if node.kind == "FULL" and not _is_of_equalities(node.on):
            raise AthenaQueryError.at(node.at, "NOT_SUPPORTED", "FULL JOIN involving an unsupported condition")

    def _using(self, node: nodes.Join, left: FromSource, right: FromSource, *, is_outer: bool) -> FromSource:
        conditions, merged, used = [], [], []
        for name in node.using:
            pair = [_of_name(source, name) for source in (left, right)]
            values = comparable(*(Value(field.text, field.type, name.at, is_bare=True) for field in pair))
            if values is None:
                kinds = f"{pair[0].type} and {pair[1].type}"
                message = f"Column '{name.text}' in JOIN USING has types that cannot be compared: {kinds}"
                raise mismatch(name.at, message)
            conditions.append(f"{values[0].text} = {values[1].text}")
            text = {"RIGHT": values[1].text, "FULL": f"COALESCE({values[0].text}, {values[1].text})"}.get(
                node.kind, values[0].text
            )
            merged.append(Field(name.key, name.text, values[0].type, text))
            used += pair
        rest = [field for field in left.fields + right.fields if field not in used]
        text = f"{left.text} {node.kind} JOIN {_bracketed(node.right, right)} ON {' AND '.join(conditions)}"
        return FromSource(text, merged + rest, is_outer)


def _bracketed(node: nodes.Relation, source: FromSource) -> str:
    return f"({source.text})" if isinstance(node, nodes.Join) else source.text


def _of_name(source: FromSource, name: nodes.Name) -> Field:
    found = [field for field in source.fields if field.name == name.key]
    if len(found) != 1:
        side = "is missing from" if not found else "is ambiguous in"
        raise AthenaQueryError.at(name.at, "COLUMN_NOT_FOUND", f"Column '{name.text}' {side} one side of the join")
    return found[0]


def _is_of_equalities(node: nodes.Expression | None) -> bool:
    if isinstance(node, nodes.Logical) and node.operator == "AND":
        return all(map(_is_of_equalities, node.terms))
    return isinstance(node, nodes.Binary) and node.operator == "="


def _expanded(value: Value, place: int) -> tuple[list[str], list[str], list[SqlType]]:
    """What an UNNEST of one value selects, what is read of that, and its columns' types."""
    if value.type.base == "map":
        key, item = value.type.inner
        texts = [f"unnest(map_keys({value.text})) AS k{place}", f"unnest(map_values({value.text})) AS v{place}"]
        return texts, [f"u.k{place}", f"u.v{place}"], [key, item]
    if value.type.base not in {"array", "unknown"}:
        raise mismatch(value.at, f"Cannot unnest type: {value.type}")
    kind = value.type.inner[0] if value.type.inner else types.UNKNOWN
    text = value.text if value.type.inner else f"CAST(NULL AS {array(kind).duckdb})"
    selected = [f"unnest({text}) AS a{place}"]
    if kind.base == "row":
        return selected, [f"struct_extract(u.a{place}, '_{i}')" for i in range(len(kind.inner))], list(kind.inner)
    return selected, [f"u.a{place}"], [kind]
