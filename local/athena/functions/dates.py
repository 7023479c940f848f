"""Trino's functions of dates, times and intervals.

Source: https://trino.io/docs/current/functions/datetime.html.
"""

from __future__ import annotations

import calendar
import math
import re
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from local.athena import types
from local.athena.functions.errors import TrinoError, invalid_argument
from local.athena.functions.numbers import java_double
from local.athena.functions.texts import OFFSET, zone_info
from local.athena.types import SqlType

_TIMESTAMP = re.compile(
    r"\s*(\d{4})-(\d{1,2})-(\d{1,2})(?: (\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,12}))?)?)?(?:\s*([A-Za-z+-][\w/+:-]*))?\s*"
)
_UNITS = ("millisecond", "second", "minute", "hour", "day", "week", "month", "quarter", "year")
_DATE_UNITS = ("day", "week", "month", "quarter", "year")
_MILLISECONDS = {
    "millisecond": 1,
    "second": 1000,
    "minute": 60_000,
    "hour": 3_600_000,
    "day": 86_400_000,
    "week": 604_800_000,
}
_MONTHS = {"month": 1, "quarter": 3, "year": 12}

# --- zones and literals ----------------------------------------------------------------------------------------------


@cache
def zone_name(zone: str) -> str:
    """A zone as Trino names it.

    Raises:
        TrinoError: there is none of that name.
    """
    if offset := OFFSET.fullmatch(zone):
        if offset[3] != "00":
            raise TrinoError("NOT_SUPPORTED on the laptop", f"time zone {zone}; Athena has it")
        return zone if offset[2] != "00" else "UTC"
    if zone.upper() in {"UTC", "Z", "GMT", "UT"}:
        return "UTC"
    if zone not in available_timezones():
        raise invalid_argument(f"'{zone}' is not a valid time zone")
    return zone


def parsed_timestamp(text: str) -> tuple[datetime, int, str | None]:
    """A date and time, how many digits of a second it has, and its zone.

    Raises:
        TrinoError: it is none.
    """
    found = _TIMESTAMP.fullmatch(text)
    if not found:
        raise invalid_argument(f"Value cannot be cast to timestamp: {text}")
    *numbers, fraction, zone = found.groups()
    year, month, day, hour, minute, second = (int(number or 0) for number in numbers)
    try:
        microsecond = int((fraction or "").ljust(6, "0")[:6])
        moment = datetime(year, month, day, hour, minute, second, microsecond)  # noqa: DTZ001 - its zone is beside it
    except ValueError as error:
        raise invalid_argument(f"Value cannot be cast to timestamp: {text}") from error
    return moment, len(fraction or ""), zone


# --- adding, truncating, differences ---------------------------------------------------------------------------------


def checked_unit(kind: SqlType, unit: str) -> str:
    """A unit of time in small letters.

    Raises:
        TrinoError: values of this type have no such unit.
    """
    name = unit.lower()
    if name not in (_DATE_UNITS if kind.base == "date" else _UNITS):
        raise invalid_argument(f"'{name}' is not a valid {'DATE' if kind.base == 'date' else 'Timestamp'} field")
    return name


def date_add(unit: str, amount: int, moment: date) -> date:
    """A date or a timestamp, moved by so many units; a month's last day stays within the month."""
    name = checked_unit(types.TIMESTAMP if isinstance(moment, datetime) else types.DATE, unit)
    try:
        if name in _MONTHS:
            return _months_later(moment, amount * _MONTHS[name])
        return moment + timedelta(milliseconds=amount * _MILLISECONDS[name])
    except (OverflowError, ValueError) as error:
        raise TrinoError("NOT_SUPPORTED on the laptop", "dates beyond the years 1 to 9999; Athena has it") from error


def _months_later(moment: date, months: int) -> date:
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    return moment.replace(year=year, month=month + 1, day=min(moment.day, calendar.monthrange(year, month + 1)[1]))


def date_add_to(digits: int, unit: str, amount: int, moment: datetime) -> datetime:
    """A timestamp moved by so many units, and rounded to as many digits of a second as its type has."""
    found = date_add(unit, amount, moment)
    assert isinstance(found, datetime)
    return rounded(found, digits) if digits < 3 else found  # noqa: PLR2004 - milliseconds


