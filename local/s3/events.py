"""S3 event notifications: their bodies, and the queue in which they wait for their function.

An event is written in the transaction that stores its object's version and removed when its function has had it, so a put
that was answered is never without its event, also when the account is killed in between (at least once, as in S3).
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence

    from local.account.state import AccountState


@dataclass(frozen=True, slots=True)
class Event:
    """One event on its way: which function it is for, which bucket (ARN) it is from, and its JSON body."""

    function_arn: str
    source_arn: str
    body: str
    id: int = 0


@dataclass(frozen=True, slots=True)
class ObjectChange:
    """What happened to an object, as an event states it.

    Args:
        name: `s3:ObjectCreated:Put` and the like.
        version_id: None in a bucket that has no versions.
        etag: without quotes.
    """

    name: str
    bucket: str
    key: str
    size: int
    etag: str
    version_id: str | None


def event_body(change: ObjectChange, configuration_id: str, region: str) -> str:
    """The event as S3 words it.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html. The key is
    URL-encoded (`=` becomes `%3D`), and the sequencer orders the events of one key.
    """
    stated: dict[str, Any] = {"key": quote_plus(change.key, safe="/"), "size": change.size, "eTag": change.etag}
    if change.version_id is not None:
        stated["versionId"] = change.version_id
    stated["sequencer"] = f"{time.time_ns():018X}"
    record = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": region,
        "eventTime": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "eventName": change.name.removeprefix("s3:"),
        "userIdentity": {"principalId": "AWS:LOCAL"},
        "requestParameters": {"sourceIPAddress": "127.0.0.1"},
        "responseElements": {"x-amz-request-id": uuid.uuid4().hex[:16].upper(), "x-amz-id-2": uuid.uuid4().hex},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": configuration_id,
            "bucket": {
                "name": change.bucket,
                "ownerIdentity": {"principalId": "LOCAL"},
                "arn": f"arn:aws:s3:::{change.bucket}",
            },
            "object": stated,
        },
    }
    return json.dumps({"Records": [record]})


class Outbox:
    """The events that no function has had yet."""

    def __init__(self, state: AccountState) -> None:
        self._state = state
        self._deliver: Callable[[Event], None] | None = None
        self._lock = threading.Lock()
        self._handed_over: set[int] = set()

    def add(self, transaction: sqlite3.Connection, events: Sequence[Event]) -> None:
        """Keep the events, in the transaction that keeps what they tell of."""
        transaction.executemany(
            "INSERT INTO events (function_arn, source_arn, body) VALUES (?, ?, ?)",
            [(event.function_arn, event.source_arn, event.body) for event in events],
        )

    def post(self, event: Event) -> None:
        """Keep one event that tells of nothing stored, and hand it over."""
        with self._state.transaction() as transaction:
            self.add(transaction, [event])
        self.wake()

    def start(self, deliver: Callable[[Event], None]) -> None:
        """From now on every event is handed to `deliver`, first those that waited; once each while the account lives."""
        self._deliver = deliver
        self.wake()

    def wake(self) -> None:
        """Hand over what waits."""
        if self._deliver is None:
            return
        with self._lock:
            rows = self._state.rows("SELECT function_arn, source_arn, body, id FROM events ORDER BY id")
            waiting = [Event(*row) for row in rows if row[3] not in self._handed_over]
            self._handed_over.update(event.id for event in waiting)
        for event in waiting:
            self._deliver(event)

    def done(self, event: Event) -> None:
        """The function has had the event, or will never have it: forget it."""
        with self._state.transaction() as transaction:
            transaction.execute("DELETE FROM events WHERE id = ?", (event.id,))
