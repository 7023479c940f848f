"""Which sessions B3 may show at an instant."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.b3.calendar import Window, collectable, due, expected, is_session, is_stale, sessions_between, showable

SAO_PAULO = ZoneInfo("America/Sao_Paulo")
INSTANTS = st.datetimes(datetime(2025, 1, 1), datetime(2025, 12, 31), timezones=st.just(SAO_PAULO))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("at", "earliest", "latest"),
    [
        pytest.param("2025-06-30 08:00", "2025-06-30", "2025-06-30", id="a session's morning: that session"),
        pytest.param("2025-06-30 17:59", "2025-06-30", "2025-06-30", id="before the roll: that session"),
        pytest.param("2025-06-30 18:00", "2025-06-30", "2025-07-01", id="from 18:00: that session or the next"),
        pytest.param("2025-06-30 22:33", "2025-06-30", "2025-07-01", id="late: that session or the next"),
        pytest.param("2025-07-01 04:59", "2025-06-30", "2025-07-01", id="before 05:00: yesterday's may still show"),
        pytest.param("2025-07-01 05:00", "2025-07-01", "2025-07-01", id="from 05:00: that session"),
        pytest.param("2025-06-27 19:53", "2025-06-27", "2025-06-30", id="Friday evening: Friday or Monday"),
        pytest.param("2025-06-28 02:00", "2025-06-27", "2025-06-30", id="Saturday before 05:00: Friday or Monday"),
        pytest.param("2025-06-28 12:00", "2025-06-30", "2025-06-30", id="Saturday: Monday"),
        pytest.param("2025-06-29 23:00", "2025-06-30", "2025-06-30", id="Sunday: Monday"),
        pytest.param("2025-06-30 03:00", "2025-06-30", "2025-06-30", id="Monday before 05:00: Sunday has no session"),
        pytest.param("2025-03-01 12:00", "2025-03-03", "2025-03-05", id="Carnival's Saturday: up to Wednesday"),
        pytest.param("2025-03-04 12:00", "2025-03-04", "2025-03-05", id="Carnival's Tuesday: up to Wednesday"),
        pytest.param("2025-06-19 12:00", "2025-06-19", "2025-06-20", id="a Thursday's holiday: up to Friday"),
        pytest.param("2025-12-31 12:00", "2025-12-31", "2026-01-02", id="New Year's Eve: up to the new year's first"),
    ],
)
def test_b3_shows_the_day_s_session_and_outside_sessions_the_next(at: str, earliest: str, latest: str) -> None:
    instant = datetime.fromisoformat(at).replace(tzinfo=SAO_PAULO)
    assert showable(instant) == Window(date.fromisoformat(earliest), date.fromisoformat(latest))


def test_the_day_is_sao_paulo_s_wherever_the_clock_is() -> None:
    assert showable(datetime(2025, 7, 1, 1, 0, tzinfo=UTC)) == Window(date(2025, 6, 30), date(2025, 7, 1))


@given(INSTANTS)
def test_the_window_runs_from_a_weekday_to_a_session_of_the_calendar(at: datetime) -> None:
    window = showable(at)
    assert window.earliest <= window.latest
    assert window.earliest.weekday() < 5
    assert is_session(window.latest)


@given(INSTANTS, st.timedeltas(timedelta(0), timedelta(days=7)))
def test_the_window_never_goes_back(at: datetime, later: timedelta) -> None:
    first, second = showable(at), showable((at.astimezone(UTC) + later).astimezone(SAO_PAULO))
    assert first.latest <= second.latest


@pytest.mark.parametrize(
    ("day", "session"),
    [
        (date(2025, 6, 30), True),
        (date(2025, 6, 28), False),
        (date(2025, 3, 4), False),
        (date(2025, 3, 5), True),
        (date(2025, 12, 25), False),
        (date(2021, 1, 4), True),
    ],
)
def test_the_calendar_knows_weekends_and_b3_s_holidays(day: date, *, session: bool) -> None:
    assert is_session(day) is session


@pytest.mark.parametrize(
    ("at", "session", "stale"),
    [
        pytest.param("2025-06-30 06:00", "2025-06-27", True, id="Friday's on Monday morning"),
        pytest.param("2025-06-30 06:00", "2025-06-30", False, id="Monday's on Monday morning"),
        pytest.param("2025-06-30 22:00", "2025-06-30", False, id="the day's late in the evening"),
        pytest.param("2025-07-01 04:59", "2025-06-30", False, id="yesterday's before 05:00"),
        pytest.param("2025-07-01 05:00", "2025-06-30", True, id="yesterday's from 05:00"),
        pytest.param("2025-06-28 12:00", "2025-06-27", True, id="Friday's on Saturday"),
        pytest.param("2025-06-19 12:00", "2025-06-19", False, id="a holiday's own, which the calendar may have wrong"),
        pytest.param("2025-06-19 12:00", "2025-06-18", True, id="the one before a holiday"),
    ],
)
def test_an_older_session_than_b3_should_be_showing_is_stale(at: str, session: str, *, stale: bool) -> None:
    instant = datetime.fromisoformat(at).replace(tzinfo=SAO_PAULO)
    assert is_stale(date.fromisoformat(session), instant) is stale


@pytest.mark.parametrize(
    ("at", "newest", "shown"),
    [
        pytest.param("2025-06-30 04:59", "2025-06-27", "2025-06-30", id="before Monday's dawn: Friday's"),
        pytest.param("2025-06-30 05:00", "2025-06-30", "2025-06-30", id="from then on: Monday's"),
        pytest.param("2025-06-30 22:00", "2025-06-30", "2025-06-30", id="in the evening: still that day's"),
        pytest.param("2025-06-28 12:00", "2025-06-27", "2025-06-30", id="Saturday: Friday's, though Monday's shows"),
        pytest.param("2025-06-19 12:00", "2025-06-18", "2025-06-20", id="a holiday: the one before"),
    ],
)
def test_a_session_is_due_from_the_dawn_of_its_own_day(at: str, newest: str, shown: str) -> None:
    instant = datetime.fromisoformat(at).replace(tzinfo=SAO_PAULO)
    assert (due(instant), expected(instant)) == (date.fromisoformat(newest), date.fromisoformat(shown))


@given(INSTANTS)
def test_what_is_expected_is_never_stale_and_what_is_due_is_never_later(at: datetime) -> None:
    assert not is_stale(expected(at), at)
    assert due(at) <= expected(at)
    assert is_session(due(at))


@given(INSTANTS)
def test_a_stale_session_of_the_week_before_may_be_taken(at: datetime) -> None:
    window, shown = collectable(at), showable(at)
    assert (shown.earliest - window.earliest, window.latest) == (timedelta(days=7), shown.latest)


def test_the_sessions_of_a_range_are_the_calendars() -> None:
    corpus_christi = [date(2025, 6, day) for day in (18, 20, 23)]
    assert sessions_between(date(2025, 6, 18), date(2025, 6, 23)) == corpus_christi
    assert sessions_between(date(2025, 6, 23), date(2025, 6, 18)) == []
    assert sessions_between(date(1999, 1, 1), date(2000, 1, 4)) == [date(2000, 1, 3), date(2000, 1, 4)]
