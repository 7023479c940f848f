"""The monthly tables, history and changes, kept equal to what is published.

The publication records are the truth: a session is published once its record lies in S3, and the record's ETag tells one
publication from another. Each month of the tables states of which publications its rows come. So whatever is missing, outdated or
superfluous is found with one listing of the records and one look at each table, whoever left it so: a run that was killed after
its record, a session put in between two others, a record that was removed. What has to be made is made from the rows that a
publisher has at hand, where they are of the recorded publication, and from the published files otherwise. One keeper at a time
does so for an index.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from expectations.contract.keys import monthly_lease_key, published_key, published_prefix, published_session
from expectations.contract.tables import CHANGES_TABLE, HISTORY_TABLE
from flows.errors import AwsError, PublishError
from flows.history.changes import RULES, Change, changes_table, month_changes
from flows.history.monthly import Month, MonthlyTable, Sessions, month_of
from flows.history.rows import PublishedRows, audited_rows, month_rows, sessions_only
from flows.lake.clients import PARALLEL_SESSIONS, aws_errors
from flows.lake.lease import lease, session_lease
from flows.session.storage import read_record

if TYPE_CHECKING:
    import pyarrow as pa

    from flows.session.pipeline import Audited, Pipeline
    from flows.session.storage import Publication


@dataclass(frozen=True, slots=True)
class Offer:
    """The rows of a publication, from who has just published it and has them at hand."""

    record: Publication
    rows: pa.Table


@dataclass(slots=True)
class Derived:
    """What was brought up to date.

    Attributes:
        history: months whose file was made again.
        changes: the changes of every session of the months whose changes were made again.
    """

    history: list[date] = field(default_factory=list)
    changes: dict[date, list[Change]] = field(default_factory=dict)


Derive = Callable[["Pipeline", str, Sequence[Offer]], object]
"""`ensure_derived`, as who publishes many sessions is given it."""


def offer(record: Publication, audited: Audited) -> list[Offer]:
    """What a publisher has to offer: nothing where another run's output was published meanwhile."""
    if record.run_id != audited.staged.run_id:
        return []
    return [
        Offer(record, audited_rows(audited.output.refined, audited.staged.session, audited.facts.statement.divisor))
    ]


def ensure_derived(pipeline: Pipeline, index: str, offers: Sequence[Offer] = ()) -> Derived:
    """Bring the history and the changes of an index up to date with what is published, and do nothing where they are.

    May be killed anywhere and run again.

    Args:
        offers: rows that need not be read back.

    Raises:
        PublishError: the catalog refused a month, or the files of a session are not those of its record; all else is up to date.
        ContractError: a record is not readable.
        AwsError: AWS refused or failed a call.
    """
    aws, settings = pipeline.aws, pipeline.settings
    bucket, database = settings.refined_bucket, settings.database
    keeper = _Keeper(
        index=index,
        history=MonthlyTable(aws.s3, aws.glue, bucket, database, HISTORY_TABLE),
        changes=MonthlyTable(aws.s3, aws.glue, bucket, database, CHANGES_TABLE, RULES),
        published=PublishedRows(aws.s3, aws.glue, settings.raw_bucket, bucket, database),
        offers={date.fromisoformat(item.record.session): item for item in offers},
        void_after=settings.lease_timeout,
    )
    with aws_errors(f"bringing the monthly tables of {index} up to date"):
        if not offers and keeper.is_current():
            return keeper.done
        key = monthly_lease_key(index)
        with lease(aws.s3, bucket, key, settings.lease_timeout, "bringing the monthly tables up to date"):
            keeper.keep()
    return keeper.done


