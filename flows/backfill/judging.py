"""Published sessions verified once more, when prices have come since: what they came to goes into the ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from expectations.contract.outcomes import Outcome, Verdict
from flows.errors import AwsError
from flows.history.witness import Witness
from flows.lake.calls import PARALLEL_SESSIONS, side_by_side
from flows.record.attempt import PRICES
from flows.record.ledger import Ledger
from flows.record.metrics import verification_metrics
from flows.record.state import State
from flows.record.status import read_status

if TYPE_CHECKING:
    from flows.record.attempt import Attempt
    from flows.record.status import SessionStatus
    from flows.session.pipeline import Pipeline

Warn = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Judging:
    """Verifies what is published and was not found to follow from prices whole.

    Attributes:
        execution: id of the flow run; by default one of its own.
        warn: called with a line for each thing that could not be kept.
    """

    pipeline: Pipeline
    execution: str = ""
    warn: Warn = lambda _: None

    def run(
        self, now: datetime, since: date | None = None, until: date | None = None, indices: Sequence[str] = ()
    ) -> list[Attempt]:
        """Verify the sessions from one to another, as far as prices say something else of them than before.

        A session whose every weight has followed already is left alone: prices do not change.

        Args:
            now: instant (aware).
            since, until: the first and the last session, as in `read_status`.
            indices: index codes; by default all of which there is anything.

        Returns:
            An attempt for each session of which something else is known now, by index and session.

        Raises:
            AwsError: AWS could not be asked.
        """
        found = read_status(self.pipeline, now, since, until, indices)
        open_sessions = [item for items in found.sessions.values() for item in items if _is_open(item)]
        witness, ledger = (
            Witness.of(self.pipeline.lake),
            Ledger.of(self.pipeline.lake, PRICES, self.execution, self.warn),
        )
        asked = side_by_side(lambda item: _asked(item, witness, ledger), open_sessions, PARALLEL_SESSIONS)
        attempts = [attempt for item, attempt in zip(open_sessions, asked, strict=True) if _is_news(item, attempt)]
        for attempt in attempts:
            ledger.note(attempt)
        self._emit(attempts)
        return attempts

    def _emit(self, attempts: Sequence[Attempt]) -> None:
        for index, verdicts in _by_index(attempts):
            try:
                self.pipeline.lake.metrics.emit(verification_metrics(index, verdicts))
            except AwsError as error:
                self.warn(f"the metrics were not kept: {error}")


def _is_open(item: SessionStatus) -> bool:
    return item.state.state is State.PUBLISHED and item.state.verdict is not Verdict.VERIFIED


def _asked(item: SessionStatus, witness: Witness, ledger: Ledger) -> Attempt:
    index, session = item.name
    facts = witness.facts(index, session)
    return ledger.run.begin(index, session).ended(Outcome.JUDGED, **facts)


def _is_news(item: SessionStatus, attempt: Attempt) -> bool:
    """Whether the verdict is another one, or a divergent session diverges otherwise."""
    if attempt.verdict is not item.state.verdict:
        return True
    return attempt.verdict is Verdict.DIVERGENT and attempt.verification != item.state.verification


def _by_index(attempts: Sequence[Attempt]) -> Iterator[tuple[str, list[Verdict]]]:
    for index in sorted({attempt.index for attempt in attempts}):
        yield index, [item.verdict for item in attempts if item.index == index and item.verdict]
