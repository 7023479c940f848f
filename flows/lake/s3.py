"""A bucket of S3: listing, reading, writing and conditional writing of its objects.

S3 is strongly consistent: what a call has answered, the next one sees (Amazon S3 user guide, "Amazon S3 data consistency model").
A put replaces an object at once: whoever reads gets the old one or the new one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import chain
from shutil import copyfileobj
from typing import IO, TYPE_CHECKING, Any

from botocore.exceptions import ClientError, FlexibleChecksumError
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from flows.errors import AwsError, WriteConflict
from flows.lake.calls import CONFLICT, DENIED, GONE, UNMET, aws_errors, batches, error_code, side_by_side
from flows.lake.fence import within

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from flows.lake.fence import Fence

PARQUET = "application/vnd.apache.parquet"
JSON = "application/json"


def etag_of(content: bytes) -> str:
    """The ETag, without quotes, of an object that was put or copied at once and is encrypted by S3's own keys, as the stack's
    buckets are: the MD5 digest (https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html).
    """
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


_UNVERSIONED = "null"  # S3's own id of the one version of an object in a bucket without versioning
_PIECE = 1 << 20  # bytes
_MOST_DELETED = 1000  # https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html


@dataclass(frozen=True, slots=True)
class ObjectSummary:
    """An object as a listing shows it; `stored_at` is S3's own clock (aware)."""

    key: str
    size: int
    etag: str
    stored_at: datetime


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """An object without its content.

    Attributes:
        etag: tells one content from another; as S3 writes it, with its quotes.
        stored_at: instant at which S3 stored it, by S3's own clock (aware).
        metadata: what was put beside the content.
        answered_at: instant of S3's answer, by the same clock (aware).
    """

    etag: str
    version_id: str
    stored_at: datetime
    metadata: Mapping[str, str] = field(default_factory=dict)
    answered_at: datetime = field(default_factory=lambda: datetime.now(UTC), compare=False)

    @property
    def age(self) -> float:
        """Seconds for which it had been there when S3 answered, whatever this machine's clock says; S3 tells whole ones."""
        return (self.answered_at - self.stored_at).total_seconds()


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object with its content."""

    body: bytes
    info: ObjectInfo

    @property
    def is_whole(self) -> bool:
        """Whether the bytes are those of the ETag; one with a dash, of an upload in parts, is no digest of them."""
        etag = self.info.etag.strip('"')
        return "-" in etag or etag_of(self.body) == etag


@dataclass(frozen=True, slots=True)
class Written:
    """What S3 says of an object that was just written."""

    etag: str
    version_id: str


@dataclass(frozen=True, slots=True)
class Bucket:
    """One bucket. Every method raises `AwsError` where S3 refuses, fails, or is not to be had.

    Attributes:
        fence: what must hold for a write, besides its own condition; None where nothing must.
    """

    client: S3Client
    name: str
    fence: Fence | None = None

    def address(self, key: str) -> str:
        """The S3 address of a key."""
        return f"s3://{self.name}/{key}"

    # --- listing ---------------------------------------------------------------------------------------------------------

    def objects(self, prefix: str) -> Iterator[ObjectSummary]:
        """The objects below a prefix, by key."""
        with aws_errors(f"listing {self.address(prefix)}"):
            for page in self._pages(Prefix=prefix):
                for item in page.get("Contents", []):
                    yield ObjectSummary(item["Key"], item["Size"], item["ETag"], item["LastModified"])

    def objects_below(self, prefixes: Iterable[str]) -> Iterator[ObjectSummary]:
        """The objects below several prefixes, which are listed side by side."""
        return chain.from_iterable(side_by_side(lambda prefix: [*self.objects(prefix)], prefixes))

    def folders(self, prefix: str) -> list[str]:
        """The names that follow the prefix up to the next slash, such as `year=2025`."""
        with aws_errors(f"listing {self.address(prefix)}"):
            found = [item["Prefix"] for page in self._pages(Prefix=prefix, Delimiter="/") for item in _folders(page)]
        return [item.removeprefix(prefix).rstrip("/") for item in found]

    def _pages(self, **request: str) -> Iterable[Any]:
        return self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name, **request)  # type: ignore[arg-type]

    # --- reading ---------------------------------------------------------------------------------------------------------

    def read(self, key: str, version_id: str | None = None) -> bytes:
        """An object's content, which must be there."""
        found = self.find(key, version_id)
        if found is None:
            raise AwsError(f"reading {self.address(key)}: it is not there")
        return found.body

    def find(self, key: str, version_id: str | None = None) -> StoredObject | None:
        """An object with its content; None where there is none.

        Bytes that are not those of S3's own checksum are of no use to anybody: such an object counts as emptied.
        """
        with aws_errors(f"reading {self.address(key)}"):
            found = self._unless_gone(key, lambda: self.client.get_object(**self._one(key, version_id)))
            return StoredObject(_content(found["Body"]), _info(found)) if found else None

    def download(self, key: str, target: IO[bytes]) -> None:
        """Write an object's content, which must be there, to a file, in pieces."""
        with aws_errors(f"reading {self.address(key)}"):
            copyfileobj(self.client.get_object(Bucket=self.name, Key=key)["Body"], target, _PIECE)

    def look(self, key: str, version_id: str | None = None) -> ObjectInfo | None:
        """An object without its content; None where there is none."""
        with aws_errors(f"looking for {self.address(key)}"):
            found = self._unless_gone(key, lambda: self.client.head_object(**self._one(key, version_id)))
            return _info(found) if found else None

    def versions(self, key: str) -> list[str]:
        """The ids of an object's versions, the newest first."""
        with aws_errors(f"listing the versions of {self.address(key)}"):
            pages = self.client.get_paginator("list_object_versions").paginate(Bucket=self.name, Prefix=key)
            listed = [item for page in pages for item in page.get("Versions", [])]
        return [item["VersionId"] for item in listed if item["Key"] == key]

    def _one(self, key: str, version_id: str | None) -> Any:  # noqa: ANN401 - a request
        return {"Bucket": self.name, "Key": key} | ({"VersionId": version_id} if version_id else {})

    def _unless_gone(self, key: str, call: Callable[[], Any]) -> Any | None:  # noqa: ANN401 - an answer
        try:
            return call()
        except ClientError as error:
            code = error_code(error)
            # For a key that is not there S3 answers 404, or 403 where the caller may not list: then the listing tells.
            if code in GONE or (code in DENIED and not self._is_listed(key)):
                return None
            raise

    def _is_listed(self, key: str) -> bool:
        found = self.client.list_objects_v2(Bucket=self.name, Prefix=key, MaxKeys=1).get("Contents", [])
        return bool(found) and found[0]["Key"] == key

    # --- writing ---------------------------------------------------------------------------------------------------------

    def put(
        self,
        key: str,
        body: bytes | IO[bytes],
        *,
        kind: str = "binary/octet-stream",
        metadata: Mapping[str, str] | None = None,
        if_absent: bool = False,
        if_etag: str | None = None,
    ) -> Written:
        """Write an object.

        Args:
            body: the content, or a file from whose start it is read in pieces.
            kind: its content type.
            if_absent: only where there is none.
            if_etag: only over the content with that ETag.

        Raises:
            WriteConflict: the condition does not hold.
        """
        request: dict[str, Any] = {"Bucket": self.name, "Key": key, "Body": body, "ContentType": kind}
        request |= {"Metadata": dict(metadata)} if metadata else {}
        condition = _condition(if_absent=if_absent, if_etag=if_etag)
        with within(self.fence), aws_errors(f"writing {self.address(key)}"):
            answer = self._on_condition(key, lambda: self._put({**request, **condition}), conditional=bool(condition))
        return Written(answer["ETag"], answer.get("VersionId", _UNVERSIONED))

    def _put(self, request: dict[str, Any]) -> Any:  # noqa: ANN401 - an answer
        if not isinstance(request["Body"], bytes):
            request["Body"].seek(0)  # where an earlier try has read it
        return self.client.put_object(**request)

    def copy(self, source: str, key: str, *, if_absent: bool = False, if_etag: str | None = None) -> str:
        """Copy an object within the bucket, by S3 itself; the copy's ETag.

        Args:
            if_absent, if_etag: what there must be under the key, as of `put`; by default there may be anything.

        Raises:
            WriteConflict: the condition does not hold, and the key has another content.
        """
        condition = _condition(if_absent=if_absent, if_etag=if_etag)
        request: Any = {"Bucket": self.name, "Key": key, "CopySource": {"Bucket": self.name, "Key": source}}
        with within(self.fence), aws_errors(f"copying {self.address(source)} to {self.address(key)}"):
            try:
                answer = self._on_condition(
                    key, lambda: self.client.copy_object(**request, **condition), conditional=bool(condition)
                )
            except WriteConflict as conflict:
                return self._copied(source, key, conflict)
        etag: str = answer["CopyObjectResult"]["ETag"]
        return etag

    def _copied(self, source: str, key: str, conflict: WriteConflict) -> str:
        """The ETag of a copy that took place, and whose answer was lost: it is tried again and finds itself."""
        wanted, there = self.find(source), self.find(key)
        if wanted is None and conflict.__cause__:
            raise conflict.__cause__
        if wanted is None or there is None or wanted.body != there.body:
            raise conflict
        return there.info.etag

    def delete(self, key: str, *, if_etag: str) -> None:
        """Delete an object that has the ETag.

        Raises:
            WriteConflict: it has another one, or is gone.
        """
        with within(self.fence), aws_errors(f"deleting {self.address(key)}"):
            request: Any = {"Bucket": self.name, "Key": key, "IfMatch": if_etag}
            self._on_condition(key, lambda: self.client.delete_object(**request), conditional=True)

    def delete_all(self, keys: Sequence[str]) -> None:
        """Delete objects, whatever they hold; one that is gone already is deleted."""
        for batch in batches(keys, _MOST_DELETED):
            with within(self.fence), aws_errors(f"deleting {len(batch)} objects of {self.address(batch[0])}"):
                answer = self.client.delete_objects(
                    Bucket=self.name, Delete={"Objects": [{"Key": key} for key in batch], "Quiet": True}
                )
            if errors := answer.get("Errors", []):
                raise AwsError(
                    f"deleting objects of {self.address(batch[0])}: {len(errors)} refused, the first {errors[0]}"
                )

    def _on_condition(self, key: str, call: Callable[[], Any], *, conditional: bool) -> Any:  # noqa: ANN401 - an answer
        # "On a 409 failure you should retry the upload" (S3 API reference, PutObject): nothing is known of the object yet.
        retries = Retrying(
            retry=retry_if_exception(lambda error: isinstance(error, ClientError) and error_code(error) in CONFLICT),
            wait=wait_random_exponential(multiplier=0.1, max=2),
            stop=stop_after_attempt(6),
            reraise=True,
        )
        try:
            return retries(call)
        except ClientError as error:
            if conditional and error_code(error) in UNMET | GONE | CONFLICT:
                raise WriteConflict(f"{self.address(key)}: somebody else has written it meanwhile") from error
            raise


def _condition(*, if_absent: bool, if_etag: str | None) -> Any:  # noqa: ANN401 - of a request
    return ({"IfNoneMatch": "*"} if if_absent else {}) | ({"IfMatch": if_etag} if if_etag is not None else {})


def _folders(page: Mapping[str, Any]) -> Sequence[Mapping[str, str]]:
    found: Sequence[Mapping[str, str]] = page.get("CommonPrefixes", [])
    return found


def _content(body: IO[bytes]) -> bytes:
    try:
        return body.read()
    except FlexibleChecksumError:
        return b""


def _info(answer: Mapping[str, Any]) -> ObjectInfo:
    return ObjectInfo(
        etag=answer["ETag"],
        version_id=answer.get("VersionId", _UNVERSIONED),
        stored_at=answer["LastModified"],
        metadata=answer.get("Metadata", {}),
        **_answered(answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")),
    )


def _answered(stated: str | None) -> dict[str, datetime]:
    """When S3 answered, as its `Date` states it; S3 sends one with every answer."""
    return {"answered_at": parsedate_to_datetime(stated)} if stated else {}
