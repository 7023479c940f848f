from __future__ import annotations

import json
from hashlib import md5
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from moto.s3.models import NotificationConfiguration

from local.account.moto_inside import (
    FakeKey,
    InvalidArgumentError,
    InvalidBucketName,
    MissingKey,
    forward_events,
    get_canned_acl,
)
from local.s3.object_rows import StoredKey
from local.s3.objects import ObjectStore

if TYPE_CHECKING:
    from tests.local.conftest import Disk

FUNCTION = "arn:aws:lambda:sa-east-1:123456789012:function:f"


def put(store: ObjectStore, bucket: str, key: str, content: bytes = b"content") -> FakeKey:
    version = store.put_object(bucket, key, content)
    store.commit()
    return version


def keys(store: ObjectStore, bucket: str, prefix: str = "") -> list[str]:
    found, _, _ = store.list_objects_v2(store.get_bucket(bucket), prefix, None, None, None, 1000)
    store.commit()
    return [version.name for version in found]


def spark_writes(disk: Disk, key: str, content: bytes = b"from Spark") -> Path:
    file: Path = disk.home.mirror / "plain" / key
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return file


def notify(store: ObjectStore, bucket: str) -> None:
    rule = {"FilterRule": [{"Name": "prefix", "Value": "in/"}, {"Name": "suffix", "Value": ".parquet"}]}
    function = {"CloudFunction": FUNCTION, "Event": ["s3:ObjectCreated:*"], "Filter": {"S3Key": rule}}
    store.get_bucket(bucket).notification_configuration = NotificationConfiguration(cloud_function=[function])
    forward_events(store.notify)


def waiting_events(store: ObjectStore) -> list[dict[str, Any]]:
    rows = store._state.rows("SELECT body FROM events ORDER BY id")
    return [json.loads(body)["Records"][0] for (body,) in rows]


def test_files_without_a_state_are_taken_for_objects_without_an_event(disk: Disk) -> None:
    store = disk.open()
    put(store, "plain", "a/b.parquet", b"rows")
    put(store, "versioned", "in/c.parquet", b"raw")
    for ending in ("", "-wal", "-shm"):
        disk.home.state.with_name(f"state.db{ending}").unlink(missing_ok=True)
    again = disk.open()
    notify(again, "versioned")
    asked: list[tuple[str, str, bytes]] = []

    def known(bucket: str, key: str, content: bytes) -> tuple[str, dict[str, str]]:
        asked.append((bucket, key, content))
        return ("v1", {"fingerprint": "f1"}) if bucket == "versioned" else ("", {})

    again.adopt_files(known)
    assert sorted(asked) == [("plain", "a/b.parquet", b"rows"), ("versioned", "in/c.parquet", b"raw")]
    assert waiting_events(again) == []
    for store in (again, disk.open()):
        found = store.get_object("versioned", "in/c.parquet")
        assert (found.version_id, found.metadata["fingerprint"], found.value) == ("v1", "f1", b"raw")
        assert store.get_object("plain", "a/b.parquet").etag.strip('"') == md5(b"rows").hexdigest()
        assert keys(store, "plain") == ["a/b.parquet"]


# --- durability --------------------------------------------------------------------------------------------------------


def test_an_answered_put_is_there_after_the_process_was_killed(disk: Disk) -> None:
    before = put(disk.open(), "versioned", "a/b.parquet")

    after = disk.open().get_object("versioned", "a/b.parquet")

    assert after.value == b"content"
    assert (after.version_id, after.last_modified, after.etag) == (before.version_id, before.last_modified, before.etag)


def test_every_version_keeps_its_content_and_its_order(disk: Disk) -> None:
    store = disk.open()
    versions = [put(store, "versioned", "k", content).version_id for content in (b"1", b"2", b"3")]

    reopened = disk.open()

    assert [reopened.get_object("versioned", "k", version).value for version in versions] == [b"1", b"2", b"3"]
    assert reopened.get_object("versioned", "k").version_id == versions[-1]


