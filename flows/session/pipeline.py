"""The steps of the daily run as plain functions: no Prefect, clients come in as arguments.

The flow gives them their order, retries and log; here is what each of them does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from expectations.contract.keys import parse_raw_key
from expectations.contract.tables import REBUILT
from expectations.gates import raw
from expectations.gates.gate import GateReport, run_gate
from expectations.gates.neighbours import Neighbour, neighbour_checks
from expectations.gates.together import Subject, run_gates
from flows.b3.calendar import Window, collectable, is_session, showable
from flows.b3.client import B3Client
from flows.errors import LeaseLost, PublishError, WriteConflict
from flows.lake.connect import Lake
from flows.lake.lease import session_lease
from flows.session import etl, storage
from flows.session.asking import ask_alone
from flows.session.audit import Audited, audit
from flows.session.confirm import confirm, session_tables
from flows.session.intact import session_damage
from flows.session.neighbours import PublishedSessions
from flows.session.publish import Publisher
from flows.session.raw_file import RAW_SCHEMA, RawFacts, decode, encode
from flows.session.restore import restore
from flows.session.staging import StagedSession, staged_session
from flows.session.storage import Publication, RawVersion

if TYPE_CHECKING:
    import pyarrow as pa

    from flows.b3.payload import Payload
    from flows.glue_run import GlueRun
    from flows.session.asking import Ask
    from flows.settings import Settings

_DAY = timedelta(days=1)
_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Collected:
    """A portfolio as a raw file that is not uploaded yet."""

    facts: RawFacts
    content: bytes


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The steps, on one account, with one set of settings."""

    settings: Settings
    lake: Lake

    def collect(self, index: str, collected_at: datetime) -> Collected:
        """Scrape B3, keep every payload in landing before it is read, and make the raw file.

        Args:
            collected_at: instant of the collection (aware); whole seconds of it are kept, as Athena shows no microseconds.

        Raises:
            B3Error: B3 could not be had, or answered what is not understood.
            AwsError: a payload could not be kept.
        """
        instant = collected_at.astimezone(UTC).replace(microsecond=0)
        keys: list[str] = []

        def keep(payload: Payload) -> None:
            keys.append(storage.land(self.lake.raw, payload))

        portfolio = B3Client(self.settings, keep).collect(index, instant)
        facts = RawFacts.of(portfolio, instant, keys)
        return Collected(facts, encode(portfolio, facts))

    def publication(self, facts: RawFacts) -> Publication | None:
        """The session's publication, when it says all that the facts' portfolio says, and all of it is as it was published.

        Raises:
            AwsError: AWS could not be asked.
        """
        found = storage.replaceable_publication(self.lake.refined, facts.index, facts.session)
        if found is None or not found.covers(facts) or self.damage(facts.index, facts.session):
            return None
        return found

    def damage(self, index: str, session: date, *, bytes_too: bool = False) -> str:
        """What of a published session is not as it was published, as `session_damage` says it."""
        return session_damage(self.lake, index, session, self.settings.lease_timeout, bytes_too=bytes_too)

    def why_not_taken(self, facts: RawFacts) -> str | None:
        """Why an answer that is stale is not taken; None where it fills a gap.

        B3's site that lags behind may be wrong in more than the date, so it never replaces what came in time; what was rebuilt
        did not come at all.

        Raises:
            AwsError: S3 could not be asked.
        """
        publication = storage.replaceable_publication(self.lake.refined, facts.index, facts.session)
        current = storage.find_raw(self.lake.raw, facts.index, facts.session)
        if current and storage.read_raw(self.lake.raw, current).facts.source == REBUILT:
            return None
        if publication:
            same = publication.fingerprint == facts.fingerprint
            return f"{facts.session} is published{'' if same else ' with other figures, which stay'}"
        if current and current.fingerprint != facts.fingerprint:
            return f"the raw file of {facts.session} has other figures, which stay"
        return None

    def neighbours(self, index: str, session: date) -> list[Neighbour]:
        """The published sessions beside one, for gate 1.

        Raises:
            AwsError: S3 could not be asked.
        """
        return PublishedSessions.of(self.lake, index).around(session)

    def check_raw(self, collected: Collected, neighbours: Sequence[Neighbour] = ()) -> GateReport:
        """Gate 1 on the raw file's bytes, and against the published sessions beside it."""
        subject = _raw_subject(collected, neighbours)
        return run_gate(raw.GATE, subject.index, subject.session, subject.checks)

    def check_raw_of_many(self, answers: Sequence[tuple[Collected, Sequence[Neighbour]]]) -> list[GateReport]:
        """Gate 1 on many raw files by one validation, each as `check_raw` would report it.

        Great Expectations' own results, which take most of a megabyte each, are with none of the reports.
        """
        reports = run_gates(raw.GATE, [_raw_subject(*answer) for answer in answers])
        return [replace(report, validations=()) for report in reports]

    def upload(self, collected: Collected, *, force: bool, of_batch: bool = False) -> RawVersion:
        """The raw version that the ETL works on: the current one when it says the same, otherwise a new one.

        A current version whose Glue run failed, never came, or left no manifest is uploaded again: only S3's event starts one.

        Args:
            of_batch: the event starts nothing, for the caller starts one run for many files.

        Raises:
            AwsError: S3 or Glue could not be asked.
        """
        facts, content = collected.facts, collected.content
        current = storage.find_raw(self.lake.raw, facts.index, facts.session)
        if current and current.covers(facts) and not force:
            if self._has_run(current):
                return current
            # The same bytes again, so that the instant of the first collection stays.
            content = self.lake.raw.read(current.key, current.version_id)
            facts = decode(content).facts
        return storage.upload_raw(self.lake.raw, content, facts, of_batch=of_batch)

    def _has_run(self, version: RawVersion) -> bool:
        """Whether a run of the version is live or has succeeded; a fresh upload's run is given time to appear."""
        run = etl.find_run(self.lake.job, version)
        if run is None and (rest := self.settings.etl_reattach_timeout - self._age(version)) > 0:
            run = etl.poll_for_run(self.lake.job, version, rest)
        return run is not None and (run.live or (run.succeeded and etl.is_whole(self.lake.refined, run)))

    def _age(self, version: RawVersion) -> float:
        """Seconds since the upload, by S3's own clock."""
        found = self.lake.raw.look(version.key, version.version_id)
        return found.age if found else float("inf")

    def refine(self, version: RawVersion, started: GlueRun | None = None) -> tuple[GlueRun, StagedSession]:
        """Wait for the Glue run of exactly that raw version, and read what it left.

        Args:
            started: the run, where it is known.

        Raises:
            EtlError: the run did not start, did not end in time, or failed.
            StagingError: its output is not what its manifest should say.
            AwsError: Glue or S3 could not be asked.
        """
        started = started or etl.wait_for_start(self.lake.job, version, self.settings.etl_start_timeout)
        run = etl.wait_for_end(self.lake.job, started, self.settings.etl_timeout)
        manifest = etl.read_manifest(self.lake.refined, run)
        raw_object = parse_raw_key(version.key)
        return run, staged_session(manifest, raw_object.index, raw_object.session, version.version_id)

    def audit(self, version: RawVersion, staged: StagedSession) -> Audited:
        """Gate 2 on the staged files, as `flows.session.audit.audit` says it."""
        return audit(self.lake, version, staged)

    def publish(self, version: RawVersion, audited: Audited, *, force: bool, ask: Ask | None = None) -> Publication:
        """Publish the audited session, confirm it through Athena, and record it; one flow at a time.

        Args:
            ask: asks Athena for the session; by default by queries of its own.

        Raises:
            PublishError: the published state could not be reached, or Athena shows something else than was audited.
            LeaseLost: this flow stood still for so long that another may have published the session; nothing more was written.
            QueryError: Athena failed.
            AwsError: AWS could not be asked.
        """
        staged = audited.staged
        try:
            return self._publish(version, audited, force=force, ask=ask or partial(ask_alone, self.lake.athena))
        except (LeaseLost, WriteConflict):
            restore(self.lake, staged.index, staged.session, self.settings.lease_timeout)
            raise

    def _publish(self, version: RawVersion, audited: Audited, *, force: bool, ask: Ask) -> Publication:
        staged, facts, lake = audited.staged, audited.facts, self.lake
        with session_lease(lake.refined, staged.index, staged.session, self.settings.lease_timeout) as lease:
            refined, catalog = lease.guard(lake.refined), lease.guard(lake.catalog)
            before, etag = storage.replaceable_record(refined, staged.index, staged.session)
            if not force and before and before.covers(facts) and not self._own_damage(facts):
                return before
            self._refuse_outdated(version, facts)
            files = Publisher(refined, catalog).publish(staged)
            rows, summary_rows = _confirm(audited, ask)
            publication = Publication(
                index=staged.index,
                session=staged.session.isoformat(),
                published_at=datetime.now(UTC).isoformat(timespec="seconds"),
                fingerprint=facts.fingerprint,
                has_sectors=facts.has_sectors,
                raw_version_id=version.version_id,
                run_id=staged.run_id,
                rows=rows,
                summary_rows=summary_rows,
                history=before.history_before(version.version_id) if before else (),
                source=facts.source,
                evidence=facts.evidence,
                files=files,
            )
            storage.write_publication(refined, publication, over=etag)
            return publication

    def _own_damage(self, facts: RawFacts) -> str:
        """The same as `damage` for who holds the session's lease itself."""
        return session_damage(self.lake, facts.index, facts.session, void_after=-1)

    def _refuse_outdated(self, version: RawVersion, facts: RawFacts) -> None:
        current = storage.find_raw(self.lake.raw, facts.index, facts.session)
        if current and current.version_id != version.version_id and not current.covers(facts):
            raise PublishError(
                f"{version.key}: version {version.version_id} was replaced by {current.version_id} with other figures "
                "while it was refined: the newer one is published instead"
            )


