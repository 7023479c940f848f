"""The monthly tables, history and changes, kept equal to what is published.

The publication records are the truth: a session is published once its record lies in S3, and the record's ETag tells one
publication from another. Each month's file states of which publications its rows come. Whatever is missing, outdated or
superfluous is found and made again, whoever left it so: a run that was killed after its record, a session put in between two
others, a record that was removed. It is made from the rows that a publisher has at hand, where they are of the recorded
publication, and from the published files otherwise.

Several runs may do so at once. Files are listed before the records are, and a file is replaced only where it is still the listed
one: so no file can hold a publication that is missing from what replaces it. Who finds another file begins again. Partitions,
which are changed when a month comes or goes, are changed under a lease of the index's monthly tables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    retry_if_result,
    stop_after_attempt,
    wait_random_exponential,
)

from expectations.contract.changes import RULES
from expectations.contract.keys import monthly_lease_key
from expectations.contract.partitions import index_prefix
from expectations.contract.tables import CHANGES_TABLE, HISTORY_TABLE
from flows.errors import LeaseLost, PublishError, WriteConflict
from flows.history.changes import Change, changes_of, changes_table, month_changes
from flows.history.doubt import Listings, doubtful_changes, doubtful_history
from flows.history.former import former_content
from flows.history.month_files import Content, Month, MonthlyTable, Sessions, month_of
from flows.history.rows import HISTORY_SCHEMA, PublishedRows, SessionFacts, audited_rows, month_rows, sessions_only
from flows.lake.calls import PARALLEL_SESSIONS, side_by_side
from flows.lake.lease import held, session_lease
from flows.session.storage import published_records

if TYPE_CHECKING:
    import pyarrow as pa

    from flows.lake.s3 import ObjectSummary
    from flows.session.audit import Audited
    from flows.session.pipeline import Pipeline
    from flows.session.storage import Publication

_MOST_TRIES = 12


@dataclass(frozen=True, slots=True)
class FreshRows:
    """The history's rows of a publication, from who has just published it and has them at hand."""

    record: Publication
    rows: pa.Table


@dataclass(slots=True)
class Refreshed:
    """What was brought up to date.

    Attributes:
        history: months whose file was made again.
        changes: the changes of every session of the months whose changes were made again, and of the fresh sessions.
    """

    history: list[date] = field(default_factory=list)
    changes: dict[date, list[Change]] = field(default_factory=dict)


Refresh = Callable[..., object]
"""`refresh`, as who publishes many sessions is given it."""


def fresh_rows(record: Publication, audited: Audited) -> list[FreshRows]:
    """What a publisher has at hand: nothing where another run's output was published meanwhile."""
    if record.run_id != audited.staged.run_id:
        return []
    return [
        FreshRows(record, audited_rows(audited.output.refined, audited.staged.session, SessionFacts.of(audited.facts)))
    ]


def refresh(pipeline: Pipeline, index: str, fresh: Sequence[FreshRows] = (), *, thorough: bool = False) -> Refreshed:
    """Bring the history and the changes of an index up to date with what is published, and do nothing where they are.

    May be killed anywhere and run again, and run beside others.

    Args:
        fresh: rows that need not be read back.
        thorough: look into every file, where by default listings tell which months may be outdated (see `doubt`).

    Raises:
        PublishError: the catalog refused a month, another flow held a lease all the time, or the files of a session are not
            those of its record; in the last case all else is up to date.
        ContractError: a record is not readable.
        AwsError: AWS refused or failed a call, or others wrote the same months all the time.
    """
    done = Refreshed()
    retries = Retrying(
        retry=retry_if_exception_type((WriteConflict, LeaseLost))
        | retry_if_result(lambda was_overtaken: was_overtaken),
        wait=wait_random_exponential(multiplier=0.1, max=5),
        stop=stop_after_attempt(_MOST_TRIES),
        retry_error_callback=_last,
    )
    retries(lambda: _Try.of(pipeline, index, fresh, done, thorough=thorough).run())
    return done


def _last(state: RetryCallState) -> object:
    """The last try's result, or its error."""
    assert state.outcome is not None, "a try has ended"
    return state.outcome.result()


