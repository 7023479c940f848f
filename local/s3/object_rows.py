"""An object's version as a row of the state, and back."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from local.account.moto_inside import (
    VERSION_ATTRIBUTES,
    FakeDeleteMarker,
    FakeKey,
    delete_marker,
    get_canned_acl,
    get_s3_default_key_buffer_size,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from local.s3.mirror import FileMark


_PRIVATE = get_canned_acl("private")
_PRIVATE_TEXT = str(_PRIVATE)
_OF_CONTENT = frozenset({"_value_buffer", "lock", "disposed"})
_USUAL: dict[str, Any] = {
    **dict.fromkeys(
        ("website_redirect_location", "checksum_algorithm", "checksum_value", "checksum_type", "checksum_parts")
    ),
    **dict.fromkeys(("kms_key_id", "bucket_key_enabled", "lock_mode", "lock_legal_status", "lock_until")),
    **dict.fromkeys(("_expiry", "multipart", "_status")),
    "_tick": 0,
    "model_name": "s3::keyrestore",
    "_transitions": [(None, "IN_PROGRESS"), ("IN_PROGRESS", "RESTORED")],
    "_max_buffer_size": get_s3_default_key_buffer_size(),
    "_storage_class": "STANDARD",
    "partition": "aws",
}
"""What nearly every version has, by the names of moto's attributes."""


class StoredKey(FakeKey):  # type: ignore[misc]
    """A version whose content stays on disk until somebody asks for it; moto's own keeps it in memory.

    Args:
        load: reads the content.
        size: of the content, in bytes.
    """

    _load: Callable[[], bytes]

    def __init__(
        self,
        load: Callable[[], bytes],
        size: int,
        *,
        name: str,
        etag: str | None = None,
        version_id: str | None = None,
        is_versioned: bool = False,
        **of_bucket: str,
    ) -> None:
        made = _as_moto_makes_it(**of_bucket)
        self.__dict__ = {
            **made,
            "_load": load,
            "contentsize": size,
            "name": name,
            "_etag": etag,
            "_version_id": version_id,
            "_is_versioned": is_versioned,
            # Its own: moto's class has a dictionary within, which `copy.copy` would share.
            "_metadata": type(made["_metadata"])(made["_metadata"]),
            "last_modified": datetime.now(UTC).replace(tzinfo=None),
        }

    @classmethod
    def of(cls, version: FakeKey, load: Callable[[], bytes]) -> StoredKey:
        """A version of moto's, whose content is on disk by now."""
        stored: StoredKey = cls.__new__(cls)
        stored.__dict__ = {**_own(version), "_load": load, "contentsize": version.size}
        return stored

    @property
    def value(self) -> bytes:
        """The content."""
        return self._load()

    @value.setter
    def value(self, content: bytes) -> None:
        self.contentsize = len(content)
        if content:
            self._load = lambda: content

    @property
    def last_modified_ISO8601(self) -> datetime:  # noqa: N802 - moto's name
        """The instant, to the second, as moto's serializer needs it; its own property is a text that is then read again."""
        instant: datetime = self.last_modified
        return instant.replace(microsecond=0, tzinfo=UTC)

    def dispose(self, garbage: bool = False) -> None:  # noqa: FBT001, FBT002 - moto's signature
        """There is no temporary file to close."""

    def __deepcopy__(self, memo: dict[int, Any]) -> StoredKey:
        # moto copies every version of a bucket to list some of them, contents included; the copies are only read.
        return copy.copy(self)

    def __copy__(self) -> StoredKey:
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__)
        return twin


@cache
def _as_moto_makes_it(**of_bucket: str) -> Mapping[str, Any]:
    """The attributes of a version in a bucket, by moto, which takes longer to make them than the rest of a file takes."""
    return _own(FakeKey(name="", value=b"", **of_bucket))


def _own(version: FakeKey) -> dict[str, Any]:
    """A version's attributes without what nearly all have, 200,000 in ten years: that is the class's."""
    own = {name: value for name, value in vars(version).items() if name not in _OF_CONTENT}
    if str(own.get("acl")) == _PRIVATE_TEXT:
        del own["acl"]
    return {name: value for name, value in own.items() if name not in _USUAL or value != _USUAL[name]}


StoredKey.acl = _PRIVATE
for _name, _value in _USUAL.items():
    setattr(StoredKey, _name, _value)


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A row of `object_versions` without its content."""

    key: str
    version_id: str
    is_delete_marker: bool
    last_modified: str
    size: int
    properties: str
    mirror_size: int | None
    mirror_mtime_ns: int | None


def identity(version: FakeKey | FakeDeleteMarker) -> str:
    """Tells a version from every other of its key, also where all are called `null`."""
    return f"{version.version_id} {version.last_modified.isoformat()}"


_NAMES = tuple(field.name for field in fields(VersionRow))
COLUMNS = ", ".join(_NAMES)
values = attrgetter(*_NAMES)
"""A row's values, in the order of `COLUMNS`."""


def to_row(version: FakeKey | FakeDeleteMarker, tags: dict[str, str], mark: FileMark | None) -> VersionRow:
    """The row of a version or of a delete marker."""
    if isinstance(version, FakeDeleteMarker):
        stated = version.last_modified.isoformat()
        return VersionRow(version.name, version.version_id, True, stated, 0, "{}", None, None)  # noqa: FBT003
    properties = {name: getattr(version, attribute) for attribute, name in VERSION_ATTRIBUTES.items()}
    properties["etag"] = version.etag.strip('"')
    properties["metadata"] = dict(version.metadata)
    properties["tags"] = tags
    return VersionRow(
        version.name,
        version.version_id,
        is_delete_marker=False,
        last_modified=version.last_modified.isoformat(),
        size=version.size,
        properties=json.dumps(properties),
        mirror_size=mark.size if mark else None,
        mirror_mtime_ns=mark.mtime_ns if mark else None,
    )


def to_version(
    row: VersionRow, load: Callable[[], bytes], attributes: dict[str, str]
) -> tuple[StoredKey, dict[str, str]]:
    """The version that a row tells of, and its tags; `attributes` are moto's further arguments."""
    properties = json.loads(row.properties)
    version = StoredKey(
        load,
        row.size,
        name=row.key,
        version_id=row.version_id,
        is_versioned=row.version_id != "null",
        **attributes,
    )
    version.last_modified = datetime.fromisoformat(row.last_modified)
    version.set_metadata(properties.pop("metadata"))
    tags: dict[str, str] = properties.pop("tags")
    for attribute, name in VERSION_ATTRIBUTES.items():
        setattr(version, attribute, properties[name])
    return version, tags


def to_delete_marker(row: VersionRow, covered: FakeKey | FakeDeleteMarker | None) -> FakeDeleteMarker:
    """The delete marker that a row tells of."""
    hidden = covered or StoredKey(bytes, 0, name=row.key, account_id="", region_name="aws")
    return delete_marker(hidden, row.version_id, datetime.fromisoformat(row.last_modified))
