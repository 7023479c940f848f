"""Objects on disk: their versions in the state, the current ones in the mirror, and what changed in the mirror since."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from local.account.moto_inside import FakeDeleteMarker, FakeKey
from local.s3.mirror import FileMark, UnmirrorableKeyError
from local.s3.object_rows import COLUMNS, VersionRow, identity, to_delete_marker, to_row, to_version, values

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from local.account.state import AccountState
    from local.s3.mirror import Mirror

_UPSERT = f"""
INSERT INTO object_versions ({COLUMNS}, bucket, position, content) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (bucket, key, version_id) DO UPDATE SET position = excluded.position, last_modified = excluded.last_modified,
    size = excluded.size, properties = excluded.properties, mirror_size = excluded.mirror_size,
    mirror_mtime_ns = excluded.mirror_mtime_ns, content = coalesce(excluded.content, content)
"""  # noqa: S608 - constants


@dataclass(frozen=True, slots=True)
class MirroredVersion:
    """Which version the mirror's file is, and by what to see that somebody else wrote it since."""

    identity: str
    mark: FileMark


@dataclass(frozen=True, slots=True)
class FileChanges:
    """What Spark, or a person, did to the mirror: files written, and keys whose file is gone."""

    written: tuple[tuple[str, FileMark], ...]
    removed: tuple[str, ...]


NO_CHANGES = FileChanges((), ())


