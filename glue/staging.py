"""What a run reads and writes in S3: its input copies, and the list of what Spark wrote."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from botocore.exceptions import ClientError

from expectations.contract.keys import ContractError, parse_raw_key, staging_prefix
from expectations.contract.manifest import RawSource, StagedFile
from expectations.contract.names import B3_TIME_ZONE, DEFAULT_INDEX, ORIGIN_METADATA
from expectations.contract.partitions import partition_prefix
from expectations.contract.tables import INDEX_PARTITION, JOB_TABLES, TICKER_PARTITION
from expectations.queries.transformations import INDEX, ORIGIN, REFERENCE_DATE
from glue.arguments import Arguments, RawObjectVersion, read_raw_list
from glue.errors import JobError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

INPUT = "input/"

_PARALLEL_CALLS = 16
_ORIGIN = re.compile(r"[a-z]+( [a-z]+)*")
_NULL = "__HIVE_DEFAULT_PARTITION__"  # as Spark spells it
_HIVE_PAIR = re.compile(r"([a-z]+)=([A-Z0-9]+)")


def resolve_sources(s3: S3Client, arguments: Arguments) -> list[RawSource]:
    """The raw versions of the run, with index and session from their keys and their reference dates.

    Raises:
        JobError: a key is not a raw file's, a version does not exist, or two versions are of the same session.
    """
    versions = [arguments.version] if arguments.version else read_raw_list(_read(s3, str(arguments.raw_list)))
    with ThreadPoolExecutor(_PARALLEL_CALLS) as pool:
        sources = list(pool.map(lambda version: _source(s3, version, arguments.reference_date), versions))
    counts = Counter((source.index, source.session) for source in sources)
    if twice := [f"{index} {session}" for (index, session), count in counts.items() if count > 1]:
        raise JobError(f"the same session twice in one run: {', '.join(sorted(twice))}")
    return sources


def input_prefix(run_id: str) -> str:
    """Below which a run's input copies lie."""
    return staging_prefix(run_id) + INPUT


def input_folder(run_id: str, source: RawSource) -> str:
    """The prefix of a source's copy, which states its index, reference date and origin."""
    stated = {INDEX: source.index, REFERENCE_DATE: source.reference_date, ORIGIN: source.origin or _NULL}
    return input_prefix(run_id) + "".join(f"{name}={value}/" for name, value in stated.items())


def stage_input(s3: S3Client, arguments: Arguments, sources: Iterable[RawSource]) -> str:
    """Copy exactly these raw versions below the run's staging prefix, in folders that state what no row does.

    Spark reads keys, not versions: the copies are what makes a run read the version that it was started for.

    Returns:
        The S3 address of the folder to read.
    """

    def copy(source: RawSource) -> None:
        s3.copy_object(
            Bucket=arguments.refined_bucket,
            Key=input_folder(arguments.run_id, source) + PurePosixPath(source.key).name,
            CopySource={"Bucket": source.bucket, "Key": source.key, "VersionId": source.version_id},
        )

    with ThreadPoolExecutor(_PARALLEL_CALLS) as pool:
        list(pool.map(copy, sources))
    return f"s3://{arguments.refined_bucket}/{input_prefix(arguments.run_id)}"


def list_output(s3: S3Client, arguments: Arguments) -> list[StagedFile]:
    """Every file that the run wrote, by table and partition.

    Raises:
        JobError: a partition has more than one file, or a key below the run's prefix is none of the tables'.
    """
    prefix = staging_prefix(arguments.run_id)
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=arguments.refined_bucket, Prefix=prefix)
    found = [(item["Key"], item["Size"]) for page in pages for item in page.get("Contents", [])]
    files = [
        _staged_file(key, key.removeprefix(prefix), size)
        for key, size in found
        if not key.removeprefix(prefix).startswith(INPUT) and key.endswith(".parquet")
    ]
    _refuse_split_partitions(files)
    return files


def _read(s3: S3Client, address: str) -> bytes:
    bucket, _, key = address.removeprefix("s3://").partition("/")
    try:
        return s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as error:
        raise JobError(f"raw list {address}: {error}") from error


def _source(s3: S3Client, version: RawObjectVersion, reference_date: date | None) -> RawSource:
    try:
        raw = parse_raw_key(version.key)
        head = s3.head_object(Bucket=version.bucket, Key=version.key, VersionId=version.version_id)
    except ContractError as error:
        raise JobError(str(error)) from error
    except ClientError as error:
        raise JobError(f"s3://{version.bucket}/{version.key} version {version.version_id}: {error}") from error
    stored_on = head["LastModified"].astimezone(ZoneInfo(B3_TIME_ZONE)).date()
    return RawSource(
        bucket=version.bucket,
        key=version.key,
        version_id=version.version_id,
        index=raw.index,
        session=raw.session,
        reference_date=reference_date or stored_on,
        origin=_origin(version, head["Metadata"]),
    )


def _origin(version: RawObjectVersion, metadata: Mapping[str, str]) -> str:
    origin = metadata.get(ORIGIN_METADATA, "")
    if origin and not _ORIGIN.fullmatch(origin):
        raise JobError(
            f"s3://{version.bucket}/{version.key} version {version.version_id}: its metadata states the origin {origin!r}, "
            "which is none"
        )
    return origin


def _staged_file(key: str, path: str, size: int) -> StagedFile:
    table = next((table for table in JOB_TABLES if path.startswith(table.prefix)), None)
    if table is None:
        raise JobError(f"staged file {key!r}: below none of the tables' prefixes")
    values = dict(_HIVE_PAIR.findall(path))
    index, ticker = values.get(INDEX_PARTITION.name, DEFAULT_INDEX), values.get(TICKER_PARTITION.name)
    try:
        session = date(int(values["year"]), int(values["month"]), int(values["day"]))
    except (KeyError, ValueError) as error:
        raise JobError(f"staged file {key!r}: its folders tell no session") from error
    by_ticker = TICKER_PARTITION in table.partitions
    # A ticker that cannot be a folder's name as it is would be read back as another one.
    folder = path[: path.rindex("/") + 1]
    if by_ticker == (ticker is None) or folder != partition_prefix(table, index, session, ticker):
        raise JobError(f"staged file {key!r}: not a partition of {table.name}")
    return StagedFile(table=table.name, index=index, session=session, ticker=ticker, key=key, size=size)


def _refuse_split_partitions(files: Sequence[StagedFile]) -> None:
    counts = Counter(item.key.rpartition("/")[0] for item in files)
    if split := [folder for folder, count in counts.items() if count > 1]:
        raise JobError(f"staged partitions with more than one file: {', '.join(sorted(split)[:3])}")
