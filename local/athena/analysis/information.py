"""information_schema: the catalog as tables, which is how clients look for what there is.

Source: https://docs.aws.amazon.com/athena/latest/ug/querying-glue-catalog.html.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from local.athena.analysis.catalog import CATALOG, VIEW_TYPE, CatalogReader, shown_type
from local.athena.analysis.planned import CatalogTable, Planned, columns_of, labelled
from local.athena.analysis.scopes import nearest
from local.athena.analysis.values import literal, quoted
from local.athena.language.errors import AthenaQueryError, NotOnLaptopError, Position
from local.athena.types import BIGINT, VARCHAR

_OF_ATHENA = {
    "applicable_roles",
    "enabled_roles",
    "role_authorization_descriptors",
    "roles",
    "table_privileges",
    "views",
}

Row = tuple[str | int | None, ...]


def information(reader: CatalogReader, name: str, at: Position) -> Planned:
    """A table of information_schema, as a query of its rows.

    Raises:
        AthenaQueryError: it has no such table.
        NotOnLaptopError: Athena has it.
    """
    if name in _OF_ATHENA:
        raise NotOnLaptopError(f"information_schema.{name}", at)
    if name not in _TABLES:
        message = f"Table '{CATALOG}.information_schema.{name}' does not exist{nearest(name, _TABLES)}"
        raise AthenaQueryError.at(at, "TABLE_NOT_FOUND", message)
    names, rows = _TABLES[name]
    columns = labelled(names, [BIGINT if column == "ordinal_position" else VARCHAR for column in names])
    labels = ", ".join(quoted(column.label) for column in columns)
    empty = f"({', '.join('NULL' for _ in columns)})"
    listed = ", ".join([empty, *(f"({', '.join(map(_text, row))})" for row in rows(reader))])
    typed = ", ".join(
        f"CAST({quoted(column.label)} AS {column.type.duckdb}) AS {quoted(column.label)}" for column in columns
    )
    # The row of nulls gives a table without rows its columns.
    first = quoted(columns[0].label)
    return Planned(f"SELECT {typed} FROM (VALUES {listed}) AS v({labels}) WHERE {first} IS NOT NULL", columns)  # noqa: S608 - quoted


def _text(value: str | int | None) -> str:
    return "NULL" if value is None else literal(value) if isinstance(value, str) else str(value)


def _databases(reader: CatalogReader) -> list[str]:
    return sorted(str(database["Name"]) for database in reader.databases())


def _schemata(reader: CatalogReader) -> Iterator[Row]:
    for database in [*_databases(reader), "information_schema"]:
        yield CATALOG, database


def _all_tables(reader: CatalogReader) -> Iterator[tuple[str, CatalogTable]]:
    for database in _databases(reader):
        for table in reader.tables(database):
            yield database, table


def _tables(reader: CatalogReader) -> Iterator[Row]:
    for database, table in _all_tables(reader):
        is_view = table.get("TableType") == VIEW_TYPE
        yield CATALOG, database, table["Name"], "VIEW" if is_view else "BASE TABLE"


def _columns(reader: CatalogReader) -> Iterator[Row]:
    for database, table in _all_tables(reader):
        keys = {key["Name"].lower() for key in table.get("PartitionKeys", [])}
        for place, column in enumerate(columns_of(table), 1):
            comment = column.get("Comment") or None
            extra = "partition key" if column["Name"] in keys else None
            yield (
                CATALOG,
                database,
                table["Name"],
                column["Name"],
                place,
                None,
                "YES",
                shown_type(column),
                comment,
                extra,
            )


_TABLES: dict[str, tuple[list[str], Callable[[Any], Iterator[Row]]]] = {
    "schemata": (["catalog_name", "schema_name"], _schemata),
    "tables": (["table_catalog", "table_schema", "table_name", "table_type"], _tables),
    "columns": (
        [
            *("table_catalog", "table_schema", "table_name", "column_name", "ordinal_position", "column_default"),
            *("is_nullable", "data_type", "comment", "extra_info"),
        ],
        _columns,
    ),
}
