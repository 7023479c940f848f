"""Athena's SQL for DuckDB: which tables a query reads, which partitions it can do without, and its text in DuckDB's words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import OptimizeError, ParseError, TokenError
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, traverse_scope
from sqlglot.schema import MappingSchema

from local.athena.views import ViewError, expand_views

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Table = dict[str, Any]
"""A table as GetTable states it."""

_DIALECT = "athena"
_REFUSED = {
    *("ALTER", "CREATE", "DELETE", "DROP", "EXECUTE", "EXPLAIN", "INSERT", "MERGE", "MSCK", "OPTIMIZE", "PREPARE"),
    *("SHOW", "UNLOAD", "UPDATE", "VACUUM"),
}
"""Statements that Athena has and the account on the laptop has not."""

_POSITION = re.compile(r"Line:? (\d+), Col:? (\d+)")


class QueryError(Exception):
    """A query that Athena would fail; the text is its StateChangeReason."""


@dataclass(frozen=True, slots=True)
class Scan:
    """One place in a query where a table is read.

    Args:
        name: what the table is called in the query's DuckDB text.
        table: the catalog's table.
        alias: what the query calls it.
        condition: DuckDB's text of what the query asks of the partition columns, or None.
    """

    name: str
    table: Table
    alias: str
    condition: str | None


@dataclass(frozen=True, slots=True)
class Query:
    """A query ready to run: its text for DuckDB, and the scans that must exist under their names."""

    text: str
    scans: tuple[Scan, ...]


def parse_query(text: str, find: Callable[[str, str], Table], database: str, parameters: Sequence[str] = ()) -> Query:
    """Read a SELECT.

    Args:
        text: Athena SQL.
        find: a table by database and name; raises QueryError.
        database: where names without a database are looked for.
        parameters: SQL literals for the `?` of the text, in order.

    Raises:
        QueryError: SYNTAX_ERROR, TABLE_NOT_FOUND, COLUMN_NOT_FOUND and the like.
    """
    tree = _parse(text)
    _fill_parameters(tree, parameters)
    _name_columns(tree)
    _expand(tree, find, database)
    found: dict[tuple[str, str], Table] = {}
    for scope in traverse_scope(tree):
        for source in scope.sources.values():
            if isinstance(source, exp.Table) and isinstance(source.this, exp.Identifier):
                _resolve(source, find, database, found)
    tree = _qualified(tree, found)
    scans = _scans(tree, found)
    return Query(tree.sql(dialect="duckdb"), scans)


def _parse(text: str) -> exp.Expression:
    try:
        statements = [statement for statement in sqlglot.parse(text, dialect=_DIALECT) if statement is not None]
    except (ParseError, TokenError) as error:
        raise QueryError(f"SYNTAX_ERROR: {_at(str(error))}{_first_line(error)}") from error
    if len(statements) != 1:
        raise QueryError("SYNTAX_ERROR: Only one sql statement is allowed")
    tree = statements[0]
    if not isinstance(tree, exp.Query):
        word = text.split(maxsplit=1)[0]
        if word.upper() in _REFUSED:
            raise QueryError(
                f"NOT_SUPPORTED: the account on the laptop runs queries that read; {word.upper()} is refused"
            )
        raise QueryError(f"SYNTAX_ERROR: line 1:1: mismatched input '{word}'")
    return tree


def _expand(tree: exp.Expression, find: Callable[[str, str], Table], database: str) -> None:
    def look(database: str, name: str) -> Table | None:
        try:
            return find(database, name)
        except QueryError:
            return None  # said where the query's own tables are resolved, with the place in its text

    try:
        expand_views(tree, look, database)
    except ViewError as error:
        raise QueryError(str(error)) from error


def _fill_parameters(tree: exp.Expression, parameters: Sequence[str]) -> None:
    places = list(tree.find_all(exp.Placeholder))
    if len(places) != len(parameters):
        raise QueryError(
            f"INVALID_PARAMETER_USAGE: Incorrect number of parameters: expected {len(places)} but found {len(parameters)}"
        )
    for place, parameter in zip(places, parameters, strict=True):
        place.replace(sqlglot.parse_one(parameter, dialect=_DIALECT))


def _name_columns(tree: exp.Expression) -> None:
    # Athena calls a column without a name _col and its position; every query of a UNION takes the first one's names.
    assert isinstance(tree, exp.Query)
    for position, column in enumerate(tree.selects):
        if not isinstance(column, exp.Alias | exp.Column | exp.Dot) and not column.is_star:
            column.replace(exp.alias_(column.copy(), f"_col{position}"))


def _resolve(
    source: exp.Table, find: Callable[[str, str], Table], database: str, found: dict[tuple[str, str], Table]
) -> None:
    place = (source.db or database).lower(), source.name.lower()
    if place not in found:
        try:
            found[place] = find(*place)
        except QueryError as error:
            code, _, message = str(error).partition(": ")
            meta = source.this.meta
            column = meta.get("col", 1) - len(source.name) + 1  # sqlglot counts to a name's end
            raise QueryError(f"{code}: line {meta.get('line', 1)}:{column}: {message}") from error
    alias = source.alias or source.name
    source.set("catalog", None)
    source.set("db", exp.to_identifier(place[0]))
    source.set("this", exp.to_identifier(place[1]))
    source.set("alias", exp.TableAlias(this=exp.to_identifier(alias.lower())))


def _qualified(tree: exp.Expression, found: dict[tuple[str, str], Table]) -> exp.Expression:
    schema = MappingSchema(dialect=_DIALECT)
    for (database, name), table in found.items():
        columns = {column["Name"]: column["Type"] for column in columns_of(table)}
        schema.add_table(exp.table_(name, db=database), columns, dialect="hive")
    try:
        tree = qualify(tree, dialect=_DIALECT, schema=schema, expand_alias_refs=False, quote_identifiers=True)
    except OptimizeError as error:
        code = "COLUMN_NOT_FOUND" if "could not be resolved" in str(error) else "SYNTAX_ERROR"
        raise QueryError(f"{code}: {_at(str(error))}{_first_line(error)}") from error
    # Division of integers is an integer in Athena and a double in DuckDB: the generator must know the types.
    return annotate_types(tree, schema=schema, dialect=_DIALECT)


def _scans(tree: exp.Expression, found: dict[tuple[str, str], Table]) -> tuple[Scan, ...]:
    scans: list[Scan] = []
    for scope in traverse_scope(tree):
        for alias, source in scope.sources.items():
            if not isinstance(source, exp.Table) or (source.db, source.name) not in found:
                continue
            table = found[source.db, source.name]
            name = f"scan_{len(scans)}"
            condition = _partition_condition(scope, alias, {key["Name"] for key in table["PartitionKeys"]})
            scans.append(Scan(name, table, alias, condition))
            source.set("db", None)
            source.set("this", exp.to_identifier(name, quoted=True))
    return tuple(scans)


def _partition_condition(scope: Scope, alias: str, keys: set[str]) -> str | None:
    """What of the scope's WHERE can be decided by a partition's values alone."""
    select = scope.expression
    where = select.args.get("where") if isinstance(select, exp.Select) else None
    outer = any(join.side for join in select.args.get("joins") or ()) if where else True
    if where is None or outer:
        return None  # beyond an outer join a row may be there although its partition is not
    parts = list(where.this.flatten()) if isinstance(where.this, exp.And) else [where.this]
    usable = [part for part in parts if _concerns_only(part, alias, keys)]
    return exp.and_(*(part.copy() for part in usable)).sql(dialect="duckdb") if usable else None


def _concerns_only(condition: exp.Expression, alias: str, keys: set[str]) -> bool:
    columns = list(condition.find_all(exp.Column))
    if not columns or condition.find(exp.Query, exp.Anonymous, exp.Rand):
        return False
    return all(column.table == alias and column.name in keys for column in columns)


def columns_of(table: Table) -> list[dict[str, str]]:
    """A table's columns and then its partition columns, with names in lower case."""
    columns = [*table["StorageDescriptor"]["Columns"], *table["PartitionKeys"]]
    return [{**column, "Name": column["Name"].lower()} for column in columns]


def _at(message: str) -> str:
    found = _POSITION.search(message)
    return f"line {found[1]}:{found[2]}: " if found else ""


def _first_line(error: Exception) -> str:
    text = str(error).partition("\n")[0]
    return _POSITION.sub("", text).strip().rstrip(".").strip()
