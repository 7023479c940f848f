"""Importing a folder of what people have: each file read and gated, kept in landing, uploaded as part of a batch, published.

Everything is decided by what is in S3 and by the files, so an import may be killed at any point and run again: what is published
is then already present, what was uploaded is not uploaded again, and the Glue run that was started is found.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from expectations.contract.keys import ContractError
from flows.b3.payload import Payload
from flows.b3.portfolio import Portfolio, same_figures
from flows.backfill.batch import Batch, Outcome, Progress, Result, telling
from flows.backfill.importing.files import Found, Hints, ImportProblem, SourceFile, index_in, noon, session_in
from flows.backfill.importing.readers import KINDS, Unreadable, read_files
from flows.backfill.importing.suspects import Suspect, suspects_apart
from flows.backfill.importing.verdicts import Entry, Verdict
from flows.errors import SettingsError
from flows.history.derived import ensure_derived
from flows.lake.clients import PARALLEL_SESSIONS
from flows.record.attempt import IMPORT
from flows.record.ledger import Ledger
from flows.session import storage
from flows.session.pipeline import Collected
from flows.session.raw_file import RawFacts, RawFile, encode

if TYPE_CHECKING:
    from pathlib import Path

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
        replaces: whether other figures than the published ones are a correction, and not a conflict.
        dry_run: only say what would be done.
    """

    pipeline: Pipeline
    index: str | None = None
    replaces: bool = False
    dry_run: bool = False
    progress: Progress = lambda _, __: lambda: None

    def run(self, folder: Path) -> list[Entry]:
        """Import the folder's files.

        Returns:
            What became of each, by name.

        Raises:
            SettingsError: it is no folder.
            AwsError: AWS refused, or was not to be had; run the import again.
        """
        ledger = Ledger.of(self.pipeline, IMPORT)
        files, entries = self._files(folder)
        gated = list(self._gated(self._read(files), ledger))
        entries += [item for item in gated if isinstance(item, Entry)]
        chosen: list[Found] = []
        for group in _by_session(item for item in gated if isinstance(item, Found)):
            best, others = _settled(group)
            entries += others
            chosen += [best] if best else []
        entries += self._publish(chosen, ledger)
        self._derive(entries)
        return sorted(entries, key=lambda entry: entry.files)

    # --- reading ---------------------------------------------------------------------------------------------------------

    def _files(self, folder: Path) -> tuple[list[SourceFile], list[Entry]]:
        if not folder.is_dir():
            raise SettingsError(f"{folder}: not a folder")
        files, entries = [], []
        for path in sorted(folder.rglob("*")):
            # A name that is no text in the file system's encoding is shown and kept as one.
            name = path.relative_to(folder).as_posix().encode(errors="replace").decode()
            if not path.is_file() or path.suffix.lower().removeprefix(".") not in KINDS:
                continue
            try:
                files.append(SourceFile(name, self._content(path)))
            except (ImportProblem, OSError) as error:
                entries.append(Entry((name,), None, None, Verdict.REJECTED, str(error)))
        return files, entries

    def _content(self, path: Path) -> bytes:
        if (size := path.stat().st_size) > self.pipeline.settings.b3_max_bytes:
            raise ImportProblem(f"{size} bytes: too large for a portfolio")
        return path.read_bytes()

    def _read(self, files: Sequence[SourceFile]) -> Iterator[Found | Entry]:
        portfolios: list[Found] = []
        for item in read_files(files, Hints(self.index)):
            if isinstance(item, Unreadable):
                self._keep_unread(item)
                names = tuple(file.name for file in item.files)
                yield Entry(
                    names, None, None, Verdict.CONFLICTING if item.conflicting else Verdict.REJECTED, item.reason
                )
            else:
                portfolios.append(item)
        for judged in suspects_apart(portfolios, datetime.now(UTC)):
            yield Entry.of(judged.found, Verdict.REJECTED, judged.reason) if isinstance(judged, Suspect) else judged

    def _gated(self, items: Iterable[Found | Entry], ledger: Ledger) -> Iterator[Found | Entry]:
        listed = list(items)
        advance = self.progress("checking", len(listed))
        for item in listed:
            yield item if isinstance(item, Entry) else self._gate(item, ledger)
            advance()

    def _gate(self, found: Found, ledger: Ledger) -> Found | Entry:
        started_at = datetime.now(UTC)
        report = self.pipeline.check_raw(_collected(found.portfolio, found.instant, []))
        if report.passed:
            return found
        self._land(found, found.instant)
        if not self.dry_run:
            fingerprint = found.portfolio.fingerprint()
            ledger.note(ledger.book.of_refusal(report, fingerprint, started_at, datetime.now(UTC)))
        return Entry.of(found, Verdict.REJECTED, report.verdict())

    # --- landing ---------------------------------------------------------------------------------------------------------

    def _land(self, found: Found, instant: datetime) -> list[str]:
        portfolio = found.portfolio
        pages = enumerate(found.files, start=1)
        return [self._keep(file, portfolio.index, portfolio.session, instant, page) for page, file in pages]

    def _keep_unread(self, unread: Unreadable) -> None:
        for file in unread.files:
            # Without an index there is no key; the file stays where it is, in its owner's folder.
            if index := self.index or index_in(file.name):
                session = session_in(file.name)
                self._keep(file, index, session, noon(session) if session else _UNKNOWN, 1)

    def _keep(self, file: SourceFile, index: str, session: date | None, instant: datetime, page: int) -> str:
        source = _SOURCES.get(file.kind, file.kind)
        payload = Payload(index, source, page, file.content, instant, "", file.name, session)
        if self.dry_run:
            return payload.key()
        return storage.land(self.pipeline.aws.s3, self.pipeline.settings.raw_bucket, payload)

    # --- publishing ------------------------------------------------------------------------------------------------------

    def _publish(self, chosen: Sequence[Found], ledger: Ledger) -> list[Entry]:
        entries: list[Entry] = []
        uploaded: dict[tuple[str, date], Found] = {}
        versions: list[RawVersion] = []
        advance = self.progress("uploading", len(chosen))
        with ThreadPoolExecutor(PARALLEL_SESSIONS) as pool:
            for found, outcome in zip(chosen, pool.map(self._upload, chosen), strict=True):
                advance()
                if isinstance(outcome, Entry):
                    entries.append(outcome)
                else:
                    versions.append(outcome)
                    uploaded[found.portfolio.index, found.portfolio.session] = found
        results = self._take(versions, ledger)
        return entries + [_published(uploaded[result.index, result.session], result) for result in results]

    def _take(self, versions: Sequence[RawVersion], ledger: Ledger) -> list[Result]:
        if not versions:
            return []
        return Batch(self.pipeline, tell=telling(ledger, self.progress, versions)).take(versions)

    def _derive(self, entries: Iterable[Entry]) -> None:
        """Bring the monthly tables up to date, which an import that was killed before it did so has left behind."""
        present = {entry.index for entry in entries if entry.verdict is Verdict.PRESENT and entry.index}
        for index in sorted(present) if not self.dry_run else ():
            ensure_derived(self.pipeline, index)

    def _upload(self, found: Found) -> RawVersion | Entry:
        """The raw version to publish, or what speaks against it, or that there is nothing to do."""
        s3, bucket = self.pipeline.aws.s3, self.pipeline.settings.raw_bucket
        portfolio = found.portfolio
        try:
            if self.pipeline.publication(RawFacts.of(portfolio, found.instant, [])):
                return Entry.of(found, Verdict.PRESENT)
            current = storage.find_raw(s3, bucket, portfolio.index, portfolio.session)
            raw = storage.read_raw(s3, current) if current else None
            decided = self._compared(found, current, raw) if current and raw else None
        except ContractError as error:
            return Entry.of(found, Verdict.FAILED, str(error))
        if isinstance(decided, Entry):
            return decided
        if self.dry_run:
            return Entry.of(found, Verdict.ACCEPTED, "would be imported")
        if decided:
            return decided
        # A correction comes after what it corrects, also for who reads landing later.
        instant = max(found.instant, raw.facts.collected_at + _SECOND) if raw else found.instant
        collected = _collected(portfolio, instant, self._land(found, instant))
        return storage.upload_raw(s3, bucket, collected.content, collected.facts, of_batch=True)

    def _compared(self, found: Found, current: RawVersion, raw: RawFile) -> RawVersion | Entry | None:
        """What the session's raw file makes of the portfolio: nothing to upload, nothing to do, a conflict; or None."""
        portfolio, there = found.portfolio, raw.portfolio()
        publication = storage.read_publication(
            self.pipeline.aws.s3, self.pipeline.settings.refined_bucket, portfolio.index, portfolio.session
        )
        if not same_figures(portfolio, there):
            state = "published" if publication else "uploaded"
            reason = f"other figures than the {state} ones: --replace takes these instead"
            return None if self.replaces else Entry.of(found, Verdict.CONFLICTING, reason)
        if portfolio.has_sectors and not there.has_sectors:
            return None
        published = publication is not None and publication.fingerprint == raw.facts.fingerprint
        return Entry.of(found, Verdict.PRESENT) if published else current


