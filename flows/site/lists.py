"""An index's sessions as rows: one a published session, one for all that follow one another and stand alike. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import TYPE_CHECKING

from flows.record.index_status import ranges
from flows.record.state import NOTHING_TO_DO, State

if TYPE_CHECKING:
    from flows.record.attempt import Attempt
    from flows.record.index_status import Range
    from flows.record.state import SessionState
    from flows.site.facts import IndexFacts
    from flows.site.figures import Figures


@dataclass(frozen=True, slots=True)
class Row:
    """Sessions in a list of sessions.

    Attributes:
        day: the first of them, which stands for all.
        last: the last of them.
        figures, checked: of one that is published.
    """

    day: SessionState
    last: date
    count: int
    figures: Figures | None = None
    checked: Attempt | None = None


def session_rows(facts: IndexFacts, sessions: Iterable[SessionState]) -> list[Row]:
    """The rows of some sessions, the newest first."""
    ordered = sorted(sessions, key=lambda day: day.session)
    rest = iter(ordered)
    rows = [row for item in ranges(ordered) for row in _rows(facts, item, islice(rest, item.count))]
    return rows[::-1]


def lacking_rows(facts: IndexFacts, sessions: Iterable[SessionState]) -> list[Row]:
    """The rows of those of some sessions that should be published by now and are not, the newest first."""
    rows = session_rows(facts, sessions)
    return [row for row in rows if row.day.state not in NOTHING_TO_DO and row.day.state is not State.DUE]


def _rows(facts: IndexFacts, item: Range, members: Iterable[SessionState]) -> list[Row]:
    days = list(members)
    if item.first.state is State.PUBLISHED or item.count == 1:
        return [_row(facts, day) for day in days]
    return [Row(item.first, item.last, item.count)]


def _row(facts: IndexFacts, day: SessionState) -> Row:
    figures = facts.figures.get(day.session) if day.state is State.PUBLISHED else None
    return Row(day, day.session, 1, figures, facts.checked(day.session))
