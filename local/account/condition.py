"""Whether the state of a home can be used: whole, of this version, and of the buckets that lie beside it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from local.account.state import STATE_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from local.account.home import Home

_RECORDS = "*/published/*/year=*/month=*/day=*/publication.json"
"""The publication records in the buckets' folders."""

_FAMILY = ("", "-wal", "-shm", "-journal")
"""How the names of the files that are one SQLite database end."""


def state_problem(home: Home) -> str:
    """Why the state is of no use, in a few words after its path; empty where it can be used, or where there is no account yet."""
    file = home.state
    if not file.is_file():
        missing = "is a folder" if file.exists() else "is missing"
        return missing if file.exists() or _has_records(home) else ""
    if file.stat().st_size == 0:
        return "is empty" if _has_records(home) else ""
    try:
        with closing(sqlite3.connect(file)) as connection:
            return _problem(connection, home)
    except sqlite3.DatabaseError as error:
        return f"is damaged ({error})"


def set_aside(file: Path) -> Path:
    """Move a database away, with the files that belong to it; what was moved there before is gone then.

    Returns:
        Where it is now.
    """
    aside = file.with_name(f"{file.name}.damaged")
    for ending in _FAMILY:
        part, kept = file.with_name(file.name + ending), aside.with_name(aside.name + ending)
        if part.exists():
            remove(kept)
            part.rename(kept)
    return aside


def remove_database(file: Path) -> None:
    """Remove a database, with the files that belong to it."""
    for ending in _FAMILY:
        remove(file.with_name(file.name + ending))


def remove(path: Path) -> None:
    """Remove a file, or a folder with all that is in it; nothing where there is none."""
    import shutil  # noqa: PLC0415 - not of the usual way

    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def is_whole(file: Path) -> bool:
    """Whether a file is a SQLite database that can be read."""
    try:
        with closing(sqlite3.connect(file)) as connection:
            return _found_by_sqlite(connection) == "ok"
    except sqlite3.DatabaseError:
        return False


def _problem(connection: sqlite3.Connection, home: Home) -> str:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version not in (0, STATE_VERSION):
        return f"is of version {version} where this account reads {STATE_VERSION}"
    if (found := _found_by_sqlite(connection)) != "ok":
        return f"is damaged ({found})"
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not {"object_versions", "partitions"} <= tables:
        return "is no account's state" if tables or _has_records(home) else ""
    if unknown := _unknown(connection, home):
        return f"does not know {unknown[0]}{f' and {len(unknown) - 1} more sessions' if len(unknown) > 1 else ''}"
    return ""


def _found_by_sqlite(connection: sqlite3.Connection) -> str:
    (first, *_) = connection.execute("PRAGMA quick_check(1)").fetchone()
    return str(first).splitlines()[-1]


def _records(home: Home) -> Iterator[Path]:
    return home.mirror.glob(_RECORDS)


def _has_records(home: Home) -> bool:
    return next(_records(home), None) is not None


def _unknown(connection: sqlite3.Connection, home: Home) -> list[str]:
    """Published sessions in the buckets' folders of which the state has neither the record nor any partition.

    An account that was killed between a record's file and its row has the partitions, which come before.
    """
    known = {
        (bucket, key)
        for bucket, key in connection.execute(
            "SELECT bucket, key FROM object_versions WHERE key GLOB 'published/*/publication.json'"
        )
    }
    found = []
    for path in sorted(_records(home)):
        bucket, *parts = path.relative_to(home.mirror).parts
        if (bucket, "/".join(parts)) not in known:
            year, month, day = parts[2:5]
            pattern = f"s3://{bucket}/*{year}/{month}/{day}/*"
            query = "SELECT 1 FROM partitions WHERE location GLOB ? LIMIT 1"
            if connection.execute(query, (pattern,)).fetchone() is None:
                found.append("/".join(parts[1:5]))
    return found
