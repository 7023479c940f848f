"""A file of somebody's, what its name says, what its owner says of it, and what was read in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import PurePosixPath

from expectations.contract.indices import INDEX_CODES, check_known
from expectations.contract.keys import ContractError
from flows.b3.calendar import SAO_PAULO, is_session, showable
from flows.b3.portfolio import Portfolio

_NOON = time(12)
_CENTURY = 2000
_KINDS = {"txt": "csv", "htm": "html"}

# A name may hold other words of four letters.
_INDEX = r"(?<![A-Z0-9])({codes})(?=DIA|[^A-Z0-9]|$)"
# B3's own name of a download, `IBOVDia_06-01-25.csv`, also as browsers number it: `IBOVDia_06-01-25 (1).csv`.
_B3_NAME = re.compile(r"[A-Z0-9]{4}DIA_(\d\d)-(\d\d)-(\d\d)(?!\d)", re.ASCII)
_FOLDERS = re.compile(r"(?:YEAR|ANO)=(\d{4})/(?:MONTH|MES)=(\d{1,2})/(?:DAY|DIA)=(\d{1,2})(?:/|$)", re.ASCII)
_ISO = re.compile(r"(?<!\d)(20\d\d)[-_]?(\d\d)[-_]?(\d\d)(?!\d)", re.ASCII)
_DAY_FIRST = re.compile(r"(?<!\d)(?<!\d[-.])(\d\d)[-_.](\d\d)[-_.](?:20)?(\d\d)(?!\d)(?![-_.]\d)", re.ASCII)


class ImportProblem(Exception):  # noqa: N818 - what is wrong with the file
    """A file cannot be imported. The message names the place in it and what was expected."""


class ImportConflict(ImportProblem):
    """A file says two things of its index or session, and its owner must say which holds. The message names both."""


@dataclass(frozen=True, slots=True)
class Hints:
    """What the owner says of all files, and which index codes there are.

    Attributes:
        index: the index of files that do not state theirs; others must be of it.
        session: likewise the session, also where its date is a holiday.
        extra_indices: codes that are known besides the contract's list.
    """

    index: str | None = None
    session: date | None = None
    extra_indices: tuple[str, ...] = ()


NO_HINTS = Hints()


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file: its path below the imported folder, with `/`, and its content."""

    name: str
    content: bytes

    @property
    def kind(self) -> str:
        """What its name's ending, in lower case, says that it is: `csv` (also for .txt), `html` (also for .htm), `json`, …"""
        ending = PurePosixPath(self.name).suffix.lower().removeprefix(".")
        return _KINDS.get(ending, ending)


@dataclass(frozen=True, slots=True)
class Found:
    """A portfolio that was read in one file, or in several that are its pages.

    Attributes:
        files: the files, by page.
        collected_at: instant of the collection, where the file tells one.
        b3_states_session: whether the session is in B3's own words, and not the word of whoever made the copy.
        insisted: whether the owner said that it is of this session.
    """

    files: tuple[SourceFile, ...]
    portfolio: Portfolio
    collected_at: datetime | None = None
    b3_states_session: bool = True
    insisted: bool = False

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


# --- what a name says ----------------------------------------------------------------------------------------------------


def index_in(name: str, extra: tuple[str, ...] = ()) -> str | None:
    """The index whose code a name holds, the file's own name before its folders'; None where it holds none, or several."""
    pattern = _INDEX.format(codes="|".join((*INDEX_CODES, *extra)))
    for part in reversed(PurePosixPath(name.upper()).parts):
        if found := set(re.findall(pattern, part)):
            return found.pop() if len(found) == 1 else None
    return None


def is_b3s_name(name: str) -> bool:
    """Whether a file has the name that B3 gives its downloads, which states the session."""
    return bool(_B3_NAME.search(name.upper()))


def session_in(name: str) -> date | None:
    """The session that a name states, the file's own before its folders'; None where it states none.

    As B3's downloads do, in folders (`year=2025/month=06/day=30`, `date=2025-06-30`), as 2025-06-30, or day first as B3
    writes dates: 30-06-25.
    """
    text = name.upper()
    if found := _B3_NAME.search(text):
        return _day(*reversed(found.groups()))
    if found := _FOLDERS.search(text):
        return _day(*found.groups())
    for part in reversed(PurePosixPath(text).parts):
        if found := _ISO.search(part):
            return _day(*found.groups())
        if found := _DAY_FIRST.search(part):
            return _day(*reversed(found.groups()))
    return None


def _day(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year) % _CENTURY + _CENTURY, int(month), int(day))
    except ValueError:
        return None


# --- what holds where content, name and owner speak ----------------------------------------------------------------------


def known_index(file: SourceFile, hints: Hints, stated: str | None = None) -> str:
    """The index of a file: what its content states, or its owner, or its name.

    Raises:
        ImportProblem: nothing tells it, or it is none of B3's.
        ImportConflict: two of them contradict each other. Content and owner together outweigh the name.
    """
    named = index_in(file.name, hints.extra_indices)
    if stated and hints.index and stated != hints.index:
        raise ImportConflict(f"its content is of {stated}, {hints.index} was asked for")
    said = stated or hints.index
    if said and named and said != named and not (stated and hints.index):
        other = f"its title says {said}" if stated else f"{said} was asked for"
        raise ImportConflict(f"its name says {named}, {other}: rename it, or say which holds with --index")
    index = said or named
    if index is None:
        raise ImportProblem("neither its content nor its name tells the index: say it with --index")
    try:
        return check_known(index, hints.extra_indices)
    except ContractError as error:
        raise ImportProblem(str(error)) from error


def known_session(file: SourceFile, hints: Hints) -> date:
    """The session of a file whose content states none.

    Raises:
        ImportProblem: nothing tells it.
        ImportConflict: its name and its owner contradict each other.
    """
    named = session_in(file.name)
    if named and hints.session and named != hints.session:
        raise ImportConflict(f"its name says {named}, {hints.session} was asked for: rename it if that holds")
    session = hints.session or named
    if session is None:
        raise ImportProblem(
            "neither its content nor its name (such as IBOVDia_06-01-25.csv) tells the session: say it with --session"
        )
    return session


def check_session(file: SourceFile, hints: Hints, stated: date) -> None:
    """Hold the session that a file's content states to its name and its owner.

    A name with the day of collection is no contradiction where that was a day without trading: B3 then shows the next session.

    Raises:
        ImportConflict: they contradict each other. Content and owner together outweigh the name.
    """
    if hints.session and hints.session != stated:
        raise ImportConflict(f"its content is of session {stated}, {hints.session} was asked for")
    named = session_in(file.name)
    if hints.session or named in (None, stated) or (named and _was_shown_on(named, stated, file)):
        return
    raise ImportConflict(
        f"its name says {named}, its content is of session {stated}: rename it, or say which holds with --session"
    )


def _was_shown_on(day: date, session: date, file: SourceFile) -> bool:
    if is_b3s_name(file.name) or day > session or is_session(day):
        return False
    return showable(noon(day)).latest == session
