"""The catalog's tables as a query finds them, and what it is told where it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.athena.analysis.catalog import CATALOG, CatalogReader
from local.athena.analysis.information import information
from local.athena.analysis.planned import CatalogTable, Planned
from local.athena.analysis.scopes import nearest
from local.athena.language.errors import AthenaQueryError, NotOnLaptopError

if TYPE_CHECKING:
    from local.athena.language import nodes


class GivenTables:
    """A catalog of tables that are given, for whoever has tables and no account.

    Args:
        tables: as GetTable states them.
    """

    def __init__(self, *tables: CatalogTable) -> None:
        self._tables = tables

    def databases(self) -> list[dict[str, Any]]:
        """All databases; `default` is there without a table, too."""
        return [{"Name": name} for name in sorted({"default", *(table["DatabaseName"] for table in self._tables)})]

    def tables(self, database: str) -> list[CatalogTable]:
        """All tables of a database."""
        return [table for table in self._tables if table["DatabaseName"] == database]

    def find(self, database: str, name: str) -> CatalogTable | None:
        """A table; None where there is none."""
        return next((table for table in self.tables(database) if table["Name"] == name), None)

    def has_database(self, database: str) -> bool:
        """Whether there is such a database."""
        return database in self.names()

    def names(self, database: str | None = None) -> list[str]:
        """Names of a database's tables, or of the databases."""
        found = self.databases() if database is None else self.tables(database)
        return [str(known["Name"]) for known in found]


class Tables:
    """Finds the tables that queries name.

    Args:
        reader: the catalog as the caller may see it.
    """

    def __init__(self, reader: CatalogReader) -> None:
        self._reader = reader

    def place(self, node: nodes.TableName, database: str) -> tuple[str, str]:
        """The database and the table that a name is of.

        Raises:
            AthenaQueryError: it is of another catalog.
        """
        keys = [part.key for part in node.parts]
        if len(keys) > 3:  # noqa: PLR2004 - catalog, database, table
            raise AthenaQueryError.at(node.at, "SYNTAX_ERROR", f"Too many dots in table name: {'.'.join(keys)}")
        if len(keys) == 3 and keys[0] != CATALOG:  # noqa: PLR2004 - with its catalog
            raise AthenaQueryError.at(node.at, "CATALOG_NOT_FOUND", f"Catalog '{keys[0]}' does not exist")
        if "$" in keys[-1]:
            raise NotOnLaptopError(f'"{keys[-1]}"', node.parts[-1].at)
        return (keys[-2] if len(keys) > 1 else database), keys[-1]

    def table(self, node: nodes.TableName, database: str, name: str) -> CatalogTable:
        """A table.

        Raises:
            AthenaQueryError: there is none of that name; the message has the names that are near.
        """
        found = self._reader.find(database, name)
        if found is not None:
            return found
        if not self._reader.has_database(database):
            message = f"Schema '{database}' does not exist{nearest(database, self._reader.names())}"
            raise AthenaQueryError.at(node.at, "SCHEMA_NOT_FOUND", message)
        message = f"Table '{CATALOG}.{database}.{name}' does not exist{nearest(name, self._reader.names(database))}"
        raise AthenaQueryError.at(node.at, "TABLE_NOT_FOUND", message)

    def information(self, node: nodes.TableName, name: str) -> Planned:
        """A table of information_schema.

        Raises:
            AthenaQueryError: it has none of that name.
        """
        return information(self._reader, name, node.at)
