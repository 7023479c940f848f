"""Tables with one Parquet file for each month, and index where they have one, at one key that never changes.

A month's file is replaced by one conditional put: whoever reads it, through the catalog or by its prefix, gets the old file or
the new one, and never both. Which publication of which session its rows come from, and the version of its columns and rules,
stands in the file's own metadata. The month's partition points to the file's folder from the first file on, and so needs no
change when the file is replaced.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any, Self

from expectations.contract.catalog import SCHEMA_PARAMETER, index_partitions, table_parameters
from expectations.contract.names import PART_NAME
from expectations.contract.partitions import (
    index_prefix,
    month_key,
    month_of_key,
    month_of_values,
    moving_prefix,
    partition_prefix,
    partition_values,
)
from flows.errors import WriteConflict
from flows.lake.calls import side_by_side
from flows.lake.s3 import PARQUET
from flows.session.arrow import arrow_schema

if TYPE_CHECKING:
    import pyarrow as pa

    from expectations.contract.tables import Table
    from flows.lake.catalog import Catalog, Values
    from flows.lake.lease import Lease
    from flows.lake.s3 import Bucket, ObjectSummary, StoredObject

CONTENTS = "bovespa.contents"
"""The key in a file's metadata under which it states what it was made from."""

_BESIDE = "contents"  # the same in S3's metadata of the object
# Of 2 KB for all user-defined metadata (Amazon S3 user guide, "Working with object metadata"); a month of 23 sessions has 1.3.
_MOST_BESIDE = 1900

Sessions = dict[date, str]
"""Sessions with what tells one publication of each from another: the ETag of its record, without quotes."""


@dataclass(frozen=True, slots=True)
class Month:
    """A month as listings show it.

    Attributes:
        file: the month's file; None where there is none.
        points_to: the key prefix that its partition points to; None where there is no partition.
        strays: keys of whatever else lies in the month's folder.
    """

    file: ObjectSummary | None = None
    points_to: str | None = None
    strays: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Content:
    """What a month's file holds.

    Attributes:
        rows: in the table's columns.
        sessions: the publications that the rows come from; none where the file cannot be read, does not say, or was made with
            other columns or rules.
    """

    rows: pa.Table
    sessions: Sessions = field(default_factory=dict)


def month_of(session: date) -> date:
    """The first day of the session's month, which stands for the month."""
    return session.replace(day=1)


def encode(rows: pa.Table, metadata: Mapping[str, str] | None = None) -> bytes:
    """Rows as the bytes of a Parquet file; the same rows and metadata are always the same bytes."""
    import pyarrow.parquet as pq  # noqa: PLC0415 - see `arrow_schema`

    target = io.BytesIO()
    options: Any = {
        "compression": "zstd",
        "store_schema": False,
        "write_page_index": True,
        "write_page_checksum": True,
    }
    with pq.ParquetWriter(target, rows.schema, **options) as writer:
        writer.write_table(rows)
        if metadata:
            writer.add_key_value_metadata(dict(metadata))
    return target.getvalue()


