"""Where each session stands, decided from what was seen of it; nothing here asks anybody.

A session is published when its publication is not older than its raw file, or says all that the raw file says. What a gate
refused is quarantined until something changes: for gate 1 until another payload comes, for gate 2 until another raw version does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from itertools import groupby
from typing import TYPE_CHECKING

from expectations.contract.ledger import AttemptState
from expectations.gates import raw

if TYPE_CHECKING:
    from flows.record.attempt import Attempt
    from flows.record.sightings import Sighting
    from flows.session.etl import GlueRun
    from flows.session.storage import Publication, RawVersion

HOLIDAY = "the calendar calls the day a holiday"
UNREAD = "a payload came later that no flow has told of"
SUPERSEDED = "an older version is published"


class State(StrEnum):
    """Where a session stands."""

    PUBLISHED = "published"
    STAGED = "staged but not published"
    RAW = "raw only"
    LANDED = "landed only"
    QUARANTINED = "quarantined"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Details:
    """What had to be read of a session whose listings do not tell all.

    Attributes:
        attempt: the newest of the session; of one that is missing, of its day.
        version: the current raw version.
        run: the Glue run that refines, or has refined, that version.
        staged: whether what it left in staging is whole.
    """

    attempt: Attempt | None = None
    version: RawVersion | None = None
    publication: Publication | None = None
    run: GlueRun | None = None
    staged: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one session stands.

    Attributes:
        reason: why it is not published, in one line.
        gate: the gate that refused it.
        demands: what that gate demanded and did not find.
        in_calendar: whether the trading calendar has the session.
        note: what else is worth a look.
    """

    index: str
    session: date
    state: State
    reason: str = ""
    gate: str = ""
    demands: str = ""
    in_calendar: bool = True
    note: str = ""

    def to_dict(self) -> dict[str, object]:
        """The standing as JSON's types."""
        return asdict(self) | {"session": self.session.isoformat(), "state": str(self.state)}


def is_settled(seen: Sighting) -> bool:
    """Whether the listings alone tell that the session is published, and that nothing came since."""
    newest = seen.attempts[-1].state if seen.attempts else None
    refused = newest is AttemptState.QUARANTINED
    current = seen.published_at and (seen.raw_at is None or seen.raw_at < seen.published_at)
    return bool(current) and not refused and not seen.has_unread


def standing(seen: Sighting, known: Details, *, in_calendar: bool) -> Standing:
    """Where a session stands."""
    state = _state(seen, known)
    attempt = known.attempt if state is State.QUARANTINED else None
    return Standing(
        seen.index,
        seen.session,
        state,
        reason=_reason(seen, known, state),
        gate=(attempt.gate_refused or "") if attempt else "",
        demands=(attempt.demands_refused or "") if attempt else "",
        in_calendar=in_calendar,
        note="; ".join(_notes(seen, known, state, in_calendar=in_calendar)),
    )


def _state(seen: Sighting, known: Details) -> State:
    refused = _is_refused(seen, known)
    if seen.published_at and (refused or _is_current(seen, known)):
        return State.PUBLISHED
    if refused:
        return State.QUARANTINED
    if known.version:
        return State.STAGED if known.staged else State.RAW
    return State.LANDED if seen.payloads else State.MISSING


def _is_current(seen: Sighting, known: Details) -> bool:
    """Whether what is published is what the raw file says."""
    if seen.raw_at is None or (seen.published_at and seen.raw_at < seen.published_at):
        return True
    return bool(known.publication and known.version and known.publication.covers(known.version))


def _is_refused(seen: Sighting, known: Details) -> bool:
    """Whether a gate refused the newest there is of the session, and nothing has changed since."""
    attempt = known.attempt
    if attempt is None or attempt.session != seen.session or attempt.state is not AttemptState.QUARANTINED:
        return False
    if attempt.gate_refused == raw.GATE:
        # A raw file that has passed the gate is not refused by what came after it.
        unpublished = known.version is not None and not _is_current(seen, known)
        return not unpublished and not (seen.landed_at and seen.attempted_at and seen.landed_at > seen.attempted_at)
    return known.version is not None and attempt.raw_version_id == known.version.version_id


