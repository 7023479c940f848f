"""Where all sessions of an index stand, taken together. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from expectations.contract.outcomes import Verdict
from flows.record.state import NOTHING_TO_DO, SessionState, State


@dataclass(frozen=True, slots=True)
class Range:
    """Sessions that follow one another and stand alike."""

    first: SessionState
    last: date
    count: int

    @property
    def days(self) -> str:
        """The sessions as people write them."""
        return str(self.last) if self.count == 1 else f"{self.first.session} to {self.last}"


def ranges(states: Iterable[SessionState]) -> Iterator[Range]:
    """An index's sessions in order, those that stand alike together."""

    def alike(item: SessionState) -> Sequence[object]:
        return item.state, item.reason, item.gate, item.note, item.verdict

    for _, group in groupby(sorted(states, key=lambda item: item.session), key=alike):
        members = list(group)
        yield Range(members[0], members[-1].session, len(members))


@dataclass(frozen=True, slots=True)
class IndexStatus:
    """Where the sessions of one index stand.

    Attributes:
        since, until: the first and the last day that was looked at; None where there is nothing to look at.
        due: the newest session that B3 should have been showing by now, on its own day; none after the last that was asked for.
        showing: the session that B3 should be showing now, which may be a later one.
        days: every weekday from `since` to `until`, holidays too, and whatever else there is anything of.
        undated: number of payloads whose session could not be read.
    """

    index: str
    since: date | None
    until: date | None
    due: date
    showing: date
    days: tuple[SessionState, ...]
    undated: int = 0

    @property
    def sessions(self) -> tuple[SessionState, ...]:
        """The days that are sessions; the holidays only where there is nothing else."""
        return tuple(item for item in self.days if item.state is not State.HOLIDAY) or self.days

    @property
    def open(self) -> list[SessionState]:
        """The sessions that are not published and should be, the newest first."""
        return [item for item in reversed(self.days) if item.state not in NOTHING_TO_DO]

    @property
    def complete(self) -> bool:
        """Whether every session is published or acknowledged, and there is one."""
        settled = (State.PUBLISHED, State.ACKNOWLEDGED)
        return not self.open and any(item.state in settled for item in self.days)

    @property
    def newest_published(self) -> date | None:
        """The newest published session."""
        return max((item.session for item in self.days if item.state is State.PUBLISHED), default=None)

    @property
    def fresh(self) -> bool:
        """Whether the newest published session is not older than it should be."""
        return self.newest_published is not None and self.newest_published >= self.due

    @property
    def counts(self) -> dict[str, int]:
        """Sessions by state, in the states' order."""
        found = Counter(item.state for item in self.sessions)
        return {str(state): found[state] for state in State if found[state]}

    @property
    def verdicts(self) -> dict[str, int]:
        """Published sessions by what prices say of them, in the verdicts' order."""
        found = Counter(item.verdict for item in self.sessions)
        return {str(verdict): found[verdict] for verdict in Verdict if found[verdict]}

    @property
    def headline(self) -> str:
        """The status in one line."""
        counts = ", ".join(f"{count} {state}" for state, count in self.counts.items()) or "no sessions"
        prices = ", ".join(f"{count} {verdict}" for verdict, count in self.verdicts.items())
        return f"{self.index} {self.since} to {self.until}: {counts}; {self.freshness}{f'; {prices}' if prices else ''}"

    @property
    def freshness(self) -> str:
        """How new the newest published session is, in words."""
        newest = f"newest published {self.newest_published}" if self.newest_published else "none published"
        later = f", B3 shows {self.showing} already" if self.showing > self.due else ""
        return f"{newest}, {'as due' if self.fresh else f'{self.due} is due'}{later}"

    def to_dict(self) -> dict[str, object]:
        """The status as JSON's types."""
        return {
            "index": self.index,
            "since": _iso(self.since),
            "until": _iso(self.until),
            "complete": self.complete,
            "fresh": self.fresh,
            "newest_published": _iso(self.newest_published),
            "due": _iso(self.due),
            "showing": _iso(self.showing),
            "undated_payloads": self.undated,
            "counts": self.counts,
            "verdicts": self.verdicts,
            "sessions": [item.to_dict() for item in self.sessions],
        }


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
