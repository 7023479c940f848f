"""Where each session stands, and why: decided from what lies in S3 of it, its last attempt and the calendar. Pure.

A session is published when its publication is not older than its raw file, or says all that the raw file says, and what was
published is still there as it was: otherwise it is damaged. What a gate refused is quarantined until something changes: for
gate 1 until another payload comes, for gate 2 until another raw version does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from expectations.contract.outcomes import FRESHLY_PUBLISHED, Outcome, Verdict
from expectations.gates import raw

if TYPE_CHECKING:
    from flows.glue_run import GlueRun
    from flows.record.attempt import Attempt
    from flows.record.traces import SessionTraces
    from flows.session.storage import Publication, RawVersion

NOT_IN_CALENDAR = "the calendar calls the day a holiday"
UNREAD = "a payload came later that no attempt records"
NOT_B3S = "rebuilt from the sessions beside it and prices: not B3's words"
SUPERSEDED = "an older version is published"

_PUBLISHING = FRESHLY_PUBLISHED | {Outcome.STALE}


class State(StrEnum):
    """Where a session stands."""

    PUBLISHED = "published"
    DAMAGED = "damaged"
    STAGED = "staged but not published"
    RAW = "raw only"
    LANDED = "landed only"
    QUARANTINED = "quarantined"
    MISSING = "missing"
    DUE = "due"
    BEFORE = "before collection"
    HOLIDAY = "holiday"
    ACKNOWLEDGED = "acknowledged"


MEANINGS = {
    State.PUBLISHED: "both gates passed, Athena shows it",
    State.DAMAGED: "it was published, and is not as it was published any more",
    State.STAGED: "refined, and not audited or published yet",
    State.RAW: "its raw file is uploaded, and not refined",
    State.LANDED: "what B3 sent is kept, and was not read",
    State.QUARANTINED: "a gate refused it, or it was withdrawn: nothing of it is visible",
    State.MISSING: "B3 showed it, and nobody collected it",
    State.DUE: "B3 shows it now, not published yet",
    State.BEFORE: "of before the index was first collected",
    State.HOLIDAY: "no trading session",
    State.ACKNOWLEDGED: "not published, and somebody has said why it will not be",
}

NOTHING_TO_DO = frozenset({State.PUBLISHED, State.BEFORE, State.HOLIDAY, State.ACKNOWLEDGED})
"""The states of a session of which nothing is lacking, or that are known to stay as they are."""


@dataclass(frozen=True, slots=True)
class CalendarFacts:
    """What the trading calendar says of a day.

    Attributes:
        is_session: whether it is a trading day.
        is_on_display: whether B3 should be showing its session, or a later one will be shown first.
        is_before: whether it lies before the first session of which the index has anything.
    """

    is_session: bool = True
    is_on_display: bool = False
    is_before: bool = False


@dataclass(frozen=True, slots=True)
class SessionDetails:
    """What had to be read of a session whose listings do not tell all.

    Attributes:
        damage: what of the published session is not as it was published, in one line; empty where nothing is known of any.
        raw_damage: why the current raw version is no raw file of the session, in one line; empty where it is one.
        attempt: the newest to publish the session; of one that is missing, of the run that was after it.
        version: the current raw version.
        run: the Glue run that refines, or has refined, that version.
        staged: whether what it left in staging is whole.
        judged: the newest attempt that asked prices, where they do not agree.
    """

    attempt: Attempt | None = None
    version: RawVersion | None = None
    publication: Publication | None = None
    run: GlueRun | None = None
    staged: bool = False
    judged: Attempt | None = None
    damage: str = ""
    raw_damage: str = ""


@dataclass(frozen=True, slots=True)
class SessionState:
    """Where one session stands.

    Attributes:
        reason: why it is not published, in one line.
        at: when the attempt ended that is the reason (aware).
        report: S3 address of that attempt's report.
        gate: the gate that refused it.
        demands: what that gate demanded and did not find.
        warnings: demands that were not met without being critical, when it was published.
        verdict: what prices say of it; None of a session that is not published.
        verification: how many weights follow from them, and which do not, in one line, where that is worth a look.
        in_calendar: whether the trading calendar has the session.
        note: what else is worth a look.
    """

    index: str
    session: date
    state: State
    reason: str = ""
    at: datetime | None = None
    report: str = ""
    gate: str = ""
    demands: tuple[str, ...] = ()
    warnings: int = 0
    in_calendar: bool = True
    note: str = ""
    verdict: Verdict | None = None
    verification: str = ""

    @property
    def why(self) -> str:
        """Reason and note in one line."""
        return "; ".join(part for part in (self.reason, self.note) if part)

    def to_dict(self) -> dict[str, object]:
        """The state as JSON's types."""
        return asdict(self) | {
            "session": self.session.isoformat(),
            "state": str(self.state),
            "at": self.at.isoformat() if self.at else None,
            "demands": list(self.demands),
            "verdict": str(self.verdict) if self.verdict else None,
        }


def is_settled(traces: SessionTraces) -> bool:
    """Whether the listings alone tell that the session is published, and that nothing came since."""
    telling = (Outcome.QUARANTINED, Outcome.FAILED, Outcome.ACKNOWLEDGED)
    failed = traces.tried is not None and traces.tried.outcome in telling
    current = traces.published_at and (traces.raw_at is None or traces.raw_at < traces.published_at)
    return bool(current) and not failed and not traces.has_unread and not traces.found_damaged


