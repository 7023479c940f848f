"""Copies of what B3 itself sent: CSV downloads, JSON answers, rendered pages.

CSV files come with LF for CRLF, in UTF-8, with the title line removed (the session is then in the file's name), or still in the
base64 of the download. A JSON answer and a page do not state their index.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from flows.b3.csv_download import decode_download, parse_csv
from flows.b3.json_answer import parse_page, parse_pages
from flows.b3.saved_page import parse_html
from flows.backfill.importing.files import (
    Found,
    ImportProblem,
    SourceFile,
    index_in,
    is_b3s_name,
    known_index,
    session_in,
)
from flows.errors import PayloadError

_TITLE = re.compile(rb"(?:\xef\xbb\xbf)?([A-Z0-9]{4}) - ")
_HEADINGS = (b"C\xf3digo;", b"C\xc3\xb3digo;", b"Setor;")  # latin-1, UTF-8, either


def read_csv(file: SourceFile, index: str | None) -> Found:
    """The portfolio in a CSV download.

    Raises:
        ImportProblem, PayloadError: it is none, or of another index.
    """
    content = _unpacked(file.content).lstrip(b"\r\n")
    stated = _TITLE.match(content)
    if stated:
        return Found((file,), parse_csv(index or stated[1].decode(), content))
    text = content.removeprefix(b"\xef\xbb\xbf")
    if not text.startswith(_HEADINGS):
        raise ImportProblem("not a CSV download of B3's: it begins neither with its title nor with its heading")
    session, known = session_in(file.name), known_index(index, file.name)
    if session is None:
        raise ImportProblem("its title line is gone, and its name tells no session (such as IBOVDia_06-01-25.csv)")
    title = f"{known} - Carteira do Dia {session:%d/%m/%y}\n".encode()
    return Found((file,), parse_csv(known, title + text), b3_states_session=is_b3s_name(file.name))


def read_html(file: SourceFile, index: str | None) -> Found:
    """The portfolio in a page as a browser saved it.

    Raises:
        ImportProblem, PayloadError: it is none, or tells no index.
    """
    return Found((file,), parse_html(known_index(index, file.name), file.content))


def read_json(
    files: Sequence[SourceFile], index: str | None
) -> Iterator[tuple[tuple[SourceFile, ...], Found | Exception]]:
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
        key = (index_in(file.name), same)
        if number in groups[key]:
            key = (index_in(file.name), f"{same} {file.name}")
        groups[key][number] = file
    for pages in groups.values():
        together = tuple(pages[number] for number in sorted(pages))
        try:
            yield together, _from_pages(together, pages, index)
        except (PayloadError, ImportProblem) as error:
            yield together, error


def _page_of(file: SourceFile) -> tuple[int, str]:
    """The page's number, and what all pages of its portfolio say alike."""
    try:
        answer = json.loads(file.content.decode("utf-8-sig"))
        answer = json.loads(answer) if isinstance(answer, str) else answer
        page, header = answer["page"], answer["header"]
        return int(page["pageNumber"]), json.dumps([page["totalPages"], page["totalRecords"], header], sort_keys=True)
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise PayloadError("body", "not an answer of B3's: page and header were expected") from error


def _from_pages(files: tuple[SourceFile, ...], pages: dict[int, SourceFile], index: str | None) -> Found:
    parsed = [parse_page(pages[number].content, number) for number in sorted(pages)]
    if missing := sorted(set(range(1, parsed[0].total_pages + 1)) - pages.keys()):
        raise ImportProblem(f"page {missing[0]} of {parsed[0].total_pages} is in no file")
    return Found(files, parse_pages(known_index(index, files[0].name), parsed))


def _unpacked(content: bytes) -> bytes:
    if b";" in content[:400]:
        return content
    try:
        return decode_download(content)
    except PayloadError:
        return content
