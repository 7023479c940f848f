from __future__ import annotations

import pytest

from local.s3.mirror import FileMark, Mirror, UnmirrorableKeyError


@pytest.mark.parametrize("key", ["../b/k", "a/../../b", "a//b", "/a", "", ".", "a/./b"])
def test_a_key_that_is_no_path_below_its_bucket_is_refused(mirror: Mirror, key: str) -> None:
    with pytest.raises(UnmirrorableKeyError, match="is not a relative path"):
        mirror.path("bucket", key)


@pytest.mark.parametrize("key", ["a\0b", "a/\x01", "\x1f", "a\uffff"])
def test_a_key_that_no_listing_could_show_is_refused(mirror: Mirror, key: str) -> None:
    with pytest.raises(UnmirrorableKeyError, match="no listing"):
        mirror.path("bucket", key)


def test_a_key_with_a_name_longer_than_a_files_is_refused(mirror: Mirror) -> None:
    mirror.path("bucket", f"a/{'x' * 255}")

    with pytest.raises(UnmirrorableKeyError, match="more than 255 bytes"):
        mirror.path("bucket", f"a/{'é' * 128}")


def test_a_written_object_is_a_plain_file_below_its_bucket(mirror: Mirror) -> None:
    mark = mirror.write("bucket", "a/b=1/c.txt", b"content")

    assert (mirror.root / "bucket" / "a" / "b=1" / "c.txt").read_bytes() == b"content"
    assert mark == mirror.mark("bucket", "a/b=1/c.txt")


def test_an_object_cannot_be_where_another_ones_folder_is(mirror: Mirror) -> None:
    mirror.write("bucket", "a/b", b"")

    with pytest.raises(UnmirrorableKeyError, match="the folder of another object"):
        mirror.check("bucket", "a")


def test_an_object_cannot_be_below_another_object(mirror: Mirror) -> None:
    mirror.write("bucket", "a", b"")

    with pytest.raises(UnmirrorableKeyError, match="the folder of another object"):
        mirror.check("bucket", "a/b/c")


def test_a_key_with_a_slash_at_its_end_is_a_folder(mirror: Mirror) -> None:
    mirror.check("bucket", "a/")

    assert mirror.write("bucket", "a/", b"") is None
    assert (mirror.root / "bucket" / "a").is_dir()
    mirror.check("bucket", "a/b")


def test_removing_the_last_object_of_a_folder_removes_the_folder(mirror: Mirror) -> None:
    mirror.write("bucket", "a/b/c", b"")
    mirror.write("bucket", "a/d", b"")

    mirror.remove("bucket", "a/b/c")

    assert [path.name for path in (mirror.root / "bucket" / "a").iterdir()] == ["d"]


def test_an_emptied_bucket_keeps_its_folder(mirror: Mirror) -> None:
    mirror.write("bucket", "a/b", b"")

    mirror.remove("bucket", "a/b")

    assert list((mirror.root / "bucket").iterdir()) == []


def test_files_that_hadoop_hides_are_not_objects(mirror: Mirror) -> None:
    for key in ("t/_temporary/0/part-0", "t/.part-0.crc", "t/part-0.crc", "t/part-0", "t/_SUCCESS"):
        mirror.write("bucket", key, b"x")

    assert [key for key, _ in mirror.files("bucket", "t/")] == ["t/_SUCCESS", "t/part-0"]


def test_files_are_listed_by_prefix_and_not_by_folder(mirror: Mirror) -> None:
    for key in ("a/day=01", "a/day=11", "a/night", "b"):
        mirror.write("bucket", key, b"x")

    assert [key for key, _ in mirror.files("bucket", "a/day=1")] == ["a/day=11"]


@pytest.mark.parametrize("prefix", ["../", "a/../../other/", "nowhere/"])
def test_a_prefix_outside_the_bucket_has_no_files(mirror: Mirror, prefix: str) -> None:
    mirror.write("other", "secret", b"x")
    mirror.write("bucket", "a/b", b"x")

    assert list(mirror.files("bucket", prefix)) == []


def test_a_changed_file_has_another_mark(mirror: Mirror) -> None:
    before = mirror.write("bucket", "a", b"one")
    after = mirror.write("bucket", "a", b"two")

    assert isinstance(before, FileMark)
    assert before != after


@pytest.mark.parametrize("location", ["/etc", "file:///etc", "s3://", "s3://bucket/../other/", "bucket/a"])
def test_a_location_that_is_not_in_s3_is_refused(mirror: Mirror, location: str) -> None:
    with pytest.raises(UnmirrorableKeyError):
        mirror.folder(location)


def test_a_location_in_s3_is_the_folder_of_its_bucket(mirror: Mirror) -> None:
    assert mirror.folder("s3://bucket/a/b=1/") == mirror.root / "bucket" / "a" / "b=1"
    assert mirror.folder("s3://bucket") == mirror.root / "bucket"
