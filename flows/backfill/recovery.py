"""Recovery: every session is brought from where it stands to published, with one Glue run for all that need one.

What was landed is parsed, what has no Glue run gets one, what was staged is audited and published without another. What a gate
refused is left alone until something changes, and what B3 showed while nobody looked is gone: both are named.

A recovery may run beside a daily flow and beside itself. What is younger than some minutes is left to the flow that is at work
on it; a raw file is made under the session's lease, so that a second recovery finds it; batches are named by their content, and
publishing takes the lease again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from expectations.contract.keys import ContractError
from expectations.gates import raw
from flows.b3.calendar import collectable
from flows.backfill.batch import Batch, Outcome, Progress, Result, Way, telling
from flows.backfill.landing import by_session, read_key
from flows.backfill.rebuild import Unfit, rebuild
from flows.errors import PublishError
from flows.history.derived import Derive, Offer, ensure_derived
from flows.lake.lease import session_lease
from flows.record.attempt import RECONCILE
from flows.record.ledger import Ledger
from flows.record.state import Standing, State
from flows.record.survey import Survey, Surveyed, survey
from flows.session import storage

if TYPE_CHECKING:
    from flows.session.pipeline import Pipeline
    from flows.session.storage import RawVersion

Name = tuple[str, date]


class Step(StrEnum):
    """What a recovery does about a session."""

    LEAVE = "leave"
    PARSE = "parse"
    REFINE = "refine"
    REFINE_AGAIN = "refine again"


@dataclass(frozen=True, slots=True)
class Recovered:
    """What a recovery did.

    Attributes:
        results: of the sessions that it took.
        left: where those stand that it left alone though they are not published.
        problems: why the monthly tables of an index are not up to date, one line each.
    """

    results: Sequence[Result]
    left: Sequence[Standing]
    problems: Sequence[str] = ()

    @property
    def failed(self) -> bool:
        """Whether a session that was taken could not be published, or is not in the monthly tables."""
        return bool(self.problems) or any(result.outcome is Outcome.FAILED for result in self.results)

    @property
    def headline(self) -> str:
        """The recovery in one line."""
        outcomes = Counter(str(result.outcome) for result in self.results)
        states = Counter(str(item.state) for item in self.left)
        done = ", ".join(f"{count} {name}" for name, count in outcomes.items()) or "nothing to do"
        left = ", ".join(f"{count} {name}" for name, count in states.items()) or "none"
        return "; ".join([f"{done}; left: {left}", *self.problems])

    def to_dict(self) -> dict[str, object]:
        """The recovery as JSON's types."""
        return {
            "results": [result.to_dict() for result in self.results],
            "left": [item.to_dict() for item in self.left],
            "problems": list(self.problems),
        }


