"""Verification: everything that is published is compared with what was published, to the byte.

Of each session its record, its files, its partitions and its raw file; of each month the files of the monthly tables; and what
B3 sent, and the ledger's own rows. What differs is named. A session that fails is noted in the ledger, so that whoever asks where
it stands is told; `reconcile` mends it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from expectations.contract.keys import ContractError, raw_key, read_landing_key
from expectations.contract.names import LEDGER_PREFIX
from expectations.contract.outcomes import FRESHLY_PUBLISHED, Outcome
from flows.backfill.batch import Progress
from flows.backfill.catalog_rebuild import register_ledger
from flows.backfill.landing import check_landing
from flows.history.damage import month_damages
from flows.history.month_files import month_of
from flows.lake.calls import PARALLEL_SESSIONS, side_by_side
from flows.record.attempt import VERIFY
from flows.record.ledger import Ledger, read_attempt
from flows.record.status import read_status
from flows.session import storage

if TYPE_CHECKING:
    from expectations.contract.keys import AttemptKey
    from flows.record.status import SessionStatus
    from flows.session.pipeline import Pipeline

Name = tuple[str, date]


@dataclass(frozen=True, slots=True)
class Damage:
    """A published session that is not as it was published, and what of it is not, in one line."""

    index: str
    session: date
    what: str

    def to_dict(self) -> dict[str, str]:
        """The damage as JSON's types."""
        return {"index": self.index, "session": self.session.isoformat(), "what": self.what}


@dataclass(frozen=True, slots=True)
class Verified:
    """What a verification found.

    Attributes:
        sessions: how many published sessions were compared.
        damages: those that are not as they were published.
        problems: what else differs from what was written, one line each.
    """

    sessions: int
    damages: Sequence[Damage]
    problems: Sequence[str] = ()

    @property
    def intact(self) -> bool:
        """Whether nothing differs."""
        return not self.damages and not self.problems

    @property
    def headline(self) -> str:
        """The verification in one line."""
        found = f"{self.sessions} published sessions verified: {len(self.damages)} damaged"
        return f"{found}, {len(self.problems)} other problems" if self.problems else found

    def to_dict(self) -> dict[str, object]:
        """The verification as JSON's types."""
        return {
            "intact": self.intact,
            "sessions": self.sessions,
            "damaged": [item.to_dict() for item in self.damages],
            "problems": list(self.problems),
        }


