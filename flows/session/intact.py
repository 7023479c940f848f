"""Whether what was published still lies where it was published, as it was.

The publication record says which files a session was published as, and its seal lets listings alone tell whether each of them
is there with the size and the ETag that it had: a call for a month and a table, and none for a session. The catalog tells
whether the partitions show them; only reading a file tells whether its bytes are still those of its ETag. S3 looks after the
bytes of an object itself (https://docs.aws.amazon.com/AmazonS3/latest/userguide/DataDurability.html); a laptop's disk does not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from expectations.contract.catalog import index_expression, session_expression
from expectations.contract.keys import (
    ContractError,
    lease_key,
    published_prefix,
    read_published_key,
    read_seal_key,
    time_prefixes,
)
from expectations.contract.names import PART_NAME
from expectations.contract.partitions import index_prefix, partition_prefix, partition_values, session_of_key
from expectations.contract.tables import INDEX_PARTITION, TICKER_PARTITION, Table
from flows.lake.calls import side_by_side
from flows.lake.s3 import etag_of
from flows.session.confirm import session_tables
from flows.session.storage import PublishedFile, read_publication, seal

if TYPE_CHECKING:
    from flows.lake.catalog import Catalog, Values
    from flows.lake.connect import Lake
    from flows.lake.s3 import Bucket, ObjectSummary
    from flows.session.storage import Publication

Files = Mapping[str, "ObjectSummary"]
"""Files as listings show them, by key."""


def listed_damage(lake: Lake, index: str, sessions: Collection[date], void_after: float) -> dict[date, str]:
    """What listings tell is not as it was published, in one line, by the published sessions of which there is something.

    Where a session's seal says that all is as it was, nothing is read.

    Args:
        void_after: age in seconds at which the lease of who publishes a session is void; until then it is not judged.

    Raises:
        AwsError: S3 could not be asked.
    """
    if not sessions:
        return {}
    return _listed_damage(lake, index, sessions, void_after, _listed(lake.refined, index, min(sessions), max(sessions)))


def _listed_damage(
    lake: Lake, index: str, sessions: Collection[date], void_after: float, listed: Mapping[date, Files]
) -> dict[date, str]:
    records = _records(lake.refined, index, min(sessions), max(sessions))
    doubtful = [
        session
        for session in sorted(sessions)
        if not records.get(session, _Sealed()).holds(listed.get(session, {}).values())
    ]

    def judged(session: date) -> str:
        found = _judged(lake, index, session, listed.get(session, {}))
        return "" if found and _is_being_published(lake.refined, index, session, void_after) else found

    found = zip(doubtful, side_by_side(judged, doubtful), strict=True)
    return {session: damage for session, damage in found if damage}


def visible_damage(lake: Lake, index: str, sessions: Collection[date], void_after: float) -> dict[date, str]:
    """As `listed_damage`, and what the catalog does not show: what a query of these sessions would answer wrongly.

    Raises:
        AwsError: AWS could not be asked.
    """
    if not sessions:
        return {}
    listed = _listed(lake.refined, index, min(sessions), max(sessions))
    damages = _listed_damage(lake, index, sessions, void_after, listed)
    hidden = _hidden_by_month(lake.catalog, index, {session: listed.get(session, {}) for session in sessions})
    return damages | {
        session: problem
        for session, problem in hidden.items()
        if session not in damages and not _is_being_published(lake.refined, index, session, void_after)
    }


def _hidden_by_month(catalog: Catalog, index: str, listed: Mapping[date, Files]) -> dict[date, str]:
    months = sorted({session.replace(day=1) for session in listed})
    tables = session_tables(index)
    asked = [(table, month) for table in tables for month in months]
    answers = side_by_side(lambda item: catalog.partitions(item[0], _month_expression(*item, index)), asked)
    found = {item: set(answer.items()) for item, answer in zip(asked, answers, strict=True)}
    problems: dict[date, str] = {}
    for session, files in listed.items():
        for table in tables:
            expected = _partitions(table, index, session, files)
            lacking = sorted(expected.items() - found[table, session.replace(day=1)])
            if lacking:
                problems[session] = f"partition {'/'.join(lacking[0][0])} of {table.name} does not show its file"
    return problems


def _month_expression(table: Table, month: date, index: str) -> str:
    of_month = f"year = {month.year} AND month = {month.month}"
    return f"{index_expression(index)} AND {of_month}" if INDEX_PARTITION in table.partitions else of_month


@dataclass(frozen=True, slots=True)
class _Sealed:
    """A session's record and its seal, as listings show them."""

    record: ObjectSummary | None = None
    seal: ObjectSummary | None = None

    def holds(self, files: Iterable[ObjectSummary]) -> bool:
        """Whether these are the files that were sealed, with that record."""
        if self.record is None or self.seal is None:
            return False
        text = seal(self.record.etag, published_files(files))
        return etag_of(text) == self.seal.etag.strip('"')


