from __future__ import annotations

from pathlib import Path

import pytest

from local.account.home import Home
from local.account.moto_inside import FakeDeleteMarker, FakeKey
from local.account.state import AccountState
from local.s3.archive import NO_CHANGES, Archive
from local.s3.mirror import Mirror


def version(content: bytes, version_id: str = "null", key: str = "k") -> FakeKey:
    return FakeKey(
        name=key,
        value=content,
        version_id=version_id,
        account_id="123456789012",
        region_name="aws",
        bucket_name="b",
    )


class Disk:
    """One bucket on disk."""

    def __init__(self, state: AccountState, mirror: Mirror) -> None:
        self.state = state
        self.mirror = mirror
        self.archive = Archive(state, mirror)
        self.restored = list(self.archive.restore("b", account_id="123456789012", region_name="aws", bucket_name="b"))

    def store(self, *versions: FakeKey | FakeDeleteMarker, keep_contents: bool = False) -> None:
        with self.state.transaction() as transaction:
            tagged = [(one, dict[str, str]()) for one in versions]
            self.archive.store(transaction, "b", "k", tagged, keep_contents=keep_contents)

    def file(self) -> Path:
        return self.mirror.root / "b" / "k"

    def rows(self, columns: str) -> list[tuple[object, ...]]:
        return self.state.rows(f"SELECT {columns} FROM object_versions ORDER BY position")


@pytest.fixture
def disk(state: AccountState, mirror: Mirror) -> Disk:
    return Disk(state, mirror)


def test_the_content_of_an_object_without_versions_is_the_mirrors_file_alone(disk: Disk) -> None:
    disk.store(version(b"content"))

    assert disk.file().read_bytes() == b"content"
    assert disk.rows("version_id, content") == [("null", None)]


def test_the_contents_of_versions_are_in_the_state(disk: Disk) -> None:
    disk.store(version(b"1", "v1"), version(b"2", "v2"), keep_contents=True)

    assert disk.rows("version_id, content") == [("v1", b"1"), ("v2", b"2")]
    assert disk.file().read_bytes() == b"2"


def test_a_stored_content_is_not_written_again(disk: Disk) -> None:
    first = version(b"1", "v1")
    disk.store(first, keep_contents=True)
    inode = disk.file().stat().st_ino

    disk.store(first, keep_contents=True)

    assert disk.file().stat().st_ino == inode
    assert disk.rows("version_id, content") == [("v1", b"1")]


def test_a_version_that_is_gone_leaves_no_row(disk: Disk) -> None:
    first, second = version(b"1", "v1"), version(b"2", "v2")
    disk.store(first, second, keep_contents=True)

    disk.store(first, keep_contents=True)

    assert disk.rows("version_id") == [("v1",)]
    assert disk.file().read_bytes() == b"1"


def test_a_delete_marker_takes_the_file_away_and_stays(disk: Disk, home: Home) -> None:
    first = version(b"1", "v1")
    disk.store(first, FakeDeleteMarker(key=first), keep_contents=True)

    assert not disk.file().exists()
    again = Disk(AccountState(home.state), disk.mirror)
    assert [isinstance(one, FakeDeleteMarker) for one, _ in again.restored] == [False, True]


def test_a_file_that_nobody_touched_has_not_changed(disk: Disk, home: Home) -> None:
    disk.store(version(b"content"))

    assert disk.archive.file_change("b", "k") == disk.archive.file_changes("b", "", ["k"]) == NO_CHANGES
    assert Disk(AccountState(home.state), disk.mirror).archive.file_changes("b", "", ["k"]) == NO_CHANGES


def test_written_and_removed_files_are_told_apart(disk: Disk) -> None:
    disk.store(version(b"content"))
    (disk.mirror.root / "b" / "new").write_bytes(b"x")
    disk.file().unlink()

    changes = disk.archive.file_changes("b", "", ["k"])

    assert [key for key, _ in changes.written] == ["new"]
    assert changes.removed == ("k",)
    assert disk.archive.file_change("b", "k").removed == ("k",)


def test_changes_elsewhere_are_not_looked_at(disk: Disk) -> None:
    disk.store(version(b"content"))
    disk.file().unlink()

    assert disk.archive.file_changes("b", "other/", []) == NO_CHANGES
    assert disk.archive.file_change("b", "../k") == NO_CHANGES


def test_an_adopted_file_is_no_change_any_more(disk: Disk) -> None:
    disk.file().write_bytes(b"by Spark")
    ((key, mark),) = disk.archive.file_changes("b", "", ["k"]).written

    disk.archive.adopt("b", version(b"by Spark", key=key), mark)
    assert disk.archive.file_changes("b", "", ["k"]) == NO_CHANGES

    disk.archive.forget("b", key)
    assert disk.archive.file_changes("b", "", ["k"]) != NO_CHANGES
