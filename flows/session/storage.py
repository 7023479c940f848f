"""What the flows keep in S3: payloads in landing, raw files, and the record of what is published."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import date, datetime
from functools import cache
from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

from expectations.contract.keys import (
    ContractError,
    parse_raw_key,
    published_key,
    published_prefix,
    raw_key,
    read_published_key,
    seal_key,
)
from expectations.contract.names import ORIGIN_METADATA
from flows.errors import AwsError, WriteConflict
from flows.lake.s3 import JSON, PARQUET

if TYPE_CHECKING:
    from flows.b3.payload import Payload
    from flows.lake.s3 import Bucket, ObjectSummary
    from flows.session.raw_facts import RawFacts
    from flows.session.raw_file import RawFile

ETL_METADATA = "etl"
BATCH = "batch"
WHATEVER = ""  # of the records that one may replace


@dataclass(frozen=True, slots=True)
class RawVersion:
    """One version of a raw object, and what its metadata says of the portfolio.

    Attributes:
        stored_at: instant at which S3 stored the version (UTC).
        fingerprint: `Portfolio.fingerprint` of the portfolio.
        has_sectors: whether the portfolio carries sectors.
        source: where the portfolio came from, as in `Portfolio`; empty in versions of before this was said.
    """

    bucket: str
    key: str
    version_id: str
    stored_at: datetime
    fingerprint: str
    has_sectors: bool
    source: str = ""

    def covers(self, facts: RawFacts) -> bool:
        """Whether this version says all that the facts' portfolio says."""
        return self.fingerprint == facts.fingerprint and (self.has_sectors or not facts.has_sectors)


@dataclass(frozen=True, slots=True)
class PublishedVersion:
    """A raw version that a session was published from; the raw bucket keeps it for as long as its rules say."""

    published_at: str
    raw_version_id: str
    run_id: str
    fingerprint: str
    rows: int


@dataclass(frozen=True, slots=True)
class PublishedFile:
    """A file of a published session, as S3 stated it once it was in place.

    Attributes:
        size: in bytes.
        etag: tells one content from another, without quotes.
    """

    key: str
    size: int
    etag: str


@dataclass(frozen=True, slots=True)
class Publication:
    """The record of a published session, written once Athena has confirmed it.

    Attributes:
        published_at: instant of the record (UTC, ISO 8601).
        fingerprint, has_sectors: of the portfolio, as in `RawVersion`.
        raw_version_id: version of the raw object that the rows come from.
        run_id: Glue run that made them.
        rows, summary_rows: published rows of the two tables.
        history: the raw versions that were published before, the newest first.
        source: where the portfolio came from, as in `Portfolio`; empty in records of before it was kept.
        evidence: of a portfolio that was computed, what it rests on, one line each.
        files: of the two tables; none in a record of before this was recorded.
    """

    index: str
    session: str
    published_at: str
    fingerprint: str
    has_sectors: bool
    raw_version_id: str
    run_id: str
    rows: int
    summary_rows: int
    history: tuple[PublishedVersion, ...] = ()
    source: str = ""
    evidence: tuple[str, ...] = ()
    files: tuple[PublishedFile, ...] = ()

    def covers(self, facts: RawFacts | RawVersion) -> bool:
        """Whether the published session says all that the portfolio says of which these are the facts."""
        return self.fingerprint == facts.fingerprint and (self.has_sectors or not facts.has_sectors)

    def history_before(self, raw_version_id: str) -> tuple[PublishedVersion, ...]:
        """The history of a publication that replaces this one; the same raw version published again adds nothing."""
        if raw_version_id == self.raw_version_id:
            return self.history
        return self.versions

    @property
    def versions(self) -> tuple[PublishedVersion, ...]:
        """What was published, the newest first: this, and its history."""
        this = PublishedVersion(self.published_at, self.raw_version_id, self.run_id, self.fingerprint, self.rows)
        return (this, *self.history)


