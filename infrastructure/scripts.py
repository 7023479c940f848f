"""The job's script and its modules in the artifacts bucket, and what becomes of those that an update has replaced.

A run reads both when it begins, some of them hours after it was started, for it may wait in Glue's queue. So a replaced script
stays, and is deleted a month after the one that replaced it was uploaded. A rule by age would delete the script in use, which a
stack that is not updated keeps for years: each rule is for one object that is not in use any more.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pulumi
import pulumi_aws as aws

from expectations.contract.names import CLAIMS_PREFIX
from infrastructure.policies import SCRIPTS_PREFIX
from infrastructure.storage import Storage, expired

KEPT = timedelta(days=31)
CLAIMS_KEPT_DAYS = 7  # an event is repeated for six hours

_RULES = 900  # S3 takes a thousand


def script_key(stem: str, ending: str, content: bytes) -> str:
    """The key of a script, with a digest: a run reads the old one or the new one, never one with the other's modules."""
    return f"{SCRIPTS_PREFIX}{stem}-{hashlib.sha256(content).hexdigest()[:16]}{ending}"


def replaced(keys: Collection[str], used: Collection[str]) -> list[str]:
    """The scripts among the keys that the job does not use any more."""
    return sorted(set(keys) - set(used))[:_RULES]


def last_day(uploaded: Sequence[str]) -> str:
    """The midnight on which what was replaced by the youngest of some objects is deleted.

    Args:
        uploaded: when each was, as S3 says it: `Mon, 30 Jun 2025 09:30:00 GMT`.
    """
    youngest = max(parsedate_to_datetime(text.replace("UTC", "GMT")).astimezone(UTC) for text in uploaded)
    return f"{datetime.combine(youngest.date(), datetime.min.time()) + KEPT:%Y-%m-%dT%H:%M:%SZ}"


class Scripts:
    """What a run of the job reads.

    Args:
        script: None where Glue makes it.
        generated: the key under which Glue then puts it.
        parent: the component that they are a part of.

    Attributes:
        modules, script: the addresses of both.
    """

    def __init__(
        self,
        storage: Storage,
        modules: bytes,
        script: bytes | None,
        *,
        generated: pulumi.Output[str],
        parent: pulumi.Resource,
    ) -> None:
        self._storage, self._parent = storage, parent
        uploads = [self._upload("modules", "modules", ".zip", modules)]
        if script is not None:
            uploads.append(self._upload("script", "bovespa_etl_job", ".py", script))
        keys = [*(item.key for item in uploads), *([generated] if script is None else [])]
        self.modules, self.script = self._address(keys[0]), self._address(keys[-1])
        self._expire(uploads, keys)

    def _address(self, key: pulumi.Output[str]) -> pulumi.Output[str]:
        return pulumi.Output.concat("s3://", self._storage.artifacts.bucket, "/", key)

    def _upload(self, name: str, stem: str, ending: str, content: bytes) -> aws.s3.BucketObjectv2:
        return aws.s3.BucketObjectv2(
            name,
            bucket=self._storage.artifacts.id,
            key=script_key(stem, ending, content),
            content_base64=base64.b64encode(content).decode(),
            opts=pulumi.ResourceOptions(parent=self._parent, retain_on_delete=True),
        )

    def _expire(self, uploads: Sequence[aws.s3.BucketObjectv2], keys: Sequence[pulumi.Output[str]]) -> None:
        bucket = self._storage.artifacts.bucket
        there = pulumi.InvokeOutputOptions(parent=self._parent, depends_on=list(uploads))
        listed = aws.s3.get_objects_output(bucket=bucket, prefix=SCRIPTS_PREFIX, max_keys=1000, opts=there)
        found = [aws.s3.get_object_output(bucket=bucket, key=item.key, opts=there) for item in uploads]
        rules = pulumi.Output.all(listed.keys, pulumi.Output.all(*keys), [item.last_modified for item in found]).apply(
            lambda known: [
                expired("claims", CLAIMS_PREFIX, days=CLAIMS_KEPT_DAYS),
                *(expired(key, key, date=last_day(known[2])) for key in replaced(known[0], known[1])),
            ]
        )
        self._storage.private_artifacts.expire(rules)
