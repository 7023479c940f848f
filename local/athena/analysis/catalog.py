"""The catalog as queries look into it: its databases and tables, its columns' types, its views' queries."""

from __future__ import annotations

import base64
import json
import re
from typing import Any, Protocol

from local.athena import types
from local.athena.analysis.planned import CatalogTable
from local.athena.language.errors import AthenaQueryError, NotOnLaptopError
from local.athena.types import SqlType

CATALOG = "awsdatacatalog"
VIEW_TYPE = "VIRTUAL_VIEW"

_VIEW_TEXT = re.compile(r"/\* Presto View: ([A-Za-z0-9+/=]+) \*/")
_HIVE = {"string": "varchar", "int": "integer", "float": "real", "binary": "varbinary"}
_SIMPLE = {"boolean", "tinyint", "smallint", "integer", "bigint", "real", "double", "varchar", "varbinary", "date"}
_WITH_NUMBERS = re.compile(r"(varchar|decimal)\s*\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\)")


class CatalogReader(Protocol):
    """Databases and tables by name."""

    def databases(self) -> list[dict[str, Any]]:
        """All databases."""

    def tables(self, database: str) -> list[CatalogTable]:
        """All tables of a database."""

    def find(self, database: str, name: str) -> CatalogTable | None:
        """A table; None where there is none."""

    def has_database(self, database: str) -> bool:
        """Whether there is such a database."""

    def names(self, database: str | None = None) -> list[str]:
        """Names of a database's tables, or of the databases."""


def hive_type(column: dict[str, str]) -> SqlType:
    """The type of a catalog's column.

    Raises:
        NotOnLaptopError: the laptop does not read columns of it.
    """
    declared = column["Type"].lower()
    kind = _HIVE.get(declared, declared)
    if kind in _SIMPLE:
        return SqlType(kind)
    if kind == "timestamp":
        return types.TIMESTAMP
    if found := _WITH_NUMBERS.fullmatch(kind):
        if found[1] == "varchar":
            return types.varchar(int(found[2]))
        return types.decimal(int(found[2]), int(found[3] or 0))
    raise NotOnLaptopError(f"column {column['Name']}: type {declared}")


def shown_type(column: dict[str, str]) -> str:
    """A column's type as Athena names it, whether the laptop reads it or not."""
    try:
        return str(hive_type(column))
    except NotOnLaptopError:
        return column["Type"].lower()


def definition_of(view: CatalogTable) -> dict[str, Any]:
    """What a view's text says: its query, its database, its columns.

    Raises:
        AthenaQueryError: it is not one of Athena's, or its declaration is another.
    """
    found = _VIEW_TEXT.fullmatch(str(view.get("ViewOriginalText", "")).strip())
    if not found or view.get("Parameters", {}).get("presto_view") != "true":
        raise AthenaQueryError(f"INVALID_VIEW: View '{view['Name']}' is not one that Athena made")
    definition: dict[str, Any] = json.loads(base64.b64decode(found[1]))
    declared = [column["Name"] for column in view["StorageDescriptor"]["Columns"]]
    if declared != [column["name"] for column in definition["columns"]]:
        raise AthenaQueryError(f"VIEW_IS_STALE: View '{view['Name']}' is stale; it must be re-created")
    return definition