class Archive:
    """The objects of all buckets, as they are on disk."""

    def __init__(self, state: AccountState, mirror: Mirror) -> None:
        self._state = state
        self._mirror = mirror
        self._mirrored: dict[str, dict[str, MirroredVersion]] = {}
        self._with_contents: set[str] = set()  # buckets of which the state has any

    def restore(self, bucket: str, **attributes: str) -> Iterator[tuple[FakeKey | FakeDeleteMarker, dict[str, str]]]:
        """Every version that the bucket held, in order, with its tags.

        Args:
            bucket: the bucket's name.
            attributes: what moto's model of a version wants to know besides.
        """
        (self._mirror.root / bucket).mkdir(exist_ok=True)
        mirrored = self._mirrored[bucket] = {}
        if self._state.rows(
            "SELECT 1 FROM object_versions WHERE bucket = ? AND content IS NOT NULL LIMIT 1", (bucket,)
        ):
            self._with_contents.add(bucket)
        covered: FakeKey | FakeDeleteMarker | None = None
        query = f"SELECT {COLUMNS} FROM object_versions WHERE bucket = ? ORDER BY key, position"  # noqa: S608 - constants
        for row in (VersionRow(*found) for found in self._state.rows(query, (bucket,))):
            if row.is_delete_marker:
                covered, tags = to_delete_marker(row, covered), dict[str, str]()
            else:
                covered, tags = to_version(row, self.loader(bucket, row.key, row.version_id), attributes)
            if row.mirror_size is not None and row.mirror_mtime_ns is not None:
                mirrored[row.key] = MirroredVersion(identity(covered), FileMark(row.mirror_size, row.mirror_mtime_ns))
            yield covered, tags

    def store(
        self,
        transaction: sqlite3.Connection,
        bucket: str,
        key: str,
        versions: Sequence[tuple[FakeKey | FakeDeleteMarker, dict[str, str]]],
        *,
        keep_contents: bool,
    ) -> None:
        """Bring state and mirror in step with a key's versions.

        Args:
            transaction: of the state.
            bucket: the bucket's name.
            key: the object's key.
            versions: all versions of the key, oldest first, with their tags.
            keep_contents: the bucket is versioned, so the mirror cannot hold all contents.
        """
        query = "SELECT version_id, content IS NOT NULL FROM object_versions WHERE bucket = ? AND key = ?"
        stored = dict(transaction.execute(query, (bucket, key)).fetchall())
        # Read before the mirror changes: a version that has no content in the state yet may still have it there.
        # A key that ends in a slash is a folder there, which holds no content.
        kept = keep_contents or key.endswith("/")
        contents = [_content(version, stored) if kept else None for version, _ in versions]
        if kept:
            self._with_contents.add(bucket)
        gone = set(stored) - {version.version_id for version, _ in versions}
        transaction.executemany(
            "DELETE FROM object_versions WHERE bucket = ? AND key = ? AND version_id = ?",
            [(bucket, key, version_id) for version_id in gone],
        )
        mark = self._show(bucket, key, versions[-1][0] if versions else None)
        last = len(versions) - 1
        for position, ((version, tags), content) in enumerate(zip(versions, contents, strict=True)):
            row = to_row(version, tags, mark if position == last else None)
            transaction.execute(_UPSERT, (*values(row), bucket, position, content))

    def file_change(self, bucket: str, key: str) -> FileChanges:
        """What happened to one key's file."""
        try:
            mark = self._mirror.mark(bucket, key)
        except UnmirrorableKeyError:
            return NO_CHANGES
        if mark and key not in self._mirrored[bucket] and self._mirror.hides(key):
            return NO_CHANGES  # no listing has it, so no other read may find it
        if mark:
            return FileChanges(((key, mark),) if self._is_new(bucket, key, mark) else (), ())
        return FileChanges((), (key,) if key in self._mirrored[bucket] else ())

    def file_changes(self, bucket: str, prefix: str, known: Iterable[str]) -> FileChanges:
        """What happened to the files below a prefix, whose keys are known."""
        found = dict(self._mirror.files(bucket, prefix))
        written = tuple((key, mark) for key, mark in found.items() if self._is_new(bucket, key, mark))
        mirrored = self._mirrored[bucket]
        removed = (key for key in known if key in mirrored and key not in found)
        return FileChanges(written, tuple(key for key in removed if self._mirror.mark(bucket, key) is None))

    def adopt(self, bucket: str, version: FakeKey, mark: FileMark) -> None:
        """The mirror's file is this version from now on."""
        self._mirrored[bucket][version.name] = MirroredVersion(identity(version), mark)

    def forget(self, bucket: str, key: str) -> None:
        """The mirror's file is gone, and that is right."""
        self._mirrored[bucket].pop(key, None)

    def load_file(self, bucket: str, key: str) -> bytes:
        """The content of the mirror's file."""
        return self._mirror.read(bucket, key)

    def _is_new(self, bucket: str, key: str, mark: FileMark) -> bool:
        mirrored = self._mirrored[bucket].get(key)
        return mirrored is None or mirrored.mark != mark

    def loader(self, bucket: str, key: str, version_id: str) -> Callable[[], bytes]:
        """Reads a version's content when it is called."""
        return partial(self._load, bucket, key, version_id)

    def _load(self, bucket: str, key: str, version_id: str) -> bytes:
        if bucket not in self._with_contents:
            return self.load_file(bucket, key)
        query = "SELECT content FROM object_versions WHERE bucket = ? AND key = ? AND version_id = ?"
        rows = self._state.rows(query, (bucket, key, version_id))
        content: bytes | None = rows[0][0] if rows else None
        return self.load_file(bucket, key) if content is None else content

    def _show(self, bucket: str, key: str, current: FakeKey | FakeDeleteMarker | None) -> FileMark | None:
        mirrored = self._mirrored[bucket]
        if not isinstance(current, FakeKey):
            if mirrored.pop(key, None):
                self._mirror.remove(bucket, key)
            return None
        if key in mirrored and mirrored[key].identity == identity(current):
            return mirrored[key].mark
        mark = self._mirror.write(bucket, key, current.value)
        if mark:
            mirrored[key] = MirroredVersion(identity(current), mark)
        return mark


def _content(version: FakeKey | FakeDeleteMarker, stored: dict[str, int]) -> bytes | None:
    if isinstance(version, FakeDeleteMarker) or stored.get(version.version_id):
        return None
    content: bytes = version.value
    return content
