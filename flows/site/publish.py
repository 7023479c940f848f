"""The site brought up to date: the facts are read, the pages rendered and put.

Whoever does so renders the same facts, so that the last one is right. Where an attempt was noted while pages were made, they
are made again.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from expectations.contract.keys import ContractError, ledger_prefix, read_attempt_key
from expectations.contract.names import DEFAULT_INDEX, PART_NAME, REPORTS_PREFIX
from expectations.contract.partitions import partition_prefix
from expectations.contract.tables import HISTORY_TABLE
from expectations.gates.gate import Demand
from flows.errors import AwsError
from flows.lake.calls import side_by_side
from flows.record.report import SUMMARY_PAGE, docs_pages
from flows.record.state import State
from flows.record.status import read_history, read_status
from flows.site.facts import Findings, GateFindings, IndexFacts
from flows.site.figures import figures_by_session
from flows.site.pages import (
    MAX_SESSIONS,
    MAX_TRENDS,
    ROOT_KEY,
    index_key,
    index_page,
    overview_page,
    session_key,
    session_page,
    year_key,
    year_page,
)

if TYPE_CHECKING:
    from flows.record.attempt import Attempt
    from flows.record.index_status import IndexStatus
    from flows.record.status import AccountStatus, SessionStatus
    from flows.session.pipeline import Pipeline
    from flows.site.figures import Figures

HTML = "text/html; charset=utf-8"

_MOST_TIMES = 5

Warn = Callable[[str], None]


def site_address(pipeline: Pipeline) -> str:
    """S3 address of the site's first page."""
    return pipeline.lake.artifacts.address(ROOT_KEY)


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
        site.write(index, {item.traces.session for item in site.status.sessions[index] if item.traces.attempts})
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
        listed = {day.session for day in known.sessions[:MAX_SESSIONS]}
        listed |= {session for session in by_session if session.year in years}
        facts = self._facts(index, listed | chosen, years)
        pages = {session_key(index, session): self._session_page(facts, session) for session in sorted(chosen)}
        pages |= {year_key(index, year): year_page(facts, year, self.now) for year in sorted(years)}
        pages[index_key(index)] = index_page(facts, self.now, root="../")
        list(side_by_side(lambda key: self._put(key, pages[key]), pages))
        self.write_root()

    def write_root(self) -> None:
        """Put the site's first page: of the one index, or over all of them."""
        if len(self.indices) == 1:
            facts = self._facts(self.indices[0], self._latest(self.indices[0]), set())
            self._put(ROOT_KEY, index_page(facts, self.now, root=""))
            return
        self._put(ROOT_KEY, overview_page([self._facts(index, (), set()) for index in self.indices], self.now))

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

    def _put(self, key: str, page: str) -> None:
        self.bucket.put(key, page.encode(), kind=HTML)

    # --- facts -----------------------------------------------------------------------------------------------------------

    def _facts(self, index: str, listed: Iterable[date], years: Iterable[int]) -> IndexFacts:
        """What is known of an index, with the attempts at the sessions of which a page tells more."""
        items = {item.traces.session: item for item in self.status.sessions[index]}
        chosen = [items[session] for session in sorted(listed) if session in items]
        attempts = dict(
            zip((item.traces.session for item in chosen), side_by_side(self._attempts, chosen), strict=True)
        )
        return IndexFacts(
            self.status.of(index),
            attempted={session: item.traces.attempts for session, item in items.items()},
            attempts=attempts,
            figures=self._figures(index, years),
        )

    def _latest(self, index: str) -> list[date]:
        return [day.session for day in IndexFacts(self.status.of(index)).sessions[:MAX_SESSIONS]]

    def _attempts(self, item: SessionStatus) -> Sequence[Attempt]:
        """The attempts at a session; the one that is the reason why it is missing, too."""
        attempts = read_history(self.pipeline, replace(item.traces, published_at=None)).attempts
        return attempts or ((item.facts.attempt,) if item.facts.attempt else ())

    def _figures(self, index: str, years: Iterable[int]) -> Mapping[date, Figures]:
        """The figures of the last two years, and of the given ones, from the history's files."""
        published = [day.session for day in self.status.of(index).days if day.state is State.PUBLISHED]
        months = {session.replace(day=1) for session in published}
        wanted = {*sorted(months)[-MAX_TRENDS:], *(month for month in months if month.year in set(years))}
        found: dict[date, Figures] = {}
        unread = sorted(month for month in wanted if (index, month) not in self._read)
        read = side_by_side(lambda month: self._month(index, month), unread)
        self._read |= {(index, month): figures for month, figures in zip(unread, read, strict=True)}
        for month in sorted(wanted):
            found |= self._read[index, month]
        return found

    def _month(self, index: str, month: date) -> Mapping[date, Figures]:
        found = self.pipeline.lake.refined.find(partition_prefix(HISTORY_TABLE, index, month) + PART_NAME)
        columns = ["data_pregao", "percentual_participacao_ibov"]
        return figures_by_session(pq.read_table(io.BytesIO(found.body), columns=columns)) if found else {}

    def _session_page(self, facts: IndexFacts, session: date) -> str:
        day = facts.day(session)
        assert day is not None, "pages are of days that are known"
        try:
            findings = self._findings(facts.checked(session))
        except ContractError as error:
            findings = None
            self.problems.append(str(error))
        return session_page(facts, day, findings, self.now)

    def _findings(self, attempt: Attempt | None) -> Findings | None:
        """What the gates found in an attempt, as its report has it."""
        if attempt is None or not attempt.report:
            return None
        prefix = attempt.report.removeprefix(self.bucket.address("")).removesuffix(SUMMARY_PAGE)
        names = [*attempt.gates_passed, *([attempt.gate_refused] if attempt.gate_refused else [])]
        found = {f"{prefix}{gate}.json": self.bucket.find(f"{prefix}{gate}.json") for gate in sorted(names)}
        docs = docs_pages(item.key.removeprefix(prefix) for item in self.bucket.objects(f"{prefix}data-docs/"))
        gates = [_gate(key, item.body) for key, item in found.items() if item]
        return Findings(prefix.removeprefix(REPORTS_PREFIX), gates, docs)


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
    return GateFindings(gate, passed, checked_at, tuple(sorted(outcomes, key=lambda item: item.success)))
