"""The keys of every object in S3, and the paths of partitions: what makes one of its parts, and what reads them back.

It imports only the standard library and the contract, so that it runs unchanged wherever the contract does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from urllib.parse import quote, unquote

from expectations.contract.names import (
    CLAIMS_PREFIX,
    INDEX_PATTERN,
    LANDING_PREFIX,
    LEASES_PREFIX,
    MANIFEST_NAME,
    PUBLISHED_PREFIX,
    RAW_PREFIX,
    RAW_SUFFIX,
    STAGING_PREFIX,
)
from expectations.contract.tables import INDEX_PARTITION, TICKER_PARTITION, Table


class ContractError(ValueError):
    """A key, index code or value that is not of the contract's form. The message names it and says what is expected."""


def session_path(session: date) -> str:
    """The Hive path of a session: `year=YYYY/month=MM/day=DD`."""
    return f"year={session:%Y}/month={session:%m}/day={session:%d}"


def month_prefixes(prefix: str, since: date, until: date) -> list[str]:
    """The prefixes of the months from one day to another, such as `raw-data/year=2025/month=06/`."""
    months = range(since.year * 12 + since.month - 1, until.year * 12 + until.month)
    return [f"{prefix}year={month // 12:04d}/month={month % 12 + 1:02d}/" for month in months]


def check_index(index: str) -> str:
    """The index code itself, when it has a code's form.

    Raises:
        ContractError: it has not (B3's codes are four capitals or digits, such as IBOV or ICO2).
    """
    if not re.fullmatch(INDEX_PATTERN, index):
        raise ContractError(f"index code {index!r}: expected four capitals or digits, such as IBOV or IBXX")
    return index


def raw_key(index: str, session: date) -> str:
    """The key of a raw file: `raw-data/year=YYYY/month=MM/day=DD/ibov_carteira_YYYYMMDD.parquet`."""
    name = f"{check_index(index).lower()}_carteira_{session:%Y%m%d}{RAW_SUFFIX}"
    return f"{RAW_PREFIX}{session_path(session)}/{name}"


@dataclass(frozen=True, slots=True)
class RawObject:
    """What a raw key says: the index and the session."""

    index: str
    session: date


_RAW_KEY = re.compile(
    r"raw-data/year=(\d{4})/month=(\d{2})/day=(\d{2})/([a-z][a-z0-9]{3})_carteira_(\d{8})\.parquet", re.ASCII
)


def parse_raw_key(key: str) -> RawObject:
    """Read a raw key back; the inverse of `raw_key`.

    Raises:
        ContractError: the key is not of the contract's form, or its folder and its file name disagree.
    """
    found = _RAW_KEY.fullmatch(key)
    if not found:
        raise ContractError(
            f"raw key {key!r}: expected {RAW_PREFIX}year=YYYY/month=MM/day=DD/ibov_carteira_YYYYMMDD.parquet"
        )
    year, month, day, index, stamp = found.groups()
    try:
        session = date(int(year), int(month), int(day))
    except ValueError as error:
        raise ContractError(f"raw key {key!r}: {year}-{month}-{day} is not a date") from error
    if stamp != f"{session:%Y%m%d}":
        raise ContractError(f"raw key {key!r}: the folder says {session:%Y%m%d}, the file name {stamp}")
    return RawObject(index.upper(), session)


def landing_key(index: str, session: date | None, collected_at: datetime, source: str, page: int, sha256: str) -> str:
    """The key of one payload as received.

    Args:
        index: index code.
        session: the session that the payload's header states; None where the payload does not say, and the key then lies
            below `landing/undated/` so that the bytes are kept all the same.
        collected_at: instant at which the collection began (aware).
        source: `json`, `csv` or `html`.
        page: page number, from 1.
        sha256: hexadecimal digest of the bytes as received; its first 12 digits make the key unique.
    """
    folder = session_path(session) if session else "undated"
    stamp = collected_at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    return f"{LANDING_PREFIX}{folder}/{check_index(index).lower()}_{stamp}_p{page:03d}_{sha256[:12]}.{source}.gz"


