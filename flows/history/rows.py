"""The history's rows: a session's refined rows as they were audited, or as they are published, with the session's divisor."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from expectations.contract.catalog import session_expression
from expectations.contract.keys import published_key, raw_key
from expectations.contract.names import HIDDEN_PREFIX, PART_NAME
from expectations.contract.tables import (
    HISTORY_COLUMNS,
    ORIGIN_COLUMN,
    PORTFOLIO_COLUMNS,
    TICKER_PARTITION,
    refined_table,
)
from flows.errors import PublishError, WriteConflict
from flows.lake.calls import side_by_side
from flows.session.arrow import arrow_schema
from flows.session.raw_file import RawFacts, decode
from flows.session.storage import read_record

if TYPE_CHECKING:
    import pandas as pd

    from flows.lake.connect import Lake
    from flows.session.storage import Publication

HISTORY_SCHEMA = arrow_schema(HISTORY_COLUMNS)
_PORTFOLIO_SCHEMA = arrow_schema(PORTFOLIO_COLUMNS)
_RAW_FIGURES = ("codigo", "qtde_teorica", "participacao_pct")
_REFINED_FIGURES = ("codigo", "quantidade_teorica_acoes", "percentual_participacao_ibov")
_ORDER = [(TICKER_PARTITION.name, "ascending"), ("data_pregao", "ascending")]


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """What the history repeats on each row of a session.

    Attributes:
        divisor: B3's; None where the source has none.
        source: where the portfolio came from.
    """

    divisor: float | None
    source: str

    @classmethod
    def of(cls, facts: RawFacts) -> SessionFacts:
        """As a raw file states them."""
        divisor = facts.statement.divisor
        return cls(None if divisor is None else float(divisor), facts.source)


def audited_rows(refined: pd.DataFrame, session: date, facts: SessionFacts) -> pa.Table:
    """The history's rows of a session, from the refined rows that gate 2 has audited."""
    columns = refined[[column.name for column in PORTFOLIO_COLUMNS]]
    return _with_session(pa.Table.from_pandas(columns, schema=_PORTFOLIO_SCHEMA, preserve_index=False), session, facts)


def month_rows(parts: Sequence[pa.Table]) -> pa.Table:
    """The rows of some sessions, in the order of the history's files: each share's sessions lie together, and are small so."""
    return pa.concat_tables(parts).sort_by(_ORDER)


def sessions_only(rows: pa.Table, sessions: Sequence[date]) -> pa.Table:
    """The rows of these sessions."""
    return rows.filter(pc.is_in(rows["data_pregao"], value_set=pa.array(sessions, pa.date32())))


@dataclass(frozen=True, slots=True)
class PublishedRows:
    """Reads back what is published of an index, where nobody has it at hand."""

    lake: Lake
    index: str

    def record(self, session: date) -> tuple[Publication, str]:
        """A session's publication record, and the ETag of the very bytes that it was read from, without quotes.

        Raises:
            WriteConflict: there is none any more.
            ContractError: it is not readable.
            AwsError: S3 could not be asked.
        """
        key = published_key(self.index, session)
        found = self.lake.refined.find(key)
        if found is None:
            raise WriteConflict(f"{self.lake.refined.address(key)}: somebody has removed it meanwhile")
        record = read_record(found.body, self.lake.refined.address(key), self.index, session)
        return record, found.info.etag.strip('"')

    def of(self, record: Publication) -> pa.Table:
        """The history's rows of a published session, from the files that Athena shows.

        Raises:
            PublishError: they are not as many as the record says, or not those of the raw file that it says they come from, or
                that file is gone.
            AwsError: AWS could not be asked.
            ContractError: the raw file is not one of this pipeline.
        """
        session = date.fromisoformat(record.session)
        parts = [part for part in side_by_side(self._read, self._keys(record.index, session)) if part is not None]
        refined = pa.concat_tables(parts) if parts else _PORTFOLIO_SCHEMA.empty_table()
        if refined.num_rows != record.rows:
            raise PublishError(
                f"{record.index} {session}: {refined.num_rows} rows are published where the record says {record.rows}: "
                f"bovespa replay --from {session} --to {session} --index {record.index}"
            )
        key = raw_key(record.index, session)
        raw = self.lake.raw.find(key, record.raw_version_id)
        if raw is None:
            raise PublishError(
                f"{self.lake.raw.address(key)}: version {record.raw_version_id}, from which the session is published, is gone: "
                f"bovespa replay --from {session} --to {session} --index {record.index}"
            )
        file = decode(raw.body)
        if _figures(refined, _REFINED_FIGURES) != _figures(file.table, _RAW_FIGURES):
            raise PublishError(
                f"{record.index} {session}: other figures are published than the record says: "
                f"bovespa replay --from {session} --to {session} --index {record.index}"
            )
        return _with_session(refined, session, SessionFacts.of(file.facts))

    def _keys(self, index: str, session: date) -> list[str]:
        table = refined_table(index)
        visible = self.lake.catalog.partitions(table, session_expression(table, index, session))
        return [prefix + PART_NAME for prefix in sorted(set(visible.values())) if prefix != HIDDEN_PREFIX]

    def _read(self, key: str) -> pa.Table | None:
        found = self.lake.refined.find(key)
        if found is None:
            return None
        try:
            return pq.read_table(io.BytesIO(found.body)).select(_PORTFOLIO_SCHEMA.names).cast(_PORTFOLIO_SCHEMA)
        except (pa.ArrowException, KeyError, OSError, ValueError) as error:
            raise PublishError(f"{self.lake.refined.address(key)}: not a file of refined rows ({error})") from error


def _figures(rows: pa.Table, columns: Sequence[str]) -> Counter[tuple[object, ...]]:
    return Counter(zip(*(rows[name].to_pylist() for name in columns), strict=True))


def _with_session(refined: pa.Table, session: date, facts: SessionFacts) -> pa.Table:
    """Refined rows with the history's further columns."""
    further = {
        TICKER_PARTITION.name: refined["codigo"],
        "redutor": pa.array([facts.divisor] * refined.num_rows, pa.float64()),
        ORIGIN_COLUMN.name: pa.array([facts.source] * refined.num_rows, pa.string()),
        "day": pa.array([session.day] * refined.num_rows, pa.int32()),
    }
    columns = [further[name] if name in further else refined[name] for name in HISTORY_SCHEMA.names]
    return pa.table(columns, schema=HISTORY_SCHEMA)
