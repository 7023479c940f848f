"""Payloads in landing, read back as the portfolios that they state.

A collection is what came at one instant from one source: B3's answers, page by page, or files that were imported. A page may be
there more than once (an answer that broke off, and the next attempt), so that each reading of a collection is tried.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import islice, product
from typing import TYPE_CHECKING
from urllib.parse import unquote

from expectations.contract.keys import ContractError, check_index
from expectations.contract.names import LANDING_PREFIX
from flows.b3.csv_download import decode_download, parse_csv
from flows.b3.json_answer import parse_page, parse_pages
from flows.b3.portfolio import Portfolio
from flows.b3.saved_page import parse_html
from flows.backfill.importing.files import Found, Hints, SourceFile
from flows.backfill.importing.readers import read_files
from flows.errors import PayloadError
from flows.lake.clients import aws_errors

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

UNDATED_PREFIX = f"{LANDING_PREFIX}undated/"

_KEY = re.compile(
    r"landing/(?:undated|year=(\d{4})/month=(\d\d)/day=(\d\d))/([a-z0-9]{4})_(\d{8}T\d{6}Z)_p(\d{3})_[0-9a-f]{12}\.([a-z]+)\.gz",
    re.ASCII,
)
_MOST_READINGS = 16  # of one collection: two answers for each of four pages


@dataclass(frozen=True, slots=True, order=True)
class LandedKey:
    """What a key in landing says; `session` is None below `landing/undated/`."""

    collected_at: datetime
    source: str
    page: int
    key: str
    index: str
    session: date | None


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


def read_key(key: str) -> LandedKey:
    """Read a key in landing back; the inverse of the contract's `landing_key`.

    Raises:
        ContractError: the key is not of the contract's form.
    """
    found = _KEY.fullmatch(key)
    if not found:
        raise ContractError(f"landing key {key!r}: not of the contract's form")
    year, month, day, index, stamp, page, source = found.groups()
    try:
        session = date(int(year), int(month), int(day)) if year else None
        collected_at = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError as error:
        raise ContractError(f"landing key {key!r}: {error}") from error
    return LandedKey(collected_at, source, int(page), key, check_index(index.upper()), session)


def list_keys(s3: S3Client, bucket: str, prefixes: Iterable[str]) -> list[str]:
    """The keys below the prefixes.

    Raises:
        AwsError: S3 could not be asked.
    """
    keys: list[str] = []
    for prefix in prefixes:
        with aws_errors(f"listing s3://{bucket}/{prefix}"):
            pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
            keys += [item["Key"] for page in pages for item in page.get("Contents", [])]
    return keys


def undated(s3: S3Client, bucket: str, index: str) -> dict[date, list[str]]:
    """The payloads of an index whose session could not be told when they came, by the session that today's code reads in them.

    Raises:
        AwsError: a payload could not be read.
    """
    return by_session(
        s3, bucket, [key for key in list_keys(s3, bucket, [UNDATED_PREFIX]) if read_key(key).index == index]
    )


def by_session(s3: S3Client, bucket: str, keys: Iterable[str]) -> dict[date, list[str]]:
    """Payloads by the session that today's code reads in them; those in which it reads none are left out.

    Raises:
        AwsError: a payload could not be read.
        ContractError: a key is not of the contract's form.
    """
    found: defaultdict[date, list[str]] = defaultdict(list)
    for item in read_landing(s3, bucket, keys):
        if isinstance(item, Landed):
            found[item.portfolio.session] += item.keys
    return found


def read_landing(s3: S3Client, bucket: str, keys: Iterable[str]) -> Iterator[Landed | Unread]:
    """What the payloads state, the newest collection first.

    Raises:
        AwsError: a payload could not be read.
        ContractError: a key is not of the contract's form.
    """
    collections: defaultdict[tuple[datetime, str, str], list[LandedKey]] = defaultdict(list)
    for landed in map(read_key, keys):
        collections[landed.collected_at, landed.source, landed.index].append(landed)
    for (collected_at, _, _), members in sorted(collections.items(), reverse=True):
        yield from _read_collection(s3, bucket, collected_at, sorted(members))


def _read_collection(
    s3: S3Client, bucket: str, collected_at: datetime, members: Sequence[LandedKey]
) -> Iterator[Landed | Unread]:
    imported: list[tuple[LandedKey, SourceFile]] = []
    received: list[tuple[LandedKey, bytes]] = []
    for member in members:
        try:
            body, name = _fetch(s3, bucket, member.key)
        except PayloadError as error:
            yield Unread(collected_at, (member.key,), str(error))
            continue
        if name:
            imported.append((member, SourceFile(name, body)))
        else:
            received.append((member, body))
    yield from _from_files(collected_at, imported)
    yield from _from_b3(collected_at, received)


def _fetch(s3: S3Client, bucket: str, key: str) -> tuple[bytes, str]:
    """A payload, and the name of the file that it was imported from; empty for one of B3's answers."""
    with aws_errors(f"reading s3://{bucket}/{key}"):
        found = s3.get_object(Bucket=bucket, Key=key)
        packed = found["Body"].read()
    try:
        return gzip.decompress(packed), unquote(found["Metadata"].get("file-name", ""))
    except (OSError, EOFError, zlib.error) as error:
        raise PayloadError(key, f"not gzip ({error})") from error


def _from_files(collected_at: datetime, imported: Sequence[tuple[LandedKey, SourceFile]]) -> Iterator[Landed | Unread]:
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


def _from_b3(collected_at: datetime, received: Sequence[tuple[LandedKey, bytes]]) -> Iterator[Landed | Unread]:
    for reading in _readings(received):
        keys = tuple(member.key for member, _ in reading)
        try:
            yield Landed(_parse(reading), collected_at, keys)
        except PayloadError as error:
            yield Unread(collected_at, keys, str(error))


def _readings(received: Sequence[tuple[LandedKey, bytes]]) -> Iterator[Sequence[tuple[LandedKey, bytes]]]:
    """One answer for each page, in every way; only JSON has pages."""
    by_page: defaultdict[int, list[tuple[LandedKey, bytes]]] = defaultdict(list)
    for member, body in received:
        by_page[member.page].append((member, body))
    return islice(product(*by_page.values()), _MOST_READINGS) if by_page else iter(())


def _parse(reading: Sequence[tuple[LandedKey, bytes]]) -> Portfolio:
    first, body = reading[0]
    if first.source == "json":
        return parse_pages(first.index, [parse_page(content, member.page) for member, content in reading])
    if first.source == "csv":
        return parse_csv(first.index, decode_download(body))
    if first.source == "html":
        return parse_html(first.index, body)
    raise PayloadError(first.key, f"of no known source: {first.source}")
