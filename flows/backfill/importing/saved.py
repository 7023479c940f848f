"""JSON answers and rendered pages that were saved. They state their session and not their index."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from flows.b3.json_answer import decode_answer, parse_page, parse_pages
from flows.b3.portfolio import Portfolio
from flows.b3.saved_page import parse_html
from flows.backfill.importing.files import Found, Hints, ImportProblem, SourceFile, check_session, index_in, known_index
from flows.errors import PayloadError


def read_html(file: SourceFile, hints: Hints) -> Found:
    """The portfolio in a page as a browser saved it.

    Raises:
        ImportProblem, PayloadError: it is none, or tells no index.
        ImportConflict: its content, its name and its owner contradict each other.
    """
    return _held((file,), parse_html(known_index(file, hints), file.content), hints)


def read_json(files: Sequence[SourceFile], hints: Hints) -> Iterator[tuple[tuple[SourceFile, ...], Found | Exception]]:
    """The portfolios in JSON answers, whose pages may be several files.

    Returns:
        For each portfolio its files, and the portfolio or what is wrong with them.
    """
    groups: defaultdict[tuple[str | None, str], dict[int, SourceFile]] = defaultdict(dict)
    for file in files:
        try:
            number, same = _page_of(file)
        except PayloadError as error:
            yield (file,), error
            continue
        # A second copy of a page is a portfolio of its own.
        named = index_in(file.name, hints.extra_indices)
        key = (named, same)
        if number in groups[key]:
            key = (named, f"{same} {file.name}")
        groups[key][number] = file
    for pages in groups.values():
        together = tuple(pages[number] for number in sorted(pages))
        try:
            yield together, _from_pages(together, pages, hints)
        except (PayloadError, ImportProblem) as error:
            yield together, error


def _page_of(file: SourceFile) -> tuple[int, str]:
    """The page's number, and what all pages of its portfolio say alike."""
    answer: Any = decode_answer(file.content)
    try:
        page, header = answer["page"], answer["header"]
        return int(page["pageNumber"]), json.dumps([page["totalPages"], page["totalRecords"], header], sort_keys=True)
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise PayloadError("body", "not an answer of B3's: page and header were expected") from error


def _from_pages(files: tuple[SourceFile, ...], pages: dict[int, SourceFile], hints: Hints) -> Found:
    parsed = [parse_page(pages[number].content, number) for number in sorted(pages)]
    if missing := sorted(set(range(1, parsed[0].total_pages + 1)) - pages.keys()):
        raise ImportProblem(f"page {missing[0]} of {parsed[0].total_pages} is in no file")
    return _held(files, parse_pages(known_index(files[0], hints), parsed), hints)


def _held(files: tuple[SourceFile, ...], portfolio: Portfolio, hints: Hints) -> Found:
    """The portfolio, whose session is none that the files' names or their owner contradict."""
    for file in files:
        check_session(file, hints, portfolio.session)
    return Found(files, portfolio, insisted=hints.session == portfolio.session)
