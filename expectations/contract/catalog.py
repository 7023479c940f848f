"""The contract's tables as the Glue Data Catalog holds them.

The Pulumi program declares the tables, the Glue job keeps them in step and publishing adds partitions, so all three render them
here. Standard library only.
"""

from __future__ import annotations

import hashlib
import json
from datetime import date
from typing import TYPE_CHECKING

from expectations.contract.tables import INDEX_PARTITION, TICKER_PARTITION, Column, Table

if TYPE_CHECKING:
    from mypy_boto3_glue.type_defs import ColumnTypeDef, StorageDescriptorTypeDef, TableInputTypeDef

# https://docs.aws.amazon.com/athena/latest/ug/parquet-serde.html
INPUT_FORMAT = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
OUTPUT_FORMAT = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"
SERDE = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
TABLE_TYPE = "EXTERNAL_TABLE"
PARTITION_INDEX = "session"

# A table states by this parameter which columns it was declared with, so that an older declaration, which the job brings up
# to date, can be told from one that does not keep its word, which is refused.
SCHEMA_PARAMETER = "bovespa.schema"


def table_parameters(table: Table) -> dict[str, str]:
    """The table's parameters, with the digest of its columns and partition columns."""
    columns = [[column.name, column.type.value] for column in (*table.columns, *table.partitions)]
    digest = hashlib.sha256(json.dumps(columns).encode()).hexdigest()[:16]
    return {
        "classification": "parquet",
        "EXTERNAL": "TRUE",
        # https://docs.aws.amazon.com/athena/latest/ug/glue-best-practices-partition-index.html
        "partition_filtering.enabled": "true",
        SCHEMA_PARAMETER: digest,
    }


def partition_index_keys(table: Table) -> list[str]:
    """The partition columns by which queries look for a session: all but the ticker, in the table's order."""
    return [column.name for column in table.partitions if column != TICKER_PARTITION]


def index_expression(index: str) -> str:
    """What Glue is asked for to get the partitions of an index, of a table that is partitioned by index."""
    return f"{INDEX_PARTITION.name} = '{index}'"


def index_partitions(table: Table, index: str | None) -> str:
    """What Glue is asked for to get the partitions of an index, or those of a table that has all indices in one."""
    return index_expression(index) if index and INDEX_PARTITION in table.partitions else ""


def session_expression(table: Table, index: str, session: date) -> str:
    """What Glue is asked for to get the partitions of a session."""
    of_session = f"year = {session.year} AND month = {session.month} AND day = {session.day}"
    return f"{index_expression(index)} AND {of_session}" if INDEX_PARTITION in table.partitions else of_session


def table_location(table: Table, refined_bucket: str) -> str:
    """The S3 address below which the table's files lie."""
    return f"s3://{refined_bucket}/{table.prefix}"


def storage_descriptor(table: Table, location: str) -> StorageDescriptorTypeDef:
    """How the files at a location are read as the table's columns, for the table itself or one of its partitions."""
    return {
        "Columns": _columns(table.columns),
        "Location": location,
        "InputFormat": INPUT_FORMAT,
        "OutputFormat": OUTPUT_FORMAT,
        "SerdeInfo": {"SerializationLibrary": SERDE, "Parameters": {"serialization.format": "1"}},
    }


def table_input(table: Table, refined_bucket: str) -> TableInputTypeDef:
    """The table as `CreateTable` and `UpdateTable` take it."""
    return {
        "Name": table.name,
        "Description": table.description,
        "TableType": TABLE_TYPE,
        "Parameters": table_parameters(table),
        "PartitionKeys": _columns(table.partitions),
        "StorageDescriptor": storage_descriptor(table, table_location(table, refined_bucket)),
    }


def _columns(columns: tuple[Column, ...]) -> list[ColumnTypeDef]:
    return [{"Name": column.name, "Type": column.type.value, "Comment": column.description} for column in columns]
