from __future__ import annotations

import copy
from datetime import datetime

from local.account.moto_inside import FakeDeleteMarker, FakeKey
from local.s3.mirror import FileMark
from local.s3.object_rows import StoredKey, identity, to_delete_marker, to_row, to_version

ATTRIBUTES = {"account_id": "123456789012", "region_name": "aws", "bucket_name": "b"}


def version(content: bytes = b"content") -> FakeKey:
    return FakeKey(name="k", value=content, version_id="v1", is_versioned=True, **ATTRIBUTES)


def test_a_version_comes_back_from_its_row_as_it_was() -> None:
    before = version()
    before.set_metadata({"x-amz-meta-source": "b3"})
    before.encryption = "AES256"

    after, tags = to_version(to_row(before, {"a": "b"}, FileMark(7, 1)), lambda: b"content", ATTRIBUTES)

    assert (after.name, after.version_id, after.etag, after.size) == (before.name, "v1", before.etag, 7)
    assert (after.metadata, after.encryption, after.last_modified) == (before.metadata, "AES256", before.last_modified)
    assert tags == {"a": "b"}


def test_versions_that_came_back_have_nothing_in_common_that_can_change() -> None:
    stored = []
    for number in (1, 2):
        before = version()
        before.set_metadata({f"x-amz-meta-{number}": str(number)})
        stored.append(to_version(to_row(before, {}, None), lambda: b"content", ATTRIBUTES)[0])

    first, second = ({name for name in item.metadata if name.startswith("x-amz-meta")} for item in stored)
    assert (first, second) == ({"x-amz-meta-1"}, {"x-amz-meta-2"})
    fixed = (str, bytes, int, float, type(None), datetime)
    shared = [
        name
        for name, value in vars(stored[0]).items()
        if value is vars(stored[1]).get(name) and not (isinstance(value, fixed) or callable(value))
    ]
    assert shared == []


def test_content_is_read_when_it_is_asked_for_and_not_before() -> None:
    asked: list[bytes] = []

    def load() -> bytes:
        asked.append(b"content")
        return asked[-1]

    stored, _ = to_version(to_row(version(), {}, None), load, ATTRIBUTES)
    assert asked == []

    assert stored.value == b"content"
    assert asked == [b"content"]


def test_a_copy_of_a_stored_version_copies_no_content() -> None:
    def never() -> bytes:
        raise AssertionError("read")

    stored = StoredKey(never, 7, name="k", etag="x", **ATTRIBUTES)

    assert copy.deepcopy(stored).size == 7


def test_a_delete_marker_comes_back_from_its_row() -> None:
    before = FakeDeleteMarker(key=version())

    after = to_delete_marker(to_row(before, {}, None), None)

    assert (after.name, after.version_id, after.last_modified) == ("k", before.version_id, before.last_modified)


def test_versions_that_are_all_called_null_are_told_apart() -> None:
    first, second = version(), version()
    first._version_id = second._version_id = None

    assert identity(first) != identity(second)
    assert identity(first) == identity(first)
