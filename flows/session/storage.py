"""What the flows keep in S3: payloads in landing, raw files, and the record of what is published."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from expectations.contract.keys import ContractError, published_key, raw_key
from flows.lake.clients import aws_errors, error_code
from flows.session.raw_file import RawFacts, RawFile, decode

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from flows.b3.payload import Payload

ETL_METADATA = "etl"
BATCH = "batch"

_UNVERSIONED = "null"  # S3's own id of the one version of an object in a bucket without versioning
_CONFLICT = frozenset({"409", "ConditionalRequestConflict"})
_EXISTS = frozenset({"412", "PreconditionFailed"})


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


def land(s3: S3Client, bucket: str, payload: Payload) -> str:
    """Keep a payload as received, and never overwrite one.

    Returns:
        The payload's key.

    Raises:
        AwsError: it could not be kept.
    """
    key = payload.key()
    with aws_errors(f"keeping the payload s3://{bucket}/{key}"):
        try:
            _conflicts_retried(
                lambda: s3.put_object(
                    Bucket=bucket,
                    Key=key,
                    Body=payload.packed(),
                    ContentType="application/gzip",
                    IfNoneMatch="*",
                    Metadata=payload.metadata(),
                )
            )
        except ClientError as error:
            # The key holds the bytes' digest: what is there already is the same payload.
            if error_code(error) not in _EXISTS:
                raise
    return key


def _conflicts_retried(put: Callable[[], object]) -> None:
    # "On a 409 failure you should retry the upload" (S3 API reference, PutObject): nothing is known to be there.
    retries = Retrying(
        retry=retry_if_exception(lambda error: isinstance(error, ClientError) and error_code(error) in _CONFLICT),
        wait=wait_random_exponential(multiplier=0.1, max=2),
        stop=stop_after_attempt(6),
        reraise=True,
    )
    retries(put)


def find_raw(s3: S3Client, bucket: str, index: str, session: date) -> RawVersion | None:
    """The current raw version of a session; None where there is none.

    Raises:
        AwsError: S3 could not be asked.
    """
    key = raw_key(index, session)
    with aws_errors(f"looking for s3://{bucket}/{key}"):
        if not _exists(s3, bucket, key):
            return None
        head = s3.head_object(Bucket=bucket, Key=key)
    metadata = head["Metadata"]
    return RawVersion(
        bucket=bucket,
        key=key,
        version_id=head.get("VersionId", _UNVERSIONED),
        stored_at=head["LastModified"],
        fingerprint=metadata.get("fingerprint", ""),
        has_sectors=metadata.get("has-sectors") == "true",
    )


def upload_raw(s3: S3Client, bucket: str, content: bytes, facts: RawFacts, *, of_batch: bool = False) -> RawVersion:
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
    with aws_errors(f"uploading s3://{bucket}/{key}"):
        stored = s3.put_object(
            Bucket=bucket, Key=key, Body=content, ContentType="application/vnd.apache.parquet", Metadata=metadata
        )
        version_id = stored.get("VersionId", _UNVERSIONED)
        head = s3.head_object(Bucket=bucket, Key=key, VersionId=version_id)
    return RawVersion(bucket, key, version_id, head["LastModified"], facts.fingerprint, facts.has_sectors)


def read_bytes(s3: S3Client, bucket: str, key: str, version_id: str | None = None) -> bytes:
    """An object's content.

    Raises:
        AwsError: it is not there, or could not be read.
    """
    with aws_errors(f"reading s3://{bucket}/{key}"):
        if version_id is None:
            return s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        return s3.get_object(Bucket=bucket, Key=key, VersionId=version_id)["Body"].read()


def read_raw(s3: S3Client, version: RawVersion) -> RawFile:
    """The raw file of exactly that version.

    Raises:
        AwsError: it could not be read.
        ContractError: it is not a raw file of this pipeline.
    """
    return decode(read_bytes(s3, version.bucket, version.key, version.version_id))


def read_publication(s3: S3Client, bucket: str, index: str, session: date) -> Publication | None:
    """The record of a published session; None where the session is not published.

    Raises:
        AwsError: S3 could not be asked.
        ContractError: the record is not readable.
    """
    key = published_key(index, session)
    with aws_errors(f"reading s3://{bucket}/{key}"):
        if not _exists(s3, bucket, key):
            return None
        body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    return read_record(body, f"s3://{bucket}/{key}")


def read_record(body: bytes, address: str) -> Publication:
    """A publication record's content.

    Raises:
        ContractError: the record is not readable.
    """
    try:
        found = json.loads(body)
        return Publication(**found | {"history": tuple(PublishedVersion(**item) for item in found.get("history", ()))})
    except (AttributeError, RecursionError, TypeError, ValueError) as error:
        raise ContractError(f"{address}: not a publication record ({error})") from error


def write_publication(s3: S3Client, bucket: str, publication: Publication) -> None:
    """Record a session as published.

    Raises:
        AwsError: it could not be recorded.
    """
    key = published_key(publication.index, date.fromisoformat(publication.session))
    body = json.dumps(asdict(publication), indent=1).encode()
    with aws_errors(f"recording s3://{bucket}/{key}"):
        s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/json")


def _exists(s3: S3Client, bucket: str, key: str) -> bool:
    # Asked of the listing: for a missing key, S3 answers 404 or 403 by what the caller may list.
    listed = s3.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1).get("Contents", [])
    return bool(listed) and listed[0]["Key"] == key