@dataclass(slots=True)
class _Keeper:
    """Brings the tables of one index up to date, once.

    Attributes:
        recorded: the published sessions, by month.
        months: the history's months, as the catalog has them by now.
        rows: the history's rows of the months that were read or made.
        problems: what could not be had, and why.
    """

    index: str
    history: MonthlyTable
    changes: MonthlyTable
    published: PublishedRows
    offers: Mapping[date, Offer]
    void_after: float
    recorded: dict[date, Sessions] = field(default_factory=dict)
    months: dict[date, Month] = field(default_factory=dict)
    rows: dict[date, pa.Table] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    done: Derived = field(default_factory=Derived)

    def is_current(self) -> bool:
        self._look()
        if _sessions(self.months) != self.recorded:
            return False
        return _sessions(self.changes.held(self.index)) == _with_session_before(self.months)

    def keep(self) -> None:
        self._look()
        for month in sorted(self.recorded.keys() | self.months.keys()):
            self._keep_history(month)
        held, due = self.changes.held(self.index), _with_session_before(self.months)
        for month in sorted(due.keys() | held.keys()):
            self._keep_changes(month, due.get(month, {}), held.get(month))
        if self.problems:
            raise PublishError("; ".join(self.problems))

    def _look(self) -> None:
        pages = self.history.s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.history.bucket, Prefix=published_prefix(self.index)
        )
        found = ((published_session(item["Key"]), item["ETag"]) for page in pages for item in page.get("Contents", []))
        self.recorded = _by_month((session, etag.strip('"')) for session, etag in found if session)
        self.months = self.history.held(self.index)

    # --- history ---------------------------------------------------------------------------------------------------------

    def _keep_history(self, month: date) -> None:
        wanted, held = self.recorded.get(month, {}), self.months.get(month)
        there = held.sessions if held else {}
        if there == wanted:
            return
        kept = {session: etag for session, etag in wanted.items() if there.get(session) == etag}
        old = self.history.read(held) if held and kept else None
        if old is None:
            kept = {}
        fetched = self._fetched(sorted(wanted.keys() - kept.keys()))
        sessions = kept | {session: etag for session, (etag, _) in fetched.items()}
        if not sessions and held:
            self.months[month] = self.history.empty(self.index, month, held)
        elif sessions and sessions != there:
            parts = [sessions_only(old, list(kept))] if old is not None else []
            self.rows[month] = month_rows([*parts, *(rows for _, rows in fetched.values())])
            self.months[month] = self.history.replace(self.index, month, self.rows[month], sessions, held)
            self.done.history.append(month)

    def _fetched(self, sessions: Sequence[date]) -> dict[date, tuple[str, pa.Table]]:
        with ThreadPoolExecutor(PARALLEL_SESSIONS) as pool:
            found = zip(sessions, pool.map(self._fetch, sessions), strict=True)
            return {session: fetched for session, fetched in found if fetched}

    def _fetch(self, session: date) -> tuple[str, pa.Table] | None:
        try:
            record, etag = self._record(session)
            if (offered := self.offers.get(session)) and _identity(offered.record) == _identity(record):
                return etag, offered.rows
            # Whoever publishes it meanwhile would mix two versions of its files under our eyes.
            with session_lease(self.history.s3, self.history.bucket, self.index, session, self.void_after):
                record, etag = self._record(session)
                return etag, self.published.of(record)
        except (AwsError, PublishError) as error:
            self.problems.append(str(error))
            return None

    def _record(self, session: date) -> tuple[Publication, str]:
        bucket, key = self.history.bucket, published_key(self.index, session)
        with aws_errors(f"reading s3://{bucket}/{key}"):
            answer = self.history.s3.get_object(Bucket=bucket, Key=key)
            return read_record(answer["Body"].read(), f"s3://{bucket}/{key}"), answer["ETag"].strip('"')

    # --- changes ---------------------------------------------------------------------------------------------------------

    def _keep_changes(self, month: date, due: Sessions, held: Month | None) -> None:
        if (held.sessions if held else {}) == due:
            return
        if not due:
            assert held is not None, "what nobody is due to have, somebody has"
            self.changes.empty(self.index, month, held)
            return
        parts = [sessions_only(self._rows(of), list(sessions)) for of, sessions in _by_month(due.items()).items()]
        changes = month_changes(month_rows(parts))
        self.changes.replace(self.index, month, changes_table(changes), due, held)
        for session in sorted(due)[1:]:
            self.done.changes[session] = [change for change in changes if change.data_pregao == session]

    def _rows(self, month: date) -> pa.Table:
        """The history's rows of a month."""
        if month not in self.rows:
            rows = self.history.read(self.months[month])
            if rows is None:
                raise PublishError(
                    f"s3://{self.history.bucket}/{self.months[month].prefix}: unreadable; remove it, and it is made again"
                )
            self.rows[month] = rows
        return self.rows[month]


def _identity(record: Publication) -> tuple[str, str, str]:
    return record.raw_version_id, record.run_id, record.published_at


def _by_month(sessions: Iterable[tuple[date, str]]) -> dict[date, Sessions]:
    found: defaultdict[date, Sessions] = defaultdict(dict)
    for session, etag in sessions:
        found[month_of(session)][session] = etag
    return dict(found)


def _sessions(months: Mapping[date, Month]) -> dict[date, Sessions]:
    return {month: held.sessions for month, held in months.items() if held.sessions}


def _with_session_before(history: Mapping[date, Month]) -> dict[date, Sessions]:
    """What each month's changes come from: its own sessions, and the last one before them."""
    due: dict[date, Sessions] = {}
    before: Sessions = {}
    for month, sessions in sorted(_sessions(history).items()):
        due[month] = before | sessions
        last = max(sessions)
        before = {last: sessions[last]}
    return due
