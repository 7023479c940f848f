"""Where sessions stand, as the command line says it: in the user's language, whole at 80 characters, links unbroken."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from flows.cli.console import Screen
from flows.cli.language import counted, spoken, tr, written
from flows.cli.place import Place
from flows.record.index_status import IndexStatus, Range, ranges
from flows.record.sentences import reason_in
from flows.record.state import SessionState


def reason(text: str) -> str:
    """A recorded reason in the user's language, as far as its form is known."""
    return reason_in(spoken(), text)


def show_status(screen: Screen, place: Place, status: IndexStatus) -> None:
    """Show where an index's sessions stand."""
    screen.heading(headline(status))
    screen.line(f"  {freshness(status)}")
    show_states(screen, place, status.sessions)
    if status.undated:
        screen.line("  " + tr("{} whose session is unknown").format(counted(status.undated, "payload")))


def show_states(screen: Screen, place: Place, states: Iterable[SessionState]) -> None:
    """Show sessions of an index, a line for those that follow one another and stand alike, each with its reason and link."""
    found = [*ranges(states)]
    cells = [(tr(str(item.first.state)), _days(item), written(f"{item.count:,}"), _when(item.first)) for item in found]
    widths = [max((len(row[number]) for row in cells), default=0) for number in range(4)]
    for item, (state, days, count, when) in zip(found, cells, strict=True):
        line = f"  {state.ljust(widths[0])}  {days.ljust(widths[1])}  {count.rjust(widths[2])}  {when}"
        screen.line(line.rstrip())
        parts = [reason(part) for part in (item.first.reason, *item.first.note.split("; ")) if part]
        for part in parts:
            screen.wrapped(part, 6)
        if item.first.verdict:
            screen.wrapped(f"{tr('Prices')}: {item.first.verdict}", 6)
        if item.first.report:
            screen.line(f"      {place.page_of(item.first.report)}")


def headline(status: IndexStatus) -> str:
    """How many sessions stand how, in one line."""
    states = in_short(status.counts) or tr("no sessions")
    first, last = status.since, status.until
    days = tr("{} to {}").format(first, last) if first != last else str(first)
    return tr("{}, {}: {}").format(status.index, days, states)


def freshness(status: IndexStatus) -> str:
    """How new the newest published session is, in words."""
    newest = status.newest_published
    known = tr("newest published {}").format(newest) if newest else tr("none published")
    due = tr("as due") if status.fresh else tr("due since {}").format(status.due)
    later = tr("B3 shows {} already").format(status.showing) if status.showing > status.due else ""
    is_now = status.until is not None and status.until >= status.due and status.open[:1] != []
    return "; ".join(part for part in (known, due if is_now or status.fresh else "", later if is_now else "") if part)


def in_short(counts: dict[str, int]) -> str:
    """Numbers by state or outcome, in words."""
    return ", ".join(counted(count, name, name) for name, count in counts.items() if count)


def lines_of(states: Sequence[SessionState]) -> dict[str, list[SessionState]]:
    """Sessions by index, in order."""
    found: dict[str, list[SessionState]] = {}
    for state in states:
        found.setdefault(state.index, []).append(state)
    return found


def _days(item: Range) -> str:
    return str(item.last) if item.count == 1 else tr("{} to {}").format(item.first.session, item.last)


def _when(state: SessionState) -> str:
    return f"{state.at:%Y-%m-%d %H:%M} UTC" if state.at else ""
