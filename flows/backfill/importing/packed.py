"""Files that are packed, `.gz` and `.zip`, whatever their names say. What is inside is read as files of its own."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import IO

from flows.backfill.importing.files import ImportProblem, SourceFile

MAX_UNPACKED = 64 * 1024 * 1024  # bytes of all that one file holds
MAX_MEMBERS = 10_000

_GZIP = b"\x1f\x8b"
_ZIP = b"PK\x03\x04"
_EMPTY_ZIP = b"PK\x05\x06"
_PIECE = 64 * 1024


def unpacked(file: SourceFile) -> Iterator[SourceFile]:
    """The files in a file: itself, where it is not packed.

    Raises:
        ImportProblem: it is empty, cut or damaged, encrypted, packed more than once, or holds too much.
    """
    if not file.content.strip():
        raise ImportProblem("empty")
    if file.content.startswith(_GZIP):
        yield _inner(file.name.removesuffix(".gz").removesuffix(".GZ"), _gunzipped(file.content))
    elif file.content.startswith((_ZIP, _EMPTY_ZIP)):
        yield from _unzipped(file)
    elif file.kind in ("gz", "zip"):
        raise ImportProblem(f"not packed as its name says: it begins {file.content[:8]!r}")
    else:
        yield file


def _inner(name: str, content: bytes) -> SourceFile:
    if content.startswith((_GZIP, _ZIP)):
        raise ImportProblem("packed more than once: unpack it first")
    return SourceFile(name, content)


def _gunzipped(content: bytes) -> bytes:
    try:
        with gzip.open(io.BytesIO(content)) as stream:
            return _bounded(stream)
    except (OSError, EOFError, zlib.error) as error:
        raise ImportProblem(f"packed with gzip, and cut or damaged ({error})") from error


def _unzipped(file: SourceFile) -> Iterator[SourceFile]:
    try:
        with zipfile.ZipFile(io.BytesIO(file.content)) as archive:
            members = [item for item in archive.infolist() if not item.is_dir() and not _is_litter(item.filename)]
            if not members:
                raise ImportProblem("packed with zip, and nothing is in it")
            if len(members) > MAX_MEMBERS or sum(item.file_size for item in members) > MAX_UNPACKED:
                raise ImportProblem(f"packed with zip: more than {MAX_MEMBERS} files or {MAX_UNPACKED} bytes are in it")
            for item in members:
                with archive.open(item) as stream:
                    yield _inner(f"{file.name}/{item.filename}", _bounded(stream))
    except (zipfile.BadZipFile, OSError, ValueError, EOFError, zlib.error, NotImplementedError) as error:
        raise ImportProblem(f"packed with zip, and cut or damaged ({error})") from error
    except RuntimeError as error:  # what zipfile raises for a member that is encrypted
        raise ImportProblem(f"packed with zip, and encrypted ({error})") from error


def _bounded(stream: IO[bytes] | gzip.GzipFile) -> bytes:
    # What a header says of the size may be wrong: a few bytes can stand for any number of equal ones.
    content = bytearray()
    while piece := stream.read(_PIECE):
        content += piece
        if len(content) > MAX_UNPACKED:
            raise ImportProblem(f"unpacked, it is larger than {MAX_UNPACKED} bytes")
    return bytes(content)


def _is_litter(name: str) -> bool:
    """Whether it is one of the files that macOS adds."""
    path = PurePosixPath(name)
    return path.name.startswith(".") or "__MACOSX" in path.parts