def test_a_put_that_was_not_answered_may_be_lost_but_the_one_before_is_not(disk: Disk) -> None:
    store = disk.open()
    put(store, "plain", "k", b"answered")
    store.put_object("plain", "k", b"killed before the answer")

    assert disk.open().get_object("plain", "k").value == b"answered"


def test_metadata_checksum_and_tags_outlive_the_process(disk: Disk) -> None:
    store = disk.open()
    version = store.put_object("plain", "k", b"content", checksum_value="AAAAAA==")
    version.set_metadata({"x-amz-meta-source": "b3", "Content-Type": "text/csv"})
    version.checksum_algorithm = "CRC32"
    store.put_object_tagging(version, {"kind": "raw"})
    store.commit()

    reopened = disk.open()
    found = reopened.get_object("plain", "k")

    assert found.metadata["x-amz-meta-source"] == "b3"
    assert found.metadata["Content-Type"] == "text/csv"
    assert (found.checksum_algorithm, found.checksum_value) == ("CRC32", "AAAAAA==")
    assert reopened.get_object_tagging(found) == {"Tags": [{"Key": "kind", "Value": "raw"}]}


def test_each_object_keeps_its_own_metadata(disk: Disk) -> None:
    store = disk.open()
    for key in ("a", "b", "c"):
        store.put_object("plain", key, b"content").set_metadata({"x-amz-meta-source": key})
    store.commit()

    reopened = disk.open()

    assert {key: reopened.get_object("plain", key).metadata["x-amz-meta-source"] for key in "abc"} == {
        "a": "a",
        "b": "b",
        "c": "c",
    }


def test_a_delete_marker_still_hides_its_object_after_a_restart(disk: Disk) -> None:
    store = disk.open()
    version = put(store, "versioned", "k").version_id
    store.delete_object("versioned", "k")
    store.commit()

    reopened = disk.open()

    assert keys(reopened, "versioned") == []
    assert reopened.get_object("versioned", "k", version).value == b"content"


def test_a_deleted_version_stays_deleted(disk: Disk) -> None:
    store = disk.open()
    first = put(store, "versioned", "k", b"1").version_id
    second = put(store, "versioned", "k", b"2").version_id
    store.delete_object("versioned", "k", version_id=second)
    store.commit()

    assert store.get_object("versioned", "k").version_id == first
    assert disk.open().get_object("versioned", "k", second) is None
    assert (disk.home.mirror / "versioned" / "k").read_bytes() == b"1"


def test_a_deleted_object_is_gone_from_disk_and_from_the_next_process(disk: Disk) -> None:
    store = disk.open()
    put(store, "plain", "a/k")
    store.delete_object("plain", "a/k")
    store.commit()

    assert not (disk.home.mirror / "plain" / "a").exists()
    assert keys(disk.open(), "plain") == []


def test_an_object_from_before_versioning_keeps_its_content_when_it_is_replaced(disk: Disk) -> None:
    store = disk.open()
    put(store, "plain", "k", b"old")
    store.put_bucket_versioning("plain", "Enabled")
    put(store, "plain", "k", b"new")

    reopened = disk.open()

    assert reopened.get_object("plain", "k", "null").value == b"old"
    assert reopened.get_object("plain", "k").value == b"new"


def test_objects_of_a_bucket_that_is_not_declared_wait_for_it(disk: Disk) -> None:
    put(disk.open(), "plain", "k")
    undeclared = disk.open()
    undeclared.buckets.pop("plain")

    assert keys(disk.open(), "plain") == ["k"]


# --- the mirror --------------------------------------------------------------------------------------------------------


def test_the_mirror_shows_current_versions_as_plain_files(disk: Disk) -> None:
    store = disk.open()
    put(store, "versioned", "y=1/k", b"1")
    put(store, "versioned", "y=1/k", b"2")

    assert (disk.home.mirror / "versioned" / "y=1" / "k").read_bytes() == b"2"


def test_a_copy_is_mirrored_too(disk: Disk) -> None:
    store = disk.open()
    source = put(store, "versioned", "k", b"copied")
    store.copy_object(source, "plain", "to/k")
    store.commit()

    assert (disk.home.mirror / "plain" / "to" / "k").read_bytes() == b"copied"


