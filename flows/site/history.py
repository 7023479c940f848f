"""An index's runs against its published sessions: what became of each session until today. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from flows.site.calendar import Day, State, days_of
from flows.site.chronicle import Chronicle

UNKEPT = frozenset({State.MISSING, State.QUARANTINED, State.FAILED})
"""The states of a session that should be published and is not."""


@dataclass(frozen=True, slots=True)
class History:
    """An index's chronicle against its published sessions, on a day."""

    chronicle: Chronicle
    days: Sequence[Day]

    @classmethod
    def of(cls, chronicle: Chronicle, published: frozenset[date], clock: date) -> History:
        """The history until today; where every run was of a recorded answer, until the last of them.

        Args:
            clock: today, in São Paulo.
        """
        of_runs = [run.day for run in chronicle.runs]
        live = any(run.recorded_at is None for run in chronicle.runs)
        today = clock if live else max([*of_runs, *published], default=clock)
        return cls(chronicle, days_of(chronicle.runs, published, today))

    @property
    def index(self) -> str:
        """The index code."""
        return self.chronicle.index

    @property
    def counts(self) -> dict[State, int]:
        """How many of its days are in which state."""
        return {state: sum(day.state == state for day in self.days) for state in State}

    @property
    def sessions(self) -> list[Day]:
        """Its trading days, the newest first."""
        return [day for day in reversed(self.days) if day.state != State.HOLIDAY]

    @property
    def latest(self) -> date | None:
        """The latest published session."""
        return max((day.day for day in self.days if day.state == State.PUBLISHED), default=None)

    @property
    def unkept(self) -> list[Day]:
        """Its sessions that should be published and are not, the newest first."""
        return [day for day in reversed(self.days) if day.state in UNKEPT]

    @property
    def years(self) -> list[int]:
        """The years of its days, the newest first."""
        return sorted({day.day.year for day in self.days}, reverse=True)

    def day(self, day: date) -> Day | None:
        """One of its days; None where it is none of the calendar's."""
        return next((item for item in self.days if item.day == day), None)
