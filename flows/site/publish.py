"""The site brought up to date: the facts are read, the pages rendered and put.

Whoever does so renders the same facts, so that the last one is right. Where an attempt was noted while pages were made, they
are made again.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from expectations.contract.keys import ContractError, ledger_prefix, read_attempt_key
from expectations.contract.names import DEFAULT_INDEX, PART_NAME
from expectations.contract.partitions import partition_prefix
from expectations.contract.tables import HISTORY_TABLE
from expectations.gates.gate import Demand
from flows.errors import AwsError
from flows.lake.calls import side_by_side
from flows.language import ENGLISH, LANGUAGES, Language
from flows.record.status import read_history, read_status
from flows.site.addresses import ROOT_KEY, SUMMARY_PAGE, in_language, index_key, report_key, session_key, year_key
from flows.site.facts import Findings, GateFindings, IndexFacts
from flows.site.figures import COLUMNS, figures_by_session, holdings_of
from flows.site.lists import session_rows
from flows.site.pages import MAX_SESSIONS, MAX_TRENDS, index_page, overview_page, session_page, year_page
from flows.site.run_report import docs_pages, summary_pages

if TYPE_CHECKING:
    import pyarrow as pa

    from expectations.contract.keys import AttemptKey
    from flows.record.attempt import Attempt
    from flows.record.index_status import IndexStatus
    from flows.record.status import AccountStatus, SessionStatus
    from flows.session.pipeline import Pipeline
    from flows.site.figures import Figures, Holding

HTML = "text/html; charset=utf-8"

_MOST_TIMES = 5

Warn = Callable[[str], None]
Make = Callable[[Language], str]
"""A page in a language."""


def site_address(pipeline: Pipeline, language: Language = ENGLISH) -> str:
    """S3 address of the site's first page."""
    return pipeline.lake.artifacts.address(in_language(ROOT_KEY, language))


def refresh_site(pipeline: Pipeline, now: datetime, index: str, sessions: Iterable[date] = ()) -> IndexStatus:
    """Bring the pages of an index, of some of its sessions and over all indices up to date.

    Args:
        now: instant (aware).
        sessions: by default the latest one.

    Returns:
        Where the sessions of the index stand.

    Raises:
        AwsError: S3 refused or failed.
    """
    wanted = set(sessions)
    for _ in range(_MOST_TIMES):
        site = _Site(pipeline, read_status(pipeline, now), now)
        site.write(index, wanted)
        if not site.is_outdated():
            break
    return site.status.of(index)


def refresh_site_of(pipeline: Pipeline, attempts: Iterable[Attempt], warn: Warn) -> None:
    """Bring the pages that show these attempts up to date; that it cannot be done is a warning."""
    sessions: dict[str, set[date]] = {}
    for attempt in attempts:
        if attempt.index and attempt.session:
            sessions.setdefault(attempt.index, set()).add(attempt.session)
    for index, of_index in sorted(sessions.items()):
        try:
            refresh_site(pipeline, datetime.now(UTC), index, of_index)
        except (AwsError, ContractError) as error:
            warn(f"the site is not up to date: {error}")


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """A site that was made again.

    Attributes:
        indices: of which there are pages.
        problems: why something was left out, one line each.
    """

    indices: Sequence[IndexStatus]
    problems: Sequence[str]


def rebuild_site(pipeline: Pipeline, now: datetime) -> Rebuilt:
    """Make all pages again.

    Raises:
        AwsError: S3 refused or failed.
    """
    site = _Site(pipeline, read_status(pipeline, now), now)
    for index in site.indices:
        site.write(index, site.with_pages(index))
    site.write_root()
    return Rebuilt([site.status.of(index) for index in site.indices], site.problems)


