"""The numbers that say most of an index's sessions. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flows.record.state import State

if TYPE_CHECKING:
    from flows.record.state import SessionState
    from flows.site.facts import IndexFacts

_RECENT = 30  # attempts


@dataclass(frozen=True, slots=True)
class Card:
    """One number at the top of an index's page."""

    label: str
    value: str
    note: str = ""
    bad: bool = False


def cards_of(facts: IndexFacts) -> list[Card]:
    """The cards of an index."""
    days = facts.status.days
    published = [day for day in days if day.state is State.PUBLISHED]
    missing = [day for day in days if day.state is State.MISSING]
    stuck = [day for day in days if day.state in (State.QUARANTINED, State.STAGED, State.RAW, State.LANDED)]
    recent = facts.outcomes[-_RECENT:]
    latest = published[-1].session if published else None
    return [
        *([Card("Latest published", f"{latest}", f"{latest:%A}")] if latest else []),
        Card("Sessions published", f"{len(published):,}", f"since {published[0].session}" if published else "none yet"),
        _unwanted("Missing", missing, "nothing is missing"),
        _unwanted("Quarantined or not finished", stuck, "none is left"),
        *([Card("Attempts that went well", _share(recent), f"of the last {len(recent)}")] if recent else []),
    ]


def _share(outcomes: Sequence[bool]) -> str:
    return f"{100 * sum(outcomes) / len(outcomes):.0f} %"


def _unwanted(label: str, days: Sequence[SessionState], none: str) -> Card:
    return Card(label, f"{len(days):,}", f"the last {days[-1].session}" if days else none, bad=bool(days))