@dataclass(slots=True)
class _Try:
    """Brings the tables of one index up to date, once, from one set of listings.

    Attributes:
        listings: what was listed at first.
        held: the history of the months that were examined, as it is by now.
        read: what was read of the two tables' files, by key.
        altered: months whose history comes from other publications than before.
        problems: what could not be had, and why.
    """

    history: MonthlyTable
    changes: MonthlyTable
    published: PublishedRows
    fresh: Mapping[date, FreshRows]
    void_after: float
    done: Refreshed
    thorough: bool
    listings: Listings
    held: dict[date, Content] = field(default_factory=dict)
    read: dict[str, Content] = field(default_factory=dict)
    altered: set[date] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)
    wrote: bool = False

    @classmethod
    def of(cls, pipeline: Pipeline, index: str, fresh: Sequence[FreshRows], done: Refreshed, *, thorough: bool) -> _Try:
        lake = pipeline.lake
        published = PublishedRows(lake, index)
        history = MonthlyTable(lake.refined, lake.catalog, HISTORY_TABLE, index)
        changes = MonthlyTable(lake.refined, lake.catalog, CHANGES_TABLE, index, RULES)
        return cls(
            history=history,
            changes=changes,
            published=published,
            fresh={date.fromisoformat(item.record.session): item for item in fresh},
            void_after=pipeline.settings.lease_timeout,
            done=done,
            thorough=thorough,
            # In this order: what a file holds was recorded before the records are listed.
            listings=Listings(history.months(), changes.months(), published_records(lake.refined, index)),
        )

    def run(self) -> bool:
        """Bring the tables up to date; whether somebody has published meanwhile what is not in a month that was written."""
        months = self._refresh_history()
        self._show(
            self.history, self.listings.history, {month for month, held in self.held.items() if not held.sessions}
        )
        # Backwards: what makes a month's changes doubtful is there until those of the month after it are made.
        gone = {month for month in sorted(months, reverse=True) if not self._refresh_changes(month)}
        self._show(self.changes, self.listings.changes, gone)
        if self.wrote and self._is_overtaken():
            return True
        if self.problems:
            raise PublishError("; ".join(self.problems))
        return False

    def _is_overtaken(self) -> bool:
        records = published_records(self.published.lake.refined, self.published.index)
        return any(records.get(month) != self.listings.records.get(month) for month in self.held)

    def _show(self, table: MonthlyTable, listed: Mapping[date, Month], gone: set[date]) -> None:
        kept, superfluous = self.listings.records.keys() - gone, gone & listed.keys()
        if superfluous or any(not table.is_in_order(month, listed.get(month, Month())) for month in kept):
            with held(table.refined, monthly_lease_key(self.published.index), self.void_after) as lease:
                self._put_in_order(table.within(lease), kept, {month: listed[month] for month in superfluous})

    def _put_in_order(self, table: MonthlyTable, kept: Iterable[date], superfluous: Mapping[date, Month]) -> None:
        """Glue has no conditional writes: partitions are changed by one at a time, by what there is by then."""
        now = table.months()
        if any(now.get(month, Month()).file != found.file for month, found in superfluous.items()):
            raise WriteConflict(f"{table.refined.address(index_prefix(table.table, table.index))}: a month came back")
        found = {month: now.get(month, Month()) for month in kept}
        table.show({month: found[month] for month in found if not table.is_in_order(month, found[month])})
        table.remove({month: now[month] for month in superfluous if month in now})

    # --- history ---------------------------------------------------------------------------------------------------------

    def _refresh_history(self) -> set[date]:
        """Put the history right where it may be outdated; the months whose changes may be."""
        months = self.listings.months
        fresh = months if self.thorough else {month_of(session) for session in self.fresh}
        examined: set[date] = set()
        doubtful = doubtful_changes(self.listings, doubtful_history(self.listings, fresh))
        while examined != doubtful:
            examined = doubtful
            self._read_ahead(examined - self.held.keys())
            for month in sorted(examined):
                self._history(month)
                self._session_before(month)
            doubtful = examined | self.altered | {after for before, after in pairwise(months) if before in self.altered}
        return examined

    def _read_ahead(self, months: Iterable[date]) -> None:
        tables = ((self.history, self.listings.history), (self.changes, self.listings.changes))
        files = [
            (table, found.file) for month in months for table, of in tables if (found := of.get(month)) and found.file
        ]
        contents = side_by_side(lambda item: item[0].read(item[1]), files)
        self.read |= {file.key: content for (_, file), content in zip(files, contents, strict=True)}

    def _read(self, table: MonthlyTable, file: ObjectSummary) -> Content:
        if file.key not in self.read:
            self.read[file.key] = table.read(file)
        return self.read[file.key]

    def _history(self, month: date) -> Content:
        """The month's history, put right where it is outdated."""
        if month not in self.held:
            listed = self.listings.history.get(month, Month())
            found = self._found(month, listed)
            content = self._completed(found, self._recorded(month))
            if content.sessions != found.sessions:
                self.altered.add(month)
            if content.sessions and (month in self.altered or listed.file is None):
                self._put(self.history, month, content, listed.file)
                self.done.history = sorted({*self.done.history, month})
            self.held[month] = content
        return self.held[month]

    def _found(self, month: date, listed: Month) -> Content:
        if listed.file:
            return self._read(self.history, listed.file)
        former = former_content(self.history, month, listed.points_to) if listed.points_to else None
        return former or Content(HISTORY_SCHEMA.empty_table())

    def _recorded(self, month: date) -> Sessions:
        records = self.listings.records.get(month, {})
        return {session: record.etag.strip('"') for session, record in records.items()}

    def _completed(self, found: Content, wanted: Sessions) -> Content:
        if found.sessions == wanted:
            return found
        kept = {session: etag for session, etag in wanted.items() if found.sessions.get(session) == etag}
        missing = sorted(wanted.keys() - kept.keys())
        fetched = {
            session: item
            for session, item in zip(missing, side_by_side(self._fetch, missing, PARALLEL_SESSIONS), strict=True)
            if item
        }
        parts = [sessions_only(found.rows, list(kept)), *(rows for _, rows in fetched.values())]
        return Content(month_rows(parts), kept | {session: etag for session, (etag, _) in fetched.items()})

    def _fetch(self, session: date) -> tuple[str, pa.Table] | None:
        """A session's rows, with the ETag of the record that they are of; None where they cannot be had."""
        if fresh := self.fresh.get(session):
            record, etag = self.published.record(session)
            if fresh.record == record:
                return etag, fresh.rows
        # Whoever publishes it meanwhile would mix two versions of its files under our eyes.
        with session_lease(self.history.refined, self.published.index, session, self.void_after) as lease:
            record, etag = self.published.record(session)
            try:
                rows = self.published.of(record)
            except PublishError as error:
                self.problems.append(str(error))
                return None
            lease.ensure()
            return etag, rows

    def _session_before(self, month: date) -> Content:
        """The last session before the month that the history holds; no session where there is none."""
        for earlier in sorted((known for known in self.listings.records if known < month), reverse=True):
            content = self._history(earlier)
            if content.sessions:
                last = max(content.sessions)
                return Content(sessions_only(content.rows, [last]), {last: content.sessions[last]})
        return Content(HISTORY_SCHEMA.empty_table())

    def _put(self, table: MonthlyTable, month: date, content: Content, over: ObjectSummary | None) -> None:
        table.put(month, content, over)
        self.wrote = True

    # --- changes ---------------------------------------------------------------------------------------------------------

    def _refresh_changes(self, month: date) -> bool:
        """Put the month's changes right where they are outdated; whether the month is to have any."""
        before, held = self._session_before(month), self._history(month)
        if not held.sessions:
            return False
        sessions = before.sessions | held.sessions
        listed = self.listings.changes.get(month, Month()).file
        content = self._read(self.changes, listed) if listed else None
        compared = sorted(sessions)[1:]
        if content is None or content.sessions != sessions:
            content = Content(changes_table(month_changes(month_rows([before.rows, held.rows]))), sessions)
            self._put(self.changes, month, content, listed)
        else:
            compared = [session for session in compared if session in self.fresh]
        changes = changes_of(content.rows) if compared else []
        for session in compared:
            self.done.changes[session] = [change for change in changes if change.data_pregao == session]
        return True
