"""Everything of moto's that the account replaces, and why; moto itself is left as it is installed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import moto.s3.notifications
from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.s3.models import FakeBucket, s3_backends
from moto.s3.notifications import S3NotificationEvent

from local.s3.objects import ObjectStore


def replace_object_store(make: Callable[..., ObjectStore]) -> None:
    """S3's model: objects must outlive the process, and be files that Spark reads and writes."""
    s3_backends.backend = make
    FakeBucket.get_permission = permission_over_tls


def forward_events(store: ObjectStore) -> None:
    """S3's events: moto's lack the version id, come before the object is durable, and swallow every failure."""

    def send_event(_: str, event_name: S3NotificationEvent, bucket: FakeBucket, key: Any) -> None:  # noqa: ANN401 - moto's
        store.notify(event_name, bucket, key)

    moto.s3.notifications.send_event = send_event


def permission_over_tls(bucket: FakeBucket, action: str, resource: str) -> PermissionResult:
    """What a bucket's policy says of a request; takes the place of `FakeBucket.get_permission`.

    moto refuses everything where a policy has a condition that it cannot evaluate, and so where it asks for TLS. The
    endpoint on the laptop stands for one with TLS, so a statement about requests without it concerns nobody.
    """
    if bucket.policy is None:
        return PermissionResult.NEUTRAL
    policy = json.loads(bucket.policy)
    policy["Statement"] = [one for one in policy["Statement"] if "aws:SecureTransport" not in json.dumps(one)]
    return IAMPolicy(json.dumps(policy)).is_action_permitted(action, resource)
