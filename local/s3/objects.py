"""S3: moto's, made durable, mirrored as plain files, and aware of the files that Spark writes into the mirror.

In a bucket without versions the mirror's file *is* the object's content, so a file that a Spark job wrote, replaced or
removed is an object created, replaced or removed. In a versioned bucket the contents of all versions are in the state,
and the mirror shows the current ones; a file written there is one more version.
"""

from __future__ import annotations

import hashlib
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType, SimpleNamespace
from typing import TYPE_CHECKING, Any

from local.account.moto_inside import (
    FakeBucket,
    FakeDeleteMarker,
    FakeKey,
    InvalidArgumentError,
    InvalidBucketName,
    MissingKey,
    S3Backend,
    S3NotificationEvent,
    listed_until,
)
from local.s3.archive import NO_CHANGES
from local.s3.events import Event, ObjectChange, event_body
from local.s3.key_store import KeyStore
from local.s3.mirror import UnmirrorableKeyError
from local.s3.object_rows import StoredKey

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.account.state import AccountState
    from local.s3.archive import Archive, FileChanges
    from local.s3.events import Outbox
    from local.s3.mirror import FileMark, Mirror


@dataclass(frozen=True, slots=True)
class _Page:
    """What of a listing is asked for: the keys after one, at most so many; `is_first` where it does not go on with another."""

    after: str = ""
    most: int | None = None
    is_first: bool = True


_FIRST = _Page()
_NO_METADATA: Mapping[str, str] = MappingProxyType({})