def land(raw: Bucket, payload: Payload) -> str:
    """Keep a payload as received, and never overwrite one.

    Returns:
        The payload's key.

    Raises:
        AwsError: it could not be kept.
    """
    key = payload.key()
    # The key holds the bytes' digest: what is there already is the same payload.
    with suppress(WriteConflict):
        raw.put(key, payload.packed(), kind="application/gzip", metadata=payload.metadata(), if_absent=True)
    return key


def find_raw(raw: Bucket, index: str, session: date) -> RawVersion | None:
    """The current raw version of a session; None where there is none.

    Raises:
        AwsError: S3 could not be asked.
    """
    key = raw_key(index, session)
    found = raw.look(key)
    if found is None:
        return None
    return RawVersion(
        bucket=raw.name,
        key=key,
        version_id=found.version_id,
        stored_at=found.stored_at,
        fingerprint=found.metadata.get("fingerprint", ""),
        has_sectors=found.metadata.get("has-sectors") == "true",
        source=found.metadata.get(ORIGIN_METADATA, ""),
    )


def raw_metadata(facts: RawFacts) -> dict[str, str]:
    """What lies beside a raw file's content in S3, so that a look at the object tells which portfolio it is, and where from."""
    return {
        "fingerprint": facts.fingerprint,
        "has-sectors": str(facts.has_sectors).lower(),
        ORIGIN_METADATA: facts.source,
    }


def upload_raw(raw: Bucket, content: bytes, facts: RawFacts, *, of_batch: bool = False) -> RawVersion:
    """Upload a raw file; S3's event then starts the ETL.

    Args:
        of_batch: the event starts nothing, for the caller starts one run for many files.

    Raises:
        AwsError: it could not be uploaded.
    """
    key = raw_key(facts.index, facts.session)
    metadata = raw_metadata(facts)
    if of_batch:
        metadata[ETL_METADATA] = BATCH
    written = raw.put(key, content, kind=PARQUET, metadata=metadata)
    found = raw.look(key, written.version_id)
    if found is None:
        raise AwsError(f"{raw.address(key)}: version {written.version_id} was uploaded and is gone")
    return RawVersion(
        raw.name, key, written.version_id, found.stored_at, facts.fingerprint, facts.has_sectors, facts.source
    )


def read_raw(raw: Bucket, version: RawVersion) -> RawFile:
    """The raw file of exactly that version.

    Raises:
        AwsError: it could not be read.
        ContractError: it is not the raw file of its session.
    """
    expected = parse_raw_key(version.key)
    from flows.session.raw_file import decode  # noqa: PLC0415 - pyarrow, which who reads records only does without

    try:
        found = decode(raw.read(version.key, version.version_id))
    except ContractError as error:
        raise ContractError(
            f"{raw.address(version.key)}: {error}; {_mended(expected.index, expected.session)}"
        ) from error
    if (found.facts.index, found.facts.session) != (expected.index, expected.session):
        raise ContractError(
            f"{raw.address(version.key)}: the raw file of {found.facts.index} {found.facts.session}; "
            f"{_mended(expected.index, expected.session)}"
        )
    return found


def replaceable_raw(raw: Bucket, version: RawVersion) -> RawFile | None:
    """The same for who makes the raw file anew: one that is not of its session is none.

    Raises:
        AwsError: it could not be read.
    """
    try:
        return read_raw(raw, version)
    except ContractError:
        return None


def read_publication(refined: Bucket, index: str, session: date) -> Publication | None:
    """The record of a published session; None where the session is not published.

    Raises:
        AwsError: S3 could not be asked.
        ContractError: the record is not readable.
    """
    found = find_publication(refined, index, session)
    return found[0] if found else None


def find_publication(refined: Bucket, index: str, session: date) -> tuple[Publication, str] | None:
    """The same with the ETag of the record, by which it can be replaced; raises as `read_publication` does."""
    key = published_key(index, session)
    found = refined.find(key)
    return (read_record(found.body, refined.address(key), index, session), found.info.etag) if found else None


