"""The calendar's months: every day in its place, once."""

from __future__ import annotations

from datetime import date, timedelta

from flows.record.state import SessionState, State
from flows.site.calendar import months_of


def day(session: date) -> SessionState:
    return SessionState("IBOV", session, State.PUBLISHED)


def test_months_are_weeks_of_five_days_each_in_its_place() -> None:
    last, monday, first = date(2025, 7, 1), date(2025, 6, 30), date(2025, 6, 27)
    july, june = months_of([day(first), day(monday), day(last)])
    assert (july.first, june.first) == (date(2025, 7, 1), date(2025, 6, 1))
    ((before, tuesday, *rest),) = july.weeks
    assert (before, tuesday.session if tuesday else None, rest) == (None, last, [None, None, None])
    assert [[item.session if item else None for item in week] for week in june.weeks] == [
        [None, None, None, None, first],
        [monday, None, None, None, None],
    ]


def test_every_day_is_in_exactly_one_month() -> None:
    weekdays = [date(2024, 11, 4) + timedelta(days=number) for number in range(131)]
    days = [day(session) for session in weekdays if session.weekday() < 5]
    listed = [item.session for month in months_of(days) for week in month.weeks for item in week if item]
    assert sorted(listed) == [item.session for item in days]


def test_nothing_known_is_no_calendar() -> None:
    assert months_of([]) == []
