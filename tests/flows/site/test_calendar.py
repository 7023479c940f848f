"""The calendar's months: every day in its place, once."""

from __future__ import annotations

from datetime import date, timedelta

from flows.record.state import SessionState, State
from flows.site.calendar import CalendarMonth, FoldedMonths, legend_of, months_of, newest


def day(session: date, state: State = State.PUBLISHED, reason: str = "") -> SessionState:
    return SessionState("IBOV", session, state, reason)


def whole(*days: SessionState) -> list[CalendarMonth]:
    """The months, of which none is folded."""
    found = months_of(days)
    months = [month for month in found if isinstance(month, CalendarMonth)]
    assert len(months) == len(found)
    return months


def test_months_are_weeks_of_five_days_each_in_its_place() -> None:
    last, monday, first = date(2025, 7, 1), date(2025, 6, 30), date(2025, 6, 27)
    july, june = whole(day(first), day(monday), day(last))
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
    listed = [item.session for month in whole(*days) for week in month.weeks for item in week if item]
    assert sorted(listed) == [item.session for item in days]


def test_nothing_known_is_no_calendar() -> None:
    assert months_of([]) == []


def missing(months: int, *others: SessionState) -> list[SessionState]:
    """A missing session on the tenth of each month from January 2025 on."""
    return [*(day(date(2025, number, 10), State.MISSING) for number in range(1, months + 1)), *others]


def test_three_months_or_more_that_stand_alike_are_one_entry() -> None:
    assert months_of(missing(4)) == [FoldedMonths(date(2025, 1, 1), date(2025, 4, 1), State.MISSING, 4)]
    assert [type(month) for month in months_of(missing(2))] == [CalendarMonth] * 2


def test_published_months_are_never_folded() -> None:
    assert len(whole(*(day(date(2025, number, 10)) for number in range(1, 7)))) == 6


def test_holidays_do_not_keep_months_apart_and_a_reason_does() -> None:
    holiday = day(date(2025, 2, 11), State.HOLIDAY)
    assert len(months_of(missing(3, holiday))) == 1
    assert len(months_of(missing(3, day(date(2025, 2, 11), State.MISSING, "B3 could not be had")))) == 3


def test_the_newest_months_come_with_what_is_folded_between_them() -> None:
    old, new = day(date(2024, 6, 3)), day(date(2025, 6, 3))
    found = newest(months_of([old, *missing(4), new]), 2)
    assert [month.first for month in found] == [date(2025, 6, 1), date(2025, 1, 1), date(2024, 6, 1)]
    assert [month.first for month in newest(months_of([old, *missing(4), new]), 1)] == [
        date(2025, 6, 1),
        date(2025, 1, 1),
    ]


def test_the_legend_explains_what_is_there_and_nothing_else() -> None:
    warned = SessionState("IBOV", date(2025, 6, 3), State.PUBLISHED, warnings=1)
    assert legend_of(months_of([warned])) == {"published", "warned"}
    assert legend_of(months_of(missing(4))) == set()
