"""The Glue Data Catalog: the partitions of the contract's tables, and where each points to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from expectations.contract.catalog import storage_descriptor
from flows.errors import PublishError
from flows.lake.calls import aws_errors, batches
from flows.lake.fence import within

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_glue.type_defs import PartitionInputTypeDef, PartitionTypeDef

    from expectations.contract.tables import Table
    from flows.lake.fence import Fence

# https://docs.aws.amazon.com/glue/latest/webapi/API_BatchCreatePartition.html, …BatchUpdatePartition, …BatchDeletePartition
_MOST_WRITTEN = 100
_MOST_DELETED = 25

Values = tuple[str, ...]
"""A partition's values as the catalog holds them, in the order of the table's partition columns."""


@dataclass(frozen=True, slots=True)
class Catalog:
    """The partitions in one database. Every method raises `AwsError` where Glue refuses, fails, or is not to be had.

    Attributes:
        bucket: the refined bucket's name, in which all partitions lie.
        fence: what must hold for a write, for Glue knows no conditional ones; None where nothing must.
    """

    client: GlueClient
    database: str
    bucket: str
    fence: Fence | None = None

    def partitions(self, table: Table, expression: str) -> dict[Values, str]:
        """The key prefix that each partition points to.

        Args:
            expression: which ones, as Glue's GetPartitions takes it; empty for all.
        """
        root = f"s3://{self.bucket}/"
        return {
            tuple(item["Values"]): item["StorageDescriptor"].get("Location", "").removeprefix(root)
            for item in self._read(table, expression)
        }

    def parameters(self, table: Table, expression: str) -> dict[Values, dict[str, str]]:
        """The parameters of each partition; the expression as in `partitions`."""
        return {tuple(item["Values"]): dict(item.get("Parameters", {})) for item in self._read(table, expression)}

    def _read(self, table: Table, expression: str) -> list[PartitionTypeDef]:
        chosen: Any = {"Expression": expression} if expression else {}
        with aws_errors(f"reading partitions of {table.name}"):
            pages = self.client.get_paginator("get_partitions").paginate(
                DatabaseName=self.database, TableName=table.name, ExcludeColumnSchema=True, **chosen
            )
            return [partition for page in pages for partition in page["Partitions"]]

    def create(self, table: Table, prefixes: Mapping[Values, str], *, anew: bool = True) -> None:
        """Add partitions that point to key prefixes.

        Args:
            anew: whether one that is there already is an error.

        Raises:
            PublishError: the catalog refused one.
        """
        known = frozenset() if anew else frozenset({"AlreadyExistsException"})
        for batch in batches(sorted(prefixes), _MOST_WRITTEN):
            with within(self.fence), aws_errors(f"creating partitions of {table.name}"):
                answer = self.client.batch_create_partition(
                    **self._of(table), PartitionInputList=[self._input(table, item, prefixes[item]) for item in batch]
                )
            _refuse(answer.get("Errors", []), f"creating partitions of {table.name}", known)

    def point(self, table: Table, prefixes: Mapping[Values, str]) -> None:
        """Point partitions to other key prefixes: up to a hundred by one call.

        Raises:
            PublishError: the catalog refused one.
        """
        for batch in batches(sorted(prefixes), _MOST_WRITTEN):
            entries: Any = [
                {"PartitionValueList": list(item), "PartitionInput": self._input(table, item, prefixes[item])}
                for item in batch
            ]
            with within(self.fence), aws_errors(f"updating partitions of {table.name}"):
                answer = self.client.batch_update_partition(**self._of(table), Entries=entries)
            _refuse(answer.get("Errors", []), f"updating partitions of {table.name}")

    def delete(self, table: Table, partitions: Iterable[Values]) -> None:
        """Remove partitions; one that is gone already is removed.

        Raises:
            PublishError: the catalog refused one.
        """
        for batch in batches(sorted(partitions), _MOST_DELETED):
            with within(self.fence), aws_errors(f"deleting partitions of {table.name}"):
                answer = self.client.batch_delete_partition(
                    **self._of(table), PartitionsToDelete=[{"Values": list(item)} for item in batch]
                )
            _refuse(
                answer.get("Errors", []), f"deleting partitions of {table.name}", frozenset({"EntityNotFoundException"})
            )

    def _of(self, table: Table) -> Any:  # noqa: ANN401 - of a request
        return {"DatabaseName": self.database, "TableName": table.name}

    def _input(self, table: Table, values: Values, prefix: str) -> PartitionInputTypeDef:
        location = f"s3://{self.bucket}/{prefix}"
        return {"Values": list(values), "StorageDescriptor": storage_descriptor(table, location)}


def _refuse(errors: Sequence[Any], action: str, known: frozenset[str] = frozenset()) -> None:
    unknown = [error for error in errors if error.get("ErrorDetail", {}).get("ErrorCode") not in known]
    if unknown:
        raise PublishError(f"{action}: {len(unknown)} refused, the first {unknown[0]}")
