"""Where the sessions stand, as people read it: rows of a table, and Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from flows.record.index_status import ranges
from flows.record.markdown import escaped, markdown_table

if TYPE_CHECKING:
    from flows.record.index_status import IndexStatus, Range
    from flows.record.state import SessionState
    from flows.record.status import AccountStatus

HEADING = ("State", "Sessions", "Count", "Prices", "Why", "When", "Report")


def rows(states: Iterable[SessionState]) -> list[tuple[str, ...]]:
    """The sessions of an index in order, a row for those that follow one another and stand alike."""
    return [_row(item) for item in ranges(states)]


def rows_by_index(states: Iterable[SessionState]) -> list[tuple[str, ...]]:
    """The same for sessions of several indices, each row with its index before it."""
    return [
        (index, *_row(item))
        for index, members in groupby(states, key=lambda state: state.index)
        for item in ranges(members)
    ]


def _row(item: Range) -> tuple[str, ...]:
    first = item.first
    when = f"{first.at:%Y-%m-%d %H:%M} UTC" if first.at else ""
    return str(first.state), item.days, str(item.count), str(first.verdict or ""), first.why, when, first.report


def status_markdown(status: AccountStatus) -> str:
    """A status as Markdown that reads well without network."""
    lines = ["# Sessions", "", f"At {status.at:%Y-%m-%d %H:%M:%S %Z}."]
    for of_index in status.indices:
        lines += ["", f"## {escaped(of_index.headline)}", "", *markdown_table(HEADING, rows(of_index.sessions))]
        lines += _undated(of_index)
    return "\n".join(lines) + "\n"


def _undated(status: IndexStatus) -> Sequence[str]:
    return ["", f"{status.undated} payloads whose session could not be read."] if status.undated else []