class ObjectStore(S3Backend):  # type: ignore[misc]
    """moto's S3 model; the overridden methods are the ones through which every object comes, goes or is looked for."""

    def __init__(
        self, partition: str, account_id: str, *, state: AccountState, mirror: Mirror, archive: Archive, outbox: Outbox
    ) -> None:
        super().__init__(partition, account_id)
        self._state = state
        self._mirror = mirror
        self._archive = archive
        self._outbox = outbox
        self._lock = threading.RLock()
        self._request = threading.local()

    # --- what moto calls; its signatures, so its types -----------------------------------------------------------------

    def create_bucket(self, bucket_name: str, *args: Any, **kwargs: Any) -> FakeBucket:  # noqa: ANN401
        """Create the bucket, with the objects that it held when the account last ran."""
        if "/" in bucket_name or bucket_name.startswith("."):
            raise InvalidBucketName
        bucket = super().create_bucket(bucket_name, *args, **kwargs)
        bucket.keys = KeyStore()
        attributes = {"account_id": self.account_id, "region_name": self.region_name, "bucket_name": bucket_name}
        for version, tags in self._archive.restore(bucket_name, **attributes):
            bucket.keys[version.name] = version
            if tags:
                self.tagger.tag_resource(version.arn, self.tagger.convert_dict_to_tags_input(tags))
        return bucket

    def put_object(self, bucket_name: str, key_name: str, *args: Any, **kwargs: Any) -> FakeKey:  # noqa: ANN401
        """Store a new version; copies and multipart uploads come through here too."""
        try:
            self._mirror.check(bucket_name, key_name)
        except UnmirrorableKeyError as error:
            raise InvalidArgumentError(str(error), "Key", key_name) from error
        # S3 tells of a multipart upload once, when it is complete; moto also tells of the put that it makes of it.
        silent = kwargs.pop("disable_notification", False) or kwargs.get("multipart") is not None
        version = super().put_object(bucket_name, key_name, *args, disable_notification=silent, **kwargs)
        self._touch(bucket_name, key_name)
        return version

    def delete_object(self, bucket_name: str, key_name: str, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        """Delete a version, or hide the object behind a delete marker."""
        self._see_file(bucket_name, key_name)
        result = super().delete_object(bucket_name, key_name, *args, **kwargs)
        self._touch(bucket_name, key_name)
        return result

    def put_object_tagging(self, key: FakeKey, tags: dict[str, str] | None) -> FakeKey:
        """Replace a version's tags."""
        self._touch(str(key.bucket_name), key.name)
        return super().put_object_tagging(key, tags)

    def delete_object_tagging(self, bucket_name: str, key_name: str, version_id: str | None = None) -> None:
        """Remove a version's tags."""
        self._touch(bucket_name, key_name)
        super().delete_object_tagging(bucket_name, key_name, version_id)

    def get_object(self, bucket_name: str, key_name: str, *args: Any, **kwargs: Any) -> FakeKey | None:  # noqa: ANN401
        """Find a version; a file that Spark wrote counts from the moment it is in place."""
        self._see_file(bucket_name, key_name)
        return super().get_object(bucket_name, key_name, *args, **kwargs)

    def list_objects(self, bucket: FakeBucket, prefix: str | None, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        """List the current objects, Spark's files included."""
        page: _Page = getattr(self._request, "page", _FIRST)
        if page.is_first:
            self._see_files(bucket, prefix or "")
        listed = SimpleNamespace(keys=bucket.keys.listed(prefix or "", page.after, page.most))
        return super().list_objects(listed, prefix, *args, **kwargs)

    def list_objects_v2(
        self,
        bucket: FakeBucket,
        prefix: str | None,
        delimiter: str | None,
        continuation_token: str | None,
        start_after: str | None,
        max_keys: int,
    ) -> Any:  # noqa: ANN401
        """List the current objects; the folders are read for the first page only, or 20,000 files were read 20 times."""
        after = listed_until(self, continuation_token) if continuation_token else start_after
        # One more than is shown tells that there are more; keys that a delimiter makes one may be any number.
        most = None if delimiter else max_keys + 1
        self._request.page = _Page(after or "", most, is_first=continuation_token is None)
        try:
            return super().list_objects_v2(bucket, prefix, delimiter, continuation_token, start_after, max_keys)
        finally:
            del self._request.page

    def list_object_versions(
        self,
        bucket_name: str,
        delimiter: str | None = None,
        key_marker: str | None = None,
        max_keys: int | None = 1000,
        prefix: str = "",
        version_id_marker: str | None = None,
    ) -> Any:  # noqa: ANN401
        """List all versions."""
        self._see_files(self.get_bucket(bucket_name), prefix)
        return super().list_object_versions(bucket_name, delimiter, key_marker, max_keys, prefix, version_id_marker)

    # --- what the account calls ----------------------------------------------------------------------------------------

    def read(self, bucket_name: str, key_name: str) -> bytes:
        """The content of the current version.

        Raises:
            MissingKey, MissingBucket: there is none (moto's errors, in S3's words).
        """
        version = self.get_object(bucket_name, key_name)
        self.commit()
        if version is None:
            raise MissingKey(key=key_name)
        content: bytes = version.value
        return content

    def write(self, bucket_name: str, key_name: str, content: bytes) -> None:
        """Put an object on the account's own behalf."""
        self.put_object(bucket_name, key_name, content)
        self.commit()

    def notify(self, name: S3NotificationEvent, bucket: FakeBucket, key: FakeKey | FakeDeleteMarker | None) -> None:
        """Remember that something happened to an object, if a notification of its bucket wants to know."""
        configuration = bucket.notification_configuration
        if configuration is None or not isinstance(key, FakeKey):
            return
        for notification in configuration.cloud_function:
            if notification.matches(name, key.name):
                happened = self._request.__dict__.setdefault("happened", [])
                happened.append((name, notification.id, notification.arn, bucket, key))

    def commit(self) -> None:
        """Make durable what this thread's request changed, then let its events go. Called before the answer leaves."""
        touched = self._request.__dict__.pop("touched", {})
        happened = self._request.__dict__.pop("happened", [])
        if not touched and not happened:
            return
        events = [_event(*item) for item in happened]
        stored: list[tuple[FakeBucket, str, list[Any]]] = []
        with self._lock, self._state.transaction() as transaction:
            for bucket_name, key_name in touched:
                bucket = self.get_bucket(bucket_name)
                versions = [(version, self._tags(version)) for version in bucket.keys.getlist(key_name, [])]
                keep = bucket.versioning_status is not None
                self._archive.store(transaction, bucket_name, key_name, versions, keep_contents=keep)
                stored.append((bucket, key_name, [version for version, _ in versions]))
            self._outbox.add(transaction, events)
        for item in stored:
            self._lighten(*item)
        if events:
            self._outbox.wake()

    def adopt_files(self, known: Callable[[str, str, bytes], tuple[str, Mapping[str, str]]]) -> None:
        """Take every file of the buckets' folders for its object, without an event.

        Args:
            known: what is known of an object by bucket, key and content: its version id, empty for any, and its metadata.
        """
        for bucket in list(self.buckets.values()):
            with self._lock:
                for key, mark in self._archive.file_changes(bucket.name, "", bucket.keys.names("")).written:
                    content = self._archive.load_file(bucket.name, key)
                    self._adopt(bucket, key, mark, *known(bucket.name, key, content))
                    self._touch(bucket.name, key)
            self._request.__dict__.pop("happened", None)
            self.commit()

    def content_of_file(self, bucket_name: str, key_name: str) -> bytes:
        """What lies in the buckets' folders under a key.

        Raises:
            OSError: nothing does.
        """
        return self._archive.load_file(bucket_name, key_name)

    def _lighten(self, bucket: FakeBucket, key_name: str, stored: list[Any]) -> None:
        """Let versions whose contents are on disk by now not be in memory, too."""
        current = bucket.keys.getlist(key_name, [])
        for place, version in enumerate(stored):
            # Another thread may have changed the key meanwhile.
            if type(version) is FakeKey and version.multipart is None and current[place : place + 1] == [version]:
                loader = self._archive.loader(bucket.name, key_name, version.version_id)
                current[place] = StoredKey.of(version, loader)

    # --- files that others wrote -----------------------------------------------------------------------------------------

    def _touch(self, bucket_name: str, key_name: str) -> None:
        self._request.__dict__.setdefault("touched", {})[bucket_name, key_name] = None

    def _tags(self, version: FakeKey | FakeDeleteMarker) -> dict[str, str]:
        if isinstance(version, FakeDeleteMarker):
            return {}
        tags: dict[str, str] = self.tagger.get_tag_dict_for_resource(version.arn)
        return tags

    def _see_file(self, bucket_name: str, key_name: str) -> None:
        bucket = self.buckets.get(bucket_name)
        if bucket and self._archive.file_change(bucket_name, key_name) != NO_CHANGES:
            with self._lock:
                self._apply(bucket, self._archive.file_change(bucket_name, key_name))

    def _see_files(self, bucket: FakeBucket, prefix: str) -> None:
        with self._lock:
            self._apply(bucket, self._archive.file_changes(bucket.name, prefix, bucket.keys.names(prefix)))

    def _apply(self, bucket: FakeBucket, changes: FileChanges) -> None:
        # Without versions the file tells all that there is to tell of the object, now and when the account comes up again.
        is_noted = bucket.is_versioned or bucket.notification_configuration
        for key_name, mark in changes.written:
            self._adopt(bucket, key_name, mark)
            if is_noted:
                self._touch(bucket.name, key_name)
        for key_name in changes.removed if not bucket.is_versioned else ():
            self._archive.forget(bucket.name, key_name)
            if key_name in bucket.keys:
                bucket.keys.pop(key_name)
            self._touch(bucket.name, key_name)

    def _adopt(
        self,
        bucket: FakeBucket,
        key_name: str,
        mark: FileMark,
        known_id: str = "",
        metadata: Mapping[str, str] = _NO_METADATA,
    ) -> None:
        content = self._archive.load_file(bucket.name, key_name)
        version_id = (known_id or str(uuid.uuid4())) if bucket.is_versioned else "null"
        version = StoredKey(
            self._archive.loader(bucket.name, key_name, version_id),
            len(content),
            name=key_name,
            account_id=self.account_id,
            region_name=self.region_name,
            bucket_name=bucket.name,
            etag=hashlib.md5(content, usedforsecurity=False).hexdigest(),
            is_versioned=bucket.is_versioned,
            version_id=version_id,
        )
        version.last_modified = datetime.fromtimestamp(mark.mtime_ns / 1e9, UTC).replace(tzinfo=None)
        if metadata:
            version.set_metadata(dict(metadata))
        kept = bucket.keys.getlist(key_name, []) if bucket.is_versioned else []
        bucket.keys.setlist(key_name, [*kept, version])
        self._archive.adopt(bucket.name, version, mark)
        self.notify(S3NotificationEvent.OBJECT_CREATED_PUT_EVENT, bucket, version)


def _event(
    name: S3NotificationEvent, configuration_id: str, function_arn: str, bucket: FakeBucket, key: FakeKey
) -> Event:
    version_id = key.version_id if key.version_id != "null" else None
    change = ObjectChange(name.value, bucket.name, key.name, key.size, key.etag.strip('"'), version_id)
    return Event(function_arn, bucket.arn, event_body(change, configuration_id, bucket.region_name))
