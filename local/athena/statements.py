"""Athena's statements that look into the catalog and read no data: SHOW and DESCRIBE."""

from __future__ import annotations

import re
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Protocol

from local.athena.engine import Result
from local.athena.text import column_info

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from local.athena.sql import Table

_NAME = r"(?:[`\"]?(?P<database>\w+)[`\"]?\.)?[`\"]?(?P<table>\w+)[`\"]?"
_TABLES = re.compile(
    r"SHOW\s+TABLES(?:\s+(?:IN|FROM)\s+[`\"]?(?P<database>\w+)[`\"]?)?(?:\s+'(?P<pattern>[^']*)')?", re.IGNORECASE
)
_DATABASES = re.compile(r"SHOW\s+(?:DATABASES|SCHEMAS)", re.IGNORECASE)
_COLUMNS = re.compile(rf"SHOW\s+COLUMNS\s+(?:IN|FROM)\s+{_NAME}", re.IGNORECASE)
_PARTITIONS = re.compile(rf"SHOW\s+PARTITIONS\s+{_NAME}", re.IGNORECASE)
_DESCRIBE = re.compile(rf"DESC(?:RIBE)?\s+(?:FORMATTED\s+|EXTENDED\s+)?{_NAME}", re.IGNORECASE)

FindTable = Callable[[str, str], "Table"]


class Databases(Protocol):
    """Databases and tables by name."""

    def databases(self) -> list[dict[str, Any]]:
        """All databases."""

    def tables(self, database: str) -> list[dict[str, Any]]:
        """All tables of a database."""


class Locations(Protocol):
    """Registered partitions."""

    def locations(self, table: Table) -> Iterator[tuple[list[str], str]]:
        """Values and location of every partition of a table."""


def run_statement(
    text: str, database: str, find: FindTable, catalog: Databases, partitions: Locations
) -> Result | None:
    """The output of a SHOW or DESCRIBE; None when the text is neither.

    Args:
        text: the statement, without a semicolon.
        database: where names without a database are looked for.
        find: a table by database and name; raises QueryError.
        catalog: the databases and tables.
        partitions: the partitions.

    Raises:
        QueryError: there is no such table.
    """
    if _DATABASES.fullmatch(text):
        return _listed("database_name", (known["Name"] for known in catalog.databases()))
    if found := _TABLES.fullmatch(text):
        pattern = found["pattern"] or "*"
        names = (table["Name"] for table in catalog.tables(found["database"] or database))
        return _listed("tab_name", (name for name in names if fnmatchcase(name, pattern)))
    for pattern_, render in ((_COLUMNS, _columns), (_PARTITIONS, None), (_DESCRIBE, _description)):
        if found := pattern_.fullmatch(text):
            table = find((found["database"] or database).lower(), found["table"].lower())
            return render(table) if render else _partitions(table, partitions)
    return None


def _partitions(table: Table, partitions: Locations) -> Result:
    names = [key["Name"] for key in table["PartitionKeys"]]
    paths = (
        "/".join(f"{name}={value}" for name, value in zip(names, values, strict=True))
        for values, _ in partitions.locations(table)
    )
    return _listed("partition", sorted(paths))


def _columns(table: Table) -> Result:
    return _listed(
        "field", (column["Name"] for column in (*table["StorageDescriptor"]["Columns"], *table["PartitionKeys"]))
    )


def _description(table: Table) -> Result:
    columns = [*table["StorageDescriptor"]["Columns"], *table["PartitionKeys"]]
    lines = [_aligned(column) for column in columns]
    if table["PartitionKeys"]:
        heading = [
            "",
            "# Partition Information",
            _aligned({"Name": "# col_name", "Type": "data_type", "Comment": "comment"}),
            "",
        ]
        lines += heading + [_aligned(key) for key in table["PartitionKeys"]]
    return _listed("col_name", lines)


def _aligned(column: dict[str, str]) -> str:
    return f"{column['Name']:<20}\t{column['Type']:<20}\t{column.get('Comment', ''):<20}"


def _listed(name: str, values: Iterable[str]) -> Result:
    return Result((column_info(name, "VARCHAR"),), tuple((value,) for value in values))