def published_files(files: Iterable[ObjectSummary]) -> list[PublishedFile]:
    """Files as a record states them."""
    return [PublishedFile(item.key, item.size, item.etag.strip('"')) for item in files]


def session_damage(lake: Lake, index: str, session: date, void_after: float, *, bytes_too: bool = False) -> str:
    """What of one published session is not as it was published, in its files or in the catalog; empty where nothing is.

    Args:
        void_after: as in `listed_damage`.
        bytes_too: read every file.

    Raises:
        AwsError: AWS could not be asked.
    """
    listed = listed_session(lake.refined, index, session)
    damage = _judged(lake, index, session, listed) or _hidden(lake.catalog, index, session, listed)
    if not damage and bytes_too:
        damage = changed_bytes(lake.refined, listed.values())
    return "" if damage and _is_being_published(lake.refined, index, session, void_after) else damage


def changed_bytes(refined: Bucket, files: Iterable[ObjectSummary]) -> str:
    """Which of the files do not have the bytes of their ETags; empty where all have.

    Raises:
        AwsError: a file could not be read.
    """
    listed = list(files)
    return _line([problem for problem in side_by_side(lambda item: _changed(refined, item), listed) if problem], listed)


def _changed(refined: Bucket, item: ObjectSummary) -> str:
    found = refined.find(item.key)
    if found is None:
        return f"{item.key} is missing"
    return "" if found.is_whole else f"{item.key} has other bytes than were stored"


def _listed(refined: Bucket, index: str, since: date, until: date) -> Mapping[date, Files]:
    found: defaultdict[date, dict[str, ObjectSummary]] = defaultdict(dict)
    for table in session_tables(index):
        for item in refined.objects_below(time_prefixes(index_prefix(table, index), since, until)):
            if session := session_of_key(table, index, item.key):
                found[session][item.key] = item
    return found


def _records(refined: Bucket, index: str, since: date, until: date) -> Mapping[date, _Sealed]:
    found: defaultdict[date, _Sealed] = defaultdict(_Sealed)
    for item in refined.objects_below(time_prefixes(published_prefix(index), since, until)):
        if record := read_published_key(item.key):
            found[record.session] = replace(found[record.session], record=item)
        elif sealed := read_seal_key(item.key):
            found[sealed.session] = replace(found[sealed.session], seal=item)
    return found


def _judged(lake: Lake, index: str, session: date, listed: Files) -> str:
    try:
        record = read_publication(lake.refined, index, session)
    except ContractError as error:
        return str(error)
    return _different(record, listed) if record else ""


def _different(record: Publication, listed: Files) -> str:
    """Where a session's files are not those of its record."""
    if not record.files:
        return _miscounted(record, listed)
    published = {item.key: item for item in record.files}
    problems = [f"{key} is missing" for key in sorted(published.keys() - listed.keys())]
    problems += [f"{key} was not published" for key in sorted(listed.keys() - published.keys())]
    for key in sorted(published.keys() & listed.keys()):
        was, is_now = published[key], listed[key]
        if was.size != is_now.size:
            problems.append(f"{key} has {is_now.size} bytes where {was.size} were published")
        elif was.etag != is_now.etag.strip('"'):
            problems.append(f"{key} has other bytes than were published")
    return _line(problems, record.files)


