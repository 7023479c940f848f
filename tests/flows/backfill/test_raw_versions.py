"""A session's raw file where its current version is damaged: what is put over it, and what is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import pytest

from expectations.contract.keys import raw_key
from flows.backfill.raw_versions import usable_raw
from flows.session import storage
from flows.session.raw_file import RawFacts, encode
from flows.session.storage import Publication, RawVersion
from tests.flows.history.published import COLLECTED_AT, JUN_2, JUN_3, two

if TYPE_CHECKING:
    from flows.lake.s3 import Bucket

INDEX = "IBXX"
KEY, OTHER = raw_key(INDEX, JUN_2), raw_key(INDEX, JUN_3)
RECORD = Publication(INDEX, str(JUN_2), "2025-06-02T11:05:00+00:00", "f", True, "v", "jr_1", 2, 1)  # noqa: FBT003


def content(session: date, index: str = INDEX, first: str = "60.000") -> bytes:
    stated = two(session, first, index=index)
    return encode(stated, RawFacts.of(stated, COLLECTED_AT, []))


def usable(raw: Bucket, published: str | None) -> RawVersion | None:
    record = replace(RECORD, raw_version_id=published) if published else None
    return usable_raw(raw, INDEX, JUN_2, record)


def test_a_whole_one_is_taken_as_it_is_whatever_is_published(raw: Bucket) -> None:
    earlier = raw.put(KEY, content(JUN_2)).version_id
    current = raw.put(KEY, content(JUN_2, first="70.000")).version_id
    found = usable(raw, earlier)
    assert found
    assert (found.version_id, raw.versions(KEY)) == (current, [current, earlier])


def test_where_there_is_none_there_is_none(raw: Bucket) -> None:
    assert usable(raw, "v") is None
    assert raw.versions(KEY) == []


def test_over_a_spoilt_one_the_published_version_is_put_and_no_other(raw: Bucket) -> None:
    raw.put(KEY, content(JUN_2, first="50.000"))
    published = raw.put(KEY, content(JUN_2)).version_id
    raw.put(KEY, content(JUN_2, first="70.000"))
    raw.put(KEY, b"spoilt")
    found = usable(raw, published)
    assert found
    assert raw.read(KEY) == content(JUN_2)
    current = storage.find_raw(raw, INDEX, JUN_2)
    assert current == found
    assert (current.fingerprint, current.source) == (two(JUN_2).fingerprint(), "json")


@pytest.mark.parametrize(
    "kept",
    [content(JUN_3), content(JUN_2, index="SMLL"), b"spoilt too"],
    ids=["another day's", "another index's", "cut"],
)
def test_what_was_published_from_another_sessions_file_is_not_put_back(raw: Bucket, kept: bytes) -> None:
    published = raw.put(KEY, kept).version_id
    spoilt = raw.put(KEY, b"spoilt").version_id
    assert usable(raw, published) is None
    assert raw.versions(KEY) == [spoilt, published]
    assert raw.versions(OTHER) == raw.versions(raw_key("SMLL", JUN_2)) == []


@pytest.mark.parametrize("published", [None, "gone"])
def test_without_a_published_version_it_is_to_be_made_of_what_was_landed(raw: Bucket, published: str | None) -> None:
    raw.put(KEY, content(JUN_2))
    spoilt = raw.put(KEY, b"spoilt").version_id
    assert usable(raw, published) is None
    assert raw.versions(KEY)[0] == spoilt