def _collected(portfolio: Portfolio, instant: datetime, payloads: Sequence[str]) -> Collected:
    facts = RawFacts.of(portfolio, instant, payloads)
    return Collected(facts, encode(portfolio, facts))


def _by_session(portfolios: Iterable[Found]) -> Iterable[list[Found]]:
    groups: defaultdict[tuple[str, date], list[Found]] = defaultdict(list)
    for found in portfolios:
        groups[found.portfolio.index, found.portfolio.session].append(found)
    return groups.values()


def _settled(group: Sequence[Found]) -> tuple[Found | None, list[Entry]]:
    """The one of a session's portfolios that tells most, and what becomes of the others; none where they disagree."""
    best, *others = sorted(group, key=_tells, reverse=True)
    if all(same_figures(best.portfolio, other.portfolio) for other in others):
        return best, [Entry.of(other, Verdict.PRESENT, f"the same figures as {best.name}") for other in others]
    entries = []
    for found in group:
        rival = next((item for item in group if not same_figures(item.portfolio, found.portfolio)), best)
        entries.append(Entry.of(found, Verdict.CONFLICTING, f"other figures than {rival.name}"))
    return None, entries


def _tells(found: Found) -> tuple[bool, bool, bool, str]:
    return (
        found.portfolio.has_sectors,
        found.b3_states_session,
        found.portfolio.statement.divisor is not None,
        found.name,
    )


def _published(found: Found, result: Result) -> Entry:
    if result.outcome is Outcome.PUBLISHED:
        return Entry.of(found, Verdict.ACCEPTED)
    return Entry.of(found, Verdict.FAILED, result.reason)
