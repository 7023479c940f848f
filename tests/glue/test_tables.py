"""The contract's tables for Spark, and the catalog kept in step with them: never a partition, never a broken word."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from pyspark.sql import types as st

from expectations.contract.catalog import SCHEMA_PARAMETER, storage_descriptor, table_input
from expectations.contract.names import DATABASE, REFINED_BUCKET
from expectations.contract.tables import JOB_TABLES, RAW_COLUMNS, REFINED_TABLE, Column, ColumnType
from glue.errors import JobError
from glue.tables import input_schema, keep_in_step, spark_schema

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Aws
    from mypy_boto3_glue import GlueClient

NAMES = [table.name for table in JOB_TABLES]
SPARK_TYPES = {
    ColumnType.STRING: "string",
    ColumnType.BIGINT: "bigint",
    ColumnType.INT: "int",
    ColumnType.DOUBLE: "double",
    ColumnType.BOOLEAN: "boolean",
    ColumnType.DATE: "date",
    ColumnType.TIMESTAMP: "timestamp",
}


# --- schemas -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ColumnType)
def test_every_type_of_the_contract_is_a_type_of_spark(kind: ColumnType) -> None:
    (field,) = spark_schema([Column("x", kind, nullable=False, description="")])
    assert field.dataType.simpleString() == SPARK_TYPES[kind]


def test_a_schema_keeps_the_columns_names_order_and_nullability() -> None:
    fields = [(field.name, field.nullable) for field in spark_schema(RAW_COLUMNS)]
    assert fields == [(column.name, column.nullable) for column in RAW_COLUMNS]


def test_the_input_is_the_raw_columns_and_what_its_folders_state() -> None:
    schema = input_schema()
    assert schema.names == [*(column.name for column in RAW_COLUMNS), "indice", "reference_date", "origem"]
    kinds = [schema[name].dataType for name in ("indice", "reference_date", "origem")]
    assert kinds == [st.StringType(), st.DateType(), st.StringType()]


# --- the catalog ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def glue(aws: Aws) -> GlueClient:
    """A catalog without tables."""
    for name in table_names(aws.glue):
        aws.glue.delete_table(DatabaseName=DATABASE, Name=name)
    return aws.glue


def table_names(glue: GlueClient) -> list[str]:
    return [table["Name"] for table in glue.get_tables(DatabaseName=DATABASE)["TableList"]]


def create(glue: GlueClient, change: Callable[[dict[str, Any]], object] = lambda _: None) -> None:
    """Create the contract's tables, the refined one with a change."""
    for table in JOB_TABLES:
        wanted: Any = copy.deepcopy(table_input(table, REFINED_BUCKET))
        if table is REFINED_TABLE:
            change(wanted)
        glue.create_table(DatabaseName=DATABASE, TableInput=wanted)


def older(wanted: dict[str, Any]) -> None:
    """Make the declaration one of an older contract: without its last column."""
    wanted["StorageDescriptor"]["Columns"].pop()
    wanted["Parameters"][SCHEMA_PARAMETER] = "older"


def refined(glue: GlueClient) -> dict[str, Any]:
    """The refined table as the catalog holds it."""
    found: Any = glue.get_table(DatabaseName=DATABASE, Name=REFINED_TABLE.name)["Table"]
    return dict(found)


def columns(table: dict[str, Any]) -> list[tuple[str, str]]:
    return [(column["Name"], column["Type"]) for column in table["StorageDescriptor"]["Columns"]]


def versions(glue: GlueClient) -> int:
    return len(glue.get_table_versions(DatabaseName=DATABASE, TableName=REFINED_TABLE.name)["TableVersions"])


CONTRACTS = [(column.name, column.type.value) for column in REFINED_TABLE.columns]


def test_tables_that_are_missing_are_created_as_the_contract_says(glue: GlueClient) -> None:
    assert keep_in_step(glue, DATABASE, REFINED_BUCKET) == NAMES
    wanted: Any = table_input(REFINED_TABLE, REFINED_BUCKET)
    found = refined(glue)
    assert sorted(table_names(glue)) == sorted(NAMES)
    assert {name: found[name] for name in wanted} == wanted


