"""Where the sessions of an account stand: looked at in S3, and read where listings do not tell all."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, TypeVar

from expectations.contract.keys import ContractError
from expectations.contract.names import DEFAULT_INDEX
from flows.b3 import calendar as sessions
from flows.b3.calendar import SAO_PAULO
from flows.lake.clients import PARALLEL_CALLS
from flows.record.ledger import read_attempt
from flows.record.sightings import Sighting, Sightings, look
from flows.record.state import Details, IndexStatus, Standing, is_settled, standing
from flows.session import storage
from flows.session.batch_runs import BatchRuns

if TYPE_CHECKING:
    from expectations.contract.ledger import AttemptKey
    from flows.record.attempt import Attempt
    from flows.session.etl import GlueRun
    from flows.session.pipeline import Pipeline
    from flows.session.storage import Publication, RawVersion

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Surveyed:
    """One session: what was seen and read of it, and where it stands."""

    seen: Sighting
    known: Details
    standing: Standing

    @property
    def name(self) -> tuple[str, date]:
        """The index and the session."""
        return self.seen.index, self.seen.session


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found in an account at an instant.

    Attributes:
        sessions: by index, in order.
        statuses: one an index.
    """

    sightings: Sightings
    sessions: Mapping[str, Sequence[Surveyed]]
    statuses: Sequence[IndexStatus]

    @property
    def complete(self) -> bool:
        """Whether every session of every index is published."""
        return all(status.complete for status in self.statuses)


def survey(
    pipeline: Pipeline,
    now: datetime,
    since: date | None = None,
    until: date | None = None,
    indices: Sequence[str] = (),
) -> Survey:
    """Find out where each session stands.

    Args:
        now: instant (aware), which tells which sessions are due.
        since: the first session; by default, of each index, the first of which there is anything.
        until: the last session; by default the one that is due, or a later one of which there is something.
        indices: index codes; by default all of which there is anything.

    Raises:
        AwsError: AWS could not be asked.
    """
    today = now.astimezone(SAO_PAULO).date()
    found = look(pipeline.aws.s3, pipeline.settings, since, until, today)
    due = sessions.due(now) if until is None else min(until, sessions.due(now))
    wanted = list(dict.fromkeys(indices)) or found.indices or [DEFAULT_INDEX]
    seen = {index: _expected(index, found.sessions.get(index, {}), since, until, due) for index in wanted}
    known = _Reader(pipeline).details([item for items in seen.values() for item in items], found.tries)
    surveyed = {
        index: [Surveyed(item, known[item], _standing(item, known[item])) for item in items]
        for index, items in seen.items()
    }
    statuses = [
        _status(index, items, until or due, found, due=due, showing=sessions.expected(now))
        for index, items in surveyed.items()
    ]
    return Survey(found, surveyed, statuses)


def _expected(
    index: str, seen: Mapping[date, Sighting], since: date | None, until: date | None, due: date
) -> list[Sighting]:
    """The calendar's sessions and those of which there is something, in order."""
    first, last = since or min(seen, default=due), until or due
    days = {*sessions.sessions_between(first, last), *seen}
    return [seen.get(day, Sighting(index, day)) for day in sorted(days)]


def _standing(seen: Sighting, known: Details) -> Standing:
    return standing(seen, known, in_calendar=sessions.is_session(seen.session))


def _status(
    index: str, items: Sequence[Surveyed], until: date, found: Sightings, *, due: date, showing: date
) -> IndexStatus:
    return IndexStatus(
        index,
        since=items[0].seen.session if items else None,
        until=max(until, items[-1].seen.session) if items else None,
        due=due,
        showing=showing,
        standings=tuple(item.standing for item in items),
        undated=len(found.undated.get(index, ())),
    )


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads what listings do not tell, of the few sessions that need it."""

    pipeline: Pipeline

    def details(
        self, seen: Sequence[Sighting], tries: Mapping[tuple[str, date], AttemptKey]
    ) -> dict[Sighting, Details]:
        open_ones = [item for item in seen if not is_settled(item)]
        with ThreadPoolExecutor(PARALLEL_CALLS) as pool:
            read = dict(zip(open_ones, pool.map(lambda item: self._read(item, tries), open_ones), strict=True))
        unpublished = [known.version for known in read.values() if known.version and not _covered(known)]
        runs = self._runs(unpublished)
        whole = {run.run_id: self.pipeline.is_whole(run) for run in runs.values() if run.succeeded}
        for item, known in read.items():
            if known.version and (run := runs.get(known.version.version_id)):
                read[item] = replace(known, run=run, staged=whole.get(run.run_id, False))
        return {item: read.get(item, Details()) for item in seen}

    def _read(self, seen: Sighting, tries: Mapping[tuple[str, date], AttemptKey]) -> Details:
        s3, settings = self.pipeline.aws.s3, self.pipeline.settings
        index, session = seen.index, seen.session
        row = seen.attempts[-1] if seen.attempts else tries.get((index, session))
        return Details(
            attempt=self._attempt(row) if row else None,
            version=storage.find_raw(s3, settings.raw_bucket, index, session) if seen.raw_at else None,
            publication=self._publication(seen) if seen.published_at else None,
        )

    def history(self, seen: Sighting) -> History:
        """All rows of the ledger of a session, and its publication."""
        with ThreadPoolExecutor(PARALLEL_CALLS) as pool:
            rows = tuple(row for row in pool.map(self._attempt, seen.attempts) if row)
        return History(seen.index, seen.session, self._publication(seen), rows)

    def _publication(self, seen: Sighting) -> Publication | None:
        s3, bucket = self.pipeline.aws.s3, self.pipeline.settings.refined_bucket
        return _readable(lambda: storage.read_publication(s3, bucket, seen.index, seen.session))

    def _attempt(self, row: AttemptKey) -> Attempt | None:
        return _readable(lambda: read_attempt(self.pipeline.aws.s3, self.pipeline.settings.refined_bucket, row.key))

    def _runs(self, versions: Sequence[RawVersion]) -> dict[str, GlueRun]:
        aws, settings = self.pipeline.aws, self.pipeline.settings
        runs = BatchRuns(aws.s3, aws.glue, settings.artifacts_bucket, settings.glue_job_name, announced_for=0)
        return runs.find(versions)


@dataclass(frozen=True, slots=True)
class History:
    """All that was done about one session.

    Attributes:
        attempts: rows of the ledger, the oldest first.
    """

    index: str
    session: date
    publication: Publication | None
    attempts: tuple[Attempt, ...]

    def to_dict(self) -> dict[str, object]:
        """The history as JSON's types."""
        body = asdict(self)
        plain: dict[str, object] = json.loads(json.dumps(body, default=str))
        return plain


def history(pipeline: Pipeline, found: Survey) -> list[History]:
    """What was done about each session of a survey, which should be of few.

    Raises:
        AwsError: AWS could not be asked.
    """
    reader = _Reader(pipeline)
    return [reader.history(item.seen) for items in found.sessions.values() for item in items]


def _covered(known: Details) -> bool:
    return bool(known.publication and known.version and known.publication.covers(known.version))


def _readable(read: Callable[[], T | None]) -> T | None:
    """What is read; None for what is not of the contract's form, which tells nothing."""
    try:
        return read()
    except ContractError:
        return None
