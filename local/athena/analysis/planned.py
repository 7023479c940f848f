"""What a query has become: DuckDB's text, the columns that it gives, the tables that it reads."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from local.athena.analysis.fields import Field
from local.athena.analysis.values import quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from local.athena.functions.signatures import Udfs
    from local.athena.types import SqlType

CatalogTable = dict[str, Any]
"""A table as GetTable states it."""


@dataclass(frozen=True, slots=True)
class ResultColumn:
    """A column of a query's result.

    Attributes:
        name: as the query writes it; None for one without.
        type: Trino's.
        label: its name in DuckDB's text.
    """

    name: str | None
    type: SqlType
    label: str


@dataclass(frozen=True, slots=True)
class Planned:
    """A query as DuckDB's text, and its columns."""

    text: str
    columns: tuple[ResultColumn, ...]

    def fields(self, alias: str, qualifiers: Sequence[str]) -> list[Field]:
        """Its columns, where the text is read by a name."""
        return [
            Field(
                column.name.lower() if column.name is not None else None,
                column.name,
                column.type,
                f"{quoted(alias)}.{quoted(column.label)}",
                tuple(qualifiers),
            )
            for column in self.columns
        ]


@dataclass(frozen=True, slots=True)
class FromSource:
    """A FROM's text for DuckDB, its columns, and whether it has rows that a join has filled with nulls."""

    text: str
    fields: list[Field]
    is_outer: bool = False
    is_lateral: bool = False


@dataclass(frozen=True, slots=True)
class Scan:
    """One place in a query where a table is read.

    Attributes:
        name: what the table is called in DuckDB's text.
        table: the catalog's table.
        alias: what its columns are read by.
        condition: DuckDB's text of what the query asks of the partition columns, or None.
    """

    name: str
    table: CatalogTable
    alias: str
    condition: str | None = None


@dataclass(frozen=True, slots=True)
class QueryPlan:
    """A query ready to run.

    Attributes:
        text: DuckDB's, whose tables are the scans by their names.
        columns: of the result, by the names that Athena gives them.
        scans: the tables that it reads.
        udfs: the Python functions that it calls.
    """

    text: str
    columns: tuple[tuple[str, SqlType], ...]
    scans: tuple[Scan, ...]
    udfs: Udfs


def labelled(names: Sequence[str | None], kinds: Sequence[SqlType]) -> tuple[ResultColumn, ...]:
    """Columns of these names and types, each with a label of its own."""
    labels: list[str] = []
    for place, name in enumerate(names):
        label = name.lower() if name else f"_col{place}"
        labels.append(label if label not in labels else f"{label}_{place}")
    return tuple(ResultColumn(name, kind, label) for name, kind, label in zip(names, kinds, labels, strict=True))


def columns_of(table: CatalogTable) -> list[dict[str, str]]:
    """A table's columns and then its partition columns, with names in lower case."""
    columns = [*table["StorageDescriptor"]["Columns"], *table.get("PartitionKeys", [])]
    return [{**column, "Name": column["Name"].lower()} for column in columns]


def renamed(field: Field, name: str | None, qualifiers: Sequence[str]) -> Field:
    """A column by another name, and of another relation."""
    return replace(
        field, name=name.lower() if name else field.name, shown=name or field.shown, qualifiers=tuple(qualifiers)
    )
