"""What the pages show of an index: where its sessions stand, what was tried, what is published in figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING

from expectations.contract.outcomes import DONE
from expectations.gates.gate import WARNING
from flows.record.state import SessionState, State

if TYPE_CHECKING:
    from expectations.contract.keys import AttemptKey
    from expectations.gates.gate import Demand
    from flows.record.attempt import Attempt
    from flows.record.index_status import IndexStatus
    from flows.site.figures import Figures, Holding


_NOTHING_THERE = frozenset({State.MISSING, State.DUE, State.BEFORE, State.HOLIDAY})


@dataclass(frozen=True, slots=True)
class IndexFacts:
    """What is known of an index.

    Attributes:
        status: where each of its sessions stands.
        attempted: what the ledger's keys say of all attempts, by session, the oldest first.
        attempts: the ledger's rows of the sessions that a page tells more of, the oldest first.
        figures: of the published sessions that a page plots.
        holdings: the shares of the published sessions that a page shows, the heaviest first.
    """

    status: IndexStatus
    attempted: Mapping[date, Sequence[AttemptKey]] = field(default_factory=dict)
    attempts: Mapping[date, Sequence[Attempt]] = field(default_factory=dict)
    figures: Mapping[date, Figures] = field(default_factory=dict)
    holdings: Mapping[date, Sequence[Holding]] = field(default_factory=dict)

    @property
    def index(self) -> str:
        """The index code."""
        return self.status.index

    @property
    def sessions(self) -> list[SessionState]:
        """Its sessions, the newest first."""
        return [day for day in reversed(self.status.days) if day.state not in (State.HOLIDAY, State.BEFORE)]

    @property
    def lacking(self) -> list[SessionState]:
        """Its sessions that should be published by now and are not, the newest first."""
        return [day for day in self.status.open if day.state is not State.DUE]

    @property
    def published(self) -> list[SessionState]:
        """Its published sessions, the oldest first."""
        return [day for day in self.status.days if day.state is State.PUBLISHED]

    @property
    def acknowledged(self) -> list[SessionState]:
        """Its sessions of which somebody has said why they will not be published, the newest first."""
        return [day for day in self.sessions if day.state is State.ACKNOWLEDGED]

    @property
    def expected(self) -> list[SessionState]:
        """Its sessions that should be published by now, whether they are or not."""
        return [day for day in self.sessions if day.state is not State.DUE]

    @property
    def years(self) -> list[int]:
        """The years of its sessions, the newest first."""
        return sorted({day.session.year for day in self.sessions}, reverse=True)

    @property
    def outcomes(self) -> list[bool]:
        """Whether each attempt went well, the oldest first."""
        rows = sorted((row for rows in self.attempted.values() for row in rows), key=lambda row: row.ended_at)
        return [row.outcome in DONE for row in rows]

    def day(self, session: date) -> SessionState | None:
        """One of its days; None where nothing is known of it."""
        return next((item for item in self.status.days if item.session == session), None)

    def has_page(self, day: SessionState) -> bool:
        """Whether there is more to say of a day than where it stands: something of it is there, or was tried."""
        return bool(day.state not in _NOTHING_THERE or self.attempted.get(day.session) or day.report)

    def checked(self, session: date) -> Attempt | None:
        """The attempt in which the gates last looked at a session, as far as it was read."""
        found = (row for row in reversed(self.attempts.get(session, ())) if row.gates_passed or row.gate_refused)
        return next(found, None)


@dataclass(frozen=True, slots=True)
class GateFindings:
    """What a gate found, as its report was kept."""

    gate: str
    passed: bool
    checked_at: datetime
    outcomes: tuple[Demand, ...]

    @property
    def met(self) -> Sequence[Demand]:
        """The demands that were met."""
        return [outcome for outcome in self.outcomes if outcome.success]

    @property
    def unmet(self) -> Sequence[Demand]:
        """The demands that were not, those that stop a session first."""
        unmet = (outcome for outcome in self.outcomes if not outcome.success)
        return sorted(unmet, key=lambda outcome: outcome.severity == WARNING)


@dataclass(frozen=True, slots=True)
class Findings:
    """What the gates found in an attempt.

    Attributes:
        folder: key prefix of the attempt's report.
        docs: the Data Docs' pages below the folder, by the check that they show.
    """

    folder: str
    gates: Sequence[GateFindings]
    docs: Mapping[str, str]
