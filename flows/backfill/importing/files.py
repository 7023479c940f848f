"""A file of somebody's, what its name tells, and what was read in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import PurePosixPath

from expectations.contract.names import INDEX_CODES
from flows.b3.calendar import SAO_PAULO
from flows.b3.portfolio import Portfolio

_NOON = time(12)
# A name may hold other words of four letters.
_INDEX = re.compile(rf"(?<![A-Z0-9])({'|'.join(INDEX_CODES)})(?=DIA|[^A-Z0-9]|$)")
# B3's own name of a download, `IBOVDia_06-01-25.csv`, also as browsers number it: `IBOVDia_06-01-25 (1).csv`.
_B3_NAME = re.compile(r"[A-Z0-9]{4}DIA_(\d\d)-(\d\d)-(\d\d)(?!\d)", re.ASCII)
_FOLDERS = re.compile(r"(?:YEAR|ANO)=(\d{4})/(?:MONTH|MES)=(\d{1,2})/(?:DAY|DIA)=(\d{1,2})(?:/|$)", re.ASCII)
_ISO = re.compile(r"(?<!\d)(20\d\d)[-_]?(\d\d)[-_]?(\d\d)(?!\d)", re.ASCII)
_CENTURY = 2000


class ImportProblem(Exception):  # noqa: N818 - what is wrong with the file
    """A file cannot be imported. The message names the place in it and what was expected."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file: its path below the imported folder, with `/`, and its content."""

    name: str
    content: bytes

    @property
    def kind(self) -> str:
        """The ending of its name, in lower case and without the point."""
        return PurePosixPath(self.name).suffix.lower().removeprefix(".")


@dataclass(frozen=True, slots=True)
class Found:
    """A portfolio that was read in one file, or in several that are its pages.

    Attributes:
        files: the files, by page.
        collected_at: instant of the collection, where the file tells one.
        b3_states_session: whether the session is in B3's own words, and not the word of whoever made the copy.
    """

    files: tuple[SourceFile, ...]
    portfolio: Portfolio
    collected_at: datetime | None = None
    b3_states_session: bool = True

    @property
    def name(self) -> str:
        """The name of the first file."""
        return self.files[0].name

    @property
    def instant(self) -> datetime:
        """The instant that the portfolio counts as collected at: noon of the session where the file tells none."""
        return self.collected_at or noon(self.portfolio.session)


def noon(session: date) -> datetime:
    """12:00 in São Paulo on a session's day, when B3 showed that session for certain."""
    return datetime.combine(session, _NOON, SAO_PAULO)


def index_in(name: str) -> str | None:
    """The index whose code a name holds, the file's own name before its folders'; None where it holds none, or several."""
    for part in reversed(PurePosixPath(name.upper()).parts):
        if found := set(_INDEX.findall(part)):
            return found.pop() if len(found) == 1 else None
    return None


def is_b3s_name(name: str) -> bool:
    """Whether a file has the name that B3 gives its downloads, which states the session."""
    return bool(_B3_NAME.search(name.upper()))


def session_in(name: str) -> date | None:
    """The session that a name states: as B3's downloads do, in folders (`year=2025/month=06/day=30`), or as 2025-06-30."""
    text = name.upper()
    if found := _B3_NAME.search(text):
        day, month, year = (int(part) for part in found.groups())
        return _day(year + _CENTURY, month, day)
    if found := _FOLDERS.search(text) or _ISO.search(PurePosixPath(text).name):
        return _day(*(int(part) for part in found.groups()))
    return None


def known_index(given: str | None, name: str) -> str:
    """The index of a file that does not state it: the one that was given, or else the one in its name.

    Raises:
        ImportProblem: neither is there, or they contradict each other.
    """
    named = index_in(name)
    if given and named and given != named:
        raise ImportProblem(f"its name says {named}, {given} was asked for")
    index = given or named
    if index is None:
        raise ImportProblem("neither its content nor its name tells the index: say it with --index")
    return index


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
