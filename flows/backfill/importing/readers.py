"""Files to portfolios, by the kind that their names' endings tell; packed ones by what is inside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from flows.b3.portfolio import COPY_OF
from flows.backfill.importing.csv_copy import read_csv
from flows.backfill.importing.files import NO_HINTS, Found, Hints, ImportConflict, ImportProblem, SourceFile
from flows.backfill.importing.packed import unpacked
from flows.backfill.importing.parquet_copy import read_parquet
from flows.backfill.importing.saved import read_html, read_json
from flows.errors import PayloadError

KINDS = frozenset({"csv", "txt", "json", "html", "htm", "parquet", "gz", "zip"})

_KNOWN = frozenset({"csv", "json", "html", "parquet"})


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Files in which no portfolio was found, and why, in one line.

    Attributes:
        conflicting: whether they say two things of their index or session, which their owner must decide.
    """

    files: tuple[SourceFile, ...]
    reason: str
    conflicting: bool = False

    @classmethod
    def of(cls, files: tuple[SourceFile, ...], error: Exception) -> Unreadable:
        """What is wrong with the files, as a reader found it."""
        reason = f"{error.field}: {error.problem}" if isinstance(error, PayloadError) else str(error)
        return cls(files, reason, isinstance(error, ImportConflict))


def read_files(files: Sequence[SourceFile], hints: Hints = NO_HINTS) -> Iterator[Found | Unreadable]:
    """Every portfolio in the files, as a copy; what cannot be read is named with its reason, and stops nothing.

    Args:
        hints: what the files' owner says of them.
    """
    for item in _read_all(files, hints):
        yield _as_copy(item) if isinstance(item, Found) else item


def _as_copy(found: Found) -> Found:
    """What was read in somebody's file is no answer of B3's to this installation, whatever its form."""
    return replace(found, portfolio=replace(found.portfolio, source=f"{COPY_OF}{found.portfolio.source}"))


def _read_all(files: Sequence[SourceFile], hints: Hints) -> Iterator[Found | Unreadable]:
    plain: list[SourceFile] = []
    for file in files:
        try:
            plain += unpacked(file)
        except ImportProblem as error:
            yield Unreadable.of((file,), error)
    answers = [file for file in plain if file.kind == "json"]
    for together, outcome in read_json(answers, hints):
        yield outcome if isinstance(outcome, Found) else Unreadable.of(together, outcome)
    for file in plain:
        if file.kind != "json":
            yield from _read(file, hints)


def _read(file: SourceFile, hints: Hints) -> Iterator[Found | Unreadable]:
    try:
        # All of a file or nothing: a session that is read before another fails would be a part of a damaged copy.
        yield from list(_found(file, hints))
    except (PayloadError, ImportProblem) as error:
        yield Unreadable.of((file,), error)


def _found(file: SourceFile, hints: Hints) -> Iterator[Found]:
    if file.kind == "csv":
        yield read_csv(file, hints)
    elif file.kind == "html":
        yield read_html(file, hints)
    elif file.kind == "parquet":
        yield from read_parquet(file, hints)
    else:
        raise ImportProblem(f"of no known kind ({', '.join(sorted(_KNOWN))}, or packed with gzip or zip)")
