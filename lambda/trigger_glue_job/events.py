"""S3 event notifications as types.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html: keys are URL-encoded (`year=` comes
as `year%3D`), an event may hold several records, and a configuration's first message is a test event without records.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from expectations.contract.names import RAW_PREFIX, RAW_SUFFIX

_CREATED = "ObjectCreated:"
_TEST_EVENT = "s3:TestEvent"
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")


class EventError(ValueError):
    """The event is not an S3 notification. The message names the field."""


@dataclass(frozen=True, slots=True)
class ObjectVersion:
    """One version of an object."""

    bucket: str
    key: str
    version_id: str


def new_raw_versions(event: Mapping[str, Any]) -> list[ObjectVersion]:
    """The raw object versions that the event reports as created; each once, in the event's order.

    Raises:
        EventError: the event is not of S3's form, or comes from a bucket without versions.
    """
    if not isinstance(event, Mapping):
        raise EventError(f"event: {event!r} where an object was expected")
    if event.get("Event") == _TEST_EVENT:
        return []
    records = _field(event, "Records", list, "event")
    versions = (_version(record, f"Records[{number}]") for number, record in enumerate(records))
    return list(dict.fromkeys(version for version in versions if version))


def _version(record: object, path: str) -> ObjectVersion | None:
    if not isinstance(record, dict):
        raise EventError(f"{path}: {record!r} where an object was expected")
    s3 = _field(record, "s3", dict, path)
    item = _field(s3, "object", dict, f"{path}.s3")
    key = unquote_plus(_field(item, "key", str, f"{path}.s3.object"))
    name = _field(record, "eventName", str, path)
    if not (name.startswith(_CREATED) and key.startswith(RAW_PREFIX) and key.endswith(RAW_SUFFIX)):
        return None
    bucket = _field(_field(s3, "bucket", dict, f"{path}.s3"), "name", str, f"{path}.s3.bucket")
    return ObjectVersion(bucket, key, _field(item, "versionId", str, f"{path}.s3.object"))


def _field(parent: Mapping[str, Any], name: str, kind: type, path: str) -> Any:  # noqa: ANN401 - JSON
    value = parent.get(name)
    # JSON can spell half a character, which no bucket, key or version has.
    if not isinstance(value, kind) or not value or (isinstance(value, str) and _HALF_CHARACTER.search(value)):
        raise EventError(f"{path}.{name}: {value!r} where a non-empty {kind.__name__} was expected")
    return value