def staging_prefix(run_id: str) -> str:
    """The prefix below which one Glue run writes: `staging/<run>/`."""
    return f"{STAGING_PREFIX}{run_id}/"


def manifest_key(run_id: str) -> str:
    """The key of the manifest, which a Glue run writes last."""
    return f"{staging_prefix(run_id)}{MANIFEST_NAME}"


def partition_values(table: Table, index: str, session: date, ticker: str | None = None) -> tuple[str, ...]:
    """A partition's values as the catalog holds them, in the order of the table's partition columns.

    Numbers are canonical (`6`, not `06`): the columns are `int`, and Athena compares them as numbers.

    Raises:
        ContractError: the table is partitioned by ticker and none was given.
    """
    known = {
        INDEX_PARTITION.name: index,
        "year": str(session.year),
        "month": str(session.month),
        "day": str(session.day),
        TICKER_PARTITION.name: ticker,
    }
    values = tuple(known[column.name] for column in table.partitions)
    if None in values:
        raise ContractError(f"table {table.name}: a partition needs a ticker")
    return tuple(str(value) for value in values)


def partition_prefix(table: Table, index: str, session: date, ticker: str | None = None) -> str:
    """The key prefix of a partition: `refined-data/year=2025/month=06/day=30/acao=VALE3/`.

    Args:
        ticker: for a table that is partitioned by ticker; without it, the prefix of the whole session.
    """
    values = {
        INDEX_PARTITION.name: check_index(index),
        "year": f"{session:%Y}",
        "month": f"{session:%m}",
        "day": f"{session:%d}",
        TICKER_PARTITION.name: ticker,
    }
    named = [(column.name, values[column.name]) for column in table.partitions]
    return table.prefix + "".join(f"{name}={value}/" for name, value in named if value is not None)


def published_prefix(index: str) -> str:
    """The prefix of the publication records of an index."""
    return f"{PUBLISHED_PREFIX}{check_index(index).lower()}/"


def published_key(index: str, session: date) -> str:
    """The key of a session's publication record."""
    return f"{published_prefix(index)}{session_path(session)}/publication.json"


_PUBLISHED_KEY = re.compile(
    r"published/[a-z][a-z0-9]{3}/year=(\d{4})/month=(\d{2})/day=(\d{2})/publication\.json", re.ASCII
)


def published_session(key: str) -> date | None:
    """The session whose publication record lies under the key; None where it is no record's key."""
    found = _PUBLISHED_KEY.fullmatch(key)
    try:
        return date(*map(int, found.groups())) if found else None
    except ValueError:
        return None


def lease_key(index: str, session: date) -> str:
    """The key of a session's lease, which one publisher at a time holds."""
    return f"{LEASES_PREFIX}{check_index(index).lower()}/{session_path(session)}/lease"


def monthly_lease_key(index: str) -> str:
    """The key of the lease that who brings the monthly tables of an index up to date holds."""
    return f"{LEASES_PREFIX}{check_index(index).lower()}/monthly/lease"


def claim_key(version_id: str) -> str:
    """The key of the claim that whoever starts the Glue run of a raw version holds: `claims/<version id>`.

    Raises:
        ContractError: the id is empty, or not one that S3 gives.
    """
    try:
        quoted = quote(version_id, safe="")
    except UnicodeEncodeError:
        quoted = ""
    if not quoted or len(quoted) > _LONGEST_CLAIMED:
        raise ContractError(f"version id {version_id!r}: expected what S3 gives a version, of a bucket that keeps them")
    return CLAIMS_PREFIX + quoted


_LONGEST_CLAIMED = 1024 - len(CLAIMS_PREFIX)  # bytes of a key, of which S3 takes 1,024


def claimed_version(key: str) -> str | None:
    """The raw version whose claim lies under the key; None where it is no claim's key."""
    version_id = unquote(key.removeprefix(CLAIMS_PREFIX), errors="replace") if key.startswith(CLAIMS_PREFIX) else ""
    try:
        return version_id if version_id and claim_key(version_id) == key else None
    except ContractError:
        return None
