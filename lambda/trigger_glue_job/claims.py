"""Claims on raw versions: whoever starts a version's Glue run holds its claim, an object that S3 lets only one put.

A claim is put before the run is started, and stays beside it. Who died in between leaves a claim without a run: it is void once
its holder cannot be alive any more, and the next one puts its own in its place, on the condition that nobody has done so
meanwhile. Nobody counts on a claim alone: that there is no run has to be seen after it was found.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from expectations.contract.keys import claim_key

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

VOID_AFTER = 120.0
"""Seconds: an invocation lives for sixty at most, and clocks may differ."""

# S3 says 409 where two conditional writes of a key meet.
_LOST = frozenset({"412", "PreconditionFailed", "409", "ConditionalRequestConflict", "404", "NoSuchKey"})
_GONE = frozenset({"404", "NoSuchKey", "NotFound"})


@dataclass(frozen=True, slots=True)
class Claims:
    """The claims in one bucket.

    Attributes:
        void_after: age in seconds at which a claim without a run is void.
    """

    s3: S3Client
    bucket: str
    void_after: float = VOID_AFTER

    def take(self, version_id: str, holder: str) -> str | None:
        """Claim a version that has no run.

        Args:
            version_id: of the raw object.
            holder: who claims it, for whoever looks at the claim.

        Returns:
            The claim's ETag, or None while another one holds it.

        Raises:
            ClientError: S3 refused.
            BotoCoreError: S3 was not to be had.
        """
        key = claim_key(version_id)
        # Unlike any other claim's, so that its ETag is its own.
        body = json.dumps({"version_id": version_id, "holder": holder, "claim": str(uuid.uuid4())}).encode()
        if etag := self._put(key, body, replaces=None):
            return etag
        void = self._void(key)
        return self._put(key, body, replaces=void) if void else None

    def give_up(self, version_id: str, etag: str) -> None:
        """Give up a claim that no run came of, if it is still the same one.

        Raises:
            ClientError: S3 refused.
            BotoCoreError: S3 was not to be had.
        """
        try:
            self.s3.delete_object(Bucket=self.bucket, Key=claim_key(version_id), IfMatch=etag)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _LOST:
                raise

    def _put(self, key: str, body: bytes, *, replaces: str | None) -> str | None:
        """The ETag of the new claim; None where the key is another one's, or not the one that was to be replaced."""
        try:
            if replaces:
                return self.s3.put_object(Bucket=self.bucket, Key=key, Body=body, IfMatch=replaces)["ETag"]
            return self.s3.put_object(Bucket=self.bucket, Key=key, Body=body, IfNoneMatch="*")["ETag"]
        except ClientError as error:
            if error.response["Error"]["Code"] in _LOST:
                return None
            raise

    def _void(self, key: str) -> str | None:
        """The ETag of a claim whose holder cannot be alive any more."""
        try:
            head = self.s3.head_object(Bucket=self.bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] in _GONE:
                return None
            raise
        # By S3's own clock, both: this machine's may be wrong. S3 dates each of its answers.
        stated = head["ResponseMetadata"]["HTTPHeaders"].get("date")
        answered_at = parsedate_to_datetime(stated) if stated else datetime.now(UTC)
        age = (answered_at - head["LastModified"]).total_seconds()
        return head["ETag"] if age > self.void_after else None
