"""Payloads in landing, read back as the portfolios that they state.

A collection is what came at one instant from one source: B3's answers, page by page, or files that were imported. A page may be
there more than once (an answer that broke off, and the next attempt), so that each reading of a collection is tried.
"""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice, product
from typing import TYPE_CHECKING
from urllib.parse import unquote

from expectations.contract.keys import LandingKey, is_landing_digest, read_landing_key
from expectations.contract.names import UNDATED_PREFIX
from flows.b3.csv_download import decode_download, parse_csv
from flows.b3.json_answer import parse_page, parse_pages
from flows.b3.portfolio import Portfolio
from flows.b3.saved_page import parse_html
from flows.backfill.importing.files import Found, Hints, SourceFile
from flows.backfill.importing.readers import read_files
from flows.errors import AwsError, PayloadError

if TYPE_CHECKING:
    from flows.lake.s3 import Bucket, StoredObject

_MOST_READINGS = 16  # of one collection: two answers for each of four pages


@dataclass(frozen=True, slots=True)
class Landed:
    """A portfolio that was read in landing, with the keys of the payloads that it was read from."""

    portfolio: Portfolio
    collected_at: datetime
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unread:
    """Payloads in which no portfolio was found, and why, in one line."""

    collected_at: datetime
    keys: tuple[str, ...]
    reason: str


def undated(raw: Bucket, index: str) -> dict[date, list[str]]:
    """The payloads of an index whose session could not be read when they came, by the session that today's code reads in them.

    Raises:
        AwsError: a payload could not be read.
    """
    keys = (read_landing_key(item.key) for item in raw.objects(UNDATED_PREFIX))
    return by_session(raw, [landed.key for landed in keys if landed and landed.index == index])


def by_session(raw: Bucket, keys: Iterable[str]) -> dict[date, list[str]]:
    """Payloads by the session that today's code reads in them; those in which it reads none are left out.

    Raises:
        AwsError: a payload could not be read.
    """
    found: defaultdict[date, list[str]] = defaultdict(list)
    for item in read_landing(raw, keys):
        if isinstance(item, Landed):
            found[item.portfolio.session] += item.keys
    return found


def read_landing(raw: Bucket, keys: Iterable[str]) -> Iterator[Landed | Unread]:
    """What the payloads state, the newest collection first; a key that is none in landing is passed over.

    Raises:
        AwsError: a payload could not be read.
    """
    collections: defaultdict[tuple[datetime, str, str], list[LandingKey]] = defaultdict(list)
    for landed in filter(None, map(read_landing_key, keys)):
        collections[landed.collected_at, landed.source, landed.index].append(landed)
    for (collected_at, _, _), members in sorted(collections.items(), reverse=True):
        yield from _read_collection(raw, collected_at, sorted(members))


def check_landing(raw: Bucket, key: str) -> str:
    """Why what lies under a key is not the payload that came, in one line; empty where it is, or was put back just now.

    Raises:
        AwsError: it could not be read, or put back.
    """
    found = raw.find(key)
    try:
        if found is None or _unpacked(key, found) is None:
            _put_back(raw, key, "not the bytes that came" if found else "the bytes that came are gone")
    except PayloadError as error:
        return f"{raw.address(key)}: {error.problem}"
    return ""


def _read_collection(raw: Bucket, collected_at: datetime, members: Sequence[LandingKey]) -> Iterator[Landed | Unread]:
    imported: list[tuple[LandingKey, SourceFile]] = []
    received: list[tuple[LandingKey, bytes]] = []
    for member in members:
        try:
            body, name = _fetch(raw, member.key)
        except PayloadError as error:
            yield Unread(collected_at, (member.key,), str(error))
            continue
        if name:
            imported.append((member, SourceFile(name, body)))
        else:
            received.append((member, body))
    yield from _from_files(collected_at, imported)
    yield from _from_b3(collected_at, received)


def _fetch(raw: Bucket, key: str) -> tuple[bytes, str]:
    """A payload, and the name of the file that it was imported from; empty for one of B3's answers."""
    found = raw.find(key)
    if found is None:
        raise AwsError(f"reading {raw.address(key)}: it is not there")
    if (body := _unpacked(key, found)) is None:
        found, body = _put_back(raw, key)
    return body, _file_name(found)


def _file_name(found: StoredObject) -> str:
    return unquote(found.info.metadata.get("file-name", ""))


def _unpacked(key: str, found: StoredObject) -> bytes | None:
    """The bytes as they came; None where the object is not what came, of which the key holds the digest."""
    try:
        body = gzip.decompress(found.body)
    except (OSError, EOFError, zlib.error):
        return None
    return body if is_landing_digest(key, hashlib.sha256(body).hexdigest()) else None


def _put_back(raw: Bucket, key: str, problem: str = "not the bytes that came") -> tuple[StoredObject, bytes]:
    """What came under the key, from an earlier version of the object, which is put over what is no such payload.

    Args:
        problem: what is wrong with what lies there, for the error.

    Raises:
        PayloadError: there is none.
    """
    for version_id in raw.versions(key):
        found = raw.find(key, version_id)
        body = _unpacked(key, found) if found else None
        if found and body is not None:
            raw.put(key, found.body, kind="application/gzip", metadata=found.info.metadata)
            return found, body
    raise PayloadError(key, f"{problem}, and no earlier version of the object has them: they are lost")


def _from_files(collected_at: datetime, imported: Sequence[tuple[LandingKey, SourceFile]]) -> Iterator[Landed | Unread]:
    keys = {id(file): member.key for member, file in imported}
    for index, session in dict.fromkeys((member.index, member.session) for member, _ in imported):
        # What its owner said of a file when it was imported stands in its key.
        files = [file for member, file in imported if (member.index, member.session) == (index, session)]
        for item in read_files(files, Hints(index, session, (index,))):
            of_item = tuple(keys[id(file)] for file in item.files)
            if isinstance(item, Found):
                yield Landed(item.portfolio, collected_at, of_item)
            else:
                yield Unread(collected_at, of_item, item.reason)


def _from_b3(collected_at: datetime, received: Sequence[tuple[LandingKey, bytes]]) -> Iterator[Landed | Unread]:
    for reading in _readings(received):
        keys = tuple(member.key for member, _ in reading)
        try:
            yield Landed(_parse(reading), collected_at, keys)
        except PayloadError as error:
            yield Unread(collected_at, keys, str(error))


def _readings(received: Sequence[tuple[LandingKey, bytes]]) -> Iterator[Sequence[tuple[LandingKey, bytes]]]:
    """One answer for each page, in every way; only JSON has pages."""
    by_page: defaultdict[int, list[tuple[LandingKey, bytes]]] = defaultdict(list)
    for member, body in received:
        by_page[member.page].append((member, body))
    return islice(product(*by_page.values()), _MOST_READINGS) if by_page else iter(())


def _parse(reading: Sequence[tuple[LandingKey, bytes]]) -> Portfolio:
    first, body = reading[0]
    if first.source == "json":
        return parse_pages(first.index, [parse_page(content, member.page) for member, content in reading])
    if first.source == "csv":
        return parse_csv(first.index, decode_download(body))
    if first.source == "html":
        return parse_html(first.index, body)
    raise PayloadError(first.key, f"of no known source: {first.source}")
