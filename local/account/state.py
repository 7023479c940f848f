"""What the account remembers between runs: one SQLite file in its home.

Every answered change is in it before the answer leaves (WAL and one transaction a request), so that an account killed at
any moment starts again from a consistent prefix of what its clients were told.
"""

from __future__ import annotations

import sqlite3
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

STATE_VERSION = 1

MENDED = (
    "bovespa reconcile makes it again from the buckets' folders; earlier versions of raw files, and how Glue's runs and queries "
    "went, are lost"
)
"""What mends a state that is of no use, and what of it is lost."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS object_versions (
    bucket TEXT, key TEXT, version_id TEXT,
    position INTEGER NOT NULL,      -- among the key's versions, oldest first
    is_delete_marker INTEGER NOT NULL,
    last_modified TEXT NOT NULL,
    size INTEGER NOT NULL,
    properties TEXT NOT NULL,       -- JSON: ETag, metadata, encryption, tags, …
    content BLOB,                   -- versioned buckets only: elsewhere the mirror's file is the content
    mirror_size INTEGER, mirror_mtime_ns INTEGER,  -- of the mirror's file when it was last known to be this version
    PRIMARY KEY (bucket, key, version_id)
);
CREATE TABLE IF NOT EXISTS events (
    id INTEGER PRIMARY KEY AUTOINCREMENT, function_arn TEXT NOT NULL, source_arn TEXT NOT NULL, body TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS databases (name TEXT PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS tables (
    database_name TEXT, name TEXT, body TEXT NOT NULL, PRIMARY KEY (database_name, name)
);
CREATE TABLE IF NOT EXISTS partitions (
    database_name TEXT, table_name TEXT,
    partition_values TEXT,          -- JSON list of strings, as registered
    location TEXT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (database_name, table_name, partition_values)
);
CREATE TABLE IF NOT EXISTS partition_indexes (
    database_name TEXT, table_name TEXT, name TEXT,
    keys TEXT NOT NULL,             -- JSON list of partition columns
    PRIMARY KEY (database_name, table_name, name)
);
CREATE TABLE IF NOT EXISTS job_runs (
    id TEXT PRIMARY KEY, job_name TEXT NOT NULL, started INTEGER NOT NULL, run_state TEXT NOT NULL, body TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS invocations (
    at REAL NOT NULL, function TEXT NOT NULL, milliseconds REAL NOT NULL, failed INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS query_executions (
    id TEXT PRIMARY KEY, workgroup TEXT NOT NULL, submitted REAL NOT NULL, body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS job_runs_newest ON job_runs (job_name, started DESC);
"""


class StateError(RuntimeError):
    """The home holds state that this version of the account cannot read."""


class AccountState:
    """The SQLite file, safe to use from the server's many threads; `local.account.condition` says whether it can be used.

    Raises:
        StateError: another version of the account wrote it, or it is damaged.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, check_same_thread=False)
        try:
            self._connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.DatabaseError as error:
            raise StateError(f"{path} is damaged ({error}); {MENDED}") from error
        # A killed process loses nothing at NORMAL; only a power cut may lose the last transactions, never consistency.
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._check_version(path)
        self._connection.executescript(_SCHEMA)

    def _check_version(self, path: Path) -> None:
        (found,) = self._connection.execute("PRAGMA user_version").fetchone()
        if found not in (0, STATE_VERSION):
            raise StateError(f"{path} is of version {found} where this account reads {STATE_VERSION}; {MENDED}")
        self._connection.execute(f"PRAGMA user_version = {STATE_VERSION}")

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Everything or nothing: commits at the end of the block, rolls back when it raises. Not to be nested."""
        with self._lock, self._connection:
            yield self._connection

    def rows(self, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of one SELECT."""
        with self._lock:
            return self._connection.execute(query, parameters).fetchall()

    def close(self) -> None:
        """Close the file; the object is of no use afterwards."""
        with self._lock:
            self._connection.close()