@dataclass(frozen=True, slots=True)
class Recovery:
    """Takes what was left behind to its published state.

    Attributes:
        retry_quarantined: take what a gate refused, too, as after a change of code.
        at_once: take what is so young that another flow may be at work on it, too.
        execution: id of the flow run; by default one of its own.
        progress: begins a step (what, of how many) and returns what is to be called after each of them.
        derive: brings the monthly tables of an index up to date with what is published.
    """

    pipeline: Pipeline
    retry_quarantined: bool = False
    at_once: bool = False
    execution: str = ""
    progress: Progress = lambda _, __: lambda: None
    derive: Derive = ensure_derived

    def run(
        self, now: datetime, since: date | None = None, until: date | None = None, indices: Sequence[str] = ()
    ) -> Recovered:
        """Bring the sessions to published.

        Args:
            now: instant (aware).
            since, until: the first and the last session, as in `survey`.
            indices: index codes; by default all of which there is anything.

        Raises:
            AwsError: AWS refused, or was not to be had; run the recovery again.
        """
        found = survey(self.pipeline, now, since, until, indices)
        ledger = Ledger.of(self.pipeline, RECONCILE, self.execution)
        sessions = [item for items in found.sessions.values() for item in items]
        undated = self._undated(found, sessions)
        steps = {item.name: self._step(item, now, undated) for item in sessions}

        def planned(step: Step) -> list[Surveyed]:
            return [item for item in sessions if steps[item.name] is step]

        results, versions = self._parse(planned(Step.PARSE), undated, ledger)
        versions += [item.known.version for item in planned(Step.REFINE) if item.known.version]
        results += self._take(versions, ledger, again=False)
        again = [item.known.version for item in planned(Step.REFINE_AGAIN) if item.known.version]
        results += self._take(again, ledger, again=True)
        left = [item.standing for item in planned(Step.LEAVE) if item.standing.state is not State.PUBLISHED]
        problems = self._derive(found.sessions)
        return Recovered(sorted(results, key=lambda result: (result.index, result.session)), left, problems)

    def _derive(self, indices: Iterable[str]) -> list[str]:
        """Bring the monthly tables up to date, also with what others have published; why that could not be."""
        problems: list[str] = []
        for index in indices:
            try:
                self.derive(self.pipeline, index, ())
            except (ContractError, PublishError) as error:
                problems.append(str(error))
        return problems

    def _step(self, item: Surveyed, now: datetime, undated: Collection[Name]) -> Step:
        changed_at, young = item.seen.changed_at, timedelta(seconds=self.pipeline.settings.reconcile_after)
        if changed_at and now - changed_at < young and not self.at_once:
            return Step.LEAVE
        state = item.standing.state
        if state is State.LANDED or item.seen.has_unread or item.name in undated:
            return Step.PARSE
        if state in (State.RAW, State.STAGED):
            return Step.REFINE
        if state is State.QUARANTINED and self.retry_quarantined:
            return Step.PARSE if item.standing.gate == raw.GATE else Step.REFINE_AGAIN
        return Step.LEAVE

    def _undated(self, found: Survey, sessions: Iterable[Surveyed]) -> dict[Name, list[str]]:
        """Payloads whose session could not be told when they came, of sessions of which there is nothing better."""
        lacking = (State.MISSING, State.LANDED)
        open_days = {item.name for item in sessions if item.standing.state in lacking}
        read: dict[Name, list[str]] = {}
        for index, keys in found.sightings.undated.items():
            days = {session for of_index, session in open_days if of_index == index}
            likely = [key for key in keys if _may_be_of(key, days)]
            of_index = by_session(self.pipeline.aws.s3, self.pipeline.settings.raw_bucket, likely) if likely else {}
            read |= {(index, session): found_keys for session, found_keys in of_index.items() if session in days}
        return read

    def _parse(
        self, items: Sequence[Surveyed], undated: Mapping[Name, Sequence[str]], ledger: Ledger
    ) -> tuple[list[Result], list[RawVersion]]:
        """Raw versions from what was landed; results of sessions that have none, or need none."""
        results: list[Result] = []
        versions: list[RawVersion] = []
        advance = self.progress("parsing", len(items)) if items else lambda: None
        for item in items:
            made = self._rebuilt(item, [*item.seen.payloads, *undated.get(item.name, ())])
            if isinstance(made, Result):
                ledger.note_result(made)
                results.append(made)
            else:
                versions.append(made)
            advance()
        return results, versions

    def _rebuilt(self, item: Surveyed, payloads: Sequence[str]) -> RawVersion | Result:
        s3, settings = self.pipeline.aws.s3, self.pipeline.settings
        index, session = item.name
        started_at = datetime.now(UTC)
        try:
            with session_lease(s3, settings.refined_bucket, index, session, settings.lease_timeout):
                current = storage.find_raw(s3, settings.raw_bucket, index, session)
                made = rebuild(self.pipeline, index, session, payloads, current)
            publication = storage.read_publication(s3, settings.refined_bucket, index, session)
        except (ContractError, PublishError) as error:
            return Unfit(str(error)).result(index, session)
        if isinstance(made, Unfit):
            # What was uploaded has passed the gate, whatever came after it.
            return current if current and not publication else made.result(index, session)
        if publication and publication.covers(made):
            way, rows = Way(started_at, made), publication.rows
            return Result(index, session, Outcome.ALREADY_PUBLISHED, run_id=publication.run_id, rows=rows, way=way)
        return made

    def _take(self, versions: Sequence[RawVersion], ledger: Ledger, *, again: bool) -> list[Result]:
        if not versions:
            return []

        def derive(pipeline: Pipeline, index: str, offers: Sequence[Offer]) -> None:
            # What stands in the way is found again, and told, after all sessions.
            with suppress(ContractError, PublishError):
                self.derive(pipeline, index, offers)

        return Batch(self.pipeline, again=again, tell=telling(ledger, self.progress, versions), derive=derive).take(
            versions
        )


def _may_be_of(key: str, sessions: Collection[date]) -> bool:
    window = collectable(read_key(key).collected_at)
    return any(window.earliest <= session <= window.latest for session in sessions)