def _raw_subject(collected: Collected, neighbours: Sequence[Neighbour]) -> Subject:
    file = decode(collected.content)
    facts = file.facts
    context = raw.RawContext(
        statement=facts.statement,
        possible_sessions=_weekdays(collectable(facts.collected_at)),
        current_sessions=_weekdays(showable(facts.collected_at)),
        in_calendar=is_session(facts.session),
    )
    rows = file.table.to_pandas()
    checks = raw.raw_checks(rows, _columns(file.table.schema), _columns(RAW_SCHEMA), context)
    return Subject(facts.index, facts.session, [*checks, *neighbour_checks(rows, neighbours)])


def _confirm(audited: Audited, ask: Ask) -> tuple[int, int]:
    index, output = audited.staged.index, audited.output
    answers = ask(index, audited.staged.session)
    rows, summary_rows = (
        confirm(table, answer, frame)
        for table, answer, frame in zip(session_tables(index), answers, (output.refined, output.summary), strict=True)
    )
    return rows, summary_rows


def _columns(schema: pa.Schema) -> list[str]:
    return [f"{field.name}: {field.type}" for field in schema]


def _weekdays(window: Window) -> list[date]:
    days = [window.earliest + offset * _DAY for offset in range((window.latest - window.earliest).days + 1)]
    return [day for day in days if day.weekday() < _SATURDAY]
