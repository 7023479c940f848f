"""A key is not a path: each is itself or refused, and no read changes what is listed."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from local.account.moto_inside import InvalidArgumentError
from local.s3.objects import ObjectStore
from tests.local.conftest import Disk

NAMES = st.one_of(
    st.sampled_from(
        ["a", "A", "é", "e\u0301", "part-0.parquet", ".", "..", "", ".hidden", "x.crc", "_temporary", "b" * 256]
    ),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20),
)
KEYS = st.lists(NAMES, min_size=1, max_size=5).map("/".join).filter(lambda key: 0 < len(key.encode()) <= 1024)
PER_EXAMPLE = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def listed(store: ObjectStore, bucket: str) -> list[str]:
    found, _, _ = store.list_objects_v2(store.get_bucket(bucket), "", None, None, None, 1000)
    store.commit()
    return [key.name for key in found]


def looked_at(store: ObjectStore, bucket: str, key: str) -> bytes | None:
    found = store.get_object(bucket, key)
    store.commit()
    return found.value if found else None


@pytest.mark.parametrize("bucket", ["plain", "versioned"])
@given(written=KEYS, read=KEYS)
@example(written="refined-data/day=1/part-0.parquet", read="refined-data")
@example(written="refined-data/day=1/part-0.parquet", read="refined-data/")
@example(written="a/part-0.parquet", read="a/part-0.parquet/")
@example(written="a/part-0.parquet/", read="a/part-0.parquet")
@example(written="a//b", read="a/b")
@example(written="a/./b", read="a/b")
@example(written="e\u0301", read="é")
@PER_EXAMPLE
def test_a_key_is_itself_or_refused_and_reading_another_changes_nothing(
    disk: Disk, bucket: str, written: str, read: str
) -> None:
    store = disk.open()
    try:
        store.write(bucket, written, b"content")
    except InvalidArgumentError:
        assert listed(store, bucket) == []
        return
    assert listed(store, bucket) == [written]

    assert looked_at(store, bucket, read) == (b"content" if read == written else None)

    assert listed(store, bucket) == [written]
    assert store.read(bucket, written) == b"content"
    store.delete_object(bucket, read)
    store.commit()
    assert listed(store, bucket) == ([] if read == written else [written])
    store.delete_object(bucket, written)
    store.commit()


def test_the_content_of_a_key_with_a_slash_at_its_end_outlives_the_account(disk: Disk) -> None:
    disk.open().write("plain", "a/", b"content")

    assert disk.open().read("plain", "a/") == b"content"


def test_a_file_that_no_listing_shows_is_found_by_no_other_read(disk: Disk) -> None:
    store = disk.open()
    folder = disk.home.mirror / "plain" / "a"
    folder.mkdir(parents=True)
    (folder / ".part-0.crc").write_bytes(b"x")

    assert looked_at(store, "plain", "a/.part-0.crc") is None
    assert listed(store, "plain") == []
