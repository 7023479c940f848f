"""The rows of many small Parquet files, read at once, and kept for the next query.

The contract's layout has a file of one row a share and session. DuckDB opens each of a year's 20,000 up to four times a query; as
Arrow's fragments they are opened once, and what has not changed since is not opened again. Only files of one schema, of plain
types, are read so: whatever is mixed, large or damaged is DuckDB's, whose words for it are known.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

NUMBER = "file_number"
"""The column that tells of which file a row is, by its place among those that were asked for."""

_FEWEST = 128  # files; a session has 84, and pyarrow takes half a second to import
_LARGEST = 64 * 1024  # bytes of a file, on the average
_AT_ONCE = 500  # files: what Arrow knows of one takes 50 KiB until all have been read
_MOST_BYTES = 64 * 1024**2  # that are kept
_MOST_FILES = 200_000  # that are kept
_PLAIN = {
    *("string", "bool", "float", "double", "date32[day]"),
    *("int8", "int16", "int32", "int64", "timestamp[us]", "timestamp[us, tz=UTC]"),
}
"""Arrow's words for types that DuckDB reads from Parquet as the same."""

Mark = tuple[int, int, int]
"""What tells one content of a file from another: inode, size, and time of the last change in nanoseconds."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a file's rows are.

    Attributes:
        rows: of all files that were read with it.
        begin, count: of its own among those.
    """

    mark: Mark
    rows: pa.Table
    begin: int
    count: int


class SmallFiles:
    """Reads files, and keeps what it has read; for any number of threads."""

    def __init__(self) -> None:
        self._places: Mapping[str, _Place] = {}
        self._lock = threading.Lock()

    def rows(self, files: Sequence[os.DirEntry[str]]) -> pa.Table | None:
        """All rows of the files below each other, each with its file's number; None where they are not to be read so."""
        if len(files) < _FEWEST or sum(file.stat().st_size for file in files) > _LARGEST * len(files):
            return None
        marks = {file.path: _mark(file) for file in files}
        with self._lock:
            known = self._places
        missing = [path for path, mark in marks.items() if path not in known or known[path].mark != mark]
        read: dict[str, _Place] = {}
        for begin in range(0, len(missing), _AT_ONCE):
            some = _read(missing[begin : begin + _AT_ONCE], marks)
            if some is None:
                return None
            read |= some
        places = [read.get(path) or known[path] for path in marks]
        if any(place.rows.schema != places[0].rows.schema for place in places):
            return None
        self._keep(read)
        return _together(places)

    def _keep(self, read: Mapping[str, _Place]) -> None:
        if not read:
            return
        with self._lock:
            kept = {**self._places, **read}
            held = {id(place.rows): place.rows.nbytes for place in kept.values()}
            fits = len(kept) <= _MOST_FILES and sum(held.values()) <= _MOST_BYTES
            self._places = kept if fits else dict(read)


def _mark(file: os.DirEntry[str]) -> Mark:
    found = file.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns


def _read(paths: Sequence[str], marks: Mapping[str, Mark]) -> dict[str, _Place] | None:
    """The files, of one schema of plain types; None where they are not."""
    import pyarrow as pa  # noqa: PLC0415 - half a second to import, and most queries do without
    import pyarrow.dataset as pds  # noqa: PLC0415

    try:
        fragments = list(pds.dataset(paths, format="parquet", schema=pa.schema([])).get_fragments())
        schema = fragments[0].physical_schema.remove_metadata()
        alike = all(fragment.physical_schema.equals(schema) for fragment in fragments)
        if (
            not alike
            or not set(map(str, schema.types)) <= _PLAIN
            or len(set(map(str.lower, schema.names))) < len(schema)
        ):
            return None
        counts = [fragment.metadata.num_rows for fragment in fragments]
        rows = pds.FileSystemDataset(fragments, schema, pds.ParquetFileFormat()).to_table().combine_chunks()
        rows.validate(full=True)
    except (pa.ArrowException, OSError):
        return None
    found, begin = {}, 0
    for fragment, count in zip(fragments, counts, strict=True):
        found[fragment.path] = _Place(marks[fragment.path], rows, begin, count)
        begin += count
    return found if begin == len(rows) and found.keys() == set(paths) else None


def _together(places: Sequence[_Place]) -> pa.Table:
    import numpy as np  # noqa: PLC0415
    import pyarrow as pa  # noqa: PLC0415

    begins, counts = (np.array([getattr(place, name) for place in places]) for name in ("begin", "count"))
    tables = {id(place.rows): place.rows for place in places}
    firsts = dict(zip(tables, np.cumsum([0, *(len(rows) for rows in tables.values())]), strict=False))
    starts = begins + np.array([firsts[id(place.rows)] for place in places])
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    chosen = pa.concat_tables(tables.values()).take(pa.array(np.repeat(starts, counts) + within))
    return chosen.append_column(NUMBER, pa.array(np.repeat(np.arange(len(places)), counts)))
