"""A whole query understood: from its text to what DuckDB runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from local.athena import types
from local.athena.analysis.analyzer import Analyzer
from local.athena.analysis.bodies import Bodies
from local.athena.analysis.casts import type_of
from local.athena.analysis.catalog import VIEW_TYPE, definition_of, hive_type
from local.athena.analysis.fields import Field
from local.athena.analysis.handlers import HANDLERS
from local.athena.analysis.planned import CatalogTable, FromSource, Planned, QueryPlan, Scan, columns_of, labelled
from local.athena.analysis.planning import CommonTables
from local.athena.analysis.scopes import Scope
from local.athena.analysis.selects import SelectPlanner
from local.athena.analysis.tables import Tables
from local.athena.analysis.values import Value, quoted
from local.athena.functions.signatures import Udfs
from local.athena.language import nodes
from local.athena.language.cursor import Cursor
from local.athena.language.errors import AthenaQueryError, NotOnLaptopError, Position
from local.athena.language.queries import QueryParser
from local.athena.language.type_names import parse_type
from local.athena.types import SqlType

_DEEPEST = 10
"""Views of views; one that reads itself would otherwise never end."""


def plan_query(text: str, tables: Tables, database: str, parameters: Sequence[str] = ()) -> QueryPlan:
    """Understand a query.

    Args:
        text: Athena SQL.
        tables: the catalog's.
        database: where names without a database are looked for.
        parameters: SQL literals for the `?` of the text, in order.

    Raises:
        AthenaQueryError: SYNTAX_ERROR, TABLE_NOT_FOUND, COLUMN_NOT_FOUND, TYPE_MISMATCH and the like.
        NotOnLaptopError: Athena would answer it, the laptop does not.
    """
    parser = QueryParser(text)
    tree = parser.statement()
    if parser.parameters != len(parameters):
        message = f"Incorrect number of parameters: expected {parser.parameters} but found {len(parameters)}"
        raise AthenaQueryError(f"INVALID_PARAMETER_USAGE: {message}")
    planner = QueryPlanner(tables, database, [QueryParser(given).expression() for given in parameters])
    planned = planner.query(tree, None, {})
    names = [column.name or f"_col{place}" for place, column in enumerate(planned.columns)]
    columns = tuple((name, column.type) for name, column in zip(names, planned.columns, strict=True))
    scans = tuple(scan for scan in planner.scans if quoted(scan.name) in planned.text)
    return QueryPlan(planned.text, columns, scans, planner.udfs)


class QueryPlanner:
    """Plans a query and those within it.

    Args:
        tables: the catalog's.
        database: where names without a database are looked for.
        parameters: expressions for the question marks.
        within: the planner of the query that reads the view whose query this one plans.
    """

    def __init__(
        self,
        tables: Tables,
        database: str,
        parameters: Sequence[nodes.Expression] = (),
        within: QueryPlanner | None = None,
    ) -> None:
        self._catalog = tables
        self._database = database
        self._parameters = parameters
        self.depth: int = within.depth + 1 if within else 0
        self.aliases: set[str] = within.aliases if within else set()
        self.scans: list[Scan] = within.scans if within else []
        self.udfs: Udfs = within.udfs if within else Udfs()

    def alias(self, wanted: str) -> str:
        """A name for a relation that no other has."""
        number, found = 1, wanted
        while found in self.aliases:
            number += 1
            found = f"{wanted}_{number}"
        self.aliases.add(found)
        return found

    def analyzer(self, scope: Scope, tables: CommonTables) -> Analyzer:
        """What understands the expressions of a scope."""

        def subquery(node: nodes.QueryNode, around: Scope) -> tuple[str, list[SqlType], frozenset[Field]]:
            probe = Scope([], around)
            planned = self.query(node, probe, tables)
            if probe.correlated and not _is_plain(node):
                raise NotOnLaptopError("a correlated subquery with ORDER BY, LIMIT or a set operation", node.at)
            return planned.text, [column.type for column in planned.columns], frozenset(probe.correlated)

        return Analyzer(scope, self.udfs, HANDLERS, subquery, self._parameters)

    # --- queries ---------------------------------------------------------------------------------------------------------

    def query(self, node: nodes.QueryNode, outer: Scope | None, tables: CommonTables) -> Planned:
        """A query with its WITH, ORDER BY, OFFSET and LIMIT.

        Raises:
            AthenaQueryError: Athena would refuse it, or the laptop does.
        """
        own = dict(tables)
        commons = []
        for place, common in enumerate(node.tables):
            if any(common.name.key == other.name.key for other in node.tables[:place]):
                message = f"WITH query name '{common.name.text}' specified more than once"
                raise AthenaQueryError.at(common.at, "DUPLICATE_NAMED_QUERY", message)
            name, planned = self._common_table(common, outer, own)
            own[common.name.key] = name, planned
            commons.append(f"{quoted(name)} AS ({planned.text})")
        rest = self._rest(node)
        if isinstance(node.body, nodes.Select):
            found = SelectPlanner(self, node.body, outer, own).plan(node.order, rest)
        else:
            found = Bodies(self, outer, own).body(node.body)
            if node.order or rest:
                found = self._ordered(found, node, rest)
        return replace(found, text=f"WITH {', '.join(commons)} {found.text}") if commons else found

    def _common_table(
        self, common: nodes.CommonTable, outer: Scope | None, tables: CommonTables
    ) -> tuple[str, Planned]:
        planned = self.query(common.query, outer, tables)
        if common.columns:
            if len(common.columns) != len(planned.columns):
                message = f"WITH column list has {len(common.columns)} entries but WITH query has {len(planned.columns)} columns"
                raise AthenaQueryError.at(common.at, "MISMATCHED_COLUMN_ALIASES", message)
            names = zip(planned.columns, common.columns, strict=True)
            planned = replace(planned, columns=tuple(replace(column, name=name.text) for column, name in names))
        return self.alias(common.name.key), planned

    def _rest(self, node: nodes.QueryNode) -> str:
        limit = f" LIMIT {self._count(node.limit)}" if node.limit else ""
        return limit + (f" OFFSET {self._count(node.offset)}" if node.offset else "")

    def _count(self, node: nodes.Constant | nodes.Parameter) -> int:
        found: nodes.Expression = self._parameters[node.number] if isinstance(node, nodes.Parameter) else node
        if not (isinstance(found, nodes.Constant) and type(found.value) is int and found.value >= 0):
            raise AthenaQueryError.at(
                node.at, "TYPE_MISMATCH", "LIMIT and OFFSET take a whole number that is not negative"
            )
        return found.value

    def _ordered(self, found: Planned, node: nodes.QueryNode, rest: str) -> Planned:
        alias = self.alias("ordered")
        fields = found.fields(alias, ())
        analyzer = self.analyzer(Scope(fields), {})
        parts = []
        for sort in node.order:
            if isinstance(sort.value, nodes.Constant) and type(sort.value.value) is int:
                if not 1 <= sort.value.value <= len(fields):
                    message = f"ORDER BY position {sort.value.value} is not in select list"
                    raise AthenaQueryError.at(sort.at, "INVALID_COLUMN_REFERENCE", message)
                parts.append(f"{sort.value.value} {sort.direction}")
            else:
                parts.append(f"{analyzer.value(sort.value).text} {sort.direction}")
        order = f" ORDER BY {', '.join(parts)}" if parts else ""
        return replace(found, text=f"SELECT * FROM ({found.text}) AS {quoted(alias)}{order}{rest}")  # noqa: S608 - ours

    # --- tables ----------------------------------------------------------------------------------------------------------

    def table(self, node: nodes.TableName, wanted: str, tables: CommonTables) -> FromSource:
        """A table, a view, or a query of a WITH.

        Args:
            node: its name.
            wanted: what its columns are to be read by.
            tables: those of WITH.

        Raises:
            AthenaQueryError: there is none of that name.
        """
        alias = self.alias(wanted)
        if len(node.parts) == 1 and node.parts[0].key in tables:
            name, planned = tables[node.parts[0].key]
            return FromSource(f"{quoted(name)} AS {quoted(alias)}", planned.fields(alias, (node.parts[0].key,)))
        database, name = self._catalog.place(node, self._database)
        if database == "information_schema":
            planned = self._catalog.information(node, name)
            return FromSource(f"({planned.text}) AS {quoted(alias)}", planned.fields(alias, (database, name)))
        table = self._catalog.table(node, database, name)
        if table.get("TableType") == VIEW_TYPE:
            planned = self._view(table, database)
            return FromSource(f"({planned.text}) AS {quoted(alias)}", planned.fields(alias, (database, name)))
        return self._scan(table, alias, (database, name))

    def _scan(self, table: CatalogTable, alias: str, qualifiers: Sequence[str]) -> FromSource:
        name = f"scan_{len(self.scans)}"
        self.scans.append(Scan(name, table, alias))
        keys = {key["Name"].lower() for key in table.get("PartitionKeys", [])}
        fields = [
            Field(
                column["Name"],
                column["Name"],
                hive_type(column),
                f"{quoted(alias)}.{quoted(column['Name'])}",
                tuple(qualifiers),
                scan=name if column["Name"] in keys else None,
            )
            for column in columns_of(table)
        ]
        return FromSource(f"{quoted(name)} AS {quoted(alias)}", fields)

    def _view(self, view: CatalogTable, database: str) -> Planned:
        if self.depth >= _DEEPEST:
            raise AthenaQueryError(f"INVALID_VIEW: View '{database}.{view['Name']}' is nested too deep")
        definition = definition_of(view)
        inner = QueryPlanner(self._catalog, definition["schema"], within=self)
        try:
            tree = QueryParser(definition["originalSql"]).statement()
        except NotOnLaptopError:
            raise
        except AthenaQueryError as error:
            raise AthenaQueryError(f"INVALID_VIEW: View '{view['Name']}': {error}") from error
        planned = inner.query(tree, None, {})
        declared = [column["name"] for column in definition["columns"]]
        if len(declared) != len(planned.columns):
            raise AthenaQueryError(
                f"VIEW_IS_STALE: View '{view['Name']}' is stale or in invalid state: it has another number of columns"
            )
        kinds = [type_of(_parsed_type(column["type"])) for column in definition["columns"]]
        for column, kind in zip(planned.columns, kinds, strict=True):
            if not types.coerces(column.type, kind):
                message = (
                    f"column [{column.name}] of type {column.type} cannot be coerced to type {kind} stored in the view"
                )
                raise AthenaQueryError(f"VIEW_IS_STALE: View '{view['Name']}' is stale or in invalid state: {message}")
        columns = labelled(declared, kinds)
        alias = self.alias("view")
        values = (
            Value(f"{quoted(alias)}.{quoted(column.label)}", column.type, Position(1, 1), is_bare=True).cast(kind).text
            for column, kind in zip(planned.columns, kinds, strict=True)
        )
        listed = ", ".join(f"{text} AS {quoted(column.label)}" for text, column in zip(values, columns, strict=True))
        return Planned(f"SELECT {listed} FROM ({planned.text}) AS {quoted(alias)}", columns)  # noqa: S608 - ours

    # --- pruning ---------------------------------------------------------------------------------------------------------

    def prune(self, conditions: Iterable[Value]) -> None:
        """Let the scans do without the partitions of which these conditions cannot hold."""
        for condition in conditions:
            scans = {field.scan for field in condition.reads}
            (name,) = scans if len(scans) == 1 else (None,)
            if name is None or condition.is_volatile or any(field.scan is None for field in condition.reads):
                continue
            place = next((place for place, scan in enumerate(self.scans) if scan.name == name), None)
            if place is None:
                continue
            scan = self.scans[place]
            text = f"{scan.condition} AND {condition.enclosed}" if scan.condition else condition.text
            self.scans[place] = replace(scan, condition=text)


def _parsed_type(text: str) -> nodes.TypeName:
    return parse_type(Cursor(text))


def _is_plain(node: nodes.QueryNode) -> bool:
    return isinstance(node.body, nodes.Select) and not (node.order or node.limit or node.offset or node.tables)
