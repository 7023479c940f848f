"""The keys of every object in S3, and the paths of partitions: what makes one of its parts, and what reads them back.

It imports only the standard library and the contract, so that it runs unchanged wherever the contract does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from urllib.parse import quote, unquote

from expectations.contract.names import (
    BATCHES_PREFIX,
    CLAIMS_PREFIX,
    INDEX_PATTERN,
    LANDING_PREFIX,
    LEASES_PREFIX,
    LEDGER_PREFIX,
    MANIFEST_NAME,
    PUBLISHED_PREFIX,
    QUOTES_LANDING_PREFIX,
    RAW_PREFIX,
    RAW_SUFFIX,
    REPORTS_PREFIX,
    STAGING_PREFIX,
)
from expectations.contract.outcomes import Outcome, Verdict


class ContractError(ValueError):
    """A key, index code or value that is not of the contract's form. The message names it and says what is expected."""


def session_path(session: date) -> str:
    """The Hive path of a session: `year=YYYY/month=MM/day=DD`."""
    return f"year={session:%Y}/month={session:%m}/day={session:%d}"


_MOST_MONTHS = 12
_UNDATED = "undated"


def time_prefixes(prefix: str, since: date, until: date) -> list[str]:
    """The prefixes below which everything from one day to another lies: its months, or its years where they are many.

    Such as `raw-data/year=2025/month=06/` or `raw-data/year=2025/`.
    """
    months = range(since.year * 12 + since.month - 1, until.year * 12 + until.month)
    if len(months) > _MOST_MONTHS:
        return [f"{prefix}year={year:04d}/" for year in range(since.year, until.year + 1)]
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
class SessionName:
    """A session of an index, as a key says it."""

    index: str
    session: date


_INDEX = "([a-z][a-z0-9]{3})"
_DAY = r"year=(\d{4})/month=(\d{2})/day=(\d{2})"
_RAW_KEY = re.compile(rf"raw-data/{_DAY}/{_INDEX}_carteira_(\d{{8}})\.parquet", re.ASCII)


def read_raw_key(key: str) -> SessionName | None:
    """Read a raw key back; None where it is none: the folder and the file name must agree, too."""
    found = _RAW_KEY.fullmatch(key)
    session = _day(*found.groups()[:3]) if found else None
    if found is None or session is None or found[5] != f"{session:%Y%m%d}":
        return None
    return SessionName(found[4].upper(), session)


def parse_raw_key(key: str) -> SessionName:
    """Read a raw key back, which must be one.

    Raises:
        ContractError: the key is not of the contract's form, or its folder and its file name disagree.
    """
    if found := read_raw_key(key):
        return found
    raise ContractError(
        f"raw key {key!r}: expected {RAW_PREFIX}year=YYYY/month=MM/day=DD/ibov_carteira_YYYYMMDD.parquet, "
        "with one date in folder and name"
    )


