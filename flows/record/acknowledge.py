"""A person says why sessions will not be published: rows of the ledger, after which their loss is no error any more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from expectations.contract.outcomes import Outcome
from flows.errors import AcknowledgeError
from flows.record.attempt import ACKNOWLEDGE
from flows.record.ledger import Ledger
from flows.record.state import State

if TYPE_CHECKING:
    from flows.lake.connect import Lake
    from flows.record.state import SessionState
    from flows.record.status import AccountStatus

_WITHOUT_LOSS = {
    State.PUBLISHED: "it is published",
    State.DUE: "B3 shows it now, or will: bovespa run --live collects it",
    State.BEFORE: "it is of before the index was first collected, which is no error",
    State.HOLIDAY: "it is no trading day",
}


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """What a person says of the sessions of some days.

    Attributes:
        first, last: the days, both included; one and the same, or all that are lost in between.
        reason: why they will not be published, in one line.
    """

    first: date
    last: date
    reason: str

    @classmethod
    def of(cls, days: str, reason: str) -> Acknowledgement:
        """What a person says.

        Args:
            days: a day, 2025-07-04, or the first and the last of several, 2025-07-02:2025-07-31.

        Raises:
            AcknowledgeError: these are no days, or the reason is empty.
        """
        if not reason.strip():
            raise AcknowledgeError("--reason is empty: say why the session will not be published")
        first, _, last = days.partition(":")
        try:
            found = cls(date.fromisoformat(first), date.fromisoformat(last or first), " ".join(reason.split()))
        except ValueError as error:
            raise AcknowledgeError(f"{days!r}: expected a day, 2025-07-04, or days, 2025-07-02:2025-07-31") from error
        if found.last < found.first:
            raise AcknowledgeError(f"{days}: the last day is before the first")
        return found

    def lost(self, status: AccountStatus) -> list[SessionState]:
        """The sessions that it is about, of a status of its days.

        Raises:
            AcknowledgeError: there is none, and why.
        """
        states = [day for index in status.indices for day in index.days if self.first <= day.session <= self.last]
        found = [state for state in states if state.state not in _WITHOUT_LOSS]
        if not found:
            raise AcknowledgeError(self._why_nothing(states))
        return found

    def _why_nothing(self, states: Sequence[SessionState]) -> str:
        days = f"{self.first}" if self.first == self.last else f"{self.first} to {self.last}"
        whys = dict.fromkeys(f"{state.index}: {_WITHOUT_LOSS[state.state]}" for state in states)
        return f"{days}: nothing to acknowledge; {'; '.join(whys) or 'no trading day'}"


def acknowledge(lake: Lake, states: Sequence[SessionState], reason: str) -> None:
    """Write a row of the ledger for each of the sessions.

    Raises:
        AwsError, PublishError: it could not be written.
    """
    ledger = Ledger.of(lake, ACKNOWLEDGE)
    for state in states:
        begun = ledger.run.begin(state.index, state.session)
        ledger.write(begun.ended(Outcome.ACKNOWLEDGED, reason))
