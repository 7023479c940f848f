"""Importing a folder of what people have: each file read and gated, kept in landing, uploaded as part of a batch, published.

Everything is decided by what is in S3 and by the files, so an import may be killed at any point and run again: what is published
is then already published, what was uploaded is not uploaded again, and the Glue run that was started is found.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from expectations.contract.keys import ContractError
from expectations.contract.outcomes import Outcome
from expectations.contract.tables import REBUILT
from expectations.gates.together import MOST_TOGETHER
from flows.b3.differences import CellDifference, described, differences
from flows.b3.payload import Payload
from flows.b3.portfolio import Portfolio, same_figures
from flows.backfill.batch import Batch, Progress, keep, noting
from flows.backfill.importing.files import Found, Hints, ImportProblem, SourceFile, index_in, noon, session_in
from flows.backfill.importing.readers import KINDS, Unreadable, read_files
from flows.backfill.importing.suspects import Suspect, settled, suspects_apart
from flows.backfill.known_weights import known_weights
from flows.backfill.price_files import is_price_file
from flows.errors import SettingsError
from flows.history.refresh import refresh
from flows.lake.calls import PARALLEL_SESSIONS, batches, side_by_side
from flows.record.attempt import IMPORT, Attempt
from flows.record.ledger import Ledger
from flows.session import storage
from flows.session.neighbours import PublishedSessions
from flows.session.pipeline import Collected
from flows.session.raw_file import RawFacts, RawFile, encode

if TYPE_CHECKING:
    from pathlib import Path

    from expectations.gates.gate import GateReport
    from expectations.gates.neighbours import Neighbour
    from flows.session.pipeline import Pipeline
    from flows.session.storage import RawVersion

_UNKNOWN = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_SOURCES = {"htm": "html"}


@dataclass(frozen=True, slots=True)
class FolderImport:
    """An import of a folder.

    Attributes:
        index: the index of files that do not state theirs; None where their names tell.
        session: the session of files that do not state theirs; others must be of it, and it may be a holiday.
        replaces: whether other figures than the published ones are a correction, and not a conflict.
        dry_run: only say what would be done.
    """

    pipeline: Pipeline
    index: str | None = None
    session: date | None = None
    replaces: bool = False
    dry_run: bool = False
    progress: Progress = lambda _, __: lambda: None

    def run(self, folder: Path) -> list[Attempt]:
        """Import the folder's files.

        Returns:
            An attempt for each portfolio, or for files that hold none, by the names of the files.

        Raises:
            SettingsError: it is no folder.
            AwsError: AWS refused, or was not to be had; run the import again.
        """
        return _Import(self, Ledger.of(self.pipeline.lake, IMPORT)).run(folder)


@dataclass(frozen=True, slots=True)
class _Uploaded:
    """A raw version that is to be published, and the attempt at it as it has begun."""

    version: RawVersion
    begun: Attempt


@dataclass(frozen=True, slots=True)
class _Import:
    """One import of a folder.

    Attributes:
        of: what was asked for.
        published: the published sessions of each index that was met.
        reports: what gate 1 found of the portfolios that it let pass, by index, session and file.
        replaced: by index and session, in what B3's own file differs from the rebuilt session that it replaces.
    """

    of: FolderImport
    ledger: Ledger
    published: dict[str, PublishedSessions] = field(default_factory=dict)
    reports: dict[tuple[str, date, str], GateReport] = field(default_factory=dict)
    replaced: dict[tuple[str, date | None], str] = field(default_factory=dict)

    @property
    def pipeline(self) -> Pipeline:
        return self.of.pipeline

    def run(self, folder: Path) -> list[Attempt]:
        attempts, uploaded = self._uploaded(folder)
        attempts += self._take(uploaded)
        self._refresh(attempts)
        return sorted(attempts, key=lambda attempt: attempt.files)

    def _uploaded(self, folder: Path) -> tuple[list[Attempt], list[_Uploaded]]:
        """The folder's portfolios in S3, and what has ended by then; of neither files nor portfolios is anything kept."""
        files, attempts = self._files(folder)
        gated = list(self._gated(self._read(files)))
        attempts += [item for item in gated if isinstance(item, Attempt)]
        chosen: list[Found] = []
        for group in _by_session(item for item in gated if isinstance(item, Found)):
            best, others = self._settled(group)
            attempts += others
            chosen += [best] if best else []
        advance = self.of.progress("uploading", len(chosen))
        uploaded: list[_Uploaded] = []
        for found, made in zip(chosen, side_by_side(self._upload, chosen, PARALLEL_SESSIONS), strict=True):
            advance()
            if isinstance(made, Attempt):
                attempts.append(made)
            else:
                uploaded.append(_Uploaded(made, self._begun(found)))
        return attempts, uploaded

    def _begun(self, found: Found) -> Attempt:
        """The attempt at a portfolio that was read."""
        portfolio = found.portfolio
        begun = self.ledger.run.begin(
            portfolio.index,
            portfolio.session,
            files=tuple(file.name for file in found.files),
            fingerprint=portfolio.fingerprint(),
            collected_at=found.instant,
            source=portfolio.source,
        )
        report = self.reports.get(_subject(found))
        return begun.with_gates([report]) if report else begun

    def _ended(self, found: Found, outcome: Outcome, reason: str = "") -> Attempt:
        return self._begun(found).ended(outcome, reason)

    def _unread(self, files: Sequence[str], outcome: Outcome, reason: str) -> Attempt:
        """The attempt at files in which no portfolio was found."""
        return self.ledger.run.begin("", files=tuple(files)).ended(outcome, reason)

    # --- reading ---------------------------------------------------------------------------------------------------------

    def _files(self, folder: Path) -> tuple[list[SourceFile], list[Attempt]]:
        if not folder.is_dir():
            raise SettingsError(f"{folder}: not a folder")
        files, attempts = [], []
        for path in sorted(folder.rglob("*")):
            # A name that is no text in the file system's encoding is shown and kept as one.
            name = path.relative_to(folder).as_posix().encode(errors="replace").decode()
            if not path.is_file() or path.suffix.lower().removeprefix(".") not in KINDS or is_price_file(path):
                continue
            try:
                files.append(SourceFile(name, self._content(path)))
            except (ImportProblem, OSError) as error:
                attempts.append(self._unread([name], Outcome.REJECTED, str(error)))
        return files, attempts

    def _content(self, path: Path) -> bytes:
        if (size := path.stat().st_size) > self.pipeline.settings.b3_max_bytes:
            raise ImportProblem(f"{size} bytes: too large for a portfolio")
        return path.read_bytes()

    def _read(self, files: Sequence[SourceFile]) -> Iterator[Found | Attempt]:
        portfolios: list[Found] = []
        hints = Hints(self.of.index, self.of.session, self.pipeline.settings.extra_indices)
        for item in read_files(files, hints):
            if isinstance(item, Unreadable):
                self._keep_unread(item)
                outcome = Outcome.CONFLICTING if item.conflicting else Outcome.REJECTED
                yield self._unread([file.name for file in item.files], outcome, item.reason)
            else:
                portfolios.append(item)
        known = known_weights(self.pipeline.lake.raw, {item.portfolio.index for item in portfolios})
        for judged in suspects_apart(portfolios, datetime.now(UTC), known):
            yield self._ended(judged.found, Outcome.REJECTED, judged.reason) if isinstance(judged, Suspect) else judged

    def _gated(self, items: Iterable[Found | Attempt]) -> Iterator[Found | Attempt]:
        listed = list(items)
        advance = self.of.progress("checking", len(listed))
        for together in batches(listed, MOST_TOGETHER):
            found = [item for item in together if isinstance(item, Found)]
            reports = iter(self.pipeline.check_raw_of_many([self._to_check(item) for item in found]))
            for item in together:
                yield self._judged(item, next(reports)) if isinstance(item, Found) else item
                advance()

    def _to_check(self, found: Found) -> tuple[Collected, Sequence[Neighbour]]:
        """What gate 1 looks at: the portfolio's raw file, and the published sessions beside it."""
        portfolio = found.portfolio
        if portfolio.index not in self.published:
            self.published[portfolio.index] = PublishedSessions.of(self.pipeline.lake, portfolio.index)
        neighbours = self.published[portfolio.index].around(portfolio.session)
        return _collected(portfolio, found.instant, []), neighbours

    def _judged(self, found: Found, report: GateReport) -> Found | Attempt:
        if report.passed:
            self.reports[_subject(found)] = report
            return found
        self._land(found, found.instant)
        refused = self._ended(found, Outcome.QUARANTINED, report.verdict()).with_gates([report])
        return refused if self.of.dry_run else keep(self.ledger, refused)

    # --- landing ---------------------------------------------------------------------------------------------------------

    def _land(self, found: Found, instant: datetime) -> list[str]:
        portfolio = found.portfolio
        pages = enumerate(found.files, start=1)
        return [self._keep(file, portfolio.index, portfolio.session, instant, page) for page, file in pages]

    def _keep_unread(self, unread: Unreadable) -> None:
        for file in unread.files:
            # Without an index there is no key; the file stays where it is, in its owner's folder.
            if index := self.of.index or index_in(file.name, self.pipeline.settings.extra_indices):
                session = session_in(file.name)
                self._keep(file, index, session, noon(session) if session else _UNKNOWN, 1)

    def _keep(self, file: SourceFile, index: str, session: date | None, instant: datetime, page: int) -> str:
        source = _SOURCES.get(file.kind, file.kind)
        payload = Payload(index, source, page, file.content, instant, "", file.name, session)
        return payload.key() if self.of.dry_run else storage.land(self.pipeline.lake.raw, payload)

    # --- publishing ------------------------------------------------------------------------------------------------------

    def _take(self, uploaded: Sequence[_Uploaded]) -> list[Attempt]:
        if not uploaded:
            return []
        begun = {(item.begun.index, item.begun.session): item.begun for item in uploaded}
        versions = [item.version for item in uploaded]

        def whole(attempt: Attempt) -> Attempt:
            subject = attempt.index, attempt.session
            first = begun[subject]
            known = attempt.with_gates([*first.gates, *attempt.gates])
            reason = known.reason or self.replaced.get(subject, "")
            return replace(
                known, files=first.files, collected_at=first.collected_at, source=first.source, reason=reason
            )

        note = noting(self.ledger, self.of.progress, versions)
        return Batch(self.pipeline, self.ledger.run, note=lambda attempt: note(whole(attempt))).take(versions)

    def _refresh(self, attempts: Iterable[Attempt]) -> None:
        """Bring the monthly tables up to date, which an import that was killed before it did so has left behind."""
        present = {item.index for item in attempts if item.outcome is Outcome.ALREADY_PUBLISHED}
        for index in sorted(present) if not self.of.dry_run else ():
            refresh(self.pipeline, index)

    def _upload(self, found: Found) -> RawVersion | Attempt:
        """The raw version to publish, or what speaks against it, or that there is nothing to do."""
        raw_bucket, portfolio = self.pipeline.lake.raw, found.portfolio
        try:
            if self.pipeline.publication(RawFacts.of(portfolio, found.instant, [])):
                return self._ended(found, Outcome.ALREADY_PUBLISHED)
            current = storage.find_raw(raw_bucket, portfolio.index, portfolio.session)
            raw = storage.read_raw(raw_bucket, current) if current else None
            decided = self._compared(found, current, raw) if current and raw else None
        except ContractError as error:
            return self._ended(found, Outcome.FAILED, str(error))
        if isinstance(decided, Attempt):
            return decided
        if self.of.dry_run:
            apart = self.replaced.get((portfolio.index, portfolio.session))
            return self._ended(found, Outcome.PLANNED, "; ".join(filter(None, ["would be imported", apart])))
        if decided:
            return decided
        # A correction comes after what it corrects, also for who reads landing later.
        instant = max(found.instant, raw.facts.collected_at + _SECOND) if raw else found.instant
        collected = _collected(portfolio, instant, self._land(found, instant))
        return storage.upload_raw(raw_bucket, collected.content, collected.facts, of_batch=True)

    def _compared(self, found: Found, current: RawVersion, raw: RawFile) -> RawVersion | Attempt | None:
        """What the session's raw file makes of the portfolio: nothing to upload, nothing to do, a conflict; or None."""
        portfolio, there = found.portfolio, raw.portfolio()
        if there.source == REBUILT:
            found_apart = differences(portfolio, there)
            apart = described(found_apart) if found_apart else "every cell is the same"
            self.replaced[portfolio.index, portfolio.session] = f"replaces the rebuilt session: {apart}"
            return None
        publication = storage.replaceable_publication(self.pipeline.lake.refined, portfolio.index, portfolio.session)
        if not same_figures(portfolio, there):
            state = "published" if publication else "uploaded"
            other = described(differences(portfolio, there))
            reason = f"{other} than the {state} session's: --replace takes these instead"
            return None if self.of.replaces else self._ended(found, Outcome.CONFLICTING, reason)
        if portfolio.has_sectors and not there.has_sectors:
            return None
        published = publication is not None and publication.fingerprint == raw.facts.fingerprint
        if published and not self.pipeline.damage(portfolio.index, portfolio.session):
            return self._ended(found, Outcome.ALREADY_PUBLISHED)
        return current

    def _settled(self, group: Sequence[Found]) -> tuple[Found | None, list[Attempt]]:
        """The one of a session's portfolios that is taken, and what becomes of the others; none where they disagree."""
        found = settled(group)
        attempts = []
        for item in found.same:
            assert found.best is not None, "what is the same is the same as the one that is taken"
            apart = _sectors_apart(item, found.best)
            attempts.append(
                self._ended(item, Outcome.ALREADY_PUBLISHED, f"the same figures as {found.best.name}{apart}")
            )
        for item, rival in found.other:
            other = described(differences(item.portfolio, rival.portfolio))
            attempts.append(self._ended(item, Outcome.CONFLICTING, f"{other} than {rival.name}"))
        return found.best, attempts


def _collected(portfolio: Portfolio, instant: datetime, payloads: Sequence[str]) -> Collected:
    facts = RawFacts.of(portfolio, instant, payloads)
    return Collected(facts, encode(portfolio, facts))


def _by_session(portfolios: Iterable[Found]) -> Iterable[list[Found]]:
    groups: defaultdict[tuple[str, date], list[Found]] = defaultdict(list)
    for found in portfolios:
        groups[found.portfolio.index, found.portfolio.session].append(found)
    return groups.values()


def _subject(found: Found) -> tuple[str, date, str]:
    return found.portfolio.index, found.portfolio.session, found.name


def _sectors_apart(one: Found, other: Found) -> str:
    """What two portfolios with the same figures say differently."""
    found: list[CellDifference] = differences(one.portfolio, other.portfolio)
    return f", and {described(found)}" if found else ""