@dataclass(frozen=True, slots=True)
class MonthlyTable:
    """One such table's months of one index. Every method raises `AwsError` where AWS refuses, fails, or is not to be had.

    Attributes:
        refined: the bucket of the files.
        index: None of a table that is not partitioned by index.
        rules: version of how the rows are made; a file that was made by other rules is made again.
    """

    refined: Bucket
    catalog: Catalog
    table: Table
    index: str | None
    rules: int = 1

    def within(self, lease: Lease) -> Self:
        """The table, of which partitions and files are written only while the lease is held."""
        return replace(self, refined=lease.guard(self.refined), catalog=lease.guard(self.catalog))

    def key(self, month: date) -> str:
        """The key of the month's file."""
        return month_key(self.table, self.index, month)

    def prefix(self, month: date) -> str:
        """The key prefix of the month's folder."""
        return partition_prefix(self.table, self.index, month)

    @property
    def made(self) -> str:
        """The version of columns and rules."""
        return f"{table_parameters(self.table)[SCHEMA_PARAMETER]}.{self.rules}"

    def listed(self) -> dict[date, Month]:
        """The months of which anything lies in the bucket, by their first days; nothing of their partitions is known."""
        found: dict[date, Month] = {}
        for item in self.refined.objects(index_prefix(self.table, self.index)):
            if month := month_of_key(self.table, self.index, item.key):
                known = found.get(month, Month())
                is_file = item.key == self.key(month)
                found[month] = (
                    replace(known, file=item) if is_file else replace(known, strays=(*known.strays, item.key))
                )
        return found

    def months(self) -> dict[date, Month]:
        """All months of which there is anything, by their first days: from one listing of each, the bucket and the catalog."""
        found = self.listed()
        for values, prefix in self.catalog.partitions(self.table, index_partitions(self.table, self.index)).items():
            if month := month_of_values(self.table, self.index, values):
                found[month] = replace(found.get(month, Month()), points_to=prefix)
        return found

    def is_in_order(self, month: date, found: Month) -> bool:
        """Whether the month's partition shows its folder, and nothing but the file lies in it."""
        return found.points_to == self.prefix(month) and not found.strays

    # --- one month's file ------------------------------------------------------------------------------------------------

    def read(self, file: ObjectSummary) -> Content:
        """The content of a month's file, which must still be the one that was listed; nothing where its bytes are not its ETag's.

        Raises:
            WriteConflict: it is another one by now, or gone.
        """
        stored = self._stored(file)
        return self.decode(stored.body if stored.is_whole else b"")

    def sessions(self, file: ObjectSummary) -> Sessions:
        """The publications that a month's file is made from, as `read` tells them, whose bytes are those that were put.

        What was put beside the bytes says it without pyarrow; where nothing was, they themselves are read. Bytes that are not
        those of the ETag are of none.

        Raises:
            WriteConflict: it is another file by now, or gone.
        """
        stored = self._stored(file)
        beside = stored.info.metadata.get(_BESIDE)
        if not stored.is_whole:
            return {}
        if beside:
            with suppress(AttributeError, KeyError, TypeError, ValueError):
                return self._sessions(json.loads(beside))
        return self.decode(stored.body).sessions

    def _stored(self, file: ObjectSummary) -> StoredObject:
        stored = self.refined.find(file.key)
        if stored is None or stored.info.etag != file.etag:
            raise WriteConflict(f"{self.refined.address(file.key)}: somebody else has written it meanwhile")
        return stored

    def decode(self, body: bytes, contents: str | None = None) -> Content:
        """The content of a file's bytes; no rows of no sessions where they are not to be used.

        Args:
            contents: what the file is said to hold; by default what it states itself.
        """
        import pyarrow as pa  # noqa: PLC0415 - see `arrow_schema`
        import pyarrow.parquet as pq  # noqa: PLC0415

        schema = arrow_schema(self.table.columns)
        try:
            read = pq.ParquetFile(io.BytesIO(body), page_checksum_verification=True).read()
            stated = contents or (read.schema.metadata or {})[CONTENTS.encode()]
            return Content(read.cast(schema), self._sessions(json.loads(stated), read.num_rows))
        except (pa.ArrowException, AttributeError, KeyError, OSError, TypeError, ValueError):
            return Content(schema.empty_table())

    def put(self, month: date, content: Content, over: ObjectSummary | None) -> None:
        """Make the month's file hold the content.

        Args:
            over: the file that it replaces; None where there was none.

        Raises:
            WriteConflict: it is another one by now.
        """
        stated = self._stated(content)
        body = encode(content.rows, {CONTENTS: stated})
        if_etag = over.etag if over else None
        beside = {_BESIDE: stated} if len(stated) <= _MOST_BESIDE else None
        self.refined.put(self.key(month), body, kind=PARQUET, metadata=beside, if_etag=if_etag, if_absent=over is None)

    def _stated(self, content: Content) -> str:
        sessions = {str(day): content.sessions[day] for day in sorted(content.sessions)}
        body = {"made": self.made, "rows": content.rows.num_rows, "sessions": sessions}
        return json.dumps(body, separators=(",", ":"))

    def _sessions(self, stated: Any, rows: int | None = None) -> Sessions:  # noqa: ANN401 - of JSON
        if stated["made"] != self.made or (rows is not None and stated.get("rows", rows) != rows):
            return {}
        return {date.fromisoformat(day): str(etag) for day, etag in stated["sessions"].items()}

    # --- partitions ------------------------------------------------------------------------------------------------------

    def show(self, months: Mapping[date, Month]) -> None:
        """Let each month's partition show the month's file, which is there, and nothing else.

        Where a partition points to another folder below the month's own, as it does in a lake of an earlier version, the month
        is read from a copy elsewhere while that folder is removed: a partition shows whatever lies below it, and rows must
        neither be missing nor be there twice.

        Raises:
            PublishError: the catalog refused a partition.
        """
        known = {month: found.points_to for month, found in months.items()}
        moving = {month: moving_prefix(self.table, self.index, month) for month in months if months[month].strays}
        aside = {month for month in moving if known[month] not in (None, self.prefix(month), moving[month])}
        list(side_by_side(lambda month: self.refined.copy(self.key(month), moving[month] + PART_NAME), sorted(aside)))
        self.catalog.point(self.table, self._by_values(aside, moving))
        self.refined.delete_all([key for found in months.values() for key in found.strays])
        own = {month: self.prefix(month) for month in months}
        self.catalog.create(
            self.table, self._by_values([month for month in own if known[month] is None], own), anew=False
        )
        elsewhere = [month for month in own if known[month] not in (None, own[month])]
        self.catalog.point(self.table, self._by_values(elsewhere, own))

    def remove(self, months: Mapping[date, Month]) -> None:
        """Remove months: first from the catalog, then their files.

        Raises:
            PublishError: the catalog refused a partition.
            WriteConflict: another file than the listed one lies there by now.
        """
        listed = [month for month, found in months.items() if found.points_to is not None]
        self.catalog.delete(self.table, [self._values(month) for month in listed])
        for found in months.values():
            if found.file:
                self.refined.delete(found.file.key, if_etag=found.file.etag)
        self.refined.delete_all([key for found in months.values() for key in found.strays])

    def _values(self, month: date) -> Values:
        return partition_values(self.table, self.index, month)

    def _by_values(self, months: Iterable[date], prefixes: Mapping[date, str]) -> dict[Values, str]:
        return {self._values(month): prefixes[month] for month in months}