def replaceable_publication(refined: Bucket, index: str, session: date) -> Publication | None:
    """The same for who publishes the session: a record that is not readable is none, and is written again.

    Raises:
        AwsError: S3 could not be asked.
    """
    return replaceable_record(refined, index, session)[0]


def replaceable_record(refined: Bucket, index: str, session: date) -> tuple[Publication | None, str | None]:
    """The same with the ETag of whatever lies there, by which it can be replaced; raises as `replaceable_publication` does."""
    key = published_key(index, session)
    found = refined.find(key)
    if found is None:
        return None, None
    try:
        return read_record(found.body, refined.address(key), index, session), found.info.etag
    except ContractError:
        return None, found.info.etag


def read_record(body: bytes, address: str, index: str, session: date) -> Publication:
    """A publication record's content.

    Args:
        index, session: whose record it must be.

    Raises:
        ContractError: the record is not readable, or another session's.
    """
    try:
        found = _record().validate_json(body, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise ContractError(
            f"{address}: not a publication record ({f'{where}: ' if where else ''}{first['msg']}); {_mended(index, session)}"
        ) from error
    if (found.index, found.session) != (index, session.isoformat()):
        raise ContractError(f"{address}: the record of {found.index} {found.session}; {_mended(index, session)}")
    return found


@cache
def _record() -> TypeAdapter[Publication]:
    return TypeAdapter(Publication)


def _mended(index: str, session: date) -> str:
    return f"bovespa reconcile --since {session} --until {session} --index {index} mends it"


def write_publication(refined: Bucket, publication: Publication, over: str | None = WHATEVER) -> None:
    """Record a session as published, and seal its files.

    Args:
        over: ETag of the record that it replaces; None where there was none; by default whatever there is.

    Raises:
        WriteConflict: another one is there by now.
        AwsError: it could not be recorded.
    """
    session = date.fromisoformat(publication.session)
    key, body = published_key(publication.index, session), json.dumps(asdict(publication), indent=1).encode()
    try:
        etag = refined.put(key, body, kind=JSON, if_absent=over is None, if_etag=over or None).etag
    except WriteConflict:
        # A put that took place and whose answer was lost is tried again, and finds itself.
        found = refined.find(key)
        if found is None or found.body != body:
            raise
        etag = found.info.etag
    if publication.files:
        write_seal(refined, publication.index, session, etag, publication.files)


def published_records(refined: Bucket, index: str) -> dict[date, dict[date, ObjectSummary]]:
    """The publication records of an index as S3 lists them, by month (its first day) and session.

    Raises:
        AwsError: S3 could not be asked.
    """
    found: defaultdict[date, dict[date, ObjectSummary]] = defaultdict(dict)
    for item in refined.objects(published_prefix(index)):
        if name := read_published_key(item.key):
            found[name.session.replace(day=1)][name.session] = item
    return dict(found)


def forget_publication(refined: Bucket, index: str, session: date) -> None:
    """Record a session as not published any more.

    Raises:
        AwsError: it could not be recorded.
    """
    refined.delete_all([published_key(index, session), seal_key(index, session)])


def write_seal(refined: Bucket, index: str, session: date, record_etag: str, files: Iterable[PublishedFile]) -> None:
    """Seal a session's record and files as they are.

    Raises:
        AwsError: it could not be written.
    """
    refined.put(seal_key(index, session), seal(record_etag, files), kind="text/plain")


def seal(record_etag: str, files: Iterable[PublishedFile]) -> bytes:
    """The text of a seal: the record's ETag, and of each file key, size and ETag.

    S3's ETag of so small an object is the MD5 digest of its content, so that a listing alone tells whether the text that it
    would give is the one that was sealed.
    """
    lines = (f"{item.key} {item.size} {item.etag}" for item in sorted(files, key=lambda item: item.key))
    return "\n".join([record_etag.strip('"'), *lines, ""]).encode()
