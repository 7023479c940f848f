"""What lies in S3 of each session, read from listings alone: a call for a month, or a year, and a kind; none for a session."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import chain
from typing import TYPE_CHECKING, Any

from expectations.contract.keys import (
    AttemptKey,
    read_attempt_key,
    read_landing_key,
    read_published_key,
    read_raw_key,
    time_prefixes,
)
from expectations.contract.names import (
    INDEX_PATTERN,
    LANDING_PREFIX,
    LEDGER_PREFIX,
    PUBLISHED_PREFIX,
    RAW_PREFIX,
    UNDATED_PREFIX,
)
from expectations.contract.outcomes import FINDINGS, FRESHLY_PUBLISHED, Outcome, Verdict
from flows.b3.calendar import expected
from flows.lake.calls import side_by_side

if TYPE_CHECKING:
    from flows.lake.connect import Lake
    from flows.lake.s3 import Bucket

# B3 shows a session before its day, after a long weekend by several days.
_AHEAD = timedelta(days=10)
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class SessionTraces:
    """What lies in S3 of one session, and when the newest of each kind was stored, by S3's own clock.

    Attributes:
        payloads: keys in landing.
        attempts: rows of the ledger, the newest last, but for those of attempts that only asked prices.
        attempted_at: when the newest row was stored that tells of an attempt to publish.
        judged: the row of the newest attempt that asked prices.
    """

    index: str
    session: date
    payloads: tuple[str, ...] = ()
    landed_at: datetime | None = None
    raw_at: datetime | None = None
    published_at: datetime | None = None
    attempts: tuple[AttemptKey, ...] = ()
    attempted_at: datetime | None = None
    judged: AttemptKey | None = None
    judged_at: datetime | None = None

    @property
    def verdict(self) -> Verdict | None:
        """What prices say of what is published; None where they were not asked since it was."""
        if self.judged is None or self.judged_at is None or self.published_at is None:
            return None
        return self.judged.verdict if self.judged_at >= self.published_at else None

    @property
    def is_rebuilt(self) -> bool:
        """Whether what is published was computed, and is not B3's words."""
        found = (row.outcome for row in reversed(self.attempts) if row.outcome in FRESHLY_PUBLISHED)
        return next(found, None) is Outcome.REBUILT

    @property
    def has_unread(self) -> bool:
        """Whether a payload came after all that flows have made of the session, and that no attempt records."""
        known = [instant for instant in (self.raw_at, self.published_at, self.attempted_at) if instant]
        return self.landed_at is not None and all(self.landed_at > instant for instant in known)

    @property
    def tried(self) -> AttemptKey | None:
        """The newest attempt to publish the session."""
        return next((row for row in reversed(self.attempts) if row.outcome not in FINDINGS), None)

    @property
    def found_damaged(self) -> AttemptKey | None:
        """The row by which what is published was found damaged; None where it was not, or was published again since."""
        telling = FINDINGS | FRESHLY_PUBLISHED
        last = next((row for row in reversed(self.attempts) if row.outcome in telling), None)
        if last is None or last.outcome is not Outcome.DAMAGED or self.published_at is None:
            return None
        return last if last.ended_at > self.published_at else None

    @property
    def changed_at(self) -> datetime | None:
        """When the newest payload or raw file was stored."""
        return max((instant for instant in (self.landed_at, self.raw_at) if instant), default=None)

    @property
    def latest(self) -> datetime | None:
        """When the newest of its traces was left; None where there is none."""
        known = (self.landed_at, self.raw_at, self.published_at, self.attempted_at, self.judged_at)
        return max((instant for instant in known if instant), default=None)

    def joined(self, other: SessionTraces) -> SessionTraces:
        """These traces and others of the same session."""
        return replace(
            self,
            payloads=self.payloads + other.payloads,
            landed_at=_later(self.landed_at, other.landed_at),
            raw_at=_later(self.raw_at, other.raw_at),
            published_at=_later(self.published_at, other.published_at),
            attempts=self.attempts + other.attempts,
            attempted_at=_later(self.attempted_at, other.attempted_at),
            **_newest_judged(self, other),
        )


def _newest_judged(one: SessionTraces, other: SessionTraces) -> dict[str, Any]:
    newest = max((one, other), key=lambda traces: traces.judged_at or _NEVER)
    return {"judged": newest.judged, "judged_at": newest.judged_at}


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((instant for instant in (one, other) if instant), default=None)


@dataclass(frozen=True, slots=True)
class AccountTraces:
    """What lies in S3 of all indices.

    Attributes:
        sessions: by index and session.
        tries: by index and the session that B3 should have been showing, the newest attempt that did not get it.
        undated: by index, the keys of payloads whose session could not be read.
    """

    sessions: Mapping[str, Mapping[date, SessionTraces]] = field(default_factory=dict)
    tries: Mapping[tuple[str, date], AttemptKey] = field(default_factory=dict)
    undated: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def indices(self) -> list[str]:
        """The indices of which there is anything."""
        return sorted(self.sessions.keys() | self.undated.keys() | {index for index, _ in self.tries})

    def first(self, index: str) -> date | None:
        """The first session of which the index has anything, if only an attempt; None where it has nothing."""
        tried = (session for of_index, session in self.tries if of_index == index)
        return min([*self.sessions.get(index, ()), *tried], default=None)


