"""The calendar of an index's sessions: what became of each one, month by month. Pure but for the trading calendar.

What is published says the publication records; why another session is not, its runs say. A run that did not get as far as B3's
header, or was shown an older session, brought none: it counts for the session of the day on which it was started.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from flows.b3.calendar import sessions_between
from flows.record.reports import FAILED
from flows.site.chronicle import Run

_WORKDAYS = 5
_DAY = timedelta(days=1)


class State(StrEnum):
    """What became of a weekday."""

    PUBLISHED = "published"
    QUARANTINED = "quarantined"
    FAILED = "failed"
    MISSING = "missing"
    DUE = "due"
    HOLIDAY = "holiday"


MEANINGS = {
    State.PUBLISHED: "both gates passed, Athena shows it",
    State.QUARANTINED: "a gate refused it, nothing of it is visible",
    State.FAILED: "tried, and not published for another reason",
    State.MISSING: "no run brought it",
    State.DUE: "today's, not published yet",
    State.HOLIDAY: "no trading session",
}


@dataclass(frozen=True, slots=True)
class Day:
    """A weekday in the calendar.

    Attributes:
        runs: of its session, the oldest first.
    """

    day: date
    state: State
    runs: tuple[Run, ...] = ()

    @property
    def reason(self) -> str:
        """Why it is not published, as the last run told it that failed or found B3 lagging behind."""
        return next((run.error or run.note for run in reversed(self.runs) if run.error or run.note), "")

    @property
    def warnings(self) -> int:
        """How many demands were not met, without being critical, when it was last checked."""
        last = next((run for run in reversed(self.runs) if run.gates), None)
        return sum(gate.warnings for gate in last.gates) if last else 0


@dataclass(frozen=True, slots=True)
class Month:
    """A month of the calendar: weeks of five weekdays, None where a week's day is of another month, or to come."""

    first: date
    weeks: tuple[tuple[Day | None, ...], ...]


def days_of(runs: Iterable[Run], published: Collection[date], today: date) -> list[Day]:
    """Every weekday from the first known session to the last one or today, whichever is later; the oldest first.

    A session of a day that is none by the trading calendar is shown all the same.
    """
    runs = tuple(runs)
    dated = {run.brought for run in runs if run.brought}
    known = {*published, *dated}
    tried = known | {run.day for run in runs}
    if not tried:
        return []
    first, last = min(tried), max(*tried, today)
    trading = {*sessions_between(first, last), *known}
    by_session = _by_session(runs, trading)
    days = (first + offset * _DAY for offset in range((last - first).days + 1))
    return [
        _day(day, tuple(by_session[day]), published, trading, today)
        for day in days
        if day in known or (day <= today and day.weekday() < _WORKDAYS)
    ]


def months_of(days: Collection[Day]) -> list[Month]:
    """The calendar's months, the newest first."""
    by_month: defaultdict[date, dict[date, Day]] = defaultdict(dict)
    for day in days:
        by_month[day.day.replace(day=1)][day.day] = day
    return [Month(first, tuple(_weeks(first, found))) for first, found in sorted(by_month.items(), reverse=True)]


def _by_session(runs: Iterable[Run], trading: Collection[date]) -> defaultdict[date, list[Run]]:
    found: defaultdict[date, list[Run]] = defaultdict(list)
    for run in runs:
        session = run.brought or run.day
        if session in trading:
            found[session].append(run)
    return found


def _day(day: date, runs: tuple[Run, ...], published: Collection[date], trading: Collection[date], today: date) -> Day:
    if day in published:
        return Day(day, State.PUBLISHED, runs)
    if failed := [run for run in runs if run.outcome == FAILED]:
        refused = any(not gate.passed for gate in failed[-1].gates)
        return Day(day, State.QUARANTINED if refused else State.FAILED, runs)
    if day not in trading:
        return Day(day, State.HOLIDAY, runs)
    return Day(day, State.DUE if day >= today else State.MISSING, runs)


def _weeks(first: date, found: dict[date, Day]) -> Iterator[tuple[Day | None, ...]]:
    monday = first - first.weekday() * _DAY
    while monday.replace(day=1) <= first:
        week = tuple(found.get(monday + offset * _DAY) for offset in range(_WORKDAYS))
        if any(week):
            yield week
        monday += 7 * _DAY
