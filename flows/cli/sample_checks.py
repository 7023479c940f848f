"""What prices say of the recorded sample: both sessions verified, and the second one rebuilt without being published."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from expectations.contract.keys import ContractError
from flows.backfill.judging import Judging
from flows.backfill.prices import Prices
from flows.backfill.rebuilding import Rebuilding, RebuildPlan
from flows.cli.console import Screen
from flows.cli.language import tr
from flows.cli.rebuild import show_comparison
from flows.cli.states import reason
from flows.errors import BovespaError
from flows.history.witness import Witness

if TYPE_CHECKING:
    from flows.b3.verification import Verification
    from flows.session.pipeline import Pipeline
    from local.door import RecordedSample


@dataclass(frozen=True, slots=True)
class SampleChecks:
    """What was found.

    Attributes:
        verified: by session.
        plan: what the last session would be by its neighbours; None where it could not be told.
        problem: why something is lacking.
    """

    index: str
    verified: dict[date, Verification]
    plan: RebuildPlan | None = None
    problem: str = ""

    def show(self, screen: Screen) -> None:
        """Show it."""
        screen.heading(tr("By B3's own closing prices, a second source"))
        for session, found in self.verified.items():
            screen.line(f"  {self.index} {session}  {found.verdict}: {reason(found.line)}")
        if self.problem:
            screen.line(f"  {reason(self.problem)}")
        if self.plan:
            screen.heading(tr("If nobody had collected {}").format(self.plan.portfolio.session))
            show_comparison(screen, self.plan)

    def to_dict(self) -> dict[str, Any]:
        """As JSON's types."""
        found = [
            {
                "session": str(session),
                "verdict": str(item.verdict),
                "details": item.line,
                "level_before": None if item.level is None else float(item.level),
            }
            for session, item in self.verified.items()
        ]
        return {"prices": found, "rebuilt": self.plan.to_dict() if self.plan else None}


def bring_prices(pipeline: Pipeline, sample: RecordedSample) -> None:
    """Bring in the prices around the sample's sessions, of the shares that are published.

    Raises:
        BovespaError, ContractError: they could not be brought in.
    """
    Prices(pipeline).fill(sample.priced[0], sample.priced[-1], datetime.now(UTC).date())


def check_sample(pipeline: Pipeline, sample: RecordedSample, screen: Screen, brought: Future[None]) -> SampleChecks:
    """Verify what is published by the prices around the sample's sessions, and rebuild the last session.

    Nothing of it may fail a run: prices are a second witness.

    Args:
        brought: prices, of all shares that are published by now.
    """
    now, sessions = datetime.now(UTC), [session for session, _ in sample.sessions]
    verified: dict[date, Verification] = {}
    try:
        brought.result()
        Judging(pipeline, warn=screen.say).run(now, sessions[0], sessions[-1], [sample.index])
        witness = Witness.of(pipeline.lake)
        for session in sessions:
            verified[session] = witness.verify(sample.index, session)
        rebuilding = Rebuilding.of(pipeline, sample.index)
        told: dict[tuple[date | None, str], Decimal] = {
            (day, ticker): amount for (day, ticker), amount in sample.ex_amounts.items()
        }
        plan = rebuilding.plan(sessions[-1], told, sample.session_after)
    except (BovespaError, ContractError) as error:
        return SampleChecks(sample.index, verified, problem=str(error))
    return SampleChecks(sample.index, verified, plan)
