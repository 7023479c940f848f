"""The catalog: the contract's tables, declared before anything is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from expectations.contract.catalog import SCHEMA_PARAMETER, table_parameters
from expectations.contract.ledger import LEDGER_TABLE
from expectations.contract.tables import TABLES, Column, Table
from expectations.queries.views import VIEWS

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


def test_a_database_that_may_exist_is_not_created(deployed: Deployment) -> None:
    assert deployed.all("glue/catalogDatabase:CatalogDatabase") == []


def test_a_stack_may_have_the_database_created_before_its_tables(deploy: Deploy) -> None:
    deployed = deploy(createDatabase="true")
    database = deployed.one("glue/catalogDatabase:CatalogDatabase")
    assert database.inputs["name"] == "default"
    tables = deployed.all("glue/catalogTable:CatalogTable")
    assert len(tables) == len(ALL_TABLES) + len(VIEWS)
    assert all(database.urn in table.after for table in tables)
