"""Where the sessions of an account stand: what lies in S3 is listed, and read where listings do not tell all."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from expectations.contract.keys import ContractError
from expectations.contract.names import DEFAULT_INDEX
from expectations.contract.outcomes import Outcome, Verdict
from flows.b3 import calendar
from flows.b3.calendar import SAO_PAULO
from flows.lake.calls import side_by_side
from flows.record.index_status import IndexStatus
from flows.record.ledger import read_attempt
from flows.record.state import CalendarFacts, SessionDetails, SessionState, is_settled, session_state
from flows.record.traces import AccountTraces, SessionTraces, read_traces
from flows.record.withdrawals import withdrawal_among
from flows.session import etl, storage
from flows.session.batch_runs import BatchRuns
from flows.session.intact import listed_damage

if TYPE_CHECKING:
    from expectations.contract.keys import AttemptKey
    from flows.glue_run import GlueRun
    from flows.lake.connect import Lake
    from flows.record.attempt import Attempt
    from flows.session.storage import Publication, RawVersion
    from flows.settings import Settings

T = TypeVar("T")


class Account(Protocol):
    """Whose status it is."""

    @property
    def settings(self) -> Settings:
        """The settings that it is worked on with."""

    @property
    def lake(self) -> Lake:
        """How it is reached."""


_WORKDAYS = 5
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class SessionStatus:
    """One session: what lies in S3 of it, what was read of it, and where it stands."""

    traces: SessionTraces
    facts: SessionDetails
    state: SessionState

    @property
    def name(self) -> tuple[str, date]:
        """The index and the session."""
        return self.traces.index, self.traces.session


@dataclass(frozen=True, slots=True)
class AccountStatus:
    """What was found in an account at an instant.

    Attributes:
        at: the instant (aware).
        sessions: by index, every day of its status in order.
        indices: the status of each index.
    """

    at: datetime
    traces: AccountTraces
    sessions: Mapping[str, Sequence[SessionStatus]]
    indices: Sequence[IndexStatus]

    @property
    def complete(self) -> bool:
        """Whether every session of every index is published."""
        return all(status.complete for status in self.indices)

    @property
    def headline(self) -> str:
        """All indices in one line."""
        return "; ".join(status.headline for status in self.indices)

    def of(self, index: str) -> IndexStatus:
        """The status of one of the indices."""
        return next(status for status in self.indices if status.index == index)

    def to_dict(self) -> dict[str, Any]:
        """The status as JSON's types."""
        return {
            "at": self.at.isoformat(timespec="seconds"),
            "complete": self.complete,
            "indices": [status.to_dict() for status in self.indices],
        }


def read_status(
    account: Account,
    now: datetime,
    since: date | None = None,
    until: date | None = None,
    indices: Sequence[str] = (),
) -> AccountStatus:
    """Find out where each session stands.

    Args:
        now: instant (aware), which tells which sessions are due.
        since: the first session; by default, of each index, the first of which there is anything.
        until: the last session; by default the one that is due, or a later one of which there is something.
        indices: index codes; by default all of which there is anything.

    Raises:
        AwsError: AWS could not be asked.
    """
    local = now.astimezone(SAO_PAULO)
    traces = read_traces(account.lake, local.date())
    span = _Span(since, until, due=calendar.due(now), showing=calendar.expected(now))
    wanted = list(dict.fromkeys(indices)) or traces.indices or [DEFAULT_INDEX]
    listed = {index: span.of(index, traces) for index in wanted}
    begun = {index: traces.first(index) or span.due for index in wanted}
    facts = _Reader(account).facts([item for items in listed.values() for item in items], traces.tries)
    sessions = {
        index: [
            SessionStatus(
                item, facts[item], session_state(item, facts[item], span.calendar(item.session, begun[index]))
            )
            for item in items
        ]
        for index, items in listed.items()
    }
    return AccountStatus(local, traces, sessions, [span.status(index, sessions[index], traces) for index in wanted])