def rounded(moment: datetime, digits: int) -> datetime:
    """The nearest moment of so many digits of a second."""
    unit = 10 ** (6 - digits)
    microseconds = (moment.microsecond + unit // 2) // unit * unit
    return moment.replace(microsecond=0) + timedelta(microseconds=microseconds)


def date_diff(unit: str, first: date, second: date) -> int:
    """How many whole units lie between two moments; negative where the second comes first."""
    if second < first:
        return -date_diff(unit, second, first)
    name = checked_unit(types.TIMESTAMP if isinstance(first, datetime) else types.DATE, unit)
    if name in _MONTHS:
        return _whole_months(first, second) // _MONTHS[name]
    return (_milliseconds(second) - _milliseconds(first)) // _MILLISECONDS[name]


def _milliseconds(moment: date) -> int:
    if isinstance(moment, datetime):
        return (moment - datetime(1970, 1, 1)) // timedelta(milliseconds=1)  # noqa: DTZ001 - both without a zone
    return (moment - date(1970, 1, 1)) // timedelta(milliseconds=1)


def _whole_months(first: date, second: date) -> int:
    months = (second.year - first.year) * 12 + second.month - first.month
    return months - 1 if _months_later(first, months) > second else months


def date_trunc(unit: str, moment: Any) -> Any:  # noqa: ANN401 - a date of a date, a timestamp of a timestamp
    """The begin of the unit that a moment lies in."""
    name = checked_unit(types.TIMESTAMP if isinstance(moment, datetime) else types.DATE, unit)
    if isinstance(moment, datetime):
        moment = _time_truncated(name, moment)
    match name:
        case "week":
            return moment - timedelta(days=moment.weekday())
        case "month":
            return moment.replace(day=1)
        case "quarter":
            return moment.replace(month=(moment.month - 1) // 3 * 3 + 1, day=1)
        case "year":
            return moment.replace(month=1, day=1)
        case _:
            return moment


def _time_truncated(unit: str, moment: datetime) -> datetime:
    match unit:
        case "millisecond":
            return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
        case "second":
            return moment.replace(microsecond=0)
        case "minute":
            return moment.replace(second=0, microsecond=0)
        case "hour":
            return moment.replace(minute=0, second=0, microsecond=0)
        case _:
            return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def last_day_of_month(moment: date) -> date:
    """The last day of a date's month."""
    return date(moment.year, moment.month, calendar.monthrange(moment.year, moment.month)[1])


# --- numbers and texts -----------------------------------------------------------------------------------------------


def from_unixtime(seconds: float) -> datetime:
    """The instant so many seconds after 1970, to the millisecond."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(
        milliseconds=int((Decimal(seconds) * 1000).to_integral_value("ROUND_HALF_UP"))
    )


def parse_duration(text: str) -> int:
    """A duration such as `42.8ms`, in milliseconds."""
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(ns|us|ms|s|m|h|d)\s*", text)
    if not found:
        raise invalid_argument(f"duration is not a valid data duration string: {text}")
    sizes = {"ns": "0.000001", "us": "0.001", "ms": "1", "s": "1000", "m": "60000", "h": "3600000", "d": "86400000"}
    return int((Decimal(found[1]) * Decimal(sizes[found[2]])).to_integral_value("ROUND_HALF_UP"))


def human_readable_seconds(seconds: float) -> str:
    """Seconds in words: `1 day, 1 hour`."""
    if not math.isfinite(seconds):
        raise invalid_argument(f"Invalid argument found: {java_double(seconds)}")
    rest = math.floor(abs(seconds) + 0.5)
    parts = []
    for name, size in (("week", 604_800), ("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1)):
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count} {name}{'s' if count > 1 else ''}")
    return ", ".join(parts) or "0 seconds"


def zone_offset(zone: str, part: str, moment: datetime) -> int:
    """A zone's distance from UTC at an instant: its whole hours or the minutes beyond them.

    Args:
        zone: by its name.
        part: `timezone_hour` or `timezone_minute`.
        moment: the instant.
    """
    offset = moment.astimezone(zone_info(zone)).utcoffset()
    assert offset is not None
    minutes = int(offset / timedelta(minutes=1))
    found = abs(minutes) // 60 if part == "timezone_hour" else abs(minutes) % 60
    return found if minutes >= 0 else -found


# --- ISO 8601 --------------------------------------------------------------------------------------------------------

_ISO_DATE = (
    r"(?P<year>\d{4})(?:-(?:W(?P<week>\d{1,2})(?:-(?P<weekday>\d))?|(?P<day_of_year>\d{3})|"
    r"(?P<month>\d{1,2})(?:-(?P<day>\d{1,2}))?))?"
)
_ISO_TIME = r"(?P<hour>\d{1,2})(?::(?P<minute>\d{1,2})(?::(?P<second>\d{1,2})(?:[.,](?P<fraction>\d{1,9}))?)?)?"
_ISO_ZONE = r"(?P<zone>Z|[+-]\d{2}(?::?\d{2})?)"
_ISO_DAY = re.compile(_ISO_DATE, re.ASCII)
_ISO_MOMENT = re.compile(rf"(?:{_ISO_DATE})?(?P<t>T(?:{_ISO_TIME})?{_ISO_ZONE}?)?", re.ASCII)


def from_iso8601_date(text: str) -> date:
    """A date as ISO 8601 writes it: by its month, its week or its day of the year."""
    found = _ISO_DAY.fullmatch(text)
    if not found:
        raise invalid_argument(f'Invalid format: "{text}"')
    return _iso_day(found.groupdict(), text)


def from_iso8601_timestamp(text: str) -> tuple[datetime, str | None]:
    """A moment as ISO 8601 writes it, to the millisecond, and the zone that it states.

    Raises:
        TrinoError: it is none.
    """
    found = _ISO_MOMENT.fullmatch(text)
    if not found or not text or text == "T":
        raise invalid_argument(f'Invalid format: "{text}"')
    parts = found.groupdict()
    day = _iso_day(parts, text) if parts["year"] else date(1970, 1, 1)
    hour, minute, second = (int(parts[name] or 0) for name in ("hour", "minute", "second"))
    milliseconds = int((parts["fraction"] or "").ljust(3, "0")[:3])
    try:
        moment = datetime.combine(day, time(hour, minute, second, milliseconds * 1000))
    except ValueError as error:
        raise invalid_argument(f'Cannot parse "{text}"') from error
    zone = parts["zone"]
    return moment, zone if not zone or zone == "Z" else f"{zone[:3]}:{zone[3:].lstrip(':') or '00'}"


def _iso_day(parts: dict[str, str | None], text: str) -> date:
    year = int(parts["year"] or 0)
    try:
        if week := parts["week"]:
            return date.fromisocalendar(year, int(week), int(parts["weekday"] or 1))
        if day_of_year := parts["day_of_year"]:
            found = date(year, 1, 1) + timedelta(days=int(day_of_year) - 1)
            if found.year != year or int(day_of_year) == 0:
                raise invalid_argument(f'Cannot parse "{text}"')
            return found
        return date(year, int(parts["month"] or 1), int(parts["day"] or 1))
    except ValueError as error:
        raise invalid_argument(f'Cannot parse "{text}"') from error


def to_iso8601(digits: int | None, zone: str | None, value: Any) -> str:  # noqa: ANN401 - a date or a timestamp
    """A date or a timestamp as ISO 8601 writes it.

    Args:
        digits: of a second; None for a date.
        zone: of a timestamp, by its name; None for one without.
        value: the date or the timestamp.
    """
    if digits is None:
        return str(value.isoformat())
    if zone:
        value = value.astimezone(zone_info(zone))
    fraction = f".{value.microsecond:06}"[: digits + 1] if digits else ""
    offset = ""
    if zone:
        text = f"{value:%z}"
        offset = "Z" if text == "+0000" else f"{text[:3]}:{text[3:]}"
    return f"{value.year:04}-{value:%m-%dT%H:%M:%S}{fraction}{offset}"