class Verifier:
    """Compares sessions with what was published; what concerns a month is looked at once."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._months: dict[str, Mapping[date, str]] = {}
        self.payloads: list[str] = []
        """Keys in landing that the raw files of the compared sessions state."""

    def damage(self, index: str, session: date) -> str:
        """What of a published session is not as it was published, in one line; empty where all is.

        Raises:
            AwsError: AWS could not be asked.
        """
        own = self._pipeline.damage(index, session, bytes_too=True) or self._raw_damage(index, session)
        return own or self._of_months(index).get(month_of(session), "")

    def _raw_damage(self, index: str, session: date) -> str:
        lake = self._pipeline.lake
        current = storage.find_raw(lake.raw, index, session)
        if current is None:
            return f"{lake.raw.address(raw_key(index, session))} is missing"
        try:
            facts = storage.read_raw(lake.raw, current).facts
            self.payloads += facts.payloads
            publication = storage.read_publication(lake.refined, index, session)
        except ContractError as error:
            return str(error)
        if (
            publication
            and publication.raw_version_id == current.version_id
            and publication.fingerprint != facts.fingerprint
        ):
            return f"{lake.raw.address(current.key)} has other figures than were published from it"
        return ""

    def _of_months(self, index: str) -> Mapping[date, str]:
        if index not in self._months:
            self._months[index] = month_damages(self._pipeline.lake, index)
        return self._months[index]


@dataclass(frozen=True, slots=True)
class Verification:
    """A verification of one account.

    Attributes:
        progress: begins a step (what, of how many) and returns what is to be called after each of them.
    """

    pipeline: Pipeline
    execution: str = ""
    progress: Progress = lambda _, __: lambda: None

    def run(
        self, now: datetime, since: date | None = None, until: date | None = None, indices: Sequence[str] = ()
    ) -> Verified:
        """Compare what is published of these sessions, and note in the ledger which are damaged, or are not any more.

        Args:
            now: instant (aware).
            since, until: the first and the last session, as in `read_status`.
            indices: index codes; by default all of which there is anything.

        Raises:
            AwsError: AWS could not be asked.
        """
        found = read_status(self.pipeline, now, since, until, indices)
        sessions = [item for items in found.sessions.values() for item in items]
        published = [item for item in sessions if item.traces.published_at]
        ledger = Ledger.of(self.pipeline.lake, VERIFY, self.execution)
        verifier = Verifier(self.pipeline)
        damages = self._compared(published, verifier)
        for item in published:
            self._note(item, damages.get(item.name, ""), ledger)
        lost = [problem for item in published if (problem := self._lost_row(item, now, ledger))]
        problems = [*lost, *self._rows(sessions, ledger), *self._payloads(sessions, verifier.payloads)]
        register_ledger(self.pipeline.lake)
        return Verified(len(published), [Damage(*name, what) for name, what in sorted(damages.items())], problems)

    def _compared(self, published: Sequence[SessionStatus], verifier: Verifier) -> dict[Name, str]:
        advance = self.progress("verifying", len(published))

        def compared(item: SessionStatus) -> str:
            what = verifier.damage(*item.name)
            advance()
            return what

        found = zip(published, side_by_side(compared, published, PARALLEL_SESSIONS), strict=True)
        return {item.name: what for item, what in found if what}

    def _note(self, item: SessionStatus, what: str, ledger: Ledger) -> None:
        """Note what is news: that a session is damaged, or is as it was published again."""
        known = item.traces.found_damaged is not None
        if bool(what) != known:
            attempt = ledger.run.begin(*item.name)
            ledger.note(attempt.ended(Outcome.DAMAGED, what) if what else attempt.ended(Outcome.INTACT))

    def _lost_row(self, item: SessionStatus, now: datetime, ledger: Ledger) -> str:
        """Write the row of a publication again that the ledger lacks; that it did, in one line."""
        young = timedelta(seconds=self.pipeline.settings.reconcile_after)
        published_at = item.traces.published_at
        if any(row.outcome in FRESHLY_PUBLISHED for row in item.traces.attempts):
            return ""
        if published_at is None or now - published_at < young:
            return ""  # whoever has published it may be about to write the row
        record = storage.replaceable_publication(self.pipeline.lake.refined, *item.name)
        if record is None:
            return ""
        ledger.restore_publication(record)
        return (
            f"{self.pipeline.lake.refined.address(LEDGER_PREFIX)}: no row says that {item.name[0]} {item.name[1]} was published; "
            "written again as far as its record tells"
        )

    def _payloads(self, sessions: Iterable[SessionStatus], stated: Iterable[str]) -> list[str]:
        landed = (key for key in stated if read_landing_key(key))
        keys = sorted({*landed, *(key for item in sessions for key in item.traces.payloads)})
        raw = self.pipeline.lake.raw
        return [problem for problem in side_by_side(lambda key: check_landing(raw, key), keys) if problem]

    def _rows(self, sessions: Iterable[SessionStatus], ledger: Ledger) -> list[str]:
        rows = [row for item in sessions for row in item.traces.attempts]
        return [problem for problem in side_by_side(lambda row: self._row(row, ledger), rows) if problem]

    def _row(self, row: AttemptKey, ledger: Ledger) -> str:
        refined = self.pipeline.lake.refined
        try:
            read_attempt(refined, row)
        except ContractError as error:
            ledger.restore(row)
            return f"{refined.address(row.key)}: {error}; written again as far as its name tells"
        return ""
