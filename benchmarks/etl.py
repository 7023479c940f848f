"""The ETL: the Glue job's script as the account runs it, against the plain way and against the floor.

Every output is held against what the sessions state, share by share, before its time counts.
"""

from __future__ import annotations

import os
import shutil
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks import lab
from benchmarks.measure import Plan, clock, interleaved
from benchmarks.report import Part, Table, Target, number, ratio
from benchmarks.sessions import Cells, portfolios, shown, stated
from expectations.contract.keys import session_path
from expectations.contract.tables import REFINED_TABLE, SUMMARY_TABLE
from flows.backfill.batch import SESSIONS_A_RUN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flows.b3.portfolio import Portfolio
    from flows.session.storage import RawVersion

_JOBS = Path(__file__).with_name("jobs")
_START, _PLAIN = "benchmark-start", "benchmark-plain"
_ONCE = 100  # sessions from which on a run is measured once
_LONG = 1000  # sessions from which on the job alone is measured, and a sample of its sessions compared
_SAMPLE = 50

_FILES = (
    "the layout is the contract's, and Spark opens a Parquet writer, with Hadoop's configuration, for each file of one row; "
    "about a quarter of the time is the list of what was written, for the manifest, which the account's process answers"
)

_HOW = """\
A raw file a session (84 rows), uploaded to the account on the laptop; the job is started with `StartJobRun` and waited for, so
that a run's time holds all of it: Python, JVM, Spark, copies of its input, one Parquet file a share and session, the
list of what it wrote, the manifest. *Plain* is `benchmarks/jobs/plain.py`, the same work as most public projects write it, with
Spark's defaults: as one run a file (the median of single runs, times the files) and, kinder, as one run for all
files. It reads and writes through the same file system as the job. The *floor* is pyarrow writing the same rows, which DuckDB
computes, to as many files in the same folders, on all cores of a process that is already there (DuckDB's own `PARTITION_BY`
takes ten times as long for the 21,250 files of 250 sessions); it is compared with the job's time net of the *start*, a job that
starts Spark and does nothing."""


@dataclass(frozen=True, slots=True)
class Size:
    """What was measured at one number of sessions, in seconds; None: not measured."""

    sessions: int
    rows: int
    files: int
    ours: float
    plain_run: float | None
    floor: float | None


def measure(plan: Plan) -> list[Part]:
    """Measure every size of the plan."""
    given = portfolios(max(plan.sizes))
    with lab.opened(plan.folder / "home") as place:
        place.deploy(_START, _JOBS / "start_spark.py")
        place.deploy(_PLAIN, _JOBS / "plain.py")
        plan.tell(f"uploading {len(given)} raw files")
        bench = Bench(place, plan, given, place.upload(given))
        single = bench.starts()
        sizes = [bench.size(count) for count in plan.sizes]
    return [_part(single, sizes)]


