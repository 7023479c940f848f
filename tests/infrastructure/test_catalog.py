"""The catalog: the contract's tables, declared before anything is written."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from expectations.contract.catalog import SCHEMA_PARAMETER, table_parameters
from expectations.contract.ledger import LEDGER_TABLE
from expectations.contract.tables import TABLES, Column, Table
from expectations.queries.views import VIEWS
from infrastructure.recording import EmptyAccount

if TYPE_CHECKING:
    from conftest import Deploy, Deployment

ALL_TABLES = (*TABLES, LEDGER_TABLE)
each_table = pytest.mark.parametrize("table", ALL_TABLES, ids=lambda table: table.name)
PARQUET = "org.apache.hadoop.hive.ql.io.parquet"


def as_declared(columns: tuple[Column, ...]) -> list[dict[str, str]]:
    return [{"name": item.name, "type": item.type.value, "comment": item.description} for item in columns]


def test_the_tables_are_the_contracts(deployed: Deployment) -> None:
    tables = [
        item.inputs["name"]
        for item in deployed.all("glue/catalogTable:CatalogTable")
        if item.inputs["tableType"] != "VIRTUAL_VIEW"
    ]
    assert sorted(tables) == sorted(table.name for table in ALL_TABLES)


@each_table
def test_a_table_has_the_contracts_columns_in_its_order(deployed: Deployment, table: Table) -> None:
    inputs = deployed.one("glue/catalogTable:CatalogTable", table.name).inputs
    assert inputs["storageDescriptor"]["columns"] == as_declared(table.columns)
    assert inputs["partitionKeys"] == as_declared(table.partitions)
    assert inputs["description"] == table.description


@each_table
def test_a_table_lies_below_its_prefix_of_the_refined_bucket(deployed: Deployment, table: Table) -> None:
    inputs = deployed.one("glue/catalogTable:CatalogTable", table.name).inputs
    assert inputs["storageDescriptor"]["location"] == f"s3://bovespa-refined-data-bucket/{table.prefix}"
    assert inputs["databaseName"] == "default"


@each_table
def test_a_table_is_external_parquet(deployed: Deployment, table: Table) -> None:
    inputs = deployed.one("glue/catalogTable:CatalogTable", table.name).inputs
    storage = inputs["storageDescriptor"]
    assert inputs["tableType"] == "EXTERNAL_TABLE"
    assert inputs["parameters"]["classification"] == "parquet"
    assert (storage["inputFormat"], storage["outputFormat"], storage["serDeInfo"]["serializationLibrary"]) == (
        f"{PARQUET}.MapredParquetInputFormat",
        f"{PARQUET}.MapredParquetOutputFormat",
        f"{PARQUET}.serde.ParquetHiveSerDe",
    )


@each_table
def test_a_table_states_with_which_columns_it_was_declared(deployed: Deployment, table: Table) -> None:
    parameters = deployed.one("glue/catalogTable:CatalogTable", table.name).inputs["parameters"]
    assert parameters[SCHEMA_PARAMETER] == table_parameters(table)[SCHEMA_PARAMETER]


@pytest.mark.parametrize(
    ("table", "keys"),
    [
        pytest.param("bovespa_refined_data", ["year", "month", "day"], id="shares"),
        pytest.param("bovespa_resumo_setor", ["year", "month", "day"], id="sectors"),
        pytest.param("bovespa_refined_indices", ["indice", "year", "month", "day"], id="shares of other indices"),
        pytest.param("bovespa_resumo_setor_indices", ["indice", "year", "month", "day"], id="their sectors"),
        pytest.param("bovespa_historico", ["indice", "year", "month"], id="history, by month"),
        pytest.param("bovespa_mudancas", ["indice", "year", "month"], id="changes, by month"),
    ],
)
def test_a_session_is_found_by_an_index(deployed: Deployment, table: str, keys: list[str]) -> None:
    index = deployed.one("glue/partitionIndex:PartitionIndex", table)
    assert index.inputs == {
        "databaseName": "default",
        "tableName": table,
        "partitionIndex": {"indexName": "session", "keys": keys},
    }
    assert deployed.one("glue/catalogTable:CatalogTable", table).urn in index.after


@each_table
def test_athena_uses_the_index(deployed: Deployment, table: Table) -> None:
    parameters = deployed.one("glue/catalogTable:CatalogTable", table.name).inputs["parameters"]
    assert parameters["partition_filtering.enabled"] == "true"


def test_the_program_declares_no_partitions(deployed: Deployment) -> None:
    assert deployed.all("glue/partition:Partition") == []


class WithDatabase(EmptyAccount):
    """An account whose catalog has the database, with the tags that are given."""

    meta = SimpleNamespace(partition="aws", region_name="sa-east-1")

    def __init__(self, tags: dict[str, str]) -> None:
        self.tags = tags

    def get_database(self, **asked: str) -> dict[str, Any]:
        return {"Database": {"Name": asked["Name"], "CatalogId": "123456789012"}}

    def get_tags(self, *, ResourceArn: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
        assert ResourceArn == "arn:aws:glue:sa-east-1:123456789012:database/default"
        return {"Tags": self.tags}


@pytest.mark.parametrize(
    "tags",
    [
        pytest.param({}, id="nobody's"),
        pytest.param({"project": "another"}, id="another project's"),
        pytest.param({"project": "pipeline-bovespa", "stack": "other"}, id="another stack's"),
    ],
)
def test_a_database_that_is_there_already_is_used_and_stays_whose_it_is(deploy: Deploy, tags: dict[str, str]) -> None:
    deployed = deploy(account=WithDatabase(tags))
    assert deployed.all("glue/catalogDatabase:CatalogDatabase") == []
    assert {table.inputs["databaseName"] for table in deployed.all("glue/catalogTable:CatalogTable")} == {"default"}


def test_a_database_that_the_stack_has_made_is_declared_again(deploy: Deploy) -> None:
    deployed = deploy(account=WithDatabase({"project": "pipeline-bovespa", "stack": "test"}))
    assert deployed.one("glue/catalogDatabase:CatalogDatabase").inputs["name"] == "default"


def test_a_database_is_never_deleted_for_others_may_have_tables_in_it(deployed: Deployment) -> None:
    database = deployed.one("glue/catalogDatabase:CatalogDatabase")
    assert (database.protected, database.retained) == (True, True)


def test_in_a_new_accounts_database_iam_alone_decides(deployed: Deployment) -> None:
    (given,) = deployed.one("glue/catalogDatabase:CatalogDatabase").inputs["createTableDefaultPermissions"]
    assert given == {
        "permissions": ["ALL"],
        "principal": {"dataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS"},
    }


def test_a_new_accounts_database_is_created_before_its_tables(deployed: Deployment) -> None:
    database = deployed.one("glue/catalogDatabase:CatalogDatabase")
    assert database.inputs["name"] == "default"
    tables = deployed.all("glue/catalogTable:CatalogTable")
    assert len(tables) == len(ALL_TABLES) + len(VIEWS)
    assert all(database.urn in table.after for table in tables)
