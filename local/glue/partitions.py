"""The Glue Data Catalog's partitions: one row of the state each, so that 20,000 of them cost what their number costs."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from local.account import ACCOUNT_ID
from local.account.gateway import ServiceError
from local.glue.catalog import GlueCatalog
from local.glue.partition_choice import choice

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from local.account.gateway import Operation
    from local.account.state import AccountState

_LIMITS = {"PartitionInputList": 100, "PartitionsToDelete": 25, "Entries": 100, "PartitionsToGet": 1000}
"""The largest batches, by parameter. Source: https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-catalog-partitions.html."""

_LARGEST_PAGE = 1000
_HERE = "database_name = ? AND table_name = ?"
_THIS = f"{_HERE} AND partition_values = ?"
_DECLARED = "json_extract(body, '$.StorageDescriptor.Columns')"
_LOOKED_UP = 500  # partitions by one query


Change = Callable[[sqlite3.Connection, dict[str, Any], Any], None]
"""What one item of a batch does to the rows: in this transaction, to that table, with the item as it was given."""


class Partitions:
    """The partition operations of Glue."""

    def __init__(self, state: AccountState, catalog: GlueCatalog) -> None:
        self._state = state
        self._catalog = catalog

    def operations(self) -> Mapping[str, Operation]:
        """The operations by X-Amz-Target."""
        supported = {
            "CreatePartition": lambda request: self._one(_create, request, request["PartitionInput"]),
            "UpdatePartition": lambda request: self._one(_update, request, request),
            "DeletePartition": lambda request: self._one(_delete, request, request["PartitionValues"]),
            "GetPartition": self._get_partition,
            "GetPartitions": self._get_partitions,
            "BatchCreatePartition": lambda request: self._batch(_create, request, "PartitionInputList"),
            "BatchUpdatePartition": lambda request: self._batch(_update, request, "Entries"),
            "BatchDeletePartition": lambda request: self._batch(_delete, request, "PartitionsToDelete"),
            "BatchGetPartition": self._batch_get_partition,
        }
        return {f"AWSGlue.{name}": operation for name, operation in supported.items()}

    def locations(
        self, table: dict[str, Any], alias: str = "", condition: str | None = None
    ) -> Iterator[tuple[list[str], str]]:
        """Values and location of the partitions of a table, in the order in which they were registered.

        Args:
            alias: what the condition calls the table.
            condition: DuckDB's text about the partition columns: those for which it cannot hold may be left out.
        """
        query = f"SELECT partition_values, location FROM partitions WHERE {_HERE} ORDER BY rowid"  # noqa: S608 - constants
        if condition:
            query = choice(alias, condition, table["PartitionKeys"], _HERE) or query
        for values, location in self._state.rows(query, _place(table)):
            yield json.loads(values), location

    def declared(
        self, table: dict[str, Any], wanted: Sequence[Sequence[str]]
    ) -> dict[tuple[str, ...], list[dict[str, str]]]:
        """Of the wanted partitions that declare columns other than the table's: those columns, by the partitions' values."""
        types = {column["Name"].lower(): column["Type"] for column in table["StorageDescriptor"]["Columns"]}
        found = {}
        for first in range(0, len(wanted), _LOOKED_UP):
            some = [json.dumps(values) for values in wanted[first : first + _LOOKED_UP]]
            these, place = f"{_HERE} AND partition_values IN ({', '.join('?' * len(some))})", (*_place(table), *some)
            query = f"SELECT {_DECLARED}, json_group_array(partition_values) FROM partitions WHERE {these} GROUP BY 1"  # noqa: S608 - constants
            for text, declaring in self._state.rows(query, place):
                columns = json.loads(text or "[]")
                if any(types.get(column["Name"].lower(), column["Type"]) != column["Type"] for column in columns):
                    found.update({tuple(json.loads(values)): columns for values in json.loads(declaring)})
        return found

    # --- one and many ----------------------------------------------------------------------------------------------------

    def _one(self, change: Change, request: dict[str, Any], item: Any) -> dict[str, Any]:  # noqa: ANN401 - AWS's JSON
        table = self._catalog.table(request["DatabaseName"], request["TableName"])
        with self._state.transaction() as transaction:
            change(transaction, table, item)
        return {}

    def _batch(self, change: Change, request: dict[str, Any], parameter: str) -> dict[str, Any]:
        items = _limited(request, parameter)
        table = self._catalog.table(request["DatabaseName"], request["TableName"])
        errors = []
        with self._state.transaction() as transaction:
            for item in items:
                try:
                    change(transaction, table, item)
                except ServiceError as error:
                    errors.append(_batch_error(parameter, item, error))
        return {"Errors": errors} if errors else {}

    def _batch_get_partition(self, request: dict[str, Any]) -> dict[str, Any]:
        table = self._catalog.table(request["DatabaseName"], request["TableName"])
        query = f"SELECT body FROM partitions WHERE {_THIS}"  # noqa: S608 - constants
        found: list[dict[str, Any]] = []
        for item in _limited(request, "PartitionsToGet"):
            rows = self._state.rows(query, (*_place(table), json.dumps(item["Values"])))
            found.extend(json.loads(body) for (body,) in rows)
        return {"Partitions": found, "UnprocessedKeys": []}

    def _get_partition(self, request: dict[str, Any]) -> dict[str, Any]:
        wanted = [{"Values": request["PartitionValues"]}]
        found = self._batch_get_partition({**request, "PartitionsToGet": wanted})["Partitions"]
        if not found:
            raise ServiceError("EntityNotFoundException", "Cannot find partition.")
        return {"Partition": found[0]}

    def _get_partitions(self, request: dict[str, Any]) -> dict[str, Any]:
        table = self._catalog.table(request["DatabaseName"], request["TableName"])
        from local.glue.partition_filter import filter_to_sql  # noqa: PLC0415 - sqlglot, an eighth of a second

        expression = request.get("Expression")
        condition = filter_to_sql(expression, table["PartitionKeys"]) if expression else "1"
        size = min(int(request.get("MaxResults") or _LARGEST_PAGE), _LARGEST_PAGE)
        query = (
            f"SELECT rowid, body FROM partitions WHERE {_HERE} AND rowid > ? AND ({condition}) "  # noqa: S608 - parsed
            "ORDER BY rowid LIMIT ?"
        )
        rows = self._state.rows(query, (*_place(table), int(request.get("NextToken") or 0), size + 1))
        page = {"Partitions": [json.loads(body) for _, body in rows[:size]]}
        return page | ({"NextToken": str(rows[size - 1][0])} if len(rows) > size else {})


# --- one partition ---------------------------------------------------------------------------------------------------


def _create(transaction: sqlite3.Connection, table: dict[str, Any], given: dict[str, Any]) -> None:
    values = _checked(table, given["Values"])
    if _body(transaction, table, values) is not None:
        raise ServiceError("AlreadyExistsException", "Partition already exists.")
    row = (*_place(table), *_row(table, given, values, time.time()))
    transaction.execute("INSERT INTO partitions VALUES (?, ?, ?, ?, ?)", row)


def _update(transaction: sqlite3.Connection, table: dict[str, Any], entry: dict[str, Any]) -> None:
    old, given = entry["PartitionValueList"], entry["PartitionInput"]
    values = _checked(table, given.get("Values") or old)
    known = _body(transaction, table, old)
    if known is None:
        raise ServiceError("EntityNotFoundException", "Cannot find partition.")
    if values != old and _body(transaction, table, values) is not None:
        raise ServiceError("AlreadyExistsException", "Partition already exists.")
    transaction.execute(
        f"UPDATE partitions SET partition_values = ?, location = ?, body = ? WHERE {_THIS}",  # noqa: S608 - constants
        (*_row(table, given, values, json.loads(known)["CreationTime"]), *_place(table), json.dumps(old)),
    )


def _delete(transaction: sqlite3.Connection, table: dict[str, Any], item: Any) -> None:  # noqa: ANN401 - AWS's JSON
    values = item["Values"] if isinstance(item, dict) else item
    key = (*_place(table), json.dumps(values))
    if transaction.execute(f"DELETE FROM partitions WHERE {_THIS}", key).rowcount == 0:  # noqa: S608 - constants
        raise ServiceError("EntityNotFoundException", "Cannot find partition.")


def _body(transaction: sqlite3.Connection, table: dict[str, Any], values: Sequence[str]) -> str | None:
    query = f"SELECT body FROM partitions WHERE {_THIS}"  # noqa: S608 - constants
    found = transaction.execute(query, (*_place(table), json.dumps(values))).fetchone()
    return found[0] if found else None


def _row(table: dict[str, Any], given: dict[str, Any], values: Sequence[str], created: float) -> tuple[str, str, str]:
    body = {
        **given,
        "Values": values,
        "DatabaseName": table["DatabaseName"],
        "TableName": table["Name"],
        "CreationTime": created,
        "CatalogId": ACCOUNT_ID,
    }
    location = given.get("StorageDescriptor", {}).get("Location", "")
    return json.dumps(values), location, json.dumps(body)


def _checked(table: dict[str, Any], values: list[str]) -> list[str]:
    if len(values) != len(table["PartitionKeys"]):
        text = "The number of partition keys do not match the number of partition values"
        raise ServiceError("InvalidInputException", text)
    return values


def _place(table: dict[str, Any]) -> tuple[str, str]:
    return table["DatabaseName"], table["Name"]


def _limited(request: dict[str, Any], parameter: str) -> list[Any]:
    items: list[Any] = request[parameter]
    if len(items) > _LIMITS[parameter]:
        text = (
            f"1 validation error detected: Value at '{parameter[0].lower()}{parameter[1:]}' failed to satisfy "
            f"constraint: Member must have length less than or equal to {_LIMITS[parameter]}"
        )
        raise ServiceError("ValidationException", text)
    return items


def _batch_error(parameter: str, item: dict[str, Any], error: ServiceError) -> dict[str, Any]:
    detail = {"ErrorCode": error.code, "ErrorMessage": error.message}
    if parameter == "Entries":
        return {"PartitionValueList": item["PartitionValueList"], "ErrorDetail": detail}
    return {"PartitionValues": item["Values"], "ErrorDetail": detail}
