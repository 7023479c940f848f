"""The buckets as plain folders: `<home>/s3/<bucket>/<key>`, which is what Spark and DuckDB read and Spark writes."""

from __future__ import annotations

import os
import re
import stat
import uuid
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_LONGEST_NAME = 255  # bytes; the limit of every common file system
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_HIDDEN_FOLDERS = ("_temporary", "_spark_metadata")
"""Where Hadoop's output committers work; S3 itself would show them, readers of tables never look there."""


class UnmirrorableKeyError(ValueError):
    """A key that S3 takes but that is no path below the bucket's folder, such as `a/../../b`."""


@dataclass(frozen=True, slots=True)
class FileMark:
    """By what a changed file is told from an unchanged one."""

    size: int
    mtime_ns: int


class Mirror:
    """The folder of all buckets.

    Args:
        root: `<home>/s3`.
        scratch: a folder of the same file system, where files are written before they are renamed into place.
    """

    def __init__(self, root: Path, scratch: Path) -> None:
        self.root = root
        self._scratch = scratch
        root.mkdir(parents=True, exist_ok=True)
        scratch.mkdir(parents=True, exist_ok=True)

    def path(self, bucket: str, key: str) -> Path:
        """Where the object's content lies.

        Raises:
            UnmirrorableKeyError: the key would leave the bucket's folder, or names no file.
        """
        return Path(self._file(bucket, key))

    def _file(self, bucket: str, key: str) -> str:
        # A text: to make paths takes longer than to ask the disk, and every request asks for several.
        names = key.removesuffix("/").split("/")
        if not {"", ".", ".."}.isdisjoint(names):
            raise UnmirrorableKeyError(f"key {key!r} is not a relative path without '.', '..' and empty names")
        if _NOT_IN_XML.search(key):
            raise UnmirrorableKeyError(f"key {key!r} has a character that no listing, which is XML, can show")
        if len(key.encode()) > _LONGEST_NAME and any(len(name.encode()) > _LONGEST_NAME for name in names):
            raise UnmirrorableKeyError(f"key {key!r} has a name between slashes of more than {_LONGEST_NAME} bytes")
        return f"{self.root}/{bucket}/{key}"

    def check(self, bucket: str, key: str) -> None:
        """Make sure that `write` can take the key.

        Raises:
            UnmirrorableKeyError: see `path`; also when the key is the folder of another object, or the other way round.
        """
        file, top = self._file(bucket, key), f"{self.root}/{bucket}"
        folder = file.rpartition("/")[0]
        while len(folder) > len(top) and not os.path.lexists(folder):
            folder = folder.rpartition("/")[0]
        blocked = os.path.isfile(folder)  # noqa: PTH113 - see `_file`
        if blocked or (not key.endswith("/") and os.path.isdir(file)):  # noqa: PTH112 - see `_file`
            raise UnmirrorableKeyError(f"key {key!r} is the folder of another object, or the other way round")

    def write(self, bucket: str, key: str, content: bytes) -> FileMark | None:
        """Put the content in place in one step; a key that ends in `/` becomes a folder, and has no mark."""
        path = self.path(bucket, key)
        if key.endswith("/"):
            path.mkdir(parents=True, exist_ok=True)
            return None
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self._scratch / uuid.uuid4().hex
        temporary.write_bytes(content)
        temporary.replace(path)
        return self.mark(bucket, key)

    def read(self, bucket: str, key: str) -> bytes:
        """The content of the object's file.

        Raises:
            UnmirrorableKeyError: see `path`.
            OSError: there is no such file.
        """
        with open(self._file(bucket, key), "rb", buffering=0) as file:  # noqa: PTH123 - see `_file`
            return file.read()

    def remove(self, bucket: str, key: str) -> None:
        """Remove the object's file, if it is there, and the folders that it leaves empty."""
        path = self.path(bucket, key)
        bucket_folder = self.root / bucket
        try:
            path.rmdir() if key.endswith("/") else path.unlink(missing_ok=True)
            for folder in path.parents:
                if folder == bucket_folder:
                    return
                folder.rmdir()
        except OSError:
            return  # not empty: other objects live there

    def mark(self, bucket: str, key: str) -> FileMark | None:
        """The file's mark; None where there is no file: a folder is none, and a file's name with a slash after it names none."""
        file = self._file(bucket, key)
        if key.endswith("/"):
            return None
        try:
            found = os.stat(file)  # noqa: PTH116 - see `_file`
        except (FileNotFoundError, NotADirectoryError):
            return None
        return FileMark(found.st_size, found.st_mtime_ns) if stat.S_ISREG(found.st_mode) else None

    def hides(self, key: str) -> bool:
        """Whether a file of this key that somebody wrote into the folders is no object: see `files`."""
        *folders, name = key.split("/")
        return _is_hidden(name) or any(folder in _HIDDEN_FOLDERS for folder in folders)

    def files(self, bucket: str, prefix: str) -> Iterator[tuple[str, FileMark]]:
        """Key and mark of every file below the prefix, in order; hidden files and committers' folders are not objects."""
        folder = prefix.rpartition("/")[0]
        start = f"{folder}/" if folder else ""
        if start and ".." in start.split("/"):
            return
        for key, mark in sorted(_walk(str(self.root / bucket / folder), start), key=itemgetter(0)):
            if key.startswith(prefix):
                yield key, mark

    def folder(self, location: str) -> Path:
        """The folder that stands for an `s3://bucket/prefix/` location.

        Raises:
            UnmirrorableKeyError: it is not one.
        """
        scheme, separator, rest = location.partition("://")
        bucket, _, prefix = rest.partition("/")
        if not separator or scheme not in ("s3", "s3a") or not bucket:
            raise UnmirrorableKeyError(f"location {location!r} is not of the form s3://bucket/prefix/")
        return self.path(bucket, prefix) if prefix.strip("/") else self.root / bucket


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name.endswith(".crc") or bool(_NOT_IN_XML.search(name))


def _walk(folder: str, start: str) -> Iterator[tuple[str, FileMark]]:
    waiting = [(folder, start)]
    while waiting:
        folder, start = waiting.pop()
        try:
            entries = list(os.scandir(folder))
        except (FileNotFoundError, NotADirectoryError):
            continue
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in _HIDDEN_FOLDERS:
                    waiting.append((entry.path, f"{start}{entry.name}/"))
            elif not _is_hidden(entry.name):
                try:
                    found = entry.stat()
                except FileNotFoundError:
                    continue  # renamed by a committer since it was listed
                yield start + entry.name, FileMark(found.st_size, found.st_mtime_ns)
