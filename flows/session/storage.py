"""What the flows keep in S3: payloads in landing, raw files, and the record of what is published."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from expectations.contract.keys import ContractError, published_key, raw_key
from flows.errors import AwsError, WriteConflict
from flows.lake.s3 import JSON, PARQUET
from flows.session.raw_file import RawFacts, RawFile, decode

if TYPE_CHECKING:
    from flows.b3.payload import Payload
    from flows.lake.s3 import Bucket

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
    """

    bucket: str
    key: str
    version_id: str
    stored_at: datetime
    fingerprint: str
    has_sectors: bool

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
    )


def upload_raw(raw: Bucket, content: bytes, facts: RawFacts, *, of_batch: bool = False) -> RawVersion:
    """Upload a raw file; S3's event then starts the ETL.

    Args:
        of_batch: the event starts nothing, for the caller starts one run for many files.

    Raises:
        AwsError: it could not be uploaded.
    """
    key = raw_key(facts.index, facts.session)
    metadata = {"fingerprint": facts.fingerprint, "has-sectors": str(facts.has_sectors).lower()}
    if of_batch:
        metadata[ETL_METADATA] = BATCH
    written = raw.put(key, content, kind=PARQUET, metadata=metadata)
    found = raw.look(key, written.version_id)
    if found is None:
        raise AwsError(f"{raw.address(key)}: version {written.version_id} was uploaded and is gone")
    return RawVersion(raw.name, key, written.version_id, found.stored_at, facts.fingerprint, facts.has_sectors)


def read_raw(raw: Bucket, version: RawVersion) -> RawFile:
    """The raw file of exactly that version.

    Raises:
        AwsError: it could not be read.
        ContractError: it is not a raw file of this pipeline.
    """
    return decode(raw.read(version.key, version.version_id))


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
    return (read_record(found.body, refined.address(key)), found.info.etag) if found else None


def read_record(body: bytes, address: str) -> Publication:
    """A publication record's content.

    Raises:
        ContractError: the record is not readable.
    """
    try:
        found = json.loads(body)
        found |= {"history": tuple(PublishedVersion(**item) for item in found.get("history", ()))}
        return Publication(**found | {"evidence": tuple(found.get("evidence", ()))})
    except (AttributeError, RecursionError, TypeError, ValueError) as error:
        raise ContractError(f"{address}: not a publication record ({error})") from error


def write_publication(refined: Bucket, publication: Publication, over: str | None = WHATEVER) -> None:
    """Record a session as published.

    Args:
        over: ETag of the record that it replaces; None where there was none; by default whatever there is.

    Raises:
        WriteConflict: another one is there by now.
        AwsError: it could not be recorded.
    """
    key = published_key(publication.index, date.fromisoformat(publication.session))
    body = json.dumps(asdict(publication), indent=1).encode()
    try:
        refined.put(key, body, kind=JSON, if_absent=over is None, if_etag=over or None)
    except WriteConflict:
        # A put that took place and whose answer was lost is tried again, and finds itself.
        found = refined.find(key)
        if found is None or found.body != body:
            raise


def forget_publication(refined: Bucket, index: str, session: date) -> None:
    """Record a session as not published any more.

    Raises:
        AwsError: it could not be recorded.
    """
    refined.delete_all([published_key(index, session)])