class _Site:
    """The pages of an account at an instant."""

    def __init__(self, pipeline: Pipeline, status: AccountStatus, now: datetime) -> None:
        self.pipeline, self.status, self.now = pipeline, status, now
        self.bucket = pipeline.lake.artifacts
        self.problems: list[str] = []
        self._read: dict[tuple[str, date], Mapping[date, Figures]] = {}

    @property
    def indices(self) -> list[str]:
        """The indices of which anything was ever published, the Ibovespa first."""
        found = [status.index for status in self.status.indices if status.newest_published]
        return sorted(found, key=lambda index: (index != DEFAULT_INDEX, index))

    def with_pages(self, index: str) -> set[date]:
        """The sessions of an index that have a page."""
        facts = IndexFacts(self.status.of(index), self._attempted(index))
        return {day.session for day in facts.status.days if facts.has_page(day)}

    def write(self, index: str, wanted: Iterable[date]) -> None:
        """Put the pages of an index and of the wanted sessions, with those of their years, and the first page."""
        if index not in self.indices:
            return
        by_session = {item.traces.session: item for item in self.status.sessions[index]}
        known = IndexFacts(self.status.of(index))
        chosen = {session for session in wanted if session in by_session} or {day.session for day in known.sessions[:1]}
        # Other years' pages were put by the attempts of those years; that of a year without any has nobody else.
        attempted = {session.year for session, item in by_session.items() if item.traces.attempts}
        years = {session.year for session in chosen} | (set(known.years) - attempted)
        chosen |= self._left_out(index, years)
        listed = set(self._latest(index)) | {session for session in by_session if session.year in years}
        facts = self._facts(index, listed | chosen, years, chosen)
        list(side_by_side(lambda session: self._write_session(facts, session), sorted(chosen)))
        pages: dict[str, Make] = {
            year_key(index, year): lambda language, year=year: year_page(facts, year, language, self.now)  # type: ignore[misc]
            for year in sorted(years)
        }
        pages[index_key(index)] = lambda language: index_page(facts, language, self.now)
        list(side_by_side(lambda key: self._put(key, pages[key]), pages))
        self.write_root()

    def _left_out(self, index: str, years: Iterable[int]) -> set[date]:
        """Sessions of which something was stored after their year's page: who did so ended before it came to the site."""
        put = dict(zip(years, side_by_side(lambda year: self.bucket.look(year_key(index, year)), years), strict=True))
        latest = {item.traces.session: item.traces.latest for item in self.status.sessions[index]}

        def is_left_out(session: date) -> bool:
            page, instant = put[session.year], latest[session]
            return page is None or (instant is not None and instant >= page.stored_at)

        return {session for session in self.with_pages(index) if session.year in put and is_left_out(session)}

    def write_root(self) -> None:
        """Put the site's first page: of the one index, or over all of them."""
        if len(self.indices) == 1:
            facts = self._facts(self.indices[0], self._latest(self.indices[0]), (), ())
            self._put(ROOT_KEY, lambda language: index_page(facts, language, self.now, ROOT_KEY))
            return
        found = [self._facts(index, (), (), ()) for index in self.indices]
        self._put(ROOT_KEY, lambda language: overview_page(found, language, self.now))

    def is_outdated(self) -> bool:
        """Whether an attempt was noted since the facts were read."""
        known = {
            row.key for rows in self.status.traces.sessions.values() for item in rows.values() for row in item.attempts
        }
        known |= {row.key for row in self.status.traces.tries.values()}
        listed = self.pipeline.lake.refined.objects(ledger_prefix(datetime.now(UTC)))
        return any(
            read_attempt_key(item.key) and item.stored_at > self.now and item.key not in known for item in listed
        )

    def _put(self, key: str, make: Make) -> None:
        for language in LANGUAGES:
            self.bucket.put(in_language(key, language), make(language).encode(), kind=HTML)

    # --- facts -----------------------------------------------------------------------------------------------------------

    def _facts(self, index: str, listed: Iterable[date], years: Iterable[int], shown: Collection[date]) -> IndexFacts:
        """What is known of an index.

        Args:
            listed: the sessions of whose attempts a page tells more.
            years: those of which pages are made.
            shown: the sessions whose shares a page shows, besides the newest that is published.
        """
        items = {item.traces.session: item for item in self.status.sessions[index]}
        chosen = [items[session] for session in sorted(listed) if session in items]
        attempts = dict(
            zip((item.traces.session for item in chosen), side_by_side(self._attempts, chosen), strict=True)
        )
        figures, holdings = self._months(index, years, shown)
        return IndexFacts(self.status.of(index), self._attempted(index), attempts, figures, holdings)

    def _attempted(self, index: str) -> Mapping[date, Sequence[AttemptKey]]:
        return {item.traces.session: item.traces.attempts for item in self.status.sessions[index]}

    def _latest(self, index: str) -> list[date]:
        """The sessions that the index's page lists one by one."""
        facts = IndexFacts(self.status.of(index))
        return [row.day.session for row in session_rows(facts, facts.sessions)[:MAX_SESSIONS] if row.count == 1]

    def _attempts(self, item: SessionStatus) -> Sequence[Attempt]:
        """The attempts at a session; the one that is the reason why it is missing, too."""
        attempts = read_history(self.pipeline, replace(item.traces, published_at=None)).attempts
        return attempts or ((item.facts.attempt,) if item.facts.attempt else ())

    def _months(
        self, index: str, years: Iterable[int], shown: Collection[date]
    ) -> tuple[Mapping[date, Figures], Mapping[date, Sequence[Holding]]]:
        """The figures of the last two years, and of the given ones, and some sessions' shares, from the history's files."""
        published = {day.session for day in IndexFacts(self.status.of(index)).published}
        wanted = {*shown, *sorted(published)[-1:]} & published
        with_holdings, of_years = {session.replace(day=1) for session in wanted}, set(years)
        months = {session.replace(day=1) for session in published}
        plotted = {*sorted(months)[-MAX_TRENDS:], *(month for month in months if month.year in of_years)}
        unread = sorted(with_holdings | {month for month in plotted if (index, month) not in self._read})
        holdings: dict[date, Sequence[Holding]] = {}
        for month, rows in zip(unread, side_by_side(lambda month: self._month(index, month), unread), strict=True):
            self._read[index, month] = figures_by_session(rows) if rows is not None else {}
            of_month = [session for session in wanted if session.replace(day=1) == month]
            holdings |= {session: holdings_of(rows, session) for session in of_month if rows is not None}
        figures = (self._read[index, month] for month in sorted(plotted))
        return {session: item for of_month in figures for session, item in of_month.items()}, holdings

    def _month(self, index: str, month: date) -> pa.Table | None:
        found = self.pipeline.lake.refined.find(partition_prefix(HISTORY_TABLE, index, month) + PART_NAME)
        return pq.read_table(io.BytesIO(found.body), columns=list(COLUMNS)) if found else None

    # --- sessions --------------------------------------------------------------------------------------------------------

    def _write_session(self, facts: IndexFacts, session: date) -> None:
        """Put a session's page, and those of its attempts' reports that are not there in every language."""
        day, checked = facts.day(session), facts.checked(session)
        assert day is not None, "pages are of days that are known"
        last: Findings | None = None
        for attempt in facts.attempts.get(session, ()):
            if not report_key(attempt.report):
                continue
            findings = self._with_summary(attempt)
            last = findings if attempt is checked else last
        self._put(
            session_key(facts.index, session), lambda language: session_page(facts, day, last, language, self.now)
        )

    def _with_summary(self, attempt: Attempt) -> Findings | None:
        """What the gates found in an attempt, whose report's pages are there afterwards; None where it cannot be read."""
        prefix = report_key(attempt.report).removesuffix(SUMMARY_PAGE)
        names = {item.key.removeprefix(prefix) for item in self.bucket.objects(prefix)}
        try:
            findings = self._findings(attempt, prefix, names)
        except ContractError as error:
            self.problems.append(str(error))
            return None
        pages = summary_pages(prefix, attempt, findings, self.now)
        for name in pages if names and not names.issuperset(pages) else ():
            self.bucket.put(prefix + name, pages[name], kind=HTML)
        return findings

    def _findings(self, attempt: Attempt, prefix: str, names: Collection[str]) -> Findings:
        gates = [*attempt.gates_passed, *([attempt.gate_refused] if attempt.gate_refused else [])]
        found = {f"{prefix}{gate}.json": self.bucket.find(f"{prefix}{gate}.json") for gate in sorted(gates)}
        return Findings(prefix, [_gate(key, item.body) for key, item in found.items() if item], docs_pages(names))


def _gate(key: str, text: bytes) -> GateFindings:
    """A gate's report as it was kept.

    Raises:
        ContractError: it is not one.
    """
    try:
        body = json.loads(text)
        outcomes = [Demand(**{**item, "rows": tuple(item["rows"])}) for item in body["outcomes"]]
        checked_at = datetime.fromisoformat(body["checked_at"])
        gate, passed = str(body["gate"]), body["passed"] is True
    except (KeyError, TypeError, ValueError) as error:
        raise ContractError(f"{key}: not a gate's report ({error!r})") from error
    return GateFindings(gate, passed, checked_at, tuple(outcomes))