def test_tables_that_are_in_step_are_left_alone(glue: GlueClient) -> None:
    create(glue)
    assert keep_in_step(glue, DATABASE, REFINED_BUCKET) == []
    assert versions(glue) == 1


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda wanted: wanted.update(Description="what this table is to us"), id="description"),
        pytest.param(lambda wanted: wanted["Parameters"].update(owner="somebody"), id="parameter"),
        pytest.param(
            lambda wanted: wanted["StorageDescriptor"].update(Location=f"s3://{REFINED_BUCKET}/refined-data"),
            id="location without its last slash",
        ),
        pytest.param(lambda wanted: wanted["Parameters"].pop(SCHEMA_PARAMETER), id="not stated, but equal"),
    ],
)
def test_what_says_nothing_of_the_columns_may_differ(
    glue: GlueClient, change: Callable[[dict[str, Any]], object]
) -> None:
    create(glue, change)
    assert keep_in_step(glue, DATABASE, REFINED_BUCKET) == []


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(older, id="a column less"),
        pytest.param(
            lambda wanted: (older(wanted), wanted["StorageDescriptor"]["Columns"][0].update(Type="int")),
            id="another type",
        ),
        pytest.param(
            lambda wanted: (older(wanted), wanted["StorageDescriptor"].update(Location="s3://elsewhere/")),
            id="elsewhere",
        ),
        pytest.param(
            lambda wanted: (older(wanted), wanted["StorageDescriptor"]["SerdeInfo"].update(SerializationLibrary="x")),
            id="another format",
        ),
        pytest.param(lambda wanted: (older(wanted), wanted.pop("Parameters")), id="declared by hand, without a word"),
    ],
)
def test_an_older_declaration_is_brought_up_to_date(
    glue: GlueClient, change: Callable[[dict[str, Any]], object]
) -> None:
    create(glue, change)
    assert keep_in_step(glue, DATABASE, REFINED_BUCKET) == [REFINED_TABLE.name]
    assert columns(refined(glue)) == CONTRACTS
    assert keep_in_step(glue, DATABASE, REFINED_BUCKET) == []


def test_an_update_keeps_the_parameters_that_others_set(glue: GlueClient) -> None:
    create(glue, lambda wanted: (older(wanted), wanted["Parameters"].update(owner="somebody")))
    keep_in_step(glue, DATABASE, REFINED_BUCKET)
    wanted = table_input(REFINED_TABLE, REFINED_BUCKET)["Parameters"]
    assert refined(glue)["Parameters"] == {**wanted, "owner": "somebody"}


def test_an_update_touches_no_partition(glue: GlueClient) -> None:
    create(glue, older)
    where = f"s3://{REFINED_BUCKET}/refined-data/year=2025/month=06/day=30/acao=VALE3/"
    values = ["2025", "6", "30", "VALE3"]
    glue.create_partition(
        DatabaseName=DATABASE,
        TableName=REFINED_TABLE.name,
        PartitionInput={"Values": values, "StorageDescriptor": storage_descriptor(REFINED_TABLE, where)},
    )
    before = glue.get_partitions(DatabaseName=DATABASE, TableName=REFINED_TABLE.name)["Partitions"]
    keep_in_step(glue, DATABASE, REFINED_BUCKET)
    assert glue.get_partitions(DatabaseName=DATABASE, TableName=REFINED_TABLE.name)["Partitions"] == before != []


@pytest.mark.parametrize(
    ("change", "what"),
    [
        pytest.param(lambda wanted: wanted["StorageDescriptor"]["Columns"].pop(), "columns", id="columns"),
        pytest.param(
            lambda wanted: wanted["StorageDescriptor"].update(Location="s3://elsewhere/"), "location", id="location"
        ),
        pytest.param(lambda wanted: wanted["StorageDescriptor"].update(InputFormat="x"), "formats", id="formats"),
        pytest.param(
            lambda wanted: wanted["StorageDescriptor"].update(Columns=[], Location="s3://elsewhere/"),
            "columns and location",
            id="both",
        ),
    ],
)
def test_a_table_that_is_not_what_it_says_it_was_declared_as_is_refused(
    glue: GlueClient, change: Callable[[dict[str, Any]], object], what: str
) -> None:
    create(glue, change)
    with pytest.raises(
        JobError, match=rf"^table {REFINED_TABLE.name}: its {what} are not those that it was declared with"
    ):
        keep_in_step(glue, DATABASE, REFINED_BUCKET)
    assert versions(glue) == 1


@pytest.mark.parametrize("declaration", [lambda _: None, older], ids=["the contract's", "an older one"])
def test_a_table_with_other_partition_columns_is_refused_whatever_it_says(
    glue: GlueClient, declaration: Callable[[dict[str, Any]], None]
) -> None:
    create(glue, lambda wanted: (declaration(wanted), wanted["PartitionKeys"].pop()))
    with pytest.raises(JobError, match=rf"^table {REFINED_TABLE.name}: its partition columns are not the contract's"):
        keep_in_step(glue, DATABASE, REFINED_BUCKET)
    assert versions(glue) == 1


def test_a_catalog_that_cannot_be_asked_is_not_taken_for_an_empty_one(glue: GlueClient) -> None:
    class Throttled:
        def get_table(self, **_: str) -> None:
            raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "slow down"}}, "GetTable")

    throttled: Any = Throttled()
    with pytest.raises(ClientError, match="ThrottlingException"):
        keep_in_step(throttled, DATABASE, REFINED_BUCKET)
