"""How an index stands, in short: what the page over all indices shows of it, without reading all its runs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from expectations.contract.keys import ContractError, check_index
from expectations.contract.names import REPORTS_PREFIX
from flows.record.reports import FAILED
from flows.site.calendar import Day, State
from flows.site.history import History

_RECENT_RUNS = 30
_RECENT_SESSIONS = 21  # about a month


@dataclass(frozen=True, slots=True)
class Card:
    """One number at the top of an index's page."""

    label: str
    value: str
    note: str = ""
    bad: bool = False


@dataclass(frozen=True, slots=True)
class Status:
    """How an index stands.

    Attributes:
        session: the latest trading day, in ISO's form; empty where none is known.
        state: what became of it.
        reason: why it is not published.
        cards: the numbers.
        recent: the states of the last sessions by their dates, the oldest first.
    """

    index: str
    session: str
    state: str
    reason: str
    cards: Sequence[Card]
    recent: Sequence[tuple[str, str]]

    def to_json(self) -> str:
        """The status as JSON text."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1)


def status_key(index: str) -> str:
    """The key of an index's status."""
    return f"{REPORTS_PREFIX}{check_index(index).lower()}/status.json"


def status_of(history: History) -> Status:
    """How the index stands by its history."""
    sessions = history.sessions
    latest = sessions[0] if sessions else None
    published = latest is not None and latest.state == State.PUBLISHED
    return Status(
        index=history.index,
        session=str(latest.day) if latest else "",
        state=str(latest.state) if latest else "",
        reason=latest.reason if latest and not published else "",
        cards=cards_of(history),
        recent=[(str(day.day), str(day.state)) for day in reversed(sessions[:_RECENT_SESSIONS])],
    )


def read_status(text: bytes) -> Status:
    """A status as it was kept.

    Raises:
        ContractError: it is not one.
    """
    try:
        body = json.loads(text)
        cards = [Card(**item) for item in body["cards"]]
        return Status(**{**body, "cards": cards, "recent": [(day, state) for day, state in body["recent"]]})
    except (KeyError, TypeError, ValueError) as error:
        raise ContractError(f"not a status of an index ({error!r}): {text[:80]!r}") from error


def cards_of(history: History) -> list[Card]:
    """The numbers that say most of an index's sessions."""
    by_state = {state: [day for day in history.days if day.state == state] for state in State}
    published, missing = by_state[State.PUBLISHED], by_state[State.MISSING]
    tried = sorted((*by_state[State.QUARANTINED], *by_state[State.FAILED]), key=lambda day: day.day)
    runs = history.chronicle.runs[-_RECENT_RUNS:]
    well = sum(run.outcome != FAILED for run in runs)
    return [
        *([Card("Latest published", f"{published[-1].day}", f"{published[-1].day:%A}")] if published else []),
        Card("Sessions published", f"{len(published):,}", f"since {published[0].day}" if published else "none yet"),
        _unwanted("Missing", missing, "nothing is missing"),
        _unwanted("Quarantined or failed", tried, "none is left"),
        *([Card("Runs that went well", f"{100 * well / len(runs):.0f} %", f"of the last {len(runs)}")] if runs else []),
    ]


def _unwanted(label: str, days: Sequence[Day], none: str) -> Card:
    return Card(label, f"{len(days):,}", f"the last {days[-1].day}" if days else none, bad=bool(days))
