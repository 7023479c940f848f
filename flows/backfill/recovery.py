"""Recovery: every session is brought from where it stands to published, with one Glue run for all that need one.

What was landed is parsed, what has no Glue run gets one, what was staged is audited and published without another. What was
published and is damaged is published again from its raw file, or from what was landed where that is damaged too. What a gate
refused is left alone until something changes, and what B3 showed while nobody looked is gone: both are named.

A recovery may run beside a daily flow and beside itself. What is younger than some minutes is left to the flow that is at work
on it; a raw file is made under the session's lease, so that a second recovery finds it; batches are named by their content, and
publishing takes the lease again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from expectations.contract.keys import ContractError, read_landing_key
from expectations.contract.outcomes import Outcome
from expectations.gates import raw
from flows.b3.calendar import collectable
from flows.backfill.batch import Batch, Progress, begun, keep, noting
from flows.backfill.landing import by_session
from flows.backfill.raw_versions import usable_raw
from flows.backfill.reread import Unusable, reread
from flows.backfill.verification import Verifier
from flows.errors import PublishError
from flows.history.refresh import FreshRows, Refresh, refresh
from flows.lake.lease import session_lease
from flows.record.attempt import RECONCILE, Attempt
from flows.record.ledger import Ledger
from flows.record.state import NOTHING_TO_DO, SessionState, State
from flows.record.status import AccountStatus, SessionStatus, read_status
from flows.record.withdrawals import withdrawal_among, withdrawn
from flows.session import storage
from flows.session.intact import show_again

if TYPE_CHECKING:
    from flows.record.attempt import FlowRun
    from flows.session.pipeline import Pipeline
    from flows.session.storage import RawVersion

Name = tuple[str, date]

_MOST_MISSING = 20  # of which it is looked for what they could be rebuilt from


class RecoveryStep(StrEnum):
    """What a recovery does about a session."""

    LEAVE = "leave"
    PARSE = "parse"
    REFINE = "refine"
    REFINE_AGAIN = "refine again"
    MEND = "mend"


@dataclass(frozen=True, slots=True)
class Recovered:
    """What a recovery did.

    Attributes:
        attempts: at the sessions that it took.
        left: where those stand that it left alone though they are not published.
        problems: why the monthly tables of an index are not up to date, one line each.
    """

    attempts: Sequence[Attempt]
    left: Sequence[SessionState]
    problems: Sequence[str] = ()

    @property
    def failed(self) -> bool:
        """Whether a session that was taken could not be published, or is not in the monthly tables."""
        return bool(self.problems) or any(attempt.failed for attempt in self.attempts)

    @property
    def missing(self) -> list[Name]:
        """The newest sessions that nobody collected."""
        found = [(item.index, item.session) for item in self.left if item.state is State.MISSING]
        return sorted(found, key=lambda name: name[1])[-_MOST_MISSING:]

    @property
    def headline(self) -> str:
        """The recovery in one line."""
        outcomes = Counter(str(attempt.outcome) for attempt in self.attempts)
        states = Counter(str(item.state) for item in self.left)
        done = ", ".join(f"{count} {name}" for name, count in outcomes.items()) or "nothing to do"
        left = ", ".join(f"{count} {name}" for name, count in states.items()) or "none"
        return "; ".join([f"{done}; left: {left}", *self.problems])

    def to_dict(self) -> dict[str, object]:
        """The recovery as JSON's types."""
        return {
            "attempts": [attempt.to_dict() for attempt in self.attempts],
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
        refresh: brings the monthly tables of an index up to date with what is published.
    """

    pipeline: Pipeline
    retry_quarantined: bool = False
    at_once: bool = False
    execution: str = ""
    progress: Progress = lambda _, __: lambda: None
    refresh: Refresh = refresh

    def run(
        self, now: datetime, since: date | None = None, until: date | None = None, indices: Sequence[str] = ()
    ) -> Recovered:
        """Bring the sessions to published.

        Args:
            now: instant (aware).
            since, until: the first and the last session, as in `read_status`.
            indices: index codes; by default all of which there is anything.

        Raises:
            AwsError: AWS refused, or was not to be had; run the recovery again.
        """
        found = read_status(self.pipeline, now, since, until, indices)
        ledger = Ledger.of(self.pipeline.lake, RECONCILE, self.execution)
        sessions = [item for items in found.sessions.values() for item in items]
        undated = self._undated(found, sessions)
        steps = {item.name: self._step(item, now, undated) for item in sessions}

        def planned(step: RecoveryStep) -> list[SessionStatus]:
            return [item for item in sessions if steps[item.name] is step]

        attempts, versions = self._parse(planned(RecoveryStep.PARSE), undated, ledger)
        versions += [item.facts.version for item in planned(RecoveryStep.REFINE) if item.facts.version]
        attempts += self._take(versions, ledger, again=False)
        mended, again = self._parse(planned(RecoveryStep.MEND), undated, ledger)
        again += [item.facts.version for item in planned(RecoveryStep.REFINE_AGAIN) if item.facts.version]
        attempts += mended + self._take(again, ledger, again=True)
        left = [item.state for item in planned(RecoveryStep.LEAVE) if item.state.state not in NOTHING_TO_DO]
        problems = self._refresh(found.sessions)
        attempts += self._found_intact([item for item in sessions if item.traces.found_damaged], attempts, ledger)
        return Recovered(sorted(attempts, key=lambda attempt: (attempt.index, attempt.session)), left, problems)

    def _refresh(self, indices: Iterable[str]) -> list[str]:
        """Bring the monthly tables up to date, also with what others have published; why that could not be."""
        problems: list[str] = []
        for index in indices:
            try:
                self.refresh(self.pipeline, index, (), thorough=True)
            except (ContractError, PublishError) as error:
                problems.append(str(error))
        return problems

    def _step(self, item: SessionStatus, now: datetime, undated: Collection[Name]) -> RecoveryStep:
        state = item.state.state
        if state is State.DAMAGED:
            return RecoveryStep.MEND
        changed_at, young = item.traces.changed_at, timedelta(seconds=self.pipeline.settings.reconcile_after)
        if changed_at and now - changed_at < young and not self.at_once:
            return RecoveryStep.LEAVE
        if state is State.LANDED or item.traces.has_unread or item.name in undated:
            return RecoveryStep.PARSE
        if state in (State.RAW, State.STAGED):
            return RecoveryStep.REFINE
        if state is State.QUARANTINED and self.retry_quarantined:
            return RecoveryStep.PARSE if item.state.gate == raw.GATE else RecoveryStep.REFINE_AGAIN
        return RecoveryStep.LEAVE

    def _undated(self, found: AccountStatus, sessions: Iterable[SessionStatus]) -> dict[Name, list[str]]:
        """Payloads whose session could not be read when they came, of sessions of which there is nothing better."""
        lacking = (State.MISSING, State.DUE, State.BEFORE, State.HOLIDAY, State.LANDED)
        open_days = {item.name for item in sessions if item.state.state in lacking}
        read: dict[Name, list[str]] = {}
        for index, keys in found.traces.undated.items():
            days = {session for of_index, session in open_days if of_index == index}
            likely = [key for key in keys if _may_be_of(key, days)]
            of_index = by_session(self.pipeline.lake.raw, likely) if likely else {}
            read |= {(index, session): found_keys for session, found_keys in of_index.items() if session in days}
        return read

    def _parse(
        self, items: Sequence[SessionStatus], undated: Mapping[Name, Sequence[str]], ledger: Ledger
    ) -> tuple[list[Attempt], list[RawVersion]]:
        """Raw versions from what was landed; attempts at sessions that have none, or need none."""
        attempts: list[Attempt] = []
        versions: list[RawVersion] = []
        advance = self.progress("parsing", len(items)) if items else lambda: None
        for item in items:
            made = self._reread(item, [*item.traces.payloads, *undated.get(item.name, ())], ledger.run)
            if isinstance(made, Attempt):
                attempts.append(keep(ledger, made))
            else:
                versions.append(made)
            advance()
        return attempts, versions

    def _reread(self, item: SessionStatus, payloads: Sequence[str], flow_run: FlowRun) -> RawVersion | Attempt:
        lake, (index, session) = self.pipeline.lake, item.name
        try:
            with session_lease(lake.refined, index, session, self.pipeline.settings.lease_timeout) as lease:
                publication = storage.replaceable_publication(lake.refined, index, session)
                guarded = replace(lake, raw=lease.guard(lake.raw), catalog=lease.guard(lake.catalog))
                current = usable_raw(guarded.raw, index, session, publication)
                if publication and item.state.state is State.DAMAGED:
                    show_again(guarded, publication)
                kept = current if item.state.state is State.DAMAGED else None
                made = kept or reread(replace(self.pipeline, lake=guarded), index, session, payloads, current)
        except (ContractError, PublishError) as error:
            return Unusable(str(error)).attempt(flow_run, index, session)
        if isinstance(made, Unusable):
            # What was uploaded has passed the gate, whatever came after it.
            return current if current and not publication else made.attempt(flow_run, index, session)
        if publication and publication.covers(made) and not self.pipeline.damage(index, session, bytes_too=True):
            attempt = begun(flow_run, made)
            return attempt.ended(Outcome.ALREADY_PUBLISHED, run_id=publication.run_id, rows=publication.rows)
        withdrawal = withdrawal_among(lake.refined, item.traces.attempts, made.fingerprint)
        if withdrawal and not self.retry_quarantined:
            return withdrawn(begun(flow_run, made), withdrawal.reason)
        return made

    def _found_intact(
        self, items: Sequence[SessionStatus], attempts: Sequence[Attempt], ledger: Ledger
    ) -> list[Attempt]:
        """That sessions which were found damaged are as they were published, where they were not published again."""
        published = {(attempt.index, attempt.session) for attempt in attempts if attempt.outcome is Outcome.PUBLISHED}
        verifier = Verifier(self.pipeline)
        intact: list[Attempt] = []
        for item in items:
            if item.name not in published and not verifier.damage(*item.name):
                intact.append(ledger.run.begin(*item.name).ended(Outcome.INTACT))
                ledger.note(intact[-1])
        return intact

    def _take(self, versions: Sequence[RawVersion], ledger: Ledger, *, again: bool) -> list[Attempt]:
        if not versions:
            return []

        def refresh_later(pipeline: Pipeline, index: str, fresh: Sequence[FreshRows]) -> None:
            # What stands in the way is found again, and reported, after all sessions.
            with suppress(ContractError, PublishError):
                self.refresh(pipeline, index, fresh)

        note = noting(ledger, self.progress, versions)
        return Batch(self.pipeline, ledger.run, again=again, note=note, refresh=refresh_later).take(versions)


def _may_be_of(key: str, sessions: Collection[date]) -> bool:
    landed = read_landing_key(key)
    window = collectable(landed.collected_at) if landed else None
    return window is not None and any(window.earliest <= session <= window.latest for session in sessions)