def _reason(seen: Sighting, known: Details, state: State) -> str:
    if state is State.PUBLISHED:
        return ""
    if state is State.RAW and known.run:
        return f"Glue run {known.run.run_id} is {known.run.state}"
    told = known.attempt.reason if known.attempt and _is_of_now(seen, known.attempt, state) else None
    defaults = {State.STAGED: "not audited", State.RAW: "no Glue run", State.LANDED: "not parsed", State.MISSING: ""}
    return told or defaults.get(state, "")


def _is_of_now(seen: Sighting, attempt: Attempt, state: State) -> bool:
    """Whether an attempt tells of what is there: of a raw file only one that failed after it came."""
    if state not in (State.RAW, State.STAGED):
        return True
    later = seen.raw_at and seen.attempted_at and seen.attempted_at >= seen.raw_at
    return bool(later) and attempt.state is AttemptState.FAILED


def _notes(seen: Sighting, known: Details, state: State, *, in_calendar: bool) -> Iterator[str]:
    attempt = known.attempt
    if not in_calendar:
        yield HOLIDAY
    if seen.published_at and state is not State.PUBLISHED:
        yield SUPERSEDED
    if state is State.PUBLISHED and attempt and attempt.state is AttemptState.QUARANTINED:
        yield f"what came later was refused: {attempt.reason}"
    if state is not State.LANDED and seen.has_unread:
        yield UNREAD


@dataclass(frozen=True, slots=True)
class Range:
    """Sessions that follow one another and stand alike."""

    first: Standing
    last: date
    count: int

    @property
    def days(self) -> str:
        """The sessions as people write them."""
        return str(self.last) if self.count == 1 else f"{self.first.session} to {self.last}"


@dataclass(frozen=True, slots=True)
class IndexStatus:
    """Where the sessions of one index stand.

    Attributes:
        since, until: the first and the last day that was looked at; None where there is nothing to look at.
        due: the newest session that B3 should have been showing by now, on its own day; none after the last that was asked for.
        showing: the session that B3 should be showing now, which may be a later one.
        undated: number of payloads whose session could not be told.
    """

    index: str
    since: date | None
    until: date | None
    due: date
    showing: date
    standings: tuple[Standing, ...]
    undated: int = 0

    @property
    def complete(self) -> bool:
        """Whether every session is published, and there is one."""
        return bool(self.standings) and all(item.state is State.PUBLISHED for item in self.standings)

    @property
    def newest_published(self) -> date | None:
        """The newest published session."""
        return max((item.session for item in self.standings if item.state is State.PUBLISHED), default=None)

    @property
    def fresh(self) -> bool:
        """Whether the newest published session is not older than it should be."""
        return self.newest_published is not None and self.newest_published >= self.due

    @property
    def counts(self) -> dict[str, int]:
        """Sessions by state, in the states' order."""
        found = Counter(item.state for item in self.standings)
        return {str(state): found[state] for state in State if found[state]}

    @property
    def headline(self) -> str:
        """The status in one line."""
        counts = ", ".join(f"{count} {state}" for state, count in self.counts.items()) or "no sessions"
        return f"{self.index} {self.since} to {self.until}: {counts}; {self.freshness}"

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
            "sessions": [item.to_dict() for item in self.standings],
        }


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def ranges(standings: Iterable[Standing]) -> Iterator[Range]:
    """An index's sessions in order, those that stand alike together."""

    def alike(item: Standing) -> Sequence[object]:
        return item.state, item.reason, item.gate, item.note

    for _, group in groupby(sorted(standings, key=lambda item: item.session), key=alike):
        members = list(group)
        yield Range(members[0], members[-1].session, len(members))
