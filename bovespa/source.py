"""Where the rows come from: the files of the account on the laptop, or Athena."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from expectations.contract.changes import WEIGHT
from expectations.contract.keys import check_index, published_prefix, read_published_key
from expectations.contract.names import PART_NAME
from expectations.contract.partitions import index_prefix
from expectations.contract.tables import CHANGES_TABLE, HISTORY_TABLE, Table
from flows.cli.basis import within
from flows.errors import DamagedError, NotPublishedError, SettingsError
from flows.lake.connect import Lake, connect
from flows.lake.typed import arrow_table
from flows.session.arrow import arrow_schema
from flows.settings import Settings, load_settings

Day = date | str
_DAY = "day"  # a column of the files that `data_pregao` says again


@dataclass(frozen=True, slots=True)
class Days:
    """From one day to another, both included; None is without an end."""

    since: date | None = None
    until: date | None = None

    @classmethod
    def of(cls, since: Day | None, until: Day | None) -> Days:
        """The days as a user states them.

        Raises:
            SettingsError: one is no day, or they are the wrong way round.
        """
        days = cls(_day(since), _day(until))
        if days.since and days.until and days.until < days.since:
            raise SettingsError(f"since {days.since} is after until {days.until}")
        return days


def _day(value: Day | None) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError as error:
        raise SettingsError(f"{value!r} is no day such as 2025-06-30") from error


class Source(Protocol):
    """What the functions ask."""

    def published(self, index: str, days: Days) -> Sequence[date]:
        """The published sessions, in order, of which there is one at least."""

    def history(self, index: str, days: Days) -> pa.Table:
        """The rows of the history."""

    def changes(self, index: str, days: Days, *, weights: bool) -> pa.Table:
        """The changes."""

    def query(self, sql: str) -> pa.Table:
        """The answer to a query."""


def source_of(*, aws: bool) -> Source:
    """The source that the settings name.

    Raises:
        SettingsError: a setting is wrong.
    """
    settings = load_settings()
    return AwsTables(settings) if aws else Files(settings)


@dataclass(frozen=True, slots=True)
class Files:
    """The buckets of the account on the laptop, which are folders."""

    settings: Settings

    @property
    def _bucket(self) -> Path:
        return self.settings.home / "s3" / self.settings.refined_bucket

    def published(self, index: str, days: Days) -> Sequence[date]:
        """The published sessions, by their records.

        Raises:
            NotPublishedError: there is none.
        """
        records = (self._bucket / published_prefix(index)).rglob("*.json")
        keys = (read_published_key(path.relative_to(self._bucket).as_posix()) for path in records)
        found = sorted(name.session for name in keys if name)
        return within(index, found, days.since, days.until, datetime.now(UTC))

    def history(self, index: str, days: Days) -> pa.Table:
        """The rows of the history.

        Raises:
            NotPublishedError: it lacks a published session.
        """
        rows = self._rows(HISTORY_TABLE, index, days)
        lacking = {*self.published(index, days)} - {*rows["data_pregao"].unique().to_pylist()}
        if lacking:
            raise NotPublishedError(
                f"{index}: the history lacks {min(lacking)}, which is published; bovespa reconcile brings it up to date"
            )
        return rows

    def changes(self, index: str, days: Days, *, weights: bool) -> pa.Table:
        """The changes."""
        rows = self._rows(CHANGES_TABLE, index, days)
        return rows if weights else rows.filter(pc.field("mudanca") != WEIGHT)

    def query(self, sql: str) -> pa.Table:
        """The answer of the account on the laptop, which is started."""
        return arrow_table(_laptop(self.settings).athena.query(sql))

    def _rows(self, table: Table, index: str, days: Days) -> pa.Table:
        """The rows of some sessions."""
        assert days.since
        assert days.until
        schema = arrow_schema(table.columns)
        folder = self._bucket / index_prefix(table, index)
        # A file is read at once, for it may be replaced meanwhile.
        files = {path: path.read_bytes() for path in sorted(folder.glob(f"*/*/{PART_NAME}")) if _is_within(path, days)}
        parts = [_read(path, content, schema) for path, content in files.items()]
        rows = pa.concat_tables(parts) if parts else schema.empty_table()
        session = pc.field("data_pregao")
        return rows.filter((session >= days.since) & (session <= days.until)).drop_columns(_DAY)


def _read(path: Path, content: bytes, schema: pa.Schema) -> pa.Table:
    try:
        return pq.read_table(io.BytesIO(content), page_checksum_verification=True).cast(schema)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DamagedError(f"{path} is damaged ({error}); bovespa reconcile makes it again") from error


def _is_within(path: Path, days: Days) -> bool:
    """Whether the file of a month, in folders such as `year=2025/month=06`, may hold some of the days."""
    year, month = (int(part.partition("=")[2]) for part in path.parts[-3:-1])
    since, until = days.since or date.min, days.until or date.max
    return (since.year, since.month) <= (year, month) <= (until.year, until.month)


@dataclass(frozen=True, slots=True)
class AwsTables:
    """The tables of the AWS account that the environment names."""

    settings: Settings

    def published(self, index: str, days: Days) -> Sequence[date]:
        """The published sessions, by the history.

        Raises:
            NotPublishedError: there is none.
        """
        rows = self._select(HISTORY_TABLE, "DISTINCT data_pregao", index, Days())
        return within(index, sorted(rows["data_pregao"].to_pylist()), days.since, days.until, datetime.now(UTC))

    def history(self, index: str, days: Days) -> pa.Table:
        """The rows of the history."""
        return self._rows(HISTORY_TABLE, index, days)

    def changes(self, index: str, days: Days, *, weights: bool) -> pa.Table:
        """The changes."""
        rows = self._rows(CHANGES_TABLE, index, days)
        return rows if weights else rows.filter(pc.field("mudanca") != WEIGHT)

    def query(self, sql: str) -> pa.Table:
        """Athena's answer."""
        return arrow_table(_aws(self.settings).athena.query(sql))

    def _rows(self, table: Table, index: str, days: Days) -> pa.Table:
        columns = [column for column in table.columns if column.name != _DAY]
        rows = self._select(table, ", ".join(column.name for column in columns), index, days)
        return rows.cast(arrow_schema(columns))

    def _select(self, table: Table, columns: str, index: str, days: Days) -> pa.Table:
        where = [f"indice = '{check_index(index)}'"]
        # Months are partitions: by them Athena opens no other file.
        where += (
            [f"year * 100 + month >= {days.since:%Y%m}", f"data_pregao >= DATE '{days.since}'"] if days.since else []
        )
        where += (
            [f"year * 100 + month <= {days.until:%Y%m}", f"data_pregao <= DATE '{days.until}'"] if days.until else []
        )
        return self.query(f"SELECT {columns} FROM {table.name} WHERE {' AND '.join(where)}")  # noqa: S608 - of their form


@cache
def _aws(settings: Settings) -> Lake:
    return connect(settings)


_held = ExitStack()
"""Keeps the account on the laptop up until this process ends."""


@cache
def _laptop(settings: Settings) -> Lake:
    try:
        # Absent where only the flows are installed.
        from local.door import AccountError, Stage, running_account  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"a query on the laptop needs the 'local' dependencies ({error}); or pass aws=True"
        ) from error
    try:
        account = _held.enter_context(running_account(settings.home, stage=Stage.ASK, keep_up=settings.keep_up))
    except AccountError as error:
        raise SettingsError(str(error)) from error
    with _environment(account.environment()):
        return connect(settings)


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """The variables within the block only: this process is its user's, who may have AWS clients of another account."""
    before = dict(os.environ)
    os.environ.pop("AWS_PROFILE", None)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
