"""A table as DESCRIBE and SHOW CREATE TABLE write it.

Source: https://docs.aws.amazon.com/athena/latest/ug/{describe-table,show-create-table}.html.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from local.athena.analysis.planned import CatalogTable

_PARQUET = "org.apache.hadoop.hive.ql.io.parquet"


def description_lines(table: CatalogTable) -> list[str]:
    """The columns with their types and comments, and the partition columns once more."""
    keys = table.get("PartitionKeys", [])
    lines = [_aligned(column) for column in (*table["StorageDescriptor"]["Columns"], *keys)]
    if keys:
        heading = _aligned({"Name": "# col_name", "Type": "data_type", "Comment": "comment"})
        lines += ["", "# Partition Information", heading, "", *map(_aligned, keys)]
    return lines


def _aligned(column: dict[str, str]) -> str:
    return f"{column['Name']:<20}\t{column['Type']:<20}\t{column.get('Comment', ''):<20}"


def create_table_lines(table: CatalogTable) -> list[str]:
    """The statement that makes the table."""
    storage = table["StorageDescriptor"]
    lines = [f"CREATE EXTERNAL TABLE `{table['DatabaseName']}.{table['Name']}`(", *_columns(storage["Columns"])]
    if keys := table.get("PartitionKeys", []):
        lines += ["PARTITIONED BY ( ", *_columns(keys)]
    serde = storage.get("SerdeInfo", {}).get("SerializationLibrary", f"{_PARQUET}.serde.ParquetHiveSerDe")
    lines += ["ROW FORMAT SERDE ", f"  '{serde}' "]
    lines += ["STORED AS INPUTFORMAT ", f"  '{storage.get('InputFormat', f'{_PARQUET}.MapredParquetInputFormat')}' "]
    lines += ["OUTPUTFORMAT ", f"  '{storage.get('OutputFormat', f'{_PARQUET}.MapredParquetOutputFormat')}'"]
    lines += ["LOCATION", f"  '{storage.get('Location', '')}'"]
    if properties := table.get("Parameters"):
        listed = [f"  '{name}'='{value}'" for name, value in sorted(properties.items())]
        lines += ["TBLPROPERTIES (", *_joined(listed)]
    return lines


def _columns(columns: Iterable[dict[str, str]]) -> list[str]:
    return _joined([f"  `{column['Name']}` {column['Type']}{_comment(column)}" for column in columns])


def _comment(column: dict[str, str]) -> str:
    comment = column.get("Comment", "").replace("'", "\\'")
    return f" COMMENT '{comment}'" if comment else ""


def _joined(lines: list[str]) -> list[str]:
    return [*(f"{line}, " for line in lines[:-1]), f"{lines[-1]})"]
