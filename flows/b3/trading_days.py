"""The trading calendar's sessions: those of exchange_calendars' BVMF, kept in the user's cache.

The library needs a second, and pandas, to tell them; they change with its version only.
"""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import date
from functools import cache
from importlib.metadata import version
from pathlib import Path
from uuid import uuid4

from platformdirs import user_cache_path

from expectations.contract.indices import FIRST_SESSION


@cache
def trading_sessions(last_year: int) -> tuple[date, ...]:
    """All sessions from 2000 to the end of a year, in order."""
    file = user_cache_path("bovespa") / f"sessions-{version('exchange_calendars')}-{last_year}.json"
    return kept_sessions(file) or _keep(file, _computed(last_year))


def kept_sessions(file: Path) -> tuple[date, ...]:
    """The sessions that a file keeps; none where it keeps none."""
    try:
        return tuple(date.fromisoformat(text) for text in json.loads(file.read_text(encoding="utf-8")))
    except (OSError, TypeError, ValueError):
        return ()


def _computed(last_year: int) -> tuple[date, ...]:
    from exchange_calendars import get_calendar  # noqa: PLC0415 - see the docstring

    found = get_calendar("BVMF", start=FIRST_SESSION.isoformat(), end=f"{last_year}-12-31").sessions
    return tuple(stamp.date() for stamp in found)


def _keep(file: Path, sessions: tuple[date, ...]) -> tuple[date, ...]:
    # Where the user has no cache that can be written, they are told anew each time.
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary = file.with_suffix(f".{uuid4().hex}")
        temporary.write_text(json.dumps([day.isoformat() for day in sessions]), encoding="utf-8")
        temporary.replace(file)
    return sessions
