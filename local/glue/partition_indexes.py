"""The Glue Data Catalog's partition indexes: which there are; looking partitions up is quick here without any."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from local.account.gateway import ServiceError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.account.gateway import Operation
    from local.account.state import AccountState
    from local.glue.catalog import GlueCatalog

_MOST = 3
"""Indexes a table. Source: https://docs.aws.amazon.com/glue/latest/dg/partition-indexes.html."""

_TYPES = {"string", "char", "varchar", "int", "bigint", "long", "tinyint", "smallint", "date"}


class PartitionIndexes:
    """The partition index operations of Glue."""

    def __init__(self, state: AccountState, catalog: GlueCatalog) -> None:
        self._state = state
        self._catalog = catalog

    def operations(self) -> Mapping[str, Operation]:
        """The operations by X-Amz-Target."""
        supported = {
            "CreatePartitionIndex": self._create,
            "GetPartitionIndexes": self._get,
            "DeletePartitionIndex": self._delete,
        }
        return {f"AWSGlue.{name}": operation for name, operation in supported.items()}

    def _create(self, request: dict[str, Any]) -> dict[str, Any]:
        table, index = self._catalog.table(request["DatabaseName"], request["TableName"]), request["PartitionIndex"]
        known = self._of(table)
        if index["IndexName"] in known:
            raise ServiceError("AlreadyExistsException", f"Index {index['IndexName']} already exists.")
        if len(known) >= _MOST:
            raise ServiceError("ResourceNumberLimitExceededException", f"A table has at most {_MOST} indexes.")
        _check_keys(table, index["Keys"])
        row = (*_place(table), index["IndexName"], json.dumps(index["Keys"]))
        with self._state.transaction() as transaction:
            transaction.execute("INSERT INTO partition_indexes VALUES (?, ?, ?, ?)", row)
        return {}

    def _get(self, request: dict[str, Any]) -> dict[str, Any]:
        table = self._catalog.table(request["DatabaseName"], request["TableName"])
        types = {key["Name"]: key["Type"] for key in table["PartitionKeys"]}
        listed = [
            {
                "IndexName": name,
                "Keys": [{"Name": key, "Type": types[key]} for key in keys],
                "IndexStatus": "ACTIVE",
            }
            for name, keys in self._of(table).items()
        ]
        return {"PartitionIndexDescriptorList": listed}

    def _delete(self, request: dict[str, Any]) -> dict[str, Any]:
        table = self._catalog.table(request["DatabaseName"], request["TableName"])
        if request["IndexName"] not in self._of(table):
            raise ServiceError("EntityNotFoundException", f"Index {request['IndexName']} not found.")
        query = "DELETE FROM partition_indexes WHERE database_name = ? AND table_name = ? AND name = ?"
        with self._state.transaction() as transaction:
            transaction.execute(query, (*_place(table), request["IndexName"]))
        return {}

    def _of(self, table: dict[str, Any]) -> dict[str, list[str]]:
        query = "SELECT name, keys FROM partition_indexes WHERE database_name = ? AND table_name = ? ORDER BY name"
        return {name: json.loads(keys) for name, keys in self._state.rows(query, _place(table))}


def _check_keys(table: dict[str, Any], keys: list[str]) -> None:
    types = {key["Name"]: key["Type"] for key in table["PartitionKeys"]}
    if unknown := [key for key in keys if key not in types]:
        text = f"Keys {', '.join(unknown)} are not partition keys of table {table['Name']}"
        raise ServiceError("InvalidInputException", text)
    if unsupported := [key for key in keys if types[key].partition("(")[0] not in _TYPES]:
        raise ServiceError(
            "InvalidInputException", f"Keys {', '.join(unsupported)} are of a type that cannot be indexed"
        )


def _place(table: dict[str, Any]) -> tuple[str, str]:
    return table["DatabaseName"], table["Name"]
