"""The Glue Data Catalog's databases and tables, in the state from the first; partitions are in `local.glue.partitions`."""

from __future__ import annotations

import json
import time
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from local.account import ACCOUNT_ID
from local.account.gateway import ServiceError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.account.gateway import Operation
    from local.account.state import AccountState

_LARGEST_PAGE = 100


class GlueCatalog:
    """Databases and tables."""

    def __init__(self, state: AccountState) -> None:
        self._state = state

    def operations(self) -> Mapping[str, Operation]:
        """The operations by X-Amz-Target."""
        supported = {
            "CreateDatabase": self._create_database,
            "UpdateDatabase": self._update_database,
            "DeleteDatabase": self._delete_database,
            "GetDatabase": lambda request: {"Database": self.database(request["Name"])},
            # Provisioning keeps none of a database's.
            "GetTags": lambda _: {"Tags": {}},
            "GetDatabases": lambda _: {"DatabaseList": self.databases()},
            "CreateTable": self._create_table,
            "UpdateTable": self._update_table,
            "DeleteTable": self._delete_table,
            "BatchDeleteTable": self._batch_delete_table,
            "GetTable": lambda request: {"Table": self.table(request["DatabaseName"], request["Name"])},
            "GetTables": self._get_tables,
        }
        return {f"AWSGlue.{name}": operation for name, operation in supported.items()}

    # --- databases -------------------------------------------------------------------------------------------------------

    def database(self, name: str) -> dict[str, Any]:
        """A database as GetDatabase states it.

        Raises:
            ServiceError: EntityNotFoundException.
        """
        rows = self._state.rows("SELECT body FROM databases WHERE name = ?", (name.lower(),))
        if not rows:
            raise ServiceError("EntityNotFoundException", f"Database {name.lower()} not found.")
        return _loaded(rows[0][0])

    def databases(self) -> list[dict[str, Any]]:
        """All databases."""
        return [_loaded(body) for (body,) in self._state.rows("SELECT body FROM databases ORDER BY name")]

    def ensure_database(self, name: str) -> None:
        """Create the database if it is not there; an AWS account where Athena was ever used has `default`."""
        if not self._state.rows("SELECT 1 FROM databases WHERE name = ?", (name,)):
            self._create_database({"DatabaseInput": {"Name": name}})

    def _create_database(self, request: dict[str, Any]) -> dict[str, Any]:
        given = request["DatabaseInput"]
        name = given["Name"].lower()
        if self._state.rows("SELECT 1 FROM databases WHERE name = ?", (name,)):
            raise ServiceError("AlreadyExistsException", "Database already exists.")
        self._save_database({**given, "Name": name, "CreateTime": time.time(), "CatalogId": ACCOUNT_ID})
        return {}

    def _update_database(self, request: dict[str, Any]) -> dict[str, Any]:
        known = self.database(request["Name"])
        self._save_database({**known, **request["DatabaseInput"], "Name": known["Name"]})
        return {}

    def _save_database(self, database: dict[str, Any]) -> None:
        with self._state.transaction() as transaction:
            transaction.execute(
                "INSERT OR REPLACE INTO databases VALUES (?, ?)", (database["Name"], json.dumps(database))
            )

    def _delete_database(self, request: dict[str, Any]) -> dict[str, Any]:
        name = self.database(request["Name"])["Name"]
        with self._state.transaction() as transaction:
            transaction.execute("DELETE FROM partition_indexes WHERE database_name = ?", (name,))
            transaction.execute("DELETE FROM partitions WHERE database_name = ?", (name,))
            transaction.execute("DELETE FROM tables WHERE database_name = ?", (name,))
            transaction.execute("DELETE FROM databases WHERE name = ?", (name,))
        return {}

    # --- tables ----------------------------------------------------------------------------------------------------------

    def table(self, database: str, name: str) -> dict[str, Any]:
        """A table as GetTable states it.

        Raises:
            ServiceError: EntityNotFoundException.
        """
        self.database(database)
        query = "SELECT body FROM tables WHERE database_name = ? AND name = ?"
        rows = self._state.rows(query, (database.lower(), name.lower()))
        if not rows:
            raise ServiceError("EntityNotFoundException", f"Table {name.lower()} not found.")
        return _loaded(rows[0][0])

    def tables(self, database: str) -> list[dict[str, Any]]:
        """All tables of a database, by name."""
        self.database(database)
        query = "SELECT body FROM tables WHERE database_name = ? ORDER BY name"
        return [_loaded(body) for (body,) in self._state.rows(query, (database.lower(),))]

    def _create_table(self, request: dict[str, Any]) -> dict[str, Any]:
        database, given = self.database(request["DatabaseName"])["Name"], request["TableInput"]
        name = given["Name"].lower()
        if self._state.rows("SELECT 1 FROM tables WHERE database_name = ? AND name = ?", (database, name)):
            raise ServiceError("AlreadyExistsException", "Table already exists.")
        self._save_table(database, name, given, {"CreateTime": time.time(), "VersionId": "0"})
        return {}

    def _update_table(self, request: dict[str, Any]) -> dict[str, Any]:
        given = request["TableInput"]
        known = self.table(request["DatabaseName"], request.get("Name") or given["Name"])
        kept = {"CreateTime": known["CreateTime"], "VersionId": str(int(known["VersionId"]) + 1)}
        self._save_table(known["DatabaseName"], known["Name"], given, kept)
        return {}

    def _save_table(self, database: str, name: str, given: dict[str, Any], kept: dict[str, Any]) -> None:
        table = {
            "PartitionKeys": [],
            **given,
            **kept,
            "Name": name,
            "DatabaseName": database,
            "UpdateTime": time.time(),
            "CatalogId": ACCOUNT_ID,
            "IsRegisteredWithLakeFormation": False,
        }
        with self._state.transaction() as transaction:
            transaction.execute("INSERT OR REPLACE INTO tables VALUES (?, ?, ?)", (database, name, json.dumps(table)))

    def _delete_table(self, request: dict[str, Any]) -> dict[str, Any]:
        table = self.table(request["DatabaseName"], request["Name"])
        place = (table["DatabaseName"], table["Name"])
        with self._state.transaction() as transaction:
            transaction.execute("DELETE FROM partition_indexes WHERE database_name = ? AND table_name = ?", place)
            transaction.execute("DELETE FROM partitions WHERE database_name = ? AND table_name = ?", place)
            transaction.execute("DELETE FROM tables WHERE database_name = ? AND name = ?", place)
        return {}

    def _batch_delete_table(self, request: dict[str, Any]) -> dict[str, Any]:
        errors = []
        for name in request["TablesToDelete"]:
            try:
                self._delete_table({"DatabaseName": request["DatabaseName"], "Name": name})
            except ServiceError as error:
                detail = {"ErrorCode": error.code, "ErrorMessage": error.message}
                errors.append({"TableName": name, "ErrorDetail": detail})
        return {"Errors": errors}

    def _get_tables(self, request: dict[str, Any]) -> dict[str, Any]:
        pattern = request.get("Expression") or "*"
        found = [table for table in self.tables(request["DatabaseName"]) if fnmatchcase(table["Name"], pattern)]
        size = min(int(request.get("MaxResults") or _LARGEST_PAGE), _LARGEST_PAGE)
        offset = int(request.get("NextToken") or 0)
        page = {"TableList": found[offset : offset + size]}
        return page | ({"NextToken": str(offset + size)} if len(found) > offset + size else {})


def _loaded(body: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(body)
    return loaded
