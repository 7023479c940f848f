"""Publishing a session: audited files to their final keys, then its partitions into the catalog.

Athena must never see half a session, nor a mixture of two versions of one. So partitions are made hidden, pointing at a prefix
without files; files are put in place, or replaced, while nobody sees them; then one call shows all of the session. What was
visible before is hidden by one call, too. (A call holds up to 100 partitions, Glue's limit of a batch; the Ibovespa has had at
most 92 shares.)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from expectations.contract.catalog import session_expression, storage_descriptor
from expectations.contract.keys import partition_prefix, partition_values
from expectations.contract.names import PART_NAME, STAGING_PREFIX
from expectations.contract.tables import Table, refined_table, summary_table
from flows.errors import PublishError
from flows.lake.clients import PARALLEL_CALLS, aws_errors

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_glue.type_defs import PartitionInputTypeDef
    from mypy_boto3_s3 import S3Client

    from expectations.contract.manifest import StagedFile
    from flows.session.staging import StagedSession

HIDDEN_PREFIX = f"{STAGING_PREFIX}hidden/"

# https://docs.aws.amazon.com/glue/latest/webapi/API_BatchCreatePartition.html, …BatchUpdatePartition, …BatchDeletePartition
_WRITE_BATCH = 100
_DELETE_BATCH = 25

Values = tuple[str, ...]
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Publisher:
    """Publishes audited sessions of one account.

    Attributes:
        bucket: the refined bucket.
        database: the catalog's database.
    """

    s3: S3Client
    glue: GlueClient
    bucket: str
    database: str

    def publish(self, staged: StagedSession) -> None:
        """Make the session's published state equal the staged one, whatever it was before.

        May be killed anywhere and run again.

        Raises:
            PublishError: the catalog refused a partition.
            AwsError: AWS refused or failed a call.
        """
        with aws_errors(f"publishing {staged.index} {staged.session}"):
            for table, files in (
                (refined_table(staged.index), staged.refined),
                (summary_table(staged.index), staged.summary),
            ):
                self._replace(table, staged, files)

    def _replace(self, table: Table, staged: StagedSession, files: Sequence[StagedFile]) -> None:
        prefixes = {
            partition_values(table, item.index, item.session, item.ticker): partition_prefix(
                table, item.index, item.session, item.ticker
            )
            for item in files
        }
        present = dict(self._partitions(table, staged))
        self._move(table, dict.fromkeys(present, HIDDEN_PREFIX), back=present)
        self._copy(table, files)
        self._delete_partitions(table, present.keys() - prefixes.keys())
        self._delete_files(partition_prefix(table, staged.index, staged.session), prefixes.values())
        self._create(table, dict.fromkeys(prefixes.keys() - present.keys(), HIDDEN_PREFIX))
        self._move(table, prefixes, back=dict.fromkeys(prefixes, HIDDEN_PREFIX))

    def _move(self, table: Table, prefixes: dict[Values, str], back: dict[Values, str]) -> None:
        """Point all partitions to other prefixes, or else back to those where they were."""
        try:
            self._update(table, prefixes)
        except PublishError:
            # Glue refused some of a batch and took the others: half a session must not stay visible.
            self._update(table, back)
            raise

    def _partitions(self, table: Table, staged: StagedSession) -> Iterator[tuple[Values, str]]:
        """The session's partitions, and the prefix that each points to."""
        expression = session_expression(table, staged.index, staged.session)
        pages = self.glue.get_paginator("get_partitions").paginate(
            DatabaseName=self.database, TableName=table.name, Expression=expression, ExcludeColumnSchema=True
        )
        found = (partition for page in pages for partition in page["Partitions"])
        root = f"s3://{self.bucket}/"
        return ((tuple(item["Values"]), item["StorageDescriptor"]["Location"].removeprefix(root)) for item in found)

    def _copy(self, table: Table, files: Sequence[StagedFile]) -> None:
        def copy(item: StagedFile) -> None:
            key = partition_prefix(table, item.index, item.session, item.ticker) + PART_NAME
            self.s3.copy_object(Bucket=self.bucket, Key=key, CopySource={"Bucket": self.bucket, "Key": item.key})

        with ThreadPoolExecutor(PARALLEL_CALLS) as pool:
            list(pool.map(copy, files))

    def _delete_files(self, session_prefix: str, kept_prefixes: Iterable[str]) -> None:
        kept = {prefix + PART_NAME for prefix in kept_prefixes}
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=session_prefix)
        gone = [item["Key"] for page in pages for item in page.get("Contents", []) if item["Key"] not in kept]
        for keys in _batches(gone, 1000):
            answer = self.s3.delete_objects(
                Bucket=self.bucket, Delete={"Objects": [{"Key": key} for key in keys], "Quiet": True}
            )
            _refuse(answer.get("Errors", []), f"deleting files below {session_prefix}")

    def _input(self, table: Table, values: Values, prefix: str) -> PartitionInputTypeDef:
        location = f"s3://{self.bucket}/{prefix}"
        return {"Values": list(values), "StorageDescriptor": storage_descriptor(table, location)}

    def _create(self, table: Table, prefixes: dict[Values, str]) -> None:
        for batch in _batches(sorted(prefixes), _WRITE_BATCH):
            answer = self.glue.batch_create_partition(
                DatabaseName=self.database,
                TableName=table.name,
                PartitionInputList=[self._input(table, values, prefixes[values]) for values in batch],
            )
            _refuse(answer.get("Errors", []), f"creating partitions of {table.name}")

    def _update(self, table: Table, prefixes: dict[Values, str]) -> None:
        for batch in _batches(sorted(prefixes), _WRITE_BATCH):
            answer = self.glue.batch_update_partition(
                DatabaseName=self.database,
                TableName=table.name,
                Entries=[
                    {"PartitionValueList": list(values), "PartitionInput": self._input(table, values, prefixes[values])}
                    for values in batch
                ],
            )
            _refuse(answer.get("Errors", []), f"updating partitions of {table.name}")

    def _delete_partitions(self, table: Table, partitions: Iterable[Values]) -> None:
        for batch in _batches(sorted(partitions), _DELETE_BATCH):
            answer = self.glue.batch_delete_partition(
                DatabaseName=self.database,
                TableName=table.name,
                PartitionsToDelete=[{"Values": list(values)} for values in batch],
            )
            errors = answer.get("Errors", [])
            absent = "EntityNotFoundException"
            _refuse(
                [error for error in errors if error.get("ErrorDetail", {}).get("ErrorCode") != absent],
                f"deleting partitions of {table.name}",
            )


def _batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def _refuse(errors: Sequence[object], action: str) -> None:
    if errors:
        raise PublishError(f"{action}: {len(errors)} refused, the first {errors[0]}")
