"""Which published sessions an answer rests on."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from expectations.contract.ledger import LEDGER_TABLE
from expectations.contract.names import DEFAULT_INDEX
from expectations.contract.tables import INDEX_PARTITION, QUOTES_TABLE, TABLES
from expectations.queries.views import VIEWS
from flows.b3.calendar import SAO_PAULO, due, sessions_between
from flows.cli.language import counted, tr
from flows.errors import NotPublishedError

Published = Mapping[str, Sequence[date]]
"""The published sessions of every index, in order."""

_OF_IBOV = frozenset(table.name for table in TABLES if INDEX_PARTITION not in table.partitions) - {QUOTES_TABLE.name}
_OF_OTHERS = frozenset(table.name for table in TABLES if table.name.endswith("_indices"))
_OF_NONE = frozenset(view.name for view in VIEWS if not any(name == INDEX_PARTITION.name for name, _ in view.columns))
_OF_ALL = frozenset(item.name for item in (*TABLES, *VIEWS)) - _OF_IBOV - _OF_OTHERS - _OF_NONE
_INDEX_CONDITION = re.compile(r"\bindice\s*(?:=|in\s*\()\s*((?:'[^']*'[\s,]*)+)", re.IGNORECASE)
_MANY = 3  # indices; of more, only the number is said


@dataclass(frozen=True, slots=True)
class Sessions:
    """Published sessions of one index.

    Attributes:
        published: in order.
        expected: how many the trading calendar has in the days that were asked for; None where no days were.
    """

    index: str
    published: tuple[date, ...]
    expected: int | None = None

    @property
    def line(self) -> str:
        """The sessions in words."""
        if not self.published:
            return tr("{}, nothing published").format(self.index)
        first, last = self.published[0], self.published[-1]
        days = tr("sessions {} to {}").format(first, last) if first != last else tr("session {}").format(first)
        number = f"{len(self.published):,}"
        if self.expected is not None:
            number = tr("{} of {}").format(number, f"{self.expected:,}")
        return tr("{}, {}, {} published").format(self.index, days, number)

    def to_dict(self) -> dict[str, object]:
        """The sessions as JSON's types."""
        return {
            "index": self.index,
            "since": self.published[0].isoformat() if self.published else None,
            "until": self.published[-1].isoformat() if self.published else None,
            "published": len(self.published),
            "expected": self.expected,
        }


@dataclass(frozen=True, slots=True)
class Basis:
    """The sessions that an answer rests on, and what day it is in São Paulo.

    Attributes:
        attempts: how many attempts of the ledger it rests on, and when the newest ended (aware); None where it asks none.
    """

    sessions: tuple[Sessions, ...]
    today: date
    attempts: tuple[int, datetime | None] | None = None

    @property
    def newest(self) -> date | None:
        """The newest published session of them all."""
        return max((item.published[-1] for item in self.sessions if item.published), default=None)

    @property
    def line(self) -> str:
        """The basis in one line."""
        parts = [self._of_attempts] if self.attempts else []
        return "; ".join([*parts, self._of_sessions] if self.sessions or not parts else parts)

    @property
    def _of_attempts(self) -> str:
        assert self.attempts
        number, newest = self.attempts
        if newest is None:
            return tr("rests on nothing: the ledger has no attempt")
        return tr("rests on {} in the ledger, the newest of {} UTC").format(
            counted(number, "attempt"), f"{newest:%Y-%m-%d %H:%M}"
        )

    @property
    def _of_sessions(self) -> str:
        if self.newest is None:
            return tr("rests on nothing: no session is published; bovespa run or bovespa import brings some")
        if len(self.sessions) > _MANY:
            first = min(item.published[0] for item in self.sessions if item.published)
            said = tr("{} indices, sessions {} to {}").format(len(self.sessions), first, self.newest)
        else:
            said = "; ".join(item.line for item in self.sessions)
        days = (self.today - self.newest).days
        age = tr("; the newest is {} old").format(counted(days, "day")) if days > 0 else ""
        return tr("rests on {}").format(said) + age

    def to_dict(self) -> dict[str, object]:
        """The basis as JSON's types."""
        return {
            "today": self.today.isoformat(),
            "newest": self.newest.isoformat() if self.newest else None,
            "sessions": [item.to_dict() for item in self.sessions],
            **({"attempts": self.attempts[0]} if self.attempts else {}),
        }


def asks_ledger(sql: str) -> bool:
    """Whether a query asks the ledger."""
    return LEDGER_TABLE.name in sql.lower()