def read_traces(lake: Lake, today: date) -> AccountTraces:
    """Look at what lies in S3 of all sessions: where one stands depends on the first of its index, whichever is asked for.

    Args:
        today: in São Paulo.

    Raises:
        AwsError: S3 could not be asked.
    """
    indices = [
        name.upper() for name in lake.refined.folders(PUBLISHED_PREFIX) if re.fullmatch(INDEX_PATTERN, name.upper())
    ]
    first, last = _first_day(lake, indices) or today, today + _AHEAD
    rows = sorted(_attempts(lake.refined, first, today), key=lambda item: (item[0], item[1].ended_at))
    found: defaultdict[str, dict[date, SessionTraces]] = defaultdict(dict)
    for traces in chain(_stored(lake, indices, first, last), _attempted(rows)):
        if traces.session > last:
            continue
        of_index = found[traces.index]
        known = of_index.get(traces.session)
        of_index[traces.session] = known.joined(traces) if known else traces
    return AccountTraces(found, _tries(row for _, row in rows), _undated(lake.raw))


def _attempts(refined: Bucket, first: date, today: date) -> Iterator[tuple[datetime, AttemptKey]]:
    prefixes = time_prefixes(LEDGER_PREFIX, first, today + timedelta(days=1))
    for item in refined.objects_below(prefixes):
        if row := read_attempt_key(item.key):
            yield item.stored_at, row


def _attempted(rows: Sequence[tuple[datetime, AttemptKey]]) -> Iterator[SessionTraces]:
    for stored_at, row in rows:
        if row.session is None:
            continue
        asked: dict[str, Any] = {"judged": row, "judged_at": stored_at} if row.verdict else {}
        if row.outcome is Outcome.JUDGED:
            yield SessionTraces(row.index, row.session, **asked)
            continue
        attempted_at = None if row.outcome in FINDINGS else stored_at
        yield SessionTraces(row.index, row.session, attempts=(row,), attempted_at=attempted_at, **asked)


def _tries(rows: Iterator[AttemptKey]) -> dict[tuple[str, date], AttemptKey]:
    """Attempts that ended before B3 named a session, or got an older one, by the session that they were after."""
    after = ((row, expected(row.ended_at)) for row in rows if row.session is None or row.outcome is Outcome.STALE)
    return {(row.index, session): row for row, session in after if row.session is None or row.session < session}


def _first_day(lake: Lake, indices: Sequence[str]) -> date | None:
    """The first day of the first month of which there is anything."""
    published = [(lake.refined, _published(index)) for index in indices]
    places = [(lake.raw, LANDING_PREFIX), (lake.raw, RAW_PREFIX), (lake.refined, LEDGER_PREFIX), *published]
    return min((found for found in side_by_side(lambda place: _first_month(*place), places) if found), default=None)


def _first_month(bucket: Bucket, prefix: str) -> date | None:
    years = [name for name in bucket.folders(prefix) if re.fullmatch(r"year=(19|20)\d\d", name)]
    if not years:
        return None
    year = min(years)
    found = [name for name in bucket.folders(f"{prefix}{year}/") if re.fullmatch(r"month=(0[1-9]|1[0-2])", name)]
    return date(int(year[-4:]), int(min(found)[-2:]), 1) if found else None


def _stored(lake: Lake, indices: Sequence[str], first: date, last: date) -> Iterator[SessionTraces]:
    """Payloads, raw files and publications; a key that is not of the contract's form is nobody's."""
    for item in lake.raw.objects_below(time_prefixes(LANDING_PREFIX, first, last)):
        if (landed := read_landing_key(item.key)) and landed.session:
            yield SessionTraces(landed.index, landed.session, payloads=(item.key,), landed_at=item.stored_at)
    for item in lake.raw.objects_below(time_prefixes(RAW_PREFIX, first, last)):
        if raw := read_raw_key(item.key):
            yield SessionTraces(raw.index, raw.session, raw_at=item.stored_at)
    published = [prefix for index in indices for prefix in time_prefixes(_published(index), first, last)]
    for item in lake.refined.objects_below(published):
        if record := read_published_key(item.key):
            yield SessionTraces(record.index, record.session, published_at=item.stored_at)


def _undated(raw: Bucket) -> dict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for item in raw.objects(UNDATED_PREFIX):
        if landed := read_landing_key(item.key):
            found[landed.index].append(item.key)
    return found


def _published(index: str) -> str:
    return f"{PUBLISHED_PREFIX}{index.lower()}/"