def _day(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


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
    name = f"{check_index(index).lower()}_{stamp}_p{page:03d}_{sha256[:_DIGITS]}.{source}.gz"
    return f"{LANDING_PREFIX}{folder}/{name}"


_DIGITS = 12


def is_landing_digest(key: str, sha256: str) -> bool:
    """Whether a key in landing is of bytes with that hexadecimal digest."""
    return f"_{sha256[:_DIGITS]}." in key.rpartition("/")[2]


@dataclass(frozen=True, slots=True, order=True)
class LandingKey:
    """What a key in landing says; `session` is None below `landing/undated/`."""

    collected_at: datetime
    source: str
    page: int
    key: str
    index: str
    session: date | None


_LANDING_KEY = re.compile(
    rf"landing/(?:undated|{_DAY})/{_INDEX}_(\d{{8}}T\d{{6}}Z)_p(\d{{3}})_[0-9a-f]{{12}}\.([a-z]+)\.gz", re.ASCII
)


def read_landing_key(key: str) -> LandingKey | None:
    """Read a key in landing back; None where it is none."""
    found = _LANDING_KEY.fullmatch(key)
    if not found:
        return None
    year, month, day, index, stamp, page, source = found.groups()
    session = _day(year, month, day) if year else None
    collected_at = _instant(stamp, "%Y%m%dT%H%M%SZ")
    if collected_at is None or (year and session is None):
        return None
    return LandingKey(collected_at, source, int(page), key, index.upper(), session)


def _instant(stamp: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(stamp, form).replace(tzinfo=UTC)
    except ValueError:
        return None


# --- files of B3's prices in landing ---


def quotes_landing_prefix(code: str) -> str:
    """The key prefix of all that was received as one file of COTAHIST: `landing/cotahist/A2025/`.

    Args:
        code: the file's, `QuotesFile.code`.
    """
    return f"{QUOTES_LANDING_PREFIX}{code}/"


def quotes_landing_key(code: str | None, sha256: str, kind: str) -> str:
    """The key of a file of B3's prices as received; the same bytes have the same key.

    Args:
        code: the file's, `QuotesFile.code`; None where nothing tells.
        sha256: hexadecimal digest of the bytes as received, of which the first 12 digits are taken.
        kind: `zip`, `txt` (kept gzipped), or `html`, a page that came in place of one.
    """
    name = f"{sha256[:12]}.{kind}{'.gz' if kind == 'txt' else ''}"
    return f"{quotes_landing_prefix(code or _UNDATED)}{name}"


@dataclass(frozen=True, slots=True)
class QuotesLandingKey:
    """What the key of a file of B3's prices in landing says; `code` is None where nothing told of which span it is."""

    code: str | None
    digest: str
    kind: str
    key: str


_QUOTES_LANDING_KEY = re.compile(
    rf"{QUOTES_LANDING_PREFIX}(undated|D\d{{8}}|M\d{{6}}|A\d{{4}})/([0-9a-f]{{12}})\.(zip|html|txt(?=\.gz))(?:\.gz)?",
    re.ASCII,
)


def read_quotes_landing_key(key: str) -> QuotesLandingKey | None:
    """Read such a key back; None where it is none."""
    found = _QUOTES_LANDING_KEY.fullmatch(key)
    if not found:
        return None
    code, digest, kind = found.groups()
    known = QuotesLandingKey(None if code == _UNDATED else code, digest, kind, key)
    return known if quotes_landing_key(known.code, digest, kind) == key else None


def staging_prefix(run_id: str) -> str:
    """The prefix below which one Glue run writes: `staging/<run>/`."""
    return f"{STAGING_PREFIX}{run_id}/"


def manifest_key(run_id: str) -> str:
    """The key of the manifest, which a Glue run writes last."""
    return f"{staging_prefix(run_id)}{MANIFEST_NAME}"


def published_prefix(index: str) -> str:
    """The prefix of the publication records of an index."""
    return f"{PUBLISHED_PREFIX}{check_index(index).lower()}/"


def published_key(index: str, session: date) -> str:
    """The key of a session's publication record."""
    return f"{published_prefix(index)}{session_path(session)}/publication.json"


_PUBLISHED_KEY = re.compile(rf"published/{_INDEX}/{_DAY}/publication\.json", re.ASCII)


def read_published_key(key: str) -> SessionName | None:
    """The session whose publication record lies under the key; None where it is no record's key."""
    found = _PUBLISHED_KEY.fullmatch(key)
    session = _day(*found.groups()[1:]) if found else None
    return SessionName(found[1].upper(), session) if found and session else None


def seal_key(index: str, session: date) -> str:
    """The key of a session's seal, by whose ETag a listing tells that record and files are as they were published."""
    return f"{published_prefix(index)}{session_path(session)}/seal"


_SEAL_KEY = re.compile(rf"published/{_INDEX}/{_DAY}/seal", re.ASCII)


def read_seal_key(key: str) -> SessionName | None:
    """The session whose seal lies under the key; None where it is no seal's key."""
    found = _SEAL_KEY.fullmatch(key)
    session = _day(*found.groups()[1:]) if found else None
    return SessionName(found[1].upper(), session) if found and session else None


def lease_key(index: str, session: date) -> str:
    """The key of a session's lease, which one publisher at a time holds."""
    return f"{LEASES_PREFIX}{check_index(index).lower()}/{session_path(session)}/lease"


def monthly_lease_key(index: str) -> str:
    """The key of the lease of an index's monthly tables, which whoever changes their partitions holds."""
    return f"{LEASES_PREFIX}{check_index(index).lower()}/monthly"


def batch_key(digest: str) -> str:
    """The key of a batch's list of raw versions, by the hexadecimal digest of the list."""
    return f"{BATCHES_PREFIX}{digest}.json"


def report_prefix(index: str, session: date | None, started_at: datetime) -> str:
    """The key prefix of an attempt's report: `reports/ibov/year=…/month=…/day=…/<start>/`."""
    folder = session_path(session) if session else "undated"
    return f"{REPORTS_PREFIX}{check_index(index).lower()}/{folder}/{started_at.astimezone(UTC):%Y%m%dT%H%M%S%fZ}/"


# --- the ledger's rows ---------------------------------------------------------------------------------------------------


def ledger_prefix(instant: datetime) -> str:
    """The key prefix of the partition in which attempts of that month lie: `execucoes-data/year=2025/month=06/`."""
    return f"{LEDGER_PREFIX}{instant.astimezone(UTC):year=%Y/month=%m/}"


_OUTCOMES = frozenset(map(str, Outcome))
_STAMP = "%Y%m%dT%H%M%S%fZ"
_VERDICTS = {verdict.replace(" ", "-"): verdict for verdict in Verdict}
_ATTEMPT_KEY = re.compile(
    rf"{LEDGER_PREFIX}year=(\d{{4}})/month=(\d\d)/{_INDEX}_(\d{{8}}|{_UNDATED})_([a-z-]+?)(?:-w([1-9]\d*))?"
    rf"(?:-v({'|'.join(_VERDICTS)}))?"
    r"_(\d{8}T\d{12}Z)_[0-9a-f]+\.parquet",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class AttemptKey:
    """What the key of a row of the ledger says.

    Attributes:
        warnings: demands of the gates that were not met without being critical.
        verdict: what prices say of what is published since the attempt; None where it did not ask them.
    """

    index: str
    session: date | None
    outcome: Outcome
    ended_at: datetime
    warnings: int
    key: str
    verdict: Verdict | None = None


def attempt_key(  # noqa: PLR0913 - all that a listing is to tell
    index: str,
    session: date | None,
    outcome: Outcome,
    started_at: datetime,
    ended_at: datetime,
    unique: str,
    *,
    warnings: int = 0,
    verdict: Verdict | None = None,
) -> str:
    """The key of one row.

    Args:
        started_at: tells the partition.
        unique: hexadecimal digits that no other row has.
    """
    of_session = f"{session:%Y%m%d}" if session else _UNDATED
    kind = outcome.replace(" ", "-") + (f"-w{warnings}" if warnings else "")
    kind += f"-v{verdict.replace(' ', '-')}" if verdict else ""
    stamp = ended_at.astimezone(UTC).strftime(_STAMP)
    return f"{ledger_prefix(started_at)}{check_index(index).lower()}_{of_session}_{kind}_{stamp}_{unique}{RAW_SUFFIX}"


def read_attempt_key(key: str) -> AttemptKey | None:
    """Read a row's key back; None where it is none."""
    found = _ATTEMPT_KEY.fullmatch(key)
    if not found or _day(found[1], found[2], "01") is None:
        return None
    index, session, kind, warnings, verdict, stamp = found.groups()[2:]
    day = _day(session[:4], session[4:6], session[6:])
    ended_at, outcome = _instant(stamp, _STAMP), kind.replace("-", " ")
    if ended_at is None or outcome not in _OUTCOMES or (day is None and session != _UNDATED):
        return None
    return AttemptKey(index.upper(), day, Outcome(outcome), ended_at, int(warnings or 0), key, _VERDICTS.get(verdict))


# --- claims ---


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
    version_id = unquote(key.removeprefix(CLAIMS_PREFIX))
    try:
        return version_id if claim_key(version_id) == key else None
    except ContractError:
        return None