def of_query(
    sql: str, published: Published, now: datetime, attempts: tuple[int, datetime | None] | None = None
) -> Basis | None:
    """The sessions that a query's tables hold; None where it asks none of the pipeline's tables.

    Indices that the query names count only, and those that it names though nothing of them is published.

    Args:
        now: an instant (aware).
        attempts: how many attempts the ledger has, and when the newest ended, where the query asks it.
    """
    tables = set(re.findall(r"\bbovespa_\w+", sql.lower()))
    named = [code for found in _INDEX_CONDITION.findall(sql) for code in re.findall(r"'([^']*)'", found)]
    indices = dict.fromkeys(
        [
            *([DEFAULT_INDEX] if tables & _OF_IBOV else []),
            *((named or published) if tables & _OF_ALL else []),
            *([code for code in named or published if code != DEFAULT_INDEX] if tables & _OF_OTHERS else []),
        ]
    )
    if not tables & (_OF_IBOV | _OF_OTHERS | _OF_ALL):
        return Basis((), _today(now), attempts) if attempts else None
    return Basis(tuple(Sessions(code, tuple(published.get(code, ()))) for code in indices), _today(now), attempts)


_SESSION_TABLES = _OF_IBOV | _OF_OTHERS
_ONE_TIME = re.compile(r"\b(year|month|day)\s*=\s*(\d+)", re.IGNORECASE)
_SEVERAL_TIMES = re.compile(r"\b(?:or|union|join|not|case|with)\b|\(\s*select\b", re.IGNORECASE)


def rests_on_months(sql: str) -> bool:
    """Whether a query asks the tables of all sessions by month, or views of them."""
    return bool(set(re.findall(r"\bbovespa_\w+", sql.lower())) & _OF_ALL)


def rests_on_sessions(sql: str) -> bool:
    """Whether a query asks the tables of each session."""
    return bool(set(re.findall(r"\bbovespa_\w+", sql.lower())) & _SESSION_TABLES)


def asked_for(sql: str, sessions: Sequence[date]) -> list[date]:
    """Those of the sessions that a query asks for: all of them, unless it plainly names a year, a month or a day."""
    if _SEVERAL_TIMES.search(sql):
        return [*sessions]
    named = {(name.lower(), int(value)) for name, value in _ONE_TIME.findall(sql)}
    return [day for day in sessions if all(getattr(day, name) == value for name, value in named)]


def within(
    index: str, published: Sequence[date], since: date | None, until: date | None, now: datetime
) -> tuple[date, ...]:
    """The published sessions of an index from one day to another, both included.

    Args:
        published: the index's published sessions, in order.
        since: by default the first published one.
        until: by default the last published one.
        now: an instant (aware).

    Raises:
        NotPublishedError: none of them is published.
    """
    if not published:
        raise NotPublishedError(tr("{}: no session is published. {}").format(index, _how_to_bring(index)))
    first, last = since or published[0], until or published[-1]
    found = tuple(day for day in published if first <= day <= last)
    if not found:
        raise NotPublishedError(
            tr("{}: {} is published; published are {} to {}. {}").format(
                index, _none_of(since, until, now), published[0], published[-1], _how_to_bring(index)
            )
        )
    return found


def _none_of(since: date | None, until: date | None, now: datetime) -> str:
    if since and until:
        expected = counted(len(sessions_between(since, min(until, due(now)))), "session")
        return tr("none of the {} from {} to {}").format(expected, since, until)
    return tr("no session since {}").format(since) if since else tr("no session up to {}").format(until)


def of_changes(index: str, published: Sequence[date], since: date | None, until: date | None, now: datetime) -> Basis:
    """The sessions of an index whose changes are known: of those of some days, each that has a published one before it.

    Args, Raises: as of `within`; and of the first published session alone nothing is known.
    """
    basis = of_days(index, published, since, until, now)
    if basis.sessions[0].published == (published[0],):
        raise NotPublishedError(
            tr("{}: {} is the first published session, there is none before it to compare it with. {}").format(
                index, published[0], _how_to_bring(index)
            )
        )
    return basis


def of_days(index: str, published: Sequence[date], since: date | None, until: date | None, now: datetime) -> Basis:
    """The sessions of an index from one day to another, both included, and how many of the calendar's they are.

    Sessions that are not due yet do not count.

    Args, Raises: as of `within`.
    """
    found = within(index, published, since, until, now)
    first, last = since or found[0], min(until or found[-1], max(due(now), found[-1]))
    expected = {*sessions_between(first, last), *found}
    return Basis((Sessions(index, found, len(expected)),), _today(now))


def _how_to_bring(index: str) -> str:
    return tr(
        "bovespa import FOLDER --index {0} brings in copies of them; bovespa run --live --index {0} what B3 shows now"
    ).format(index)


def now() -> datetime:
    """This instant."""
    return datetime.now(UTC)


def _today(instant: datetime) -> date:
    return instant.astimezone(SAO_PAULO).date()
