"""What clients' inspectors ask Athena for, and what the account on the laptop does not offer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.session import Session

from local.account.gateway import ServiceError
from local.athena.metadata import CatalogMetadata
from local.rights.api_calls import AccountPlace

if TYPE_CHECKING:
    from tests.local.conftest import Shares

CATALOG = {"CatalogName": "AwsDataCatalog"}


@pytest.fixture
def ask(shares: Shares) -> Any:  # noqa: ANN401
    operations = CatalogMetadata(shares.catalog, shares.partitions, AccountPlace()).operations()
    return lambda name, **request: operations[name](request)


def test_the_one_catalog_is_glues(ask: Any) -> None:  # noqa: ANN401
    assert ask("ListDataCatalogs") == {"DataCatalogsSummary": [{"CatalogName": "AwsDataCatalog", "Type": "GLUE"}]}
    assert ask("GetDataCatalog", Name="awsdatacatalog")["GlueCatalog"]["Type"] == "GLUE"


def test_databases_are_listed(ask: Any) -> None:  # noqa: ANN401
    assert ask("ListDatabases", **CATALOG) == {"DatabaseList": [{"Name": "default"}]}
    assert ask("GetDatabase", **CATALOG, DatabaseName="`default`") == {"Database": {"Name": "default"}}


def test_a_table_is_shown_with_its_columns_and_partition_columns(ask: Any) -> None:  # noqa: ANN401
    table = ask("GetTableMetadata", **CATALOG, DatabaseName="default", TableName="shares")["TableMetadata"]

    assert (table["Name"], table["TableType"]) == ("shares", "EXTERNAL_TABLE")
    assert table["Columns"][:2] == [
        {"Name": "name", "Type": "string", "Comment": "The company's name"},
        {"Name": "quantity", "Type": "bigint"},
    ]
    assert [key["Name"] for key in table["PartitionKeys"]] == ["day", "ticker"]
    assert table["Parameters"]["location"] == "s3://plain/shares/"


@pytest.mark.parametrize(("expression", "names"), [(None, ["shares"]), ("sh.*", ["shares"]), ("x.*", [])])
def test_tables_are_listed_by_an_expression(ask: Any, expression: str | None, names: list[str]) -> None:  # noqa: ANN401
    given = {"Expression": expression} if expression else {}

    listed = ask("ListTableMetadata", **CATALOG, DatabaseName="default", **given)["TableMetadataList"]

    assert [table["Name"] for table in listed] == names


def test_pages_are_handed_out_one_by_one(ask: Any, shares: Shares, table_input: dict[str, Any]) -> None:  # noqa: ANN401
    for name in ("a", "b"):
        request = {"DatabaseName": "default", "TableInput": {**table_input, "Name": name}}
        shares.catalog.operations()["AWSGlue.CreateTable"](request)

    first = ask("ListTableMetadata", **CATALOG, DatabaseName="default", MaxResults=2)
    second = ask("ListTableMetadata", **CATALOG, DatabaseName="default", MaxResults=2, NextToken=first["NextToken"])

    assert [table["Name"] for table in first["TableMetadataList"]] == ["a", "b"]
    assert [table["Name"] for table in second["TableMetadataList"]] == ["shares"]
    assert "NextToken" not in second


@pytest.mark.parametrize(
    ("operation", "request_", "reason"),
    [
        ("GetTableMetadata", {**CATALOG, "DatabaseName": "default", "TableName": "x"}, "Table default.x not found"),
        ("GetDatabase", {**CATALOG, "DatabaseName": "x"}, "Database x not found"),
        ("ListDatabases", {"CatalogName": "hive"}, "GlueCatalog hive was not found"),
        (
            "ListPreparedStatements",
            {},
            "AmazonAthena.ListPreparedStatements is not offered by the account on the laptop",
        ),
        ("BatchGetNamedQuery", {}, "is not offered by the account on the laptop"),
        ("ListEngineVersions", {}, "is not offered by the account on the laptop"),
    ],
)
def test_what_is_not_there_is_said(ask: Any, operation: str, request_: dict[str, Any], reason: str) -> None:  # noqa: ANN401
    with pytest.raises(ServiceError, match=reason):
        ask(operation, **request_)


LEFT_TO_MOTO = {
    *("CreateDataCatalog", "CreateNamedQuery", "CreateWorkGroup", "DeleteWorkGroup", "GetNamedQuery", "GetWorkGroup"),
    *("ListNamedQueries", "ListTagsForResource", "ListWorkGroups", "TagResource", "UntagResource"),
}
OF_QUERIES = {
    *("BatchGetQueryExecution", "GetQueryExecution", "GetQueryResults", "GetQueryRuntimeStatistics"),
    *("ListQueryExecutions", "StartQueryExecution", "StopQueryExecution"),
}


def test_every_operation_of_athena_is_answered_refused_or_motos(shares: Shares) -> None:
    known = set(CatalogMetadata(shares.catalog, shares.partitions, AccountPlace()).operations())

    assert set(Session().get_service_model("athena").operation_names) == known | LEFT_TO_MOTO | OF_QUERIES