def _miscounted(record: Publication, listed: Files) -> str:
    """The same for a record of before files were recorded, of which only the number is known."""
    refined, _ = session_tables(record.index)
    expected = 1 + (record.rows if TICKER_PARTITION in refined.partitions else 1)
    if len(listed) == expected:
        return ""
    return f"{len(listed)} files lie where {expected} were published"


def _line(problems: Sequence[str], among: Sequence[object]) -> str:
    if not problems:
        return ""
    return problems[0] if len(problems) == 1 else f"{problems[0]}, and {len(problems) - 1} more of {len(among)} files"


def show_again(lake: Lake, record: Publication) -> None:
    """Let the catalog show a session whose files are as they were published; nothing where they are not.

    Raises:
        PublishError: the catalog refused a partition.
        AwsError: AWS could not be asked.
    """
    listed = listed_session(lake.refined, record.index, date.fromisoformat(record.session))
    if record.files and not _different(record, listed) and not changed_bytes(lake.refined, listed.values()):
        register(lake, record)


def register(lake: Lake, record: Publication) -> None:
    """Let the catalog's partitions of a session show the files of its record, and nothing else, whatever they showed before.

    Raises:
        PublishError: the catalog refused one.
        AwsError: AWS could not be asked.
    """
    index, session = record.index, date.fromisoformat(record.session)
    keys = [item.key for item in record.files] or list(listed_session(lake.refined, index, session))
    for table in session_tables(index):
        expected = _partitions(table, index, session, keys)
        found = lake.catalog.partitions(table, session_expression(table, index, session))
        lake.catalog.delete(table, found.keys() - expected.keys())
        missing = expected.keys() - found.keys()
        lake.catalog.create(table, {values: expected[values] for values in missing}, anew=False)
        elsewhere = [values for values in expected.keys() & found.keys() if found[values] != expected[values]]
        lake.catalog.point(table, {values: expected[values] for values in elsewhere})


def listed_session(refined: Bucket, index: str, session: date) -> Files:
    """The files of a session in its two tables.

    Raises:
        AwsError: S3 could not be asked.
    """
    prefixes = [partition_prefix(table, index, session) for table in session_tables(index)]
    return {item.key: item for item in refined.objects_below(prefixes)}


def _hidden(catalog: Catalog, index: str, session: date, listed: Files) -> str:
    """Which partitions do not show the session's files."""
    problems: list[str] = []
    for table in session_tables(index):
        expected = _partitions(table, index, session, listed)
        found = catalog.partitions(table, session_expression(table, index, session))
        missing = sorted(values for values, prefix in expected.items() if found.get(values) != prefix)
        problems += [f"partition {'/'.join(values)} of {table.name} does not show its file" for values in missing]
        strange = sorted(found.keys() - expected.keys())
        problems += [f"partition {'/'.join(values)} of {table.name} shows what was not published" for values in strange]
    return _line(problems, list(listed))


def _partitions(table: Table, index: str, session: date, keys: Iterable[str]) -> dict[Values, str]:
    """The partitions that show these files, by their values; what lies elsewhere than a session's files do is in none."""
    prefixes = (key.removesuffix(PART_NAME) for key in keys if key.startswith(table.prefix))
    named = ((prefix.rstrip("/").rpartition(f"/{TICKER_PARTITION.name}=")[2], prefix) for prefix in prefixes)
    is_by_ticker = TICKER_PARTITION in table.partitions
    return {
        partition_values(table, index, session, ticker if is_by_ticker else None): prefix
        for ticker, prefix in named
        if prefix == partition_prefix(table, index, session, ticker if is_by_ticker else None)
    }


def _is_being_published(refined: Bucket, index: str, session: date, void_after: float) -> bool:
    lease = refined.look(lease_key(index, session))
    return lease is not None and lease.age <= void_after
