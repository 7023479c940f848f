"""Dates and times written and read by a pattern: MySQL's of date_format and date_parse, Joda's of format_datetime.

Source: https://trino.io/docs/current/functions/datetime.html#mysql-date-functions and …#java-date-functions.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from functools import cache

from local.athena.functions.errors import invalid_argument, not_on_laptop
from local.athena.functions.texts import zone_info

_MONTHS = [
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
]
_DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
_PIVOT_YEAR = 70

Writer = Callable[[datetime], str]


def _twelve(moment: datetime) -> int:
    return moment.hour % 12 or 12


_MYSQL: dict[str, Writer] = {
    "a": lambda moment: _DAYS[moment.weekday()][:3],
    "b": lambda moment: _MONTHS[moment.month - 1][:3],
    "c": lambda moment: str(moment.month),
    "d": lambda moment: f"{moment.day:02}",
    "e": lambda moment: str(moment.day),
    "f": lambda moment: f"{moment.microsecond:06}",
    "H": lambda moment: f"{moment.hour:02}",
    "h": lambda moment: f"{_twelve(moment):02}",
    "I": lambda moment: f"{_twelve(moment):02}",
    "i": lambda moment: f"{moment.minute:02}",
    "j": lambda moment: f"{moment.timetuple().tm_yday:03}",
    "k": lambda moment: str(moment.hour),
    "l": lambda moment: str(_twelve(moment)),
    "M": lambda moment: _MONTHS[moment.month - 1],
    "m": lambda moment: f"{moment.month:02}",
    "p": lambda moment: "AM" if moment.hour < 12 else "PM",  # noqa: PLR2004 - noon
    "r": lambda moment: f"{_twelve(moment):02}:{moment:%M:%S} {'AM' if moment.hour < 12 else 'PM'}",  # noqa: PLR2004
    "S": lambda moment: f"{moment.second:02}",
    "s": lambda moment: f"{moment.second:02}",
    "T": lambda moment: f"{moment:%H:%M:%S}",
    "v": lambda moment: f"{moment.isocalendar().week:02}",
    "W": lambda moment: _DAYS[moment.weekday()],
    "x": lambda moment: f"{moment.isocalendar().year:04}",
    "Y": lambda moment: f"{moment.year:04}",
    "y": lambda moment: f"{moment.year % 100:02}",
    "%": lambda _: "%",
}
_READ = {
    "Y": r"(?P<year>\d{4})",
    "y": r"(?P<short_year>\d{2})",
    "m": r"(?P<month>\d{1,2})",
    "c": r"(?P<month>\d{1,2})",
    "d": r"(?P<day>\d{1,2})",
    "e": r"(?P<day>\d{1,2})",
    "H": r"(?P<hour>\d{1,2})",
    "k": r"(?P<hour>\d{1,2})",
    "h": r"(?P<half_hour>\d{1,2})",
    "I": r"(?P<half_hour>\d{1,2})",
    "l": r"(?P<half_hour>\d{1,2})",
    "i": r"(?P<minute>\d{1,2})",
    "s": r"(?P<second>\d{1,2})",
    "S": r"(?P<second>\d{1,2})",
    "f": r"(?P<fraction>\d{1,9})",
    "p": r"(?P<half>AM|PM|am|pm)",
    "M": rf"(?P<month_name>{'|'.join(_MONTHS)})",
    "b": rf"(?P<month_name>{'|'.join(month[:3] for month in _MONTHS)})",
    "T": r"(?P<hour>\d{1,2}):(?P<minute>\d{1,2}):(?P<second>\d{1,2})",
    "%": "%",
}


def date_format(moment: datetime, pattern: str) -> str:
    """A timestamp by a pattern of MySQL's."""
    return "".join(write(moment) for write in _mysql_parts(pattern))


@cache
def _mysql_parts(pattern: str) -> tuple[Writer, ...]:
    return tuple(_mysql_writer(found[0]) for found in re.finditer(r"%.?|[^%]+", pattern, re.DOTALL))


def _mysql_writer(part: str) -> Writer:
    if not part.startswith("%"):
        return lambda _: part
    if part[1:] in _MYSQL:
        return _MYSQL[part[1:]]
    if part[1:] in {"D", "U", "u", "V", "w", "X"}:
        raise invalid_argument(f"{part} not supported in date format string")
    return lambda _: part[1:]


def date_parse(text: str, pattern: str) -> datetime:
    """A text as a timestamp by a pattern of MySQL's."""
    found = _mysql_reader(pattern).fullmatch(text)
    if not found:
        raise invalid_argument(f'Invalid format: "{text}"')
    return _moment(found.groupdict(), text)


@cache
def _mysql_reader(pattern: str) -> re.Pattern[str]:
    parts = []
    for found in re.finditer(r"%.?|[^%]+", pattern, re.DOTALL):
        part = found[0]
        if part.startswith("%") and part[1:] not in _READ:
            raise not_on_laptop(f"date_parse's {part}")
        parts.append(_READ[part[1:]] if part.startswith("%") else re.escape(part))
    return _compiled("".join(parts), pattern)


