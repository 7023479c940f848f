"""Tables with one Parquet file for each month and index: what a file holds, and its replacement in one step.

A month's file lies under a key of its content's digest. One call to the catalog points the month's partition at it and states, in
the partition's parameters, which publication of which session its rows come from: a reader sees the old file or the new one,
and whoever asks the catalog knows whether the month is as it should be. The file that was replaced stays until the next
replacement, for the queries that are reading it; whatever else lies in the month's folder is removed.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
from botocore.exceptions import ClientError

from expectations.contract.catalog import SCHEMA_PARAMETER, index_expression, storage_descriptor, table_parameters
from expectations.contract.keys import partition_prefix, partition_values
from expectations.contract.names import PART_NAME
from expectations.contract.tables import INDEX_PARTITION, Table
from flows.errors import PublishError
from flows.lake.clients import error_code
from flows.session.arrow import arrow_schema
from flows.session.publish import HIDDEN_PREFIX

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_glue.type_defs import PartitionInputTypeDef
    from mypy_boto3_s3 import S3Client

CONTENTS_PARAMETER = "bovespa.contents"

_GONE = frozenset({"404", "NoSuchKey"})
_DIGITS = 16  # of a file's digest

Sessions = dict[date, str]
"""Sessions with what tells one publication of each from another: the ETag of its record."""


@dataclass(frozen=True, slots=True)
class Month:
    """A month as the catalog has it.

    Attributes:
        prefix: key prefix of the file.
        sessions: the publications that the file's rows come from; none where the file is gone, or of other columns.
        keys: whatever lies in the month's folder.
    """

    prefix: str
    sessions: Sessions
    keys: tuple[str, ...] = ()


def month_of(session: date) -> date:
    """The first day of the session's month, which stands for the month."""
    return session.replace(day=1)


def encode(rows: pa.Table) -> bytes:
    """Rows as the bytes of a Parquet file; the same rows are always the same bytes."""
    target = io.BytesIO()
    pq.write_table(rows, target, compression="zstd", store_schema=False, write_page_index=True)
    return target.getvalue()


@dataclass(frozen=True, slots=True)
class MonthlyTable:
    """One such table in one account.

    Attributes:
        bucket: the refined bucket.
        database: the catalog's database.
        rules: version of how the rows are made; where it was another, every month is made again.
    """

    s3: S3Client
    glue: GlueClient
    bucket: str
    database: str
    table: Table
    rules: int = 1

    def held(self, index: str) -> dict[date, Month]:
        """All months of an index that the catalog has, by their first days."""
        keys = self._keys(index)
        pages = self.glue.get_paginator("get_partitions").paginate(
            DatabaseName=self.database,
            TableName=self.table.name,
            Expression=index_expression(index),
            ExcludeColumnSchema=True,
        )
        found = {}
        for partition in (partition for page in pages for partition in page["Partitions"]):
            year, month = map(int, partition["Values"][-2:])
            day = date(year, month, 1)
            folder = partition_prefix(self.table, index, day)
            prefix = partition["StorageDescriptor"].get("Location", "").removeprefix(f"s3://{self.bucket}/")
            contents = self._contents(partition.get("Parameters", {})) if prefix + PART_NAME in keys else {}
            found[day] = Month(prefix, contents, tuple(key for key in keys if key.startswith(folder)))
        return found

    def read(self, month: Month) -> pa.Table | None:
        """The rows of a month's file; None where it is gone or unreadable."""
        try:
            body = self.s3.get_object(Bucket=self.bucket, Key=month.prefix + PART_NAME)["Body"].read()
            return pq.read_table(io.BytesIO(body)).cast(arrow_schema(self.table.columns))
        except ClientError as error:
            if error_code(error) not in _GONE:
                raise
        except (pa.ArrowException, OSError, ValueError):
            pass
        return None

    def replace(self, index: str, month: date, rows: pa.Table, sessions: Sessions, held: Month | None) -> Month:
        """Make the month's file hold these rows, whatever it held before.

        Args:
            rows: all of the month's, in the table's columns.
            sessions: the publications that they come from.
            held: the month as the catalog has it; None where it has none.

        Raises:
            PublishError: the catalog refused the partition.
        """
        content = encode(rows)
        folder = partition_prefix(self.table, index, month)
        prefix = f"{folder}{hashlib.sha256(content).hexdigest()[:_DIGITS]}/"
        self.s3.put_object(Bucket=self.bucket, Key=prefix + PART_NAME, Body=content)
        self._point(index, month, Month(prefix, sessions), held)
        kept = {prefix + PART_NAME, *([held.prefix + PART_NAME] if held else [])}
        self._delete(sorted({*(held.keys if held else ())} - kept))
        return Month(prefix, sessions, tuple(sorted(kept)))

    def empty(self, index: str, month: date, held: Month) -> Month:
        """Make the month show nothing.

        Raises:
            PublishError: the catalog refused the partition.
        """
        hidden = Month(HIDDEN_PREFIX, {})
        self._point(index, month, hidden, held)
        self._delete(held.keys)
        return hidden

    def _keys(self, index: str) -> frozenset[str]:
        prefix = f"{self.table.prefix}{INDEX_PARTITION.name}={index}/"
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return frozenset(item["Key"] for page in pages for item in page.get("Contents", []))

    def _point(self, index: str, month: date, to: Month, held: Month | None) -> None:
        values = list(partition_values(self.table, index, month))
        place: Any = {"DatabaseName": self.database, "TableName": self.table.name}
        wanted: PartitionInputTypeDef = {
            "Values": values,
            "StorageDescriptor": storage_descriptor(self.table, f"s3://{self.bucket}/{to.prefix}"),
            "Parameters": {CONTENTS_PARAMETER: self._stated(to.sessions)},
        }
        answer: Any = (
            self.glue.batch_create_partition(**place, PartitionInputList=[wanted])
            if held is None
            else self.glue.batch_update_partition(
                **place, Entries=[{"PartitionValueList": values, "PartitionInput": wanted}]
            )
        )
        errors = answer.get("Errors", [])
        if errors:
            raise PublishError(
                f"{self.table.name}, {index} {month:%Y-%m}: the catalog refused the partition: {errors[0]}"
            )

    def _delete(self, keys: Sequence[str]) -> None:
        if not keys:
            return
        answer = self.s3.delete_objects(
            Bucket=self.bucket, Delete={"Objects": [{"Key": key} for key in keys], "Quiet": True}
        )
        if errors := answer.get("Errors", []):
            raise PublishError(f"{self.table.name}: {len(errors)} old files were not removed, the first {errors[0]}")

    def _stated(self, sessions: Sessions) -> str:
        body = {"made": self._made, "sessions": {str(day): sessions[day] for day in sorted(sessions)}}
        return json.dumps(body, separators=(",", ":"))

    def _contents(self, parameters: Mapping[str, str]) -> Sessions:
        try:
            body = json.loads(parameters.get(CONTENTS_PARAMETER, "{}"))
            if body.get("made") != self._made:
                return {}
            return {date.fromisoformat(day): str(etag) for day, etag in body["sessions"].items()}
        except (AttributeError, KeyError, ValueError):
            return {}

    @property
    def _made(self) -> str:
        return f"{table_parameters(self.table)[SCHEMA_PARAMETER]}.{self.rules}"
