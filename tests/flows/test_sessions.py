"""Which sessions B3 may show at an instant."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.sessions import Window, is_session, showable

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
