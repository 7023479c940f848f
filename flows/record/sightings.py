"""What lies in S3 of each session, told by listings alone: a call for a month and a prefix, none for a session."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import chain
from typing import TYPE_CHECKING

from expectations.contract.keys import ContractError, month_prefixes, parse_raw_key
from expectations.contract.ledger import LEDGER_TABLE, AttemptKey, parse_attempt_key
from expectations.contract.names import INDEX_PATTERN, LANDING_PREFIX, PUBLISHED_PREFIX, RAW_PREFIX
from flows.b3.calendar import SAO_PAULO
from flows.backfill.landing import UNDATED_PREFIX, read_key
from flows.lake.clients import PARALLEL_CALLS, aws_errors

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from flows.settings import Settings

# B3 shows a session before its day, after a long weekend by several days.
_AHEAD = timedelta(days=10)

_PUBLISHED_KEY = re.compile(
    rf"{PUBLISHED_PREFIX}([a-z][a-z0-9]{{3}})/year=(\d{{4}})/month=(\d\d)/day=(\d\d)/publication\.json", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Sighting:
    """What lies in S3 of one session, and when the newest of each kind was stored, by S3's own clock.

    Attributes:
        payloads: keys in landing.
        attempts: rows of the ledger, the newest last.
    """

    index: str
    session: date
    payloads: tuple[str, ...] = ()
    landed_at: datetime | None = None
    raw_at: datetime | None = None
    published_at: datetime | None = None
    attempts: tuple[AttemptKey, ...] = ()
    attempted_at: datetime | None = None

    @property
    def has_unread(self) -> bool:
        """Whether a payload came after all that flows have made of the session, and of which no attempt tells."""
        known = [instant for instant in (self.raw_at, self.published_at, self.attempted_at) if instant]
        return self.landed_at is not None and all(self.landed_at > instant for instant in known)

    @property
    def changed_at(self) -> datetime | None:
        """When the newest payload or raw file was stored."""
        return max((instant for instant in (self.landed_at, self.raw_at) if instant), default=None)


@dataclass(frozen=True, slots=True)
class Sightings:
    """What lies in S3 of all indices.

    Attributes:
        sessions: by index and session.
        tries: by index and day in São Paulo, the newest row of the ledger of that day, whichever session it is of.
        undated: by index, the keys of payloads whose session could not be told.
    """

    sessions: Mapping[str, Mapping[date, Sighting]] = field(default_factory=dict)
    tries: Mapping[tuple[str, date], AttemptKey] = field(default_factory=dict)
    undated: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def indices(self) -> list[str]:
        """The indices of which there is anything."""
        return sorted(self.sessions.keys() | self.undated.keys())


@dataclass(frozen=True, slots=True)
class _Listed:
    key: str
    at: datetime


def look(s3: S3Client, settings: Settings, since: date | None, until: date | None, today: date) -> Sightings:
    """Look at what lies in S3 of the sessions.

    Args:
        since, until: the first and the last session; None for the first that there is, and for the last.
        today: in São Paulo.

    Raises:
        AwsError: S3 could not be asked.
    """
    reader = _Reader(s3, settings)
    indices = reader.published_indices()
    first = since or reader.first_day(indices) or today
    last = until or today + _AHEAD
    found: defaultdict[str, dict[date, Sighting]] = defaultdict(dict)
    rows = sorted(
        (item for item in reader.attempts(first, today) if item[1].index), key=lambda item: (item[0], item[1].ended_at)
    )
    for seen in chain(reader.stored(indices, first, last), _attempted(rows)):
        if first <= seen.session <= last:
            of_index = found[seen.index]
            of_index[seen.session] = _both(of_index[seen.session], seen) if seen.session in of_index else seen
    tries = {(row.index, row.ended_at.astimezone(SAO_PAULO).date()): row for _, row in rows}
    return Sightings(found, tries, reader.undated())


def _attempted(rows: Iterable[tuple[datetime, AttemptKey]]) -> Iterator[Sighting]:
    return (
        Sighting(row.index, row.session, attempts=(row,), attempted_at=at)
        for at, row in rows
        if row.session is not None
    )


def _both(one: Sighting, other: Sighting) -> Sighting:
    return replace(
        one,
        payloads=one.payloads + other.payloads,
        landed_at=_later(one.landed_at, other.landed_at),
        raw_at=_later(one.raw_at, other.raw_at),
        published_at=_later(one.published_at, other.published_at),
        attempts=one.attempts + other.attempts,
        attempted_at=_later(one.attempted_at, other.attempted_at),
    )


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((instant for instant in (one, other) if instant), default=None)


@dataclass(frozen=True, slots=True)
class _Reader:
    s3: S3Client
    settings: Settings

    def published_indices(self) -> list[str]:
        names = self._folders(self.settings.refined_bucket, PUBLISHED_PREFIX)
        return [name.upper() for name in names if re.fullmatch(INDEX_PATTERN, name.upper())]

    def first_day(self, indices: Sequence[str]) -> date | None:
        """The first day of the first month of which there is anything."""
        refined, raw = self.settings.refined_bucket, self.settings.raw_bucket
        places = [(raw, LANDING_PREFIX), (raw, RAW_PREFIX), *((refined, _published(index)) for index in indices)]
        return min((found for place in places if (found := self._first_month(*place))), default=None)

    def _first_month(self, bucket: str, prefix: str) -> date | None:
        years = [name for name in self._folders(bucket, prefix) if re.fullmatch(r"year=(19|20)\d\d", name)]
        if not years:
            return None
        year = min(years)
        found = [
            name for name in self._folders(bucket, f"{prefix}{year}/") if re.fullmatch(r"month=(0[1-9]|1[0-2])", name)
        ]
        return date(int(year[-4:]), int(min(found)[-2:]), 1) if found else None

    def _folders(self, bucket: str, prefix: str) -> list[str]:
        with aws_errors(f"listing s3://{bucket}/{prefix}"):
            pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, Delimiter="/")
            found = [item["Prefix"] for page in pages for item in page.get("CommonPrefixes", [])]
        return [item.removeprefix(prefix).rstrip("/") for item in found]

    def stored(self, indices: Sequence[str], first: date, last: date) -> Iterator[Sighting]:
        """Payloads, raw files and publications; a key that is not of the contract's form is nobody's."""
        raw, refined = self.settings.raw_bucket, self.settings.refined_bucket
        for item in self._listed(raw, month_prefixes(LANDING_PREFIX, first, last)):
            yield from _of_landing(item)
        for item in self._listed(raw, month_prefixes(RAW_PREFIX, first, last)):
            yield from _of_raw(item)
        published = [prefix for index in indices for prefix in month_prefixes(_published(index), first, last)]
        for item in self._listed(refined, published):
            yield from _of_publication(item)

    def attempts(self, first: date, today: date) -> Iterator[tuple[datetime, AttemptKey]]:
        prefixes = month_prefixes(LEDGER_TABLE.prefix, first - _AHEAD, today + timedelta(days=1))
        for item in self._listed(self.settings.refined_bucket, prefixes):
            try:
                yield item.at, parse_attempt_key(item.key)
            except ContractError:
                continue

    def undated(self) -> dict[str, list[str]]:
        found: defaultdict[str, list[str]] = defaultdict(list)
        for item in self._listed(self.settings.raw_bucket, [UNDATED_PREFIX]):
            try:
                found[read_key(item.key).index].append(item.key)
            except ContractError:
                continue
        return found

    def _listed(self, bucket: str, prefixes: Sequence[str]) -> Iterator[_Listed]:
        def listed(prefix: str) -> list[_Listed]:
            with aws_errors(f"listing s3://{bucket}/{prefix}"):
                pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
                return [
                    _Listed(item["Key"], item["LastModified"]) for page in pages for item in page.get("Contents", [])
                ]

        with ThreadPoolExecutor(PARALLEL_CALLS) as pool:
            yield from chain.from_iterable(pool.map(listed, prefixes))


def _published(index: str) -> str:
    return f"{PUBLISHED_PREFIX}{index.lower()}/"


def _of_landing(item: _Listed) -> Iterator[Sighting]:
    try:
        landed = read_key(item.key)
    except ContractError:
        return
    if landed.session:
        yield Sighting(landed.index, landed.session, payloads=(item.key,), landed_at=item.at)


def _of_raw(item: _Listed) -> Iterator[Sighting]:
    try:
        raw = parse_raw_key(item.key)
    except ContractError:
        return
    yield Sighting(raw.index, raw.session, raw_at=item.at)


def _of_publication(item: _Listed) -> Iterator[Sighting]:
    found = _PUBLISHED_KEY.fullmatch(item.key)
    if not found:
        return
    index, *day = found.groups()
    try:
        session = date(*map(int, day))
    except ValueError:
        return
    yield Sighting(index.upper(), session, published_at=item.at)