def _compiled(text: str, pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise not_on_laptop(f"the pattern '{pattern}', which names a field twice") from error


def _moment(found: dict[str, str | None], text: str) -> datetime:
    year = int(found.get("year") or 1970)
    if short := found.get("short_year"):
        year = int(short) + (1900 if int(short) >= _PIVOT_YEAR else 2000)
    month = int(found.get("month") or 1)
    if name := found.get("month_name"):
        month = next(place for place, known in enumerate(_MONTHS, 1) if known.startswith(name[:3]))
    hour = int(found.get("hour") or 0)
    if half_hour := found.get("half_hour"):
        hour = int(half_hour) % 12 + (12 if (found.get("half") or "AM").upper() == "PM" else 0)
    microsecond = int((found.get("fraction") or "0").ljust(3, "0")[:3]) * 1000
    try:
        minute, second = int(found.get("minute") or 0), int(found.get("second") or 0)
        return datetime(year, month, int(found.get("day") or 1), hour, minute, second, microsecond)  # noqa: DTZ001
    except ValueError as error:
        raise invalid_argument(f'Cannot parse "{text}"') from error


# --- Joda ------------------------------------------------------------------------------------------------------------

_JODA: dict[str, Writer] = {
    "yyyy": lambda moment: f"{moment.year:04}",
    "YYYY": lambda moment: f"{moment.year:04}",
    "yy": lambda moment: f"{moment.year % 100:02}",
    "M": lambda moment: str(moment.month),
    "MM": lambda moment: f"{moment.month:02}",
    "MMM": lambda moment: _MONTHS[moment.month - 1][:3],
    "MMMM": lambda moment: _MONTHS[moment.month - 1],
    "d": lambda moment: str(moment.day),
    "dd": lambda moment: f"{moment.day:02}",
    "D": lambda moment: str(moment.timetuple().tm_yday),
    "DDD": lambda moment: f"{moment.timetuple().tm_yday:03}",
    "e": lambda moment: str(moment.isoweekday()),
    "E": lambda moment: _DAYS[moment.weekday()][:3],
    "EEE": lambda moment: _DAYS[moment.weekday()][:3],
    "EEEE": lambda moment: _DAYS[moment.weekday()],
    "x": lambda moment: str(moment.isocalendar().year),
    "xxxx": lambda moment: f"{moment.isocalendar().year:04}",
    "w": lambda moment: str(moment.isocalendar().week),
    "ww": lambda moment: f"{moment.isocalendar().week:02}",
    "a": lambda moment: "AM" if moment.hour < 12 else "PM",  # noqa: PLR2004 - noon
    "H": lambda moment: str(moment.hour),
    "HH": lambda moment: f"{moment.hour:02}",
    "h": lambda moment: str(_twelve(moment)),
    "hh": lambda moment: f"{_twelve(moment):02}",
    "m": lambda moment: str(moment.minute),
    "mm": lambda moment: f"{moment.minute:02}",
    "s": lambda moment: str(moment.second),
    "ss": lambda moment: f"{moment.second:02}",
    "S": lambda moment: f"{moment.microsecond // 100_000}",
    "SSS": lambda moment: f"{moment.microsecond // 1000:03}",
    "Z": lambda moment: f"{moment:%z}" or "+0000",
    "ZZ": lambda moment: (f"{moment:%z}" or "+0000")[:3] + ":" + (f"{moment:%z}" or "+0000")[3:],
}
_JODA_READ = {
    "yyyy": _READ["Y"],
    "MM": _READ["m"],
    "M": _READ["m"],
    "dd": _READ["d"],
    "d": _READ["d"],
    "HH": _READ["H"],
    "H": _READ["H"],
    "mm": _READ["i"],
    "m": _READ["i"],
    "ss": _READ["s"],
    "s": _READ["s"],
    "SSS": r"(?P<fraction>\d{3})",
}
_JODA_PART = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']+", re.DOTALL)


def format_datetime(zone: str | None, moment: datetime, pattern: str) -> str:
    """A timestamp by a pattern of Joda's.

    Args:
        zone: in which it is shown, by name; None for one without.
        moment: the timestamp.
        pattern: Joda's.
    """
    local = moment.astimezone(zone_info(zone)) if zone else moment
    return "".join(write(local) for write in _joda_parts(pattern))


@cache
def _joda_parts(pattern: str) -> tuple[Writer, ...]:
    return tuple(_joda_writer(found, pattern) for found in _JODA_PART.finditer(pattern))


def _joda_writer(found: re.Match[str], pattern: str) -> Writer:
    if not found[2]:
        text = _joda_text(found)
        return lambda _: text
    if found[0] not in _JODA:
        raise not_on_laptop(f"'{found[0]}' in the pattern '{pattern}'")
    return _JODA[found[0]]


def _joda_text(found: re.Match[str]) -> str:
    if found[1] is None:
        return found[0]
    return found[1].replace("''", "'") or "'"


def parse_datetime(text: str, pattern: str) -> datetime:
    """A text as a timestamp by a pattern of Joda's, in UTC."""
    parts = []
    for part in _JODA_PART.finditer(pattern):
        if part[2] and part[0] not in _JODA_READ:
            raise not_on_laptop(f"'{part[0]}' in the pattern '{pattern}'")
        parts.append(_JODA_READ[part[0]] if part[2] else re.escape(_joda_text(part)))
    found = _compiled("".join(parts), pattern).fullmatch(text)
    if not found:
        raise invalid_argument(f'Invalid format: "{text}"')
    return _moment(found.groupdict(), text)