@dataclass(frozen=True, slots=True)
class _Span:
    """The days that are looked at, of whichever index."""

    since: date | None
    until: date | None
    due: date
    showing: date

    @property
    def last(self) -> date:
        return self.until or self.due

    def of(self, index: str, traces: AccountTraces) -> list[SessionTraces]:
        """Every weekday, and every day of which there is something, in order."""
        first = self.since or traces.first(index) or self.due
        found = traces.sessions.get(index, {})
        there = (day for day in found if first <= day and (self.until is None or day <= self.until))
        count = (self.last - first).days + 1
        weekdays = (day for day in (first + number * _DAY for number in range(count)) if day.weekday() < _WORKDAYS)
        return [found.get(day, SessionTraces(index, day)) for day in sorted({*weekdays, *there})]

    def calendar(self, day: date, begun: date) -> CalendarFacts:
        return CalendarFacts(
            is_session=calendar.is_session(day),
            is_on_display=day >= self.showing,
            is_before=day < begun,
        )

    def status(self, index: str, items: Sequence[SessionStatus], traces: AccountTraces) -> IndexStatus:
        return IndexStatus(
            index,
            since=items[0].traces.session if items else None,
            until=max(self.last, items[-1].traces.session) if items else None,
            due=min(self.last, self.due),
            showing=self.showing,
            days=tuple(item.state for item in items),
            undated=len(traces.undated.get(index, ())),
        )


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads what listings do not tell, of the few sessions that need it."""

    account: Account

    def facts(
        self, listed: Sequence[SessionTraces], tries: Mapping[tuple[str, date], AttemptKey]
    ) -> dict[SessionTraces, SessionDetails]:
        damages = self._damages(listed)
        untold = [
            item
            for item in listed
            if item.verdict is Verdict.DIVERGENT
            or (not is_settled(item) and (_is_there(item) or (item.index, item.session) in tries))
        ]
        read = dict(zip(untold, side_by_side(lambda item: self._read(item, tries), untold), strict=True))
        unpublished = [facts.version for facts in read.values() if facts.version and not _covered(facts)]
        runs = self._runs(unpublished)
        whole = {run.run_id: etl.is_whole(self.account.lake.refined, run) for run in runs.values() if run.succeeded}
        for item, facts in read.items():
            if facts.version and (run := runs.get(facts.version.version_id)):
                read[item] = replace(facts, run=run, staged=whole.get(run.run_id, False))
        facts_of = {item: read.get(item, SessionDetails()) for item in listed}
        for item, damage in damages.items():
            facts_of[item] = replace(facts_of[item], damage=damage)
        return facts_of

    def _damages(self, listed: Sequence[SessionTraces]) -> dict[SessionTraces, str]:
        """What listings tell of published sessions that are not as they were published."""
        lake, void_after = self.account.lake, self.account.settings.lease_timeout
        found: dict[SessionTraces, str] = {}
        for index in dict.fromkeys(item.index for item in listed):
            published = {item.session: item for item in listed if item.index == index and item.published_at}
            damaged = listed_damage(lake, index, published.keys(), void_after)
            found |= {published[session]: damage for session, damage in damaged.items()}
        return found

    def _read(self, traces: SessionTraces, tries: Mapping[tuple[str, date], AttemptKey]) -> SessionDetails:
        index, session = traces.index, traces.session
        row = traces.tried or tries.get((index, session))
        version = storage.find_raw(self.account.lake.raw, index, session) if traces.raw_at else None
        attempt = self.attempt(row) if row else None
        if attempt is None or attempt.outcome is not Outcome.ACKNOWLEDGED:
            attempt = self._withdrawal(traces, version) or attempt
        found = SessionDetails(
            attempt=attempt,
            version=version,
            publication=self.publication(traces) if traces.published_at else None,
            judged=self.attempt(traces.judged) if traces.judged and traces.verdict is Verdict.DIVERGENT else None,
            damage=self._finding(traces),
        )
        return found if _covered(found) else replace(found, raw_damage=self._raw_damage(found.version))

    def _finding(self, traces: SessionTraces) -> str:
        """What was found damaged when the session was verified."""
        row = traces.found_damaged
        found = self.attempt(row) if row else None
        if row is None:
            return ""
        return found.reason if found else f"found damaged at {row.ended_at:%Y-%m-%d %H:%M} UTC"

    def _raw_damage(self, version: RawVersion | None) -> str:
        try:
            if version:
                storage.read_raw(self.account.lake.raw, version)
        except ContractError as error:
            return str(error)
        return ""

    def _withdrawal(self, traces: SessionTraces, version: RawVersion | None) -> Attempt | None:
        """The withdrawal of the raw file's portfolio, whichever of the raw versions that say the same it was published from."""
        if version is None or traces.published_at:
            return None
        found = withdrawal_among(self.account.lake.refined, traces.attempts, version.fingerprint)
        return replace(found, raw_version_id=version.version_id) if found else None

    def publication(self, traces: SessionTraces) -> Publication | None:
        return _readable(lambda: storage.read_publication(self.account.lake.refined, traces.index, traces.session))

    def attempt(self, row: AttemptKey) -> Attempt | None:
        return _readable(lambda: read_attempt(self.account.lake.refined, row))

    def _runs(self, versions: Sequence[RawVersion]) -> dict[str, GlueRun]:
        lake = self.account.lake
        return BatchRuns(lake.artifacts, lake.job, announced_for=0).find(versions)


@dataclass(frozen=True, slots=True)
class SessionHistory:
    """All that was done about one session.

    Attributes:
        attempts: rows of the ledger, the oldest first.
    """

    index: str
    session: date
    publication: Publication | None
    attempts: tuple[Attempt, ...]

    def to_dict(self) -> dict[str, object]:
        """The history as JSON's types."""
        published = json.loads(json.dumps(asdict(self.publication), default=str)) if self.publication else None
        return {
            "index": self.index,
            "session": self.session.isoformat(),
            "publication": published,
            "attempts": [attempt.to_dict() for attempt in self.attempts],
        }


def read_history(account: Account, traces: SessionTraces) -> SessionHistory:
    """What was done about a session.

    Raises:
        AwsError: AWS could not be asked.
    """
    reader = _Reader(account)
    asked = (traces.judged,) if traces.judged and traces.judged.outcome is Outcome.JUDGED else ()
    read = (row for row in side_by_side(reader.attempt, (*traces.attempts, *asked)) if row)
    attempts = tuple(sorted(read, key=lambda row: row.ended_at))
    publication = reader.publication(traces) if traces.published_at else None
    return SessionHistory(traces.index, traces.session, publication, attempts)


def _is_there(traces: SessionTraces) -> bool:
    return bool(traces.payloads or traces.raw_at or traces.published_at or traces.attempts)


def _covered(facts: SessionDetails) -> bool:
    return bool(facts.publication and facts.version and facts.publication.covers(facts.version))


def _readable(read: Callable[[], T | None]) -> T | None:
    """What is read; None for what is not of the contract's form, which tells nothing."""
    try:
        return read()
    except ContractError:
        return None
