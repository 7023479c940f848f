"""Which session B3 may show at an instant.

B3 shows, on a session day, that day's session; outside sessions, the next one. The roll to the next session takes place
between 18:00 and 05:00 in São Paulo; recorded answers do not tell when. The trading calendar is that of `flows.b3.trading_days`.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from expectations.contract.indices import FIRST_SESSION, began
from expectations.contract.names import B3_TIME_ZONE
from flows.b3.trading_days import trading_sessions

SAO_PAULO = ZoneInfo(B3_TIME_ZONE)
ROLL_BEGINS = time(18)
ROLL_ENDS = time(5)

_YEARS_AHEAD = 2
_SATURDAY = 5
_DAY = timedelta(days=1)
_REBALANCING_MONTHS = (1, 5, 9)
_FIRST_WEEK = 10  # the first Monday is the 7th at the latest; a holiday may move it on
_LONGEST_LAG = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Window:
    """The sessions that B3 may show: weekdays from `earliest` to `latest`, both included.

    A weekday within it that the calendar calls a holiday is possible, because calendars can be wrong, and worth a warning.
    """

    earliest: date
    latest: date


def is_session(day: date) -> bool:
    """Whether the trading calendar, which begins in 2000, has a session on the day."""
    return sessions_between(day, day) == [day]


def showable(at: datetime) -> Window:
    """The sessions that B3 may show at an instant (aware)."""
    local = at.astimezone(SAO_PAULO)
    today = local.date()
    earliest = _weekday_from(today)
    if local.time() < ROLL_ENDS and _is_weekday(today - _DAY):
        earliest = today - _DAY
    return Window(earliest, _session_from(today + _DAY if local.time() >= ROLL_BEGINS else today))


def collectable(at: datetime) -> Window:
    """The sessions whose portfolio may be taken from an answer of B3 at an instant (aware): also those of the week before.

    An answer that lags behind is stale, but B3's all the same, and a session that nobody collected is gone for good. What
    is older than a week is rather a fault than a lag.
    """
    window = showable(at)
    return Window(window.earliest - _LONGEST_LAG, window.latest)


def due(at: datetime) -> date:
    """The newest session that B3 should have been showing by an instant (aware), on its own day."""
    local = at.astimezone(SAO_PAULO)
    return _session_until(local.date() if local.time() >= ROLL_ENDS else local.date() - _DAY)


def closed(at: datetime) -> date:
    """The newest session whose trading is over at an instant (aware); B3 publishes its prices about three hours later."""
    local = at.astimezone(SAO_PAULO)
    return _session_until(local.date() if local.time() >= ROLL_BEGINS else local.date() - _DAY)


def expected(at: datetime) -> date:
    """The oldest session of the calendar that B3 should be showing at an instant (aware); an older one is stale."""
    return _session_from(showable(at).earliest)


def is_stale(session: date, at: datetime) -> bool:
    """Whether B3, showing the session at an instant (aware), lags behind."""
    return session < showable(at).earliest


def why_impossible(index: str, session: date, at: datetime, *, insisted: bool = False) -> str | None:
    """Why there can be no portfolio of the index for a session at an instant (aware), in one line; None where there can be.

    Args:
        insisted: whether somebody says that the calendar, which has no session on the day, is wrong.
    """
    latest = showable(at).latest
    if session > latest:
        return f"{session} is after {latest}, the newest session that B3 can be showing now"
    if session < began(index):
        return f"{session} is before {began(index)}: there was no portfolio of {index}"
    if not is_session(session) and not insisted:
        return f"{session} is no trading day: its date is not the session's"
    return None


def may_be_rebalanced(before: date, after: date) -> bool:
    """Whether a rebalancing of an index may have come into force after one session and by the other.

    B3 rebalances in January, May and September: the portfolio is in force from the month's first Monday.
    """
    days = (before + (number + 1) * _DAY for number in range((after - before).days))
    return any(day.month in _REBALANCING_MONTHS and day.day <= _FIRST_WEEK for day in days)


def sessions_between(since: date, until: date) -> list[date]:
    """The calendar's sessions from one day to another, both included."""
    first = max(since, FIRST_SESSION)
    if until < first:
        return []
    known = _sessions(until)
    return [*known[bisect_left(known, first) : bisect_right(known, until)]]


def _session_until(day: date) -> date:
    known = _sessions(day)
    return known[bisect_right(known, day) - 1]


def _session_from(day: date) -> date:
    known = _sessions(day)
    return known[bisect_left(known, day)]


def _is_weekday(day: date) -> bool:
    return day.weekday() < _SATURDAY


def _weekday_from(day: date) -> date:
    while not _is_weekday(day):
        day += _DAY
    return day


def _sessions(day: date) -> tuple[date, ...]:
    return trading_sessions(day.year + _YEARS_AHEAD)
