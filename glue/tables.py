"""The contract's tables for Spark, and their definitions in the catalog, which the job keeps in step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError
from pyspark.sql import types as st

from expectations.contract.catalog import SCHEMA_PARAMETER, table_input
from expectations.contract.tables import JOB_TABLES, RAW_COLUMNS, Column, ColumnType, Table
from expectations.queries.transformations import INDEX, ORIGIN, REFERENCE_DATE
from glue.errors import JobError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_glue import GlueClient
    from mypy_boto3_glue.type_defs import (
        ColumnOutputTypeDef,
        ColumnTypeDef,
        StorageDescriptorOutputTypeDef,
        StorageDescriptorTypeDef,
        TableInputTypeDef,
        TableTypeDef,
    )

_SPARK_TYPES: dict[ColumnType, st.DataType] = {
    ColumnType.STRING: st.StringType(),
    ColumnType.BIGINT: st.LongType(),
    ColumnType.INT: st.IntegerType(),
    ColumnType.DOUBLE: st.DoubleType(),
    ColumnType.BOOLEAN: st.BooleanType(),
    ColumnType.DATE: st.DateType(),
    ColumnType.TIMESTAMP: st.TimestampType(),
}


def spark_schema(columns: Sequence[Column]) -> st.StructType:
    """Columns as a Spark schema."""
    return st.StructType(
        [st.StructField(column.name, _SPARK_TYPES[column.type], column.nullable) for column in columns]
    )


def input_schema() -> st.StructType:
    """The raw columns, and the three that the job's input folders state: `indice`, `reference_date` and `origem`."""
    folders = [
        st.StructField(INDEX, st.StringType()),
        st.StructField(REFERENCE_DATE, st.DateType()),
        st.StructField(ORIGIN, st.StringType()),
    ]
    return st.StructType([*spark_schema(RAW_COLUMNS), *folders])


def keep_in_step(glue: GlueClient, database: str, refined_bucket: str) -> list[str]:
    """Bring the definitions of the job's tables in the catalog to this code's contract; partitions are never touched.

    Returns:
        Names of the tables that were created or updated.

    Raises:
        JobError: a table has other partition columns, or other columns than it says it was declared with.
    """
    return [table.name for table in JOB_TABLES if _keep(glue, database, table, table_input(table, refined_bucket))]


def _keep(glue: GlueClient, database: str, table: Table, wanted: TableInputTypeDef) -> bool:
    found = _find(glue, database, table.name)
    if found is None:
        glue.create_table(DatabaseName=database, TableInput=wanted)
        return True
    if not _differences(found, wanted):
        return False
    _refuse_broken_word(table, found, wanted)
    parameters = {**found.get("Parameters", {}), **wanted["Parameters"]}
    glue.update_table(DatabaseName=database, TableInput={**wanted, "Parameters": parameters})
    return True


def _find(glue: GlueClient, database: str, name: str) -> TableTypeDef | None:
    try:
        return glue.get_table(DatabaseName=database, Name=name)["Table"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "EntityNotFoundException":
            return None
        raise


def _refuse_broken_word(table: Table, found: TableTypeDef, wanted: TableInputTypeDef) -> None:
    differences = _differences(found, wanted)
    if "partition columns" in differences:
        raise JobError(f"table {table.name}: its partition columns are not the contract's; make the table anew")
    declared = found.get("Parameters", {}).get(SCHEMA_PARAMETER)
    if declared == wanted["Parameters"][SCHEMA_PARAMETER]:
        raise JobError(
            f"table {table.name}: its {' and '.join(differences)} are not those that it was declared with "
            f"({SCHEMA_PARAMETER} {declared}); deploy the Pulumi program again"
        )


def _differences(found: TableTypeDef, wanted: TableInputTypeDef) -> list[str]:
    have, want = found["StorageDescriptor"], wanted["StorageDescriptor"]
    pairs = {
        "columns": (_typed(have.get("Columns", [])), _typed(want["Columns"])),
        "partition columns": (_typed(found.get("PartitionKeys", [])), _typed(wanted["PartitionKeys"])),
        "location": (have.get("Location", "").rstrip("/"), want["Location"].rstrip("/")),
        "formats": (_formats(have), _formats(want)),
    }
    return [name for name, (one, other) in pairs.items() if one != other]


def _typed(columns: Sequence[ColumnTypeDef | ColumnOutputTypeDef]) -> list[tuple[str, str]]:
    return [(column["Name"], column.get("Type", "")) for column in columns]


def _formats(descriptor: StorageDescriptorOutputTypeDef | StorageDescriptorTypeDef) -> tuple[str, str, str]:
    serde = descriptor["SerdeInfo"].get("SerializationLibrary", "") if "SerdeInfo" in descriptor else ""
    return descriptor.get("InputFormat", ""), descriptor.get("OutputFormat", ""), serde
