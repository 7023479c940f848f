"""What the pages show of an index: where its sessions stand, what was tried, what is published in figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING

from expectations.contract.outcomes import DONE
from flows.record.state import SessionState, State

if TYPE_CHECKING:
    from expectations.contract.keys import AttemptKey
    from expectations.gates.gate import Demand
    from flows.record.attempt import Attempt
    from flows.record.index_status import IndexStatus
    from flows.site.figures import Figures


@dataclass(frozen=True, slots=True)
class IndexFacts:
    """What is known of an index.

    Attributes:
        status: where each of its sessions stands.
        attempted: what the ledger's keys say of all attempts, by session, the oldest first.
        attempts: the ledger's rows of the sessions that a page tells more of, the oldest first.
        figures: of the published sessions that a page plots.
    """

    status: IndexStatus
    attempted: Mapping[date, Sequence[AttemptKey]] = field(default_factory=dict)
    attempts: Mapping[date, Sequence[Attempt]] = field(default_factory=dict)
    figures: Mapping[date, Figures] = field(default_factory=dict)

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

    def checked(self, session: date) -> Attempt | None:
        """The attempt in which the gates last looked at a session, as far as it was read."""
        found = (row for row in reversed(self.attempts.get(session, ())) if row.gates_passed or row.gate_refused)
        return next(found, None)


@dataclass(frozen=True, slots=True)
class GateFindings:
    """What a gate found, as its report was kept; what was not met first."""

    gate: str
    passed: bool
    checked_at: datetime
    outcomes: tuple[Demand, ...]

    @property
    def met(self) -> int:
        """How many demands were met."""
        return sum(outcome.success for outcome in self.outcomes)


@dataclass(frozen=True, slots=True)
class Findings:
    """What the gates found when they last checked a session.

    Attributes:
        folder: of the attempt's report, below `reports/`.
        docs: the Data Docs' pages below the folder, by the check that they show.
    """

    folder: str
    gates: Sequence[GateFindings]
    docs: Mapping[str, str]