def session_state(traces: SessionTraces, facts: SessionDetails, calendar: CalendarFacts) -> SessionState:
    """Where a session stands."""
    state = _state(traces, facts, calendar)
    cause = _cause(traces, facts, state)
    refusal = cause if state is State.QUARANTINED else None
    return SessionState(
        traces.index,
        traces.session,
        state,
        reason=_reason(facts, state, cause),
        at=cause.ended_at if cause else None,
        report=cause.report if cause else "",
        gate=refusal.gate_refused if refusal else "",
        demands=refusal.demands_refused if refusal else (),
        warnings=_warnings(traces) if state is State.PUBLISHED else 0,
        in_calendar=calendar.is_session,
        note="; ".join(_notes(traces, facts, state, calendar)),
        verdict=(traces.verdict or Verdict.WITHOUT_PRICES) if state is State.PUBLISHED else None,
        verification=facts.judged.verification if facts.judged and state is State.PUBLISHED else "",
    )


def _state(traces: SessionTraces, facts: SessionDetails, calendar: CalendarFacts) -> State:
    refused = _is_refused(traces, facts)
    if traces.published_at and (refused or _is_current(traces, facts)):
        return State.DAMAGED if facts.damage else State.PUBLISHED
    if traces.published_at and facts.raw_damage:
        return State.DAMAGED
    if _is_acknowledged(traces, facts):
        return State.ACKNOWLEDGED
    if refused:
        return State.QUARANTINED
    if facts.version:
        return State.STAGED if facts.staged else State.RAW
    return State.LANDED if traces.payloads else _absent(calendar)


def _absent(calendar: CalendarFacts) -> State:
    if not calendar.is_session:
        return State.HOLIDAY
    if calendar.is_before:
        return State.BEFORE
    return State.DUE if calendar.is_on_display else State.MISSING


def _is_acknowledged(traces: SessionTraces, facts: SessionDetails) -> bool:
    """Whether a person has said why the session is lost, and nothing of it has come since."""
    if facts.attempt is None or facts.attempt.outcome is not Outcome.ACKNOWLEDGED:
        return False
    return not (traces.changed_at and traces.attempted_at and traces.changed_at > traces.attempted_at)


def _is_current(traces: SessionTraces, facts: SessionDetails) -> bool:
    """Whether what is published is what the raw file says."""
    if traces.raw_at is None or (traces.published_at and traces.raw_at < traces.published_at):
        return True
    return bool(facts.publication and facts.version and facts.publication.covers(facts.version))


def _is_refused(traces: SessionTraces, facts: SessionDetails) -> bool:
    """Whether a gate refused the newest there is of the session, and nothing has changed since."""
    attempt = facts.attempt
    if attempt is None or attempt.session != traces.session or attempt.outcome is not Outcome.QUARANTINED:
        return False
    if attempt.gate_refused == raw.GATE:
        # A raw file that has passed the gate is not refused by what came after it.
        unpublished = facts.version is not None and not _is_current(traces, facts)
        newer = traces.landed_at and traces.attempted_at and traces.landed_at > traces.attempted_at
        return not unpublished and not newer
    return facts.version is not None and attempt.raw_version_id == facts.version.version_id


def _cause(traces: SessionTraces, facts: SessionDetails, state: State) -> Attempt | None:
    """The attempt that is the reason why the session is not published."""
    attempt = facts.attempt
    if attempt is None or not attempt.reason or state is State.DAMAGED:
        return None
    if state in NOTHING_TO_DO and state is not State.ACKNOWLEDGED:
        return None
    if (attempt.outcome is Outcome.ACKNOWLEDGED) is not (state is State.ACKNOWLEDGED):
        return None
    if state not in (State.RAW, State.STAGED):
        return attempt
    # Of a raw file tells only an attempt that failed after it came.
    later = traces.raw_at and traces.attempted_at and traces.attempted_at >= traces.raw_at
    return attempt if later and attempt.outcome is Outcome.FAILED else None


def _reason(facts: SessionDetails, state: State, cause: Attempt | None) -> str:
    if state is State.DAMAGED:
        return facts.damage or facts.raw_damage
    if state is State.RAW and facts.raw_damage:
        return facts.raw_damage
    if state is State.RAW and facts.run:
        return f"Glue run {facts.run.run_id} is {facts.run.state}"
    if cause:
        return cause.reason
    return {State.STAGED: "not audited", State.RAW: "no Glue run", State.LANDED: "not parsed"}.get(state, "")


def _warnings(traces: SessionTraces) -> int:
    return next((row.warnings for row in reversed(traces.attempts) if row.outcome in _PUBLISHING), 0)


def _notes(traces: SessionTraces, facts: SessionDetails, state: State, calendar: CalendarFacts) -> Iterator[str]:
    if not calendar.is_session and state is not State.HOLIDAY:
        yield NOT_IN_CALENDAR
    if traces.published_at and state not in (State.PUBLISHED, State.DAMAGED):
        yield SUPERSEDED
    if state is State.PUBLISHED:
        yield from _later_notes(traces, facts)
    if state not in (State.LANDED, State.ACKNOWLEDGED) and traces.has_unread:
        yield UNREAD


def _later_notes(traces: SessionTraces, facts: SessionDetails) -> Iterator[str]:
    """What is worth a look of a session that is published."""
    if traces.is_rebuilt:
        yield NOT_B3S
    if count := _warnings(traces):
        yield "1 warning" if count == 1 else f"{count} warnings"
    if facts.judged and traces.verdict is Verdict.DIVERGENT:
        yield f"{Verdict.DIVERGENT}: {facts.judged.verification}"
    attempt = facts.attempt
    if attempt and attempt.outcome is Outcome.QUARANTINED:
        yield f"what came later was refused: {attempt.reason}"
    elif attempt and attempt.outcome is Outcome.FAILED:
        yield f"a later attempt failed: {attempt.reason}"
