"""Athena's operations that show the catalog, which is how clients list databases and tables without a query.

Source: https://docs.aws.amazon.com/athena/latest/APIReference/.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from local.account.gateway import ServiceError
from local.athena.rights import CallersCatalog
from local.rights.privileges import caller

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from local.account.gateway import Operation
    from local.athena.analysis.planned import CatalogTable
    from local.glue.catalog import GlueCatalog
    from local.glue.partitions import Partitions
    from local.rights.api_calls import AccountPlace

CATALOG_NAME = "AwsDataCatalog"
_LARGEST_PAGE = 50
_NOT_OFFERED = (
    *("BatchGetNamedQuery", "BatchGetPreparedStatement", "CancelCapacityReservation", "CreateCapacityReservation"),
    *(
        "CreateNotebook",
        "CreatePreparedStatement",
        "CreatePresignedNotebookUrl",
        "DeleteCapacityReservation",
        "DeleteDataCatalog",
    ),
    *("DeleteNamedQuery", "DeleteNotebook", "DeletePreparedStatement", "ExportNotebook", "GetCalculationExecution"),
    *("GetCalculationExecutionCode", "GetCalculationExecutionStatus", "GetCapacityAssignmentConfiguration"),
    *(
        "GetCapacityReservation",
        "GetNotebookMetadata",
        "GetPreparedStatement",
        "GetSession",
        "GetSessionStatus",
        "ImportNotebook",
    ),
    *(
        "ListApplicationDPUSizes",
        "ListCalculationExecutions",
        "ListCapacityReservations",
        "ListEngineVersions",
        "ListExecutors",
    ),
    *(
        "ListNotebookMetadata",
        "ListNotebookSessions",
        "ListPreparedStatements",
        "ListSessions",
        "PutCapacityAssignmentConfiguration",
    ),
    *(
        "StartCalculationExecution",
        "StartSession",
        "StopCalculationExecution",
        "TerminateSession",
        "UpdateCapacityReservation",
    ),
    *("UpdateDataCatalog", "UpdateNamedQuery", "UpdateNotebook", "UpdateNotebookMetadata", "UpdatePreparedStatement"),
    *("GetResourceDashboard", "GetSessionEndpoint", "UpdateWorkGroup"),
)
"""What Athena has and neither the account nor moto does."""


class CatalogMetadata:
    """The operations that list data catalogs, databases and tables, and those that the laptop does not offer.

    Args:
        catalog: databases and tables.
        partitions: the registered partitions.
        place: of the account.
    """

    def __init__(self, catalog: GlueCatalog, partitions: Partitions, place: AccountPlace) -> None:
        self._catalog = catalog
        self._partitions = partitions
        self._place = place

    def operations(self) -> Mapping[str, Operation]:
        """The operations by their names."""
        return {
            "ListDataCatalogs": self._list_data_catalogs,
            "GetDataCatalog": self._get_data_catalog,
            "ListDatabases": self._list_databases,
            "GetDatabase": self._get_database,
            "ListTableMetadata": self._list_table_metadata,
            "GetTableMetadata": self._get_table_metadata,
            **{name: _not_offered(name) for name in _NOT_OFFERED},
        }

    def _list_data_catalogs(self, request: dict[str, Any]) -> dict[str, Any]:
        return _page("DataCatalogsSummary", [{"CatalogName": CATALOG_NAME, "Type": "GLUE"}], request)

    def _get_data_catalog(self, request: dict[str, Any]) -> dict[str, Any]:
        _check_catalog(request["Name"])
        return {
            "GlueCatalog": {"Name": CATALOG_NAME, "Type": "GLUE", "Parameters": {"catalog-id": self._place.account_id}}
        }

    def _list_databases(self, request: dict[str, Any]) -> dict[str, Any]:
        _check_catalog(request["CatalogName"])
        return _page("DatabaseList", [_database(known) for known in self._seen().databases()], request)

    def _get_database(self, request: dict[str, Any]) -> dict[str, Any]:
        _check_catalog(request["CatalogName"])
        wanted = request["DatabaseName"].strip("`").lower()
        for known in self._seen().databases():
            if known["Name"] == wanted:
                return {"Database": _database(known)}
        raise ServiceError("MetadataException", f"Database {wanted} not found.")

    def _list_table_metadata(self, request: dict[str, Any]) -> dict[str, Any]:
        _check_catalog(request["CatalogName"])
        tables = self._seen().tables(request["DatabaseName"].strip("`").lower())
        if expression := request.get("Expression"):
            tables = [table for table in tables if re.fullmatch(expression, table["Name"])]
        return _page("TableMetadataList", [_metadata(table) for table in tables], request)

    def _get_table_metadata(self, request: dict[str, Any]) -> dict[str, Any]:
        _check_catalog(request["CatalogName"])
        database, name = (request[part].strip("`").lower() for part in ("DatabaseName", "TableName"))
        table = self._seen().find(database, name)
        if table is None:
            raise ServiceError("MetadataException", f"EntityNotFoundException: Table {database}.{name} not found.")
        return {"TableMetadata": _metadata(table)}

    def _seen(self) -> CallersCatalog:
        return CallersCatalog(self._catalog, self._partitions, caller(), self._place)


def _not_offered(name: str) -> Operation:
    def refuse(_: dict[str, Any]) -> dict[str, Any]:
        raise ServiceError(
            "InvalidRequestException", f"AmazonAthena.{name} is not offered by the account on the laptop"
        )

    return refuse


def _check_catalog(name: str) -> None:
    if name.lower() != CATALOG_NAME.lower():
        raise ServiceError("InvalidRequestException", f"GlueCatalog {name} was not found")


def _page(key: str, found: Sequence[dict[str, Any]], request: dict[str, Any]) -> dict[str, Any]:
    size = min(int(request.get("MaxResults") or _LARGEST_PAGE), _LARGEST_PAGE)
    offset = int(request.get("NextToken") or 0)
    page: dict[str, Any] = {key: list(found[offset : offset + size])}
    return page | ({"NextToken": str(offset + size)} if len(found) > offset + size else {})


def _database(known: dict[str, Any]) -> dict[str, Any]:
    optional = {name: known[name] for name in ("Description", "Parameters") if known.get(name)}
    return {"Name": known["Name"], **optional}


def _metadata(table: CatalogTable) -> dict[str, Any]:
    storage = table["StorageDescriptor"]
    serde = storage.get("SerdeInfo", {})
    formats = {
        "location": storage.get("Location"),
        "inputformat": storage.get("InputFormat"),
        "outputformat": storage.get("OutputFormat"),
        "serde.serialization.lib": serde.get("SerializationLibrary"),
    }
    return {
        "Name": table["Name"],
        "CreateTime": table.get("CreateTime"),
        "TableType": table.get("TableType", "EXTERNAL_TABLE"),
        "Columns": [_column(column) for column in storage["Columns"]],
        "PartitionKeys": [_column(column) for column in table.get("PartitionKeys", [])],
        "Parameters": {**table.get("Parameters", {}), **{name: value for name, value in formats.items() if value}},
    }


def _column(column: dict[str, str]) -> dict[str, str]:
    comment = {"Comment": column["Comment"]} if column.get("Comment") else {}
    return {"Name": column["Name"], "Type": column["Type"], **comment}