@pytest.mark.parametrize("key", ["../versioned/k", "a/../../x", "a//b", "/etc/passwd"])
def test_a_key_that_would_leave_the_bucket_is_refused(store: ObjectStore, key: str) -> None:
    with pytest.raises(InvalidArgumentError, match="relative path"):
        store.put_object("plain", key, b"")


def test_a_key_that_is_another_ones_folder_is_refused_before_anything_changes(store: ObjectStore) -> None:
    put(store, "plain", "a/b")

    with pytest.raises(InvalidArgumentError, match="the folder of another object"):
        store.put_object("plain", "a", b"")

    assert keys(store, "plain") == ["a/b"]


@pytest.mark.parametrize("name", ["..", "...", ".hidden", "a/b"])
def test_a_bucket_whose_name_is_no_folder_is_refused(store: ObjectStore, name: str) -> None:
    with pytest.raises(InvalidBucketName):
        store.create_bucket(name, "sa-east-1")


# --- what Spark writes -------------------------------------------------------------------------------------------------


def test_a_file_that_spark_wrote_is_an_object_at_once(disk: Disk, store: ObjectStore) -> None:
    spark_writes(disk, "out/part-0.parquet")

    assert keys(store, "plain", "out/") == ["out/part-0.parquet"]
    assert store.get_object("plain", "out/part-0.parquet").etag == f'"{md5(b"from Spark").hexdigest()}"'
    assert store.read("plain", "out/part-0.parquet") == b"from Spark"


def test_a_file_that_spark_replaced_is_a_replaced_object(disk: Disk, store: ObjectStore) -> None:
    put(store, "plain", "out/k", b"before")
    spark_writes(disk, "out/k", b"after, and longer")

    assert store.read("plain", "out/k") == b"after, and longer"
    assert disk.open().read("plain", "out/k") == b"after, and longer"


def test_a_file_that_spark_wrote_is_the_same_object_after_a_restart_and_the_state_has_no_row_of_it(disk: Disk) -> None:
    put(disk.open(), "plain", "out/replaced", b"before")
    for key in ("out/new", "out/replaced", "out/changed", "out/gone"):
        spark_writes(disk, key)
    store = disk.open()
    before = {key: store.get_object("plain", key) for key in keys(store, "plain")}
    store.commit()
    rows = store._state.rows("SELECT key, size FROM object_versions WHERE bucket = 'plain'")
    assert rows == [("out/replaced", len(b"before"))]
    put(store, "plain", "out/changed", b"by a client")
    store.delete_object("plain", "out/gone")
    store.commit()

    again = disk.open()
    assert keys(again, "plain") == ["out/changed", "out/new", "out/replaced"]
    for key in ("out/new", "out/replaced"):
        found = again.get_object("plain", key)
        assert (found.etag, found.size, found.last_modified) == (
            before[key].etag,
            before[key].size,
            before[key].last_modified,
        )
    assert again.read("plain", "out/changed") == b"by a client"


def test_a_file_that_spark_wrote_is_told_of_once_where_somebody_wants_to_know(disk: Disk) -> None:
    spark_writes(disk, "in/a.parquet")
    for _ in range(2):
        store = disk.open()
        notify(store, "plain")
        assert keys(store, "plain") == ["in/a.parquet"]
        store.commit()
    assert [event["s3"]["object"]["key"] for event in waiting_events(store)] == ["in/a.parquet"]


def test_a_file_that_spark_removed_is_a_removed_object(disk: Disk, store: ObjectStore) -> None:
    spark_writes(disk, "out/one")
    spark_writes(disk, "out/two")
    assert keys(store, "plain") == ["out/one", "out/two"]

    (disk.home.mirror / "plain" / "out" / "one").unlink()

    assert store.get_object("plain", "out/one") is None
    assert keys(store, "plain") == ["out/two"]
    assert keys(disk.open(), "plain") == ["out/two"]