@dataclass(frozen=True, slots=True)
class Bench:
    """The runs that are compared."""

    place: lab.Lab
    plan: Plan
    given: Sequence[Portfolio]
    versions: Sequence[RawVersion]

    def starts(self) -> dict[str, float]:
        """Seconds of a run that only starts Spark, and of a plain run of one file."""
        self.plan.tell("Spark's start, and plain runs of one file")
        runs = {"start": lambda: self.place.run(_START, {}).seconds, "plain": lambda: self._plain(1)}
        return interleaved(self.plan.rounds, runs)

    def size(self, count: int) -> Size:
        """All ways with the first so many sessions."""
        self.plan.tell(f"ETL of {count} sessions")
        runs = {"ours": lambda: self._ours(count)}
        if count < _LONG:
            runs |= {"floor": lambda: self._floor(count), "plain": lambda: self._plain(count)}
        found = interleaved(self.plan.rounds if count < _ONCE else 1, runs)
        rows = sum(len(item.holdings) for item in self.given[:count])
        return Size(count, rows, rows + count, found["ours"], found.get("plain"), found.get("floor"))

    def _ours(self, count: int) -> float:
        seconds = 0.0
        for first in range(0, count, SESSIONS_A_RUN):
            part = slice(first, min(first + SESSIONS_A_RUN, count))
            run = self.place.refine(self.versions[part])
            folder = self.place.staging(run.run_id)
            _check(folder / REFINED_TABLE.prefix, folder / SUMMARY_TABLE.prefix, self.given[part])
            seconds += run.seconds
        return seconds

    def _plain(self, count: int) -> float:
        bucket, out = self.place.settings.raw_bucket, f"plain/{time.monotonic_ns()}/"
        files = ",".join(f"s3://{bucket}/{item.key}" for item in self.versions[:count])
        target = f"s3://{self.place.settings.artifacts_bucket}/{out}"
        run = self.place.run(_PLAIN, {"--input": files, "--output": target})
        folder = self.place.buckets / self.place.settings.artifacts_bucket / out
        _check(folder / "refinado", folder / "resumo", self.given[:count])
        shutil.rmtree(folder)
        return run.seconds

    def _floor(self, count: int) -> float:
        folder, seconds = self.plan.folder / "floor", list[float]()
        folder.mkdir()
        raw = self.place.buckets / self.place.settings.raw_bucket
        with duckdb.connect() as database, clock(seconds):
            write_floor(database, [raw / item.key for item in self.versions[:count]], folder)
        _check(folder / "refined", folder / "summary", self.given[:count])
        shutil.rmtree(folder)
        return seconds[0]


def _check(refined: Path, summary: Path, given: Sequence[Portfolio]) -> None:
    every = 1 if len(given) < _LONG else len(given) // _SAMPLE
    expected = stated(given[::every])
    found, totals = _read([refined / _folder(refined, day) for day in expected], summary)
    if found != expected:
        raise ValueError(f"{refined}: {len(found)} sessions where {len(expected)} were expected, or other figures")
    if totals != {item.session: len(item.holdings) for item in given}:
        raise ValueError(f"{summary}: not all shares are in its groups")


def _folder(table: Path, session: date) -> str:
    # Spark writes a number as it is where the contract pads it.
    padded = session_path(session)
    return padded if (table / padded).exists() else f"year={session.year}/month={session.month}/day={session.day}"


def write_floor(database: duckdb.DuckDBPyConnection, raw: Sequence[Path], folder: Path) -> None:
    """Write the refined and the summary files of raw files with as little as possible around the writing."""
    files = ", ".join(f"'{path}'" for path in raw)
    database.execute(
        f"""CREATE TABLE refined AS SELECT codigo, acao AS nome_acao,
            concat_ws(' ', trim(substr(tipo, 1, 4)), nullif(trim(substr(tipo, 9, 2)), '')) AS tipo,
            trim(substr(tipo, 1, 4)) AS classe, nullif(trim(substr(tipo, 9, 2)), '') AS segmento_listagem,
            nullif(trim(substr(tipo, 5, 4)), '') AS eventos, trim(split_part(setor, '/', 1)) AS setor,
            nullif(trim(split_part(setor, '/', 2)), '') AS subsetor, qtde_teorica::DOUBLE AS quantidade_teorica_acoes,
            participacao_pct AS percentual_participacao_ibov, data_pregao, timestamp_coleta, 0 AS dias_desde_coleta
        FROM read_parquet([{files}], hive_partitioning = false) ORDER BY data_pregao, codigo"""
    )
    shares = database.sql("FROM refined").to_arrow_table()
    groups = database.sql(
        """SELECT setor, classe, sum(quantidade_teorica_acoes) AS quantidade_teorica_total,
            avg(percentual_participacao_ibov) AS participacao_media, sum(percentual_participacao_ibov) AS participacao_total,
            count(*) AS total_acoes, data_pregao FROM refined GROUP BY ALL ORDER BY data_pregao"""
    ).to_arrow_table()
    days, codes = shares["data_pregao"].to_pylist(), shares["codigo"].to_pylist()
    of_shares = [
        (shares.slice(place, 1), folder / "refined" / session_path(day) / f"acao={code}")
        for place, (day, code) in enumerate(zip(days, codes, strict=True))
    ]
    counts = Counter(groups["data_pregao"].to_pylist())
    firsts = [0, *accumulate(counts.values())]
    of_groups = [
        (groups.slice(first, count), folder / "summary" / session_path(day))
        for first, (day, count) in zip(firsts, counts.items(), strict=False)
    ]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(lambda file: _write(*file), [*of_shares, *of_groups]))


