"""Texts of dates and times, as Trino writes them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

OFFSET = re.compile(r"([+-])(\d{2}):(\d{2})")


def moment_text(digits: int, zone: str | None, value: datetime) -> str:
    """A timestamp with so many digits of a second, in its zone and with its name.

    Args:
        digits: of a second, 0 to 6.
        zone: its zone's name; None for a timestamp without.
        value: with a zone of its own, where it has one.
    """
    if zone and value.tzinfo:
        value = value.astimezone(zone_info(zone))
    fraction = f".{value.microsecond:06}"[: digits + 1] if digits else ""
    text = f"{value.year:04}-{value:%m-%d %H:%M:%S}{fraction}"
    return f"{text} {zone}" if zone else text


def zone_info(zone: str) -> tzinfo:
    """A zone by its name, or by its distance from UTC such as `-03:00`."""
    if offset := OFFSET.fullmatch(zone):
        distance = timedelta(hours=int(offset[2]), minutes=int(offset[3]))
        return timezone(-distance if offset[1] == "-" else distance)
    return ZoneInfo(zone)
