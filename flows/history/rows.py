"""The history's rows: a session's refined rows as they were audited, or as they are published, with the session's divisor."""

from __future__ import annotations

import io
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from expectations.contract.catalog import session_expression
from expectations.contract.keys import raw_key
from expectations.contract.names import PART_NAME
from expectations.contract.tables import HISTORY_COLUMNS, REFINED_COLUMNS, TICKER_PARTITION, refined_table
from flows.errors import PublishError
from flows.lake.clients import PARALLEL_CALLS
from flows.session.arrow import arrow_schema
from flows.session.publish import HIDDEN_PREFIX
from flows.session.raw_file import decode
from flows.session.storage import read_bytes

if TYPE_CHECKING:
    import pandas as pd
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client

    from flows.session.storage import Publication

HISTORY_SCHEMA = arrow_schema(HISTORY_COLUMNS)
_REFINED_SCHEMA = arrow_schema(REFINED_COLUMNS)
_ORDER = [(TICKER_PARTITION.name, "ascending"), ("data_pregao", "ascending")]


def audited_rows(refined: pd.DataFrame, session: date, divisor: Decimal | None) -> pa.Table:
    """The history's rows of a session, from the refined rows that gate 2 has audited."""
    columns = refined[[column.name for column in REFINED_COLUMNS]]
    return _with_session(pa.Table.from_pandas(columns, schema=_REFINED_SCHEMA, preserve_index=False), session, divisor)


def month_rows(parts: Sequence[pa.Table]) -> pa.Table:
    """The rows of some sessions, in the order of the history's files: each share's sessions lie together, and are small so."""
    return pa.concat_tables(parts).sort_by(_ORDER)


def sessions_only(rows: pa.Table, sessions: Sequence[date]) -> pa.Table:
    """The rows of these sessions."""
    return rows.filter(pc.is_in(rows["data_pregao"], value_set=pa.array(sessions, pa.date32())))


@dataclass(frozen=True, slots=True)
class PublishedRows:
    """Reads back what is published, where nobody has it at hand."""

    s3: S3Client
    glue: GlueClient
    raw_bucket: str
    refined_bucket: str
    database: str

    def of(self, record: Publication) -> pa.Table:
        """The history's rows of a published session, from the files that Athena shows.

        Raises:
            PublishError: they are not as many as the record says.
            AwsError: S3 could not be asked.
        """
        session = date.fromisoformat(record.session)
        with ThreadPoolExecutor(PARALLEL_CALLS) as pool:
            parts = list(pool.map(self._read, self._keys(record.index, session)))
        refined = pa.concat_tables(parts) if parts else _REFINED_SCHEMA.empty_table()
        if refined.num_rows != record.rows:
            raise PublishError(
                f"{record.index} {session}: {refined.num_rows} rows are published where the record says {record.rows}: "
                f"bovespa replay --from {session} --to {session} --index {record.index}"
            )
        raw = read_bytes(self.s3, self.raw_bucket, raw_key(record.index, session), record.raw_version_id)
        return _with_session(refined, session, decode(raw).facts.statement.divisor)

    def _keys(self, index: str, session: date) -> list[str]:
        table = refined_table(index)
        pages = self.glue.get_paginator("get_partitions").paginate(
            DatabaseName=self.database,
            TableName=table.name,
            Expression=session_expression(table, index, session),
            ExcludeColumnSchema=True,
        )
        locations = (item["StorageDescriptor"]["Location"] for page in pages for item in page["Partitions"])
        prefixes = sorted({location.removeprefix(f"s3://{self.refined_bucket}/") for location in locations})
        return [prefix + PART_NAME for prefix in prefixes if prefix != HIDDEN_PREFIX]

    def _read(self, key: str) -> pa.Table:
        content = read_bytes(self.s3, self.refined_bucket, key)
        try:
            return pq.read_table(io.BytesIO(content)).select(_REFINED_SCHEMA.names).cast(_REFINED_SCHEMA)
        except (pa.ArrowException, KeyError, OSError, ValueError) as error:
            raise PublishError(f"s3://{self.refined_bucket}/{key}: not a file of refined rows ({error})") from error


def _with_session(refined: pa.Table, session: date, divisor: Decimal | None) -> pa.Table:
    """Refined rows with the history's further columns."""
    further = {
        TICKER_PARTITION.name: refined["codigo"],
        "redutor": pa.array([None if divisor is None else float(divisor)] * refined.num_rows, pa.float64()),
        "day": pa.array([session.day] * refined.num_rows, pa.int32()),
    }
    columns = [further[name] if name in further else refined[name] for name in HISTORY_SCHEMA.names]
    return pa.table(columns, schema=HISTORY_SCHEMA)
