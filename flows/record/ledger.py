"""The ledger's rows in S3: written, found and read."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

from expectations.contract.catalog import storage_descriptor
from expectations.contract.keys import ContractError
from expectations.contract.ledger import LEDGER_TABLE, attempt_key, month_prefix, month_values
from flows.errors import BovespaError, PublishError
from flows.lake.clients import aws_errors
from flows.record.attempt import Attempt, Book
from flows.session.storage import read_bytes

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_glue.type_defs import PartitionInputTypeDef
    from mypy_boto3_s3 import S3Client

    from flows.backfill.batch import Result
    from flows.session.pipeline import Pipeline

_LOG = logging.getLogger(__name__)
_UNIQUE = 12  # hexadecimal digits


@dataclass(frozen=True, slots=True)
class Ledger:
    """The ledger of one account, as one flow run writes it.

    Attributes:
        bucket: the refined bucket.
        database: the catalog's database.
    """

    s3: S3Client
    glue: GlueClient
    bucket: str
    database: str
    book: Book
    warn: Callable[[str], None] = _LOG.warning
    _registered: set[tuple[str, str]] = field(default_factory=set)

    @classmethod
    def of(
        cls, pipeline: Pipeline, flow: str, execution: str = "", warn: Callable[[str], None] = _LOG.warning
    ) -> Ledger:
        """The ledger of the pipeline's account.

        Args:
            execution: id of the flow run; by default one of its own.
            warn: told of rows that could not be written.
        """
        aws, settings = pipeline.aws, pipeline.settings
        book = Book(execution or str(uuid4()), flow, aws.s3.meta.region_name)
        return cls(aws.s3, aws.glue, settings.refined_bucket, settings.database, book, warn)

    def note(self, attempt: Attempt) -> None:
        """Write a row; that it cannot be written is a warning, for it must not fail what the row is about."""
        try:
            self.write(attempt)
        except (BovespaError, ContractError) as error:
            self.warn(f"the ledger lacks a row: {error}")

    def note_result(self, result: Result) -> None:
        """Write the row of one session of a batch, in the same way."""
        self.note(self.book.of_result(result, datetime.now(UTC)))

    def write(self, attempt: Attempt) -> str:
        """Write a row, in a file of its own, and register its month's partition.

        Returns:
            The row's key.

        Raises:
            AwsError: S3 or Glue could not be asked.
            PublishError: the catalog refused the partition.
        """
        unique = uuid4().hex[:_UNIQUE]
        key = attempt_key(attempt.index, attempt.session, attempt.state, attempt.started_at, attempt.ended_at, unique)
        with aws_errors(f"writing s3://{self.bucket}/{key}"):
            self.s3.put_object(
                Bucket=self.bucket, Key=key, Body=attempt.to_parquet(), ContentType="application/vnd.apache.parquet"
            )
            self._register(attempt.started_at)
        return key

    def _register(self, instant: datetime) -> None:
        values = month_values(instant)
        if values in self._registered:
            return
        location = f"s3://{self.bucket}/{month_prefix(instant)}"
        partition: PartitionInputTypeDef = {
            "Values": list(values),
            "StorageDescriptor": storage_descriptor(LEDGER_TABLE, location),
        }
        # Also where it is there: one call, whichever flow comes first in a month.
        answer = self.glue.batch_create_partition(
            DatabaseName=self.database, TableName=LEDGER_TABLE.name, PartitionInputList=[partition]
        )
        codes = {error.get("ErrorDetail", {}).get("ErrorCode") for error in answer.get("Errors", [])}
        if codes - {"AlreadyExistsException"}:
            raise PublishError(f"creating a partition of {LEDGER_TABLE.name}: {answer['Errors'][0]}")
        self._registered.add(values)


def read_attempt(s3: S3Client, bucket: str, key: str) -> Attempt:
    """One row.

    Raises:
        AwsError: it could not be read.
        ContractError: it is not a row of the ledger.
    """
    return Attempt.from_parquet(read_bytes(s3, bucket, key))