def _write(rows: pa.Table, folder: Path) -> None:
    folder.mkdir(parents=True)
    pq.write_table(rows, folder / "part.parquet")


def _read(sessions: Sequence[Path], summary: Path) -> tuple[Cells, dict[object, int]]:
    globs = ", ".join(f"'{folder}/**/*.parquet'" for folder in sessions)
    with duckdb.connect() as database:
        rows = database.execute(
            "SELECT data_pregao, codigo, quantidade_teorica_acoes, percentual_participacao_ibov "
            f"FROM read_parquet([{globs}], hive_partitioning = false)"
        ).fetchall()
        totals = database.execute(
            f"SELECT data_pregao, sum(total_acoes)::INT FROM read_parquet('{summary}/**/*.parquet') GROUP BY ALL"
        ).fetchall()
    return shown(rows), dict(totals)


def _part(single: dict[str, float], sizes: Sequence[Size]) -> Part:
    start, plain = single["start"], single["plain"]
    head = (
        "Sessions",
        "Files",
        "Job",
        "Rows/s",
        "Job, net of start",
        "Floor",
        "Net / floor",
        "Plain, a run a file",
        "… / job",
        "Plain, one run",
        "… / job",
    )
    table = Table(
        f"Seconds. Spark's start alone: {number(start)} s. Plain runs a file: {number(plain)} s each, times the files.",
        head,
        tuple(_cells(size, start, plain) for size in sizes),
    )
    first, last = sizes[0], [size for size in sizes if size.sessions < _LONG][-1]
    floor = last.floor or 0.0
    of = f"{last.sessions} sessions"
    targets = (
        Target("One session, the whole job with its JVM", first.ours, 8, "s", why=_jvm(start)),
        Target(
            f"{of}: plain runs, one a file, against the job", plain * last.sessions / last.ours, 5, "x", at_most=False
        ),
        Target(
            f"A session of {of} against a session alone",
            last.ours / last.sessions / first.ours,
            1 / 20,
            "x",
            why=_FILES,
        ),
        Target(
            f"{of}: the job net of Spark's start against the floor", (last.ours - start) / floor, 3, "x", why=_FILES
        ),
    )
    facts = {
        "etl_start": start,
        "etl_one": first.ours,
        "etl_session": (last.ours - first.ours) / max(1, last.sessions - 1),
    }
    return Part("etl", "ETL", _HOW, (table,), targets, facts)


def _jvm(start: float) -> str:
    return (
        f"{number(start)} s of it are Spark's start; most of the rest is a fresh JVM that loads and compiles Spark's classes, "
        "whatever the number of rows"
    )


def _cells(size: Size, start: float, plain: float) -> tuple[str, ...]:
    a_run = plain * size.sessions
    one_run = ("-", "-") if size.plain_run is None else (number(size.plain_run), ratio(size.plain_run, size.ours))
    return (
        f"{size.sessions:,}",
        f"{size.files:,}",
        number(size.ours),
        number(size.rows / size.ours),
        number(size.ours - start),
        "-" if size.floor is None else number(size.floor),
        "-" if size.floor is None else ratio(size.ours - start, size.floor),
        number(a_run),
        ratio(a_run, size.ours),
        *one_run,
    )
