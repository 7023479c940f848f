"""What became of each trading day: told by the publication records, the runs and the trading calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from flows.record.reports import ALREADY_PUBLISHED, FAILED, STALE
from flows.site.calendar import Day, State, days_of, months_of
from flows.site.chronicle import Verdict

if TYPE_CHECKING:
    from tests.flows.site.conftest import MakeRun

# 2025-06-16 is a Monday; Thursday of that week, 2025-06-19, is Corpus Christi.
MONDAY = date(2025, 6, 16)
TUESDAY, WEDNESDAY, HOLIDAY, FRIDAY = (MONDAY + timedelta(days=days) for days in (1, 2, 3, 4))


def states(days: list[Day]) -> dict[date, State]:
    return {day.day: day.state for day in days}


def test_nothing_known_is_no_calendar() -> None:
    assert days_of([], frozenset(), FRIDAY) == []


def test_a_trading_day_without_a_run_is_missing_and_a_holiday_is_not(make_run: MakeRun) -> None:
    found = states(days_of([make_run(MONDAY)], {MONDAY, FRIDAY}, FRIDAY))
    assert found == {
        MONDAY: State.PUBLISHED,
        TUESDAY: State.MISSING,
        WEDNESDAY: State.MISSING,
        HOLIDAY: State.HOLIDAY,
        FRIDAY: State.PUBLISHED,
    }


def test_today_s_session_is_due_until_it_is_published() -> None:
    assert states(days_of([], {MONDAY}, TUESDAY))[TUESDAY] == State.DUE
    assert states(days_of([], {MONDAY, TUESDAY}, TUESDAY))[TUESDAY] == State.PUBLISHED


def test_a_weekend_is_not_shown_and_the_next_session_that_it_brought_is() -> None:
    next_monday = MONDAY + timedelta(days=7)
    sunday = next_monday - timedelta(days=1)
    assert list(states(days_of([], {FRIDAY, next_monday}, sunday))) == [FRIDAY, next_monday]


def test_a_session_of_a_day_that_the_calendar_calls_a_holiday_is_shown_as_what_it_is() -> None:
    assert states(days_of([], {WEDNESDAY, HOLIDAY}, HOLIDAY))[HOLIDAY] == State.PUBLISHED


@pytest.mark.parametrize(
    ("gates", "state"),
    [
        ((), State.FAILED),
        ((Verdict("gate-1-raw", passed=True, warnings=0),), State.FAILED),
        ((Verdict("gate-1-raw", passed=False, warnings=0),), State.QUARANTINED),
    ],
)
def test_a_session_that_was_tried_is_failed_or_refused_with_the_reason(
    make_run: MakeRun, gates: tuple[Verdict, ...], state: State
) -> None:
    (day,) = days_of([make_run(MONDAY, outcome=FAILED, gates=gates)], frozenset(), MONDAY)
    assert (day.state, day.reason) == (state, "it went wrong")


def test_the_publication_record_decides_whatever_the_runs_say(make_run: MakeRun) -> None:
    (day,) = days_of([make_run(MONDAY, outcome=FAILED)], {MONDAY}, MONDAY)
    assert day.state == State.PUBLISHED
    (day,) = days_of([make_run(MONDAY, outcome=ALREADY_PUBLISHED)], frozenset(), MONDAY)
    assert day.state == State.DUE


def test_a_run_that_read_no_header_counts_for_the_session_of_its_day(make_run: MakeRun) -> None:
    undated = make_run(None, outcome=FAILED, started_at=datetime(2025, 6, 17, 12, tzinfo=UTC))
    found = states(days_of([make_run(MONDAY), undated], {MONDAY}, WEDNESDAY))
    assert (found[TUESDAY], found[WEDNESDAY]) == (State.FAILED, State.DUE)


def test_a_run_that_read_no_header_on_a_holiday_or_weekend_tells_of_no_session(make_run: MakeRun) -> None:
    for day in (HOLIDAY, FRIDAY + timedelta(days=1)):
        undated = make_run(
            None, outcome=FAILED, started_at=datetime.combine(day, datetime.min.time(), UTC).replace(hour=12)
        )
        found = states(days_of([undated], {WEDNESDAY, FRIDAY}, day))
        assert State.FAILED not in found.values()


@pytest.mark.parametrize(("rows", "brought"), [(0, False), (84, True)])
def test_a_run_that_was_shown_an_older_session_tells_of_its_day_unless_it_took_that_session(
    make_run: MakeRun, rows: int, *, brought: bool
) -> None:
    at = datetime(2025, 6, 17, 12, tzinfo=UTC)
    stale = make_run(MONDAY, outcome=STALE, note="B3 still shows Monday", rows=rows, gates=(), started_at=at)
    monday, tuesday, _ = days_of([make_run(MONDAY), stale], {MONDAY}, WEDNESDAY)
    assert (len(monday.runs), len(tuesday.runs)) == ((2, 0) if brought else (1, 1))
    assert (tuesday.state, tuesday.reason) == (State.MISSING, "" if brought else "B3 still shows Monday")


def test_warnings_are_those_of_the_last_run_that_checked(make_run: MakeRun) -> None:
    checked = make_run(
        MONDAY,
        gates=(Verdict("gate-1-raw", passed=True, warnings=2), Verdict("gate-2-refined", passed=True, warnings=1)),
    )
    later = make_run(MONDAY, outcome=ALREADY_PUBLISHED, gates=(), started_at=checked.started_at + timedelta(hours=1))
    (day,) = days_of([checked, later], {MONDAY}, MONDAY)
    assert day.warnings == 3


def test_months_are_weeks_of_five_days_each_in_its_place() -> None:
    last, first = date(2025, 7, 1), date(2025, 6, 27)
    july, june = months_of(days_of([], {first, last}, last))
    assert (july.first, june.first) == (date(2025, 7, 1), date(2025, 6, 1))
    ((monday, tuesday, *rest),) = july.weeks
    assert (monday, tuesday.day if tuesday else None, rest) == (None, last, [None, None, None])
    assert [[day.day if day else None for day in week] for week in june.weeks] == [
        [None, None, None, None, first],
        [date(2025, 6, 30), None, None, None, None],
    ]


def test_every_day_is_in_exactly_one_month() -> None:
    days = days_of([], {date(2024, 11, 4), date(2025, 3, 14)}, date(2025, 3, 14))
    shown = [day.day for month in months_of(days) for week in month.weeks for day in week if day]
    assert sorted(shown) == [day.day for day in days]
