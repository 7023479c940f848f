"""The calendar of an index's sessions, month by month. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from flows.record.state import State

if TYPE_CHECKING:
    from flows.record.state import SessionState

_WORKDAYS = 5
_DAY = timedelta(days=1)
_LEAST_FOLDED = 3  # months that are worth one line instead
_NO_SESSION = frozenset({State.HOLIDAY, State.BEFORE})


@dataclass(frozen=True, slots=True)
class CalendarMonth:
    """A month of the calendar: weeks of five weekdays, None where a week's day is of another month, or to come."""

    first: date
    weeks: tuple[tuple[SessionState | None, ...], ...]

    @property
    def sole_state(self) -> tuple[State, str] | None:
        """The one state of all its sessions, and why; None where they differ."""
        found = {(day.state, day.why) for week in self.weeks for day in week if day and day.state not in _NO_SESSION}
        return found.pop() if len(found) == 1 else None

    @property
    def count(self) -> int:
        """How many sessions it has."""
        return sum(day.state not in _NO_SESSION for week in self.weeks for day in week if day)


@dataclass(frozen=True, slots=True)
class FoldedMonths:
    """Months whose sessions all stand alike, none of them published."""

    first: date
    last: date
    state: State
    count: int


def months_of(days: Collection[SessionState]) -> list[CalendarMonth | FoldedMonths]:
    """The calendar's months, the newest first; a long run of months that stand alike is one entry."""
    by_month: defaultdict[date, dict[date, SessionState]] = defaultdict(dict)
    for day in days:
        by_month[day.session.replace(day=1)][day.session] = day
    months = [
        CalendarMonth(first, tuple(_weeks(first, found))) for first, found in sorted(by_month.items(), reverse=True)
    ]
    return [entry for _, group in groupby(months, key=lambda month: month.sole_state) for entry in _folded([*group])]


def newest(months: Iterable[CalendarMonth | FoldedMonths], most: int) -> list[CalendarMonth | FoldedMonths]:
    """The newest so many of the months, and what is folded between them."""
    found: list[CalendarMonth | FoldedMonths] = []
    for month in months:
        if isinstance(month, CalendarMonth):
            most -= 1
        if most < 0:
            break
        found.append(month)
    return found


def legend_of(months: Iterable[CalendarMonth | FoldedMonths]) -> set[str]:
    """What the days of some months look like: their states, and `warned`."""
    days = [day for month in months if isinstance(month, CalendarMonth) for week in month.weeks for day in week if day]
    return {str(day.state) for day in days} | ({"warned"} if any(day.warnings for day in days) else set())


def _folded(months: Sequence[CalendarMonth]) -> Sequence[CalendarMonth | FoldedMonths]:
    sole = months[0].sole_state
    if sole is None or sole[0] is State.PUBLISHED or len(months) < _LEAST_FOLDED:
        return months
    state, _ = sole
    return [FoldedMonths(months[-1].first, months[0].first, state, sum(month.count for month in months))]


def _weeks(first: date, found: dict[date, SessionState]) -> Iterator[tuple[SessionState | None, ...]]:
    monday = first - first.weekday() * _DAY
    while monday.replace(day=1) <= first:
        week = tuple(found.get(monday + offset * _DAY) for offset in range(_WORKDAYS))
        if any(week):
            yield week
        monday += 7 * _DAY
