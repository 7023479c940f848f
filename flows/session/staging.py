"""One session of a Glue run's output, read back from staging as Parquet files."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from expectations.contract.manifest import Manifest, StagedFile
from expectations.contract.tables import refined_table, summary_table
from expectations.gates.refined import StagedOutput
from flows.errors import StagingError
from flows.lake.calls import side_by_side

if TYPE_CHECKING:
    import pandas as pd

    from flows.lake.s3 import Bucket


@dataclass(frozen=True, slots=True)
class StagedSession:
    """The files of one session, and what the manifest says of them.

    Attributes:
        reference_date: the date that `dias_desde_coleta` counts to.
        refined, summary: files of the two tables.
    """

    index: str
    session: date
    run_id: str
    reference_date: date
    rows: int
    summary_rows: int
    refined: tuple[StagedFile, ...]
    summary: tuple[StagedFile, ...]


def staged_session(manifest: Manifest, index: str, session: date, version_id: str) -> StagedSession:
    """The session's part of a run's manifest.

    Raises:
        StagingError: the manifest does not have the session once, or not from that raw version, or without files.
    """
    subject = f"manifest of Glue run {manifest.run_id}: {index} {session}"
    sources = [item for item in manifest.sources if (item.index, item.session) == (index, session)]
    counts = [item for item in manifest.sessions if (item.index, item.session) == (index, session)]
    if len(sources) != 1 or len(counts) != 1:
        raise StagingError(f"{subject}: {len(sources)} sources and {len(counts)} counts where one of each was expected")
    if sources[0].version_id != version_id:
        raise StagingError(f"{subject}: it was made from raw version {sources[0].version_id}, not {version_id}")
    files = [item for item in manifest.files if (item.index, item.session) == (index, session)]
    refined = tuple(item for item in files if item.table == refined_table(index).name)
    summary = tuple(item for item in files if item.table == summary_table(index).name)
    if not refined or not summary or len(refined) + len(summary) != len(files):
        raise StagingError(f"{subject}: {len(refined)} refined and {len(summary)} summary files of {len(files)}")
    return StagedSession(
        index,
        session,
        manifest.run_id,
        sources[0].reference_date,
        counts[0].rows,
        counts[0].summary_rows,
        refined,
        summary,
    )


def read_staged(refined: Bucket, staged: StagedSession) -> StagedOutput:
    """Read every file of the session.

    Raises:
        StagingError: a file is not Parquet, or not of the size that the manifest states.
        AwsError: a file could not be read.
    """
    files = [*staged.refined, *staged.summary]
    parquets = dict(zip(files, side_by_side(lambda item: _open(refined, item), files), strict=True))
    return StagedOutput(
        refined=_rows(staged.refined, parquets),
        summary=_rows(staged.summary, parquets).drop(columns="file_ticker"),
        schemas={item.key: _schema(parquet) for item, parquet in parquets.items()},
        tables={item.key: item.table for item in files},
    )


def _open(refined: Bucket, item: StagedFile) -> pq.ParquetFile:
    content, address = refined.read(item.key), refined.address(item.key)
    if len(content) != item.size:
        raise StagingError(f"{address}: {len(content)} bytes where the manifest states {item.size}")
    try:
        return pq.ParquetFile(io.BytesIO(content))
    except (pa.ArrowException, OSError) as error:
        raise StagingError(f"{address}: not Parquet ({error})") from error


def _rows(files: Sequence[StagedFile], parquets: Mapping[StagedFile, pq.ParquetFile]) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415 - 1 s to import

    # Whatever the files' schemas are, gate 2 judges them: reading must not fail on a difference.
    alike: defaultdict[pa.Schema, list[pa.Table]] = defaultdict(list)
    for item in files:
        rows = parquets[item].read()
        tickers = pa.nulls(len(rows), pa.string()) if item.ticker is None else pa.repeat(item.ticker, len(rows))
        alike[rows.schema].append(rows.append_column("file_ticker", tickers))
    # In one piece each: a column of a file a piece takes a kilobyte a piece, and is slow to look through.
    frames = [pa.concat_tables(tables).combine_chunks().to_pandas() for tables in alike.values()]
    frame: pd.DataFrame = pd.concat(frames, ignore_index=True)
    return frame


def _schema(parquet: pq.ParquetFile) -> list[str]:
    columns = (parquet.schema.column(number) for number in range(len(parquet.schema)))
    return [f"{column.path}: {column.physical_type}/{column.logical_type.type}" for column in columns]
