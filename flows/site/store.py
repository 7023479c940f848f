"""What the site reads and writes in its buckets: runs' reports, publication records, its own files."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError
from tenacity import RetryError, Retrying, retry_if_result, stop_after_attempt, wait_random_exponential

from expectations.contract.keys import check_index
from expectations.contract.names import DEFAULT_INDEX, PUBLISHED_PREFIX, REPORTS_PREFIX
from flows.errors import AwsError
from flows.lake.clients import error_code
from flows.session.storage import read_publication

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

HTML = "text/html; charset=utf-8"
JSON = "application/json; charset=utf-8"
ATTEMPTS = 6

_TAKEN = frozenset({"412", "PreconditionFailed", "409", "ConditionalRequestConflict"})
_PUBLISHED = re.compile(r"published/[a-z0-9]{4}/year=(\d{4})/month=(\d\d)/day=(\d\d)/publication\.json", re.ASCII)

Make = Callable[[bytes | None], str]
"""Makes an object's text of what it replaces, which is None where there is nothing yet."""


@dataclass(frozen=True, slots=True)
class Store:
    """The bucket of the reports and that of the publication records."""

    s3: S3Client
    artifacts: str
    refined: str

    def indices(self) -> list[str]:
        """The indices that have reports or published sessions, the Ibovespa first."""
        found = {*self._folders(self.artifacts, REPORTS_PREFIX), *self._folders(self.refined, PUBLISHED_PREFIX)}
        return sorted((check_index(name.upper()) for name in found), key=lambda index: (index != DEFAULT_INDEX, index))

    def published(self, index: str) -> frozenset[date]:
        """The sessions of an index that have a publication record."""
        keys = self._keys(self.refined, f"{PUBLISHED_PREFIX}{index.lower()}/")
        found = (_PUBLISHED.fullmatch(key) for key in keys)
        return frozenset(date(*(int(part) for part in match.groups())) for match in found if match)

    def made_by(self, index: str, session: date) -> str:
        """The Glue run whose rows are published of a session; empty where none are.

        Raises:
            ContractError: the session's publication record is not readable.
        """
        found = read_publication(self.s3, self.refined, index, session)
        return found.run_id if found else ""

    def reports(self, index: str) -> Iterator[str]:
        """The keys of everything that the runs of an index left, and of the site's own pages of it."""
        return self._keys(self.artifacts, f"{REPORTS_PREFIX}{index.lower()}/")

    def get(self, key: str) -> bytes | None:
        """An object's content; None where there is none."""
        found = self.read(key)
        return found[0] if found else None

    def read(self, key: str) -> tuple[bytes, str] | None:
        """An object's content and what tells it from another; None where there is none."""
        if not self.etag(key):
            return None
        found = self.s3.get_object(Bucket=self.artifacts, Key=key)
        return found["Body"].read(), found["ETag"]

    def etag(self, key: str) -> str:
        """What tells an object's content from another; empty where there is none."""
        # Asked of the listing: for a missing key, S3 answers 404 or 403 by what the caller may list.
        listed = self.s3.list_objects_v2(Bucket=self.artifacts, Prefix=key, MaxKeys=1).get("Contents", [])
        return listed[0]["ETag"] if listed and listed[0]["Key"] == key else ""

    def put(self, key: str, text: str, kind: str = HTML) -> None:
        """Write an object, whatever was there."""
        self.s3.put_object(Bucket=self.artifacts, Key=key, Body=text.encode(), ContentType=kind)

    def replace(self, key: str, make: Make, kind: str) -> bytes:
        """Replace an object by what is made of it, unless somebody else has replaced it meanwhile: then again.

        Raises:
            AwsError: somebody else always has.
        """
        retries = Retrying(
            retry=retry_if_result(lambda body: body is None),
            wait=wait_random_exponential(multiplier=0.1, max=2),
            stop=stop_after_attempt(ATTEMPTS),
        )
        try:
            body = retries(self._try_to_replace, key, make, kind)
        except RetryError as error:
            raise AwsError(f"s3://{self.artifacts}/{key}: replaced by others all the time") from error
        assert body is not None, "tenacity returns only what is not retried"
        return body

    def _try_to_replace(self, key: str, make: Make, kind: str) -> bytes | None:
        found = self.read(key)
        condition = {"IfMatch": found[1]} if found else {"IfNoneMatch": "*"}
        body = make(found[0] if found else None).encode()
        try:
            self.s3.put_object(Bucket=self.artifacts, Key=key, Body=body, ContentType=kind, **condition)  # type: ignore[arg-type]
        except ClientError as error:
            if error_code(error) not in _TAKEN:
                raise
            return None
        return body

    def _folders(self, bucket: str, prefix: str) -> list[str]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, Delimiter="/")
        names = (item["Prefix"] for page in pages for item in page.get("CommonPrefixes", []))
        return [name.removeprefix(prefix).rstrip("/") for name in names]

    def _keys(self, bucket: str, prefix: str) -> Iterator[str]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return (item["Key"] for page in pages for item in page.get("Contents", []))