def test_a_file_written_while_the_account_was_down_is_found(disk: Disk) -> None:
    put(disk.open(), "plain", "k")
    spark_writes(disk, "late")

    assert keys(disk.open(), "plain") == ["k", "late"]


def test_committers_working_files_are_not_objects(disk: Disk, store: ObjectStore) -> None:
    spark_writes(disk, "out/_temporary/0/task/part-0")
    spark_writes(disk, "out/.part-0.crc")

    assert keys(store, "plain") == []


def test_a_file_written_into_a_versioned_bucket_is_one_more_version(disk: Disk, store: ObjectStore) -> None:
    first = put(store, "versioned", "k", b"first").version_id
    (disk.home.mirror / "versioned" / "k").write_bytes(b"by hand")

    assert store.read("versioned", "k") == b"by hand"
    assert store.get_object("versioned", "k", first).value == b"first"
    assert disk.open().read("versioned", "k") == b"by hand"


def test_the_folders_are_read_for_the_first_page_only(disk: Disk, store: ObjectStore) -> None:
    for name in ("a", "b"):
        put(store, "plain", name)
    bucket = store.get_bucket("plain")
    _, truncated, token = store.list_objects_v2(bucket, "", None, None, None, 1)
    spark_writes(disk, "c")

    second, _, _ = store.list_objects_v2(bucket, "", None, token, None, 10)

    assert truncated
    assert [version.name for version in second] == ["b"]
    assert keys(store, "plain") == ["a", "b", "c"]


# --- events ------------------------------------------------------------------------------------------------------------


def test_an_event_is_kept_with_the_version_it_tells_of(store: ObjectStore) -> None:
    notify(store, "versioned")

    version = put(store, "versioned", "in/y=1/a b.parquet")

    (record,) = waiting_events(store)
    assert record["eventName"] == "ObjectCreated:Put"
    assert record["s3"]["object"]["key"] == "in/y%3D1/a+b.parquet"
    assert record["s3"]["object"]["versionId"] == version.version_id
    assert record["s3"]["object"]["eTag"] == version.etag.strip('"')


def test_keys_that_the_filter_does_not_match_have_no_event(store: ObjectStore) -> None:
    notify(store, "versioned")

    put(store, "versioned", "in/k.csv")
    put(store, "versioned", "landing/k.parquet")

    assert waiting_events(store) == []


def test_an_event_of_a_put_that_was_not_answered_is_not_kept(disk: Disk) -> None:
    store = disk.open()
    notify(store, "versioned")

    store.put_object("versioned", "in/k.parquet", b"killed before the answer")

    assert waiting_events(disk.open()) == []


# --- reading ----------------------------------------------------------------------------------------------------------


def test_reading_what_is_not_there_is_s3s_own_error(store: ObjectStore) -> None:
    with pytest.raises(MissingKey):
        store.read("plain", "nothing")


def test_the_content_of_what_was_put_is_not_kept_in_memory(disk: Disk) -> None:
    store = disk.open()
    for bucket in ("plain", "versioned"):
        put(store, bucket, "a/b.parquet", b"first")
        put(store, bucket, "a/b.parquet", b"second")

        held = store.get_bucket(bucket).keys.getlist("a/b.parquet")

        assert {type(version) for version in held} == {StoredKey}
        assert [version.value for version in held][-1] == b"second"
    assert [version.value for version in held] == [b"first", b"second"]


def test_what_is_kept_on_disk_says_what_was_put_with_it(disk: Disk) -> None:
    store = disk.open()
    made = store.put_object("plain", "a", b"content", storage="STANDARD_IA")
    made.set_metadata({"fingerprint": "x"})
    made.set_acl(get_canned_acl("public-read"))
    before = {
        name: getattr(made, name) for name in ("etag", "size", "storage_class", "version_id", "last_modified", "arn")
    }
    store.commit()

    found = store.get_object("plain", "a")

    assert found is not None
    assert {name: getattr(found, name) for name in before} == before
    assert found.metadata["fingerprint"] == "x"
    assert found.acl.public_read
