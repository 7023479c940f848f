"""A survey as people read it: on the screen, as Markdown, as JSON's types."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING

from flows.record.reports import escaped, markdown_table
from flows.record.state import ranges

if TYPE_CHECKING:
    from flows.backfill.recovery import Recovered
    from flows.record.state import IndexStatus, Range
    from flows.record.survey import Survey

HEADING = ("State", "Sessions", "Count", "Why")


def rows(status: IndexStatus) -> list[tuple[str, str, str, str]]:
    """The sessions of an index in order, a row for those that follow one another and stand alike."""
    return [(str(item.first.state), item.days, str(item.count), _why(item)) for item in ranges(status.standings)]


def _why(item: Range) -> str:
    return "; ".join(part for part in (item.first.reason, item.first.note) if part)


def body(survey: Survey, now: datetime) -> dict[str, object]:
    """A survey as JSON's types."""
    return {
        "at": now.isoformat(timespec="seconds"),
        "complete": survey.complete,
        "indices": [status.to_dict() for status in survey.statuses],
    }


def markdown(survey: Survey, now: datetime) -> str:
    """A survey as Markdown that reads well without network."""
    lines = ["# Sessions", "", f"At {now:%Y-%m-%d %H:%M:%S %Z}."]
    for status in survey.statuses:
        lines += ["", f"## {escaped(status.headline)}", "", *markdown_table(HEADING, rows(status))]
        lines += _undated(status)
    return "\n".join(lines) + "\n"


def recovery_markdown(recovered: Recovered, now: datetime) -> str:
    """A recovery as Markdown."""
    lines = [f"# {escaped(recovered.headline)}", "", f"At {now:%Y-%m-%d %H:%M:%S %Z}."]
    if recovered.results:
        lines += [
            "",
            "## Taken",
            "",
            *markdown_table(("Outcome", "Index", "Session", "Rows", "Why"), _taken(recovered)),
        ]
    if recovered.left:
        lines += ["", "## Left alone", "", *markdown_table(("Index", *HEADING), left_rows(recovered))]
    return "\n".join(lines) + "\n"


def _taken(recovered: Recovered) -> list[tuple[str, ...]]:
    return [
        (str(item.outcome), item.index, str(item.session), str(item.rows), item.reason) for item in recovered.results
    ]


def left_rows(recovered: Recovered) -> list[tuple[str, ...]]:
    """The sessions that were left alone, a row for those of an index that follow one another and stand alike."""
    return [
        (index, str(item.first.state), item.days, str(item.count), _why(item))
        for index, members in groupby(recovered.left, key=lambda standing: standing.index)
        for item in ranges(members)
    ]


def headline(statuses: Sequence[IndexStatus]) -> str:
    """All indices in one line."""
    return "; ".join(status.headline for status in statuses)


def _undated(status: IndexStatus) -> list[str]:
    return ["", f"{status.undated} payloads whose session could not be told."] if status.undated else []
