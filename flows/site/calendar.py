"""The calendar of an index's sessions, month by month. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flows.record.state import SessionState

_WORKDAYS = 5
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class CalendarMonth:
    """A month of the calendar: weeks of five weekdays, None where a week's day is of another month, or to come."""

    first: date
    weeks: tuple[tuple[SessionState | None, ...], ...]


def months_of(days: Collection[SessionState]) -> list[CalendarMonth]:
    """The calendar's months, the newest first."""
    by_month: defaultdict[date, dict[date, SessionState]] = defaultdict(dict)
    for day in days:
        by_month[day.session.replace(day=1)][day.session] = day
    return [
        CalendarMonth(first, tuple(_weeks(first, found))) for first, found in sorted(by_month.items(), reverse=True)
    ]


def _weeks(first: date, found: dict[date, SessionState]) -> Iterator[tuple[SessionState | None, ...]]:
    monday = first - first.weekday() * _DAY
    while monday.replace(day=1) <= first:
        week = tuple(found.get(monday + offset * _DAY) for offset in range(_WORKDAYS))
        if any(week):
            yield week
        monday += 7 * _DAY
