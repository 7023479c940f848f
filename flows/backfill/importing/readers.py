"""Files to portfolios, by the kind that their names' endings tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flows.backfill.importing.files import Found, ImportProblem, SourceFile
from flows.backfill.importing.parquet_copy import read_parquet
from flows.backfill.importing.saved import read_csv, read_html, read_json
from flows.errors import PayloadError

KINDS = frozenset({"csv", "json", "html", "htm", "parquet"})


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Files in which no portfolio was found, and why, in one line."""

    files: tuple[SourceFile, ...]
    reason: str


def read_files(files: Sequence[SourceFile], index: str | None) -> Iterator[Found | Unreadable]:
    """Every portfolio in the files; what cannot be read is told, and stops nothing.

    Args:
        index: the index of files that do not state theirs; others must be of it.
    """
    answers = [file for file in files if file.kind == "json"]
    for together, outcome in read_json(answers, index):
        yield outcome if isinstance(outcome, Found) else Unreadable(together, str(outcome))
    for file in files:
        if file.kind != "json":
            yield from _read(file, index)


def _read(file: SourceFile, index: str | None) -> Iterator[Found | Unreadable]:
    try:
        # All of a file or nothing: a session that is read before another fails would be a part of a damaged copy.
        yield from list(_found(file, index))
    except (PayloadError, ImportProblem) as error:
        yield Unreadable((file,), str(error))


def _found(file: SourceFile, index: str | None) -> Iterator[Found]:
    if file.kind == "csv":
        yield read_csv(file, index)
    elif file.kind in ("html", "htm"):
        yield read_html(file, index)
    elif file.kind == "parquet":
        yield from read_parquet(file, index)
    else:
        raise ImportProblem(f"of no known kind ({', '.join(sorted(KINDS))})")
