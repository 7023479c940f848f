"""The ETL: the Glue job's script, against the plain way (`jobs/plain.py`) and against the floor, every output compared."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks import lab
from benchmarks.measure import Plan, clock, interleaved
from benchmarks.report import Part, ReportTable, Target, number, ratio
from benchmarks.sessions import Cells, cells, portfolios, stated
from expectations.contract.keys import staging_prefix
from expectations.contract.tables import REFINED_TABLE, SUMMARY_TABLE
from flows.b3.portfolio import Portfolio
from flows.session.storage import RawVersion

_REFINED, _SUMMARY = REFINED_TABLE.prefix, SUMMARY_TABLE.prefix


@dataclass(frozen=True, slots=True)
class Size:
    """What was measured at one number of sessions, in seconds."""

    sessions: int
    rows: int
    ours: float
    plain: float
    floor: float


def measure(plan: Plan) -> list[Part]:
    """Measure every size of the plan."""
    given = portfolios(max(plan.sizes))
    with lab.opened(plan.folder / "home") as place:
        bench = EtlBenchmark(place, plan, given, place.upload(given))
        start = interleaved(plan.rounds, {"start": lambda: place.run(lab.START, {})[1]})["start"]
        return [part(start, [bench.size(count) for count in plan.sizes])]


@dataclass(slots=True)
class EtlBenchmark:
    """The runs that are compared.

    Attributes:
        staged: the folder of what the job wrote last.
    """

    place: lab.Lab
    plan: Plan
    given: Sequence[Portfolio]
    versions: Sequence[RawVersion]
    staged: Path = field(default_factory=Path)

    def size(self, count: int) -> Size:
        """All ways with the first so many sessions."""
        runs = {"ours": self._ours, "plain": self._plain, "floor": self._floor}
        found = interleaved(self.plan.rounds_of(count), {name: partial(run, count) for name, run in runs.items()})
        return Size(count, sum(len(item.holdings) for item in self.given[:count]), **found)

    def _ours(self, count: int) -> float:
        run_id, seconds = self.place.refine(self.versions[:count])
        self.staged = self.place.buckets / self.place.lake.refined.name / staging_prefix(run_id)
        check(self.staged, self.given[:count])
        return seconds

    def _plain(self, count: int) -> float:
        target, lake = f"plain/{time.monotonic_ns()}/", self.place.lake
        files = ",".join(lake.raw.address(item.key) for item in self.versions[:count])
        _, seconds = self.place.run(lab.PLAIN, {"--input": files, "--output": lake.artifacts.address(target)})
        check(self.place.buckets / lake.artifacts.name / target, self.given[:count])
        return seconds

    def _floor(self, count: int) -> float:
        # The rows of each of the job's files to a file like it, from memory, on all cores.
        folder, seconds = self.plan.folder / "floor", list[float]()
        written = [file for prefix in (_REFINED, _SUMMARY) for file in (self.staged / prefix).rglob("*.parquet")]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            tables = list(pool.map(lambda file: pq.ParquetFile(file).read(), written))
            with clock(seconds):
                list(pool.map(_write, [folder / file.relative_to(self.staged) for file in written], tables))
        check(folder, self.given[:count])
        shutil.rmtree(folder)
        return seconds[0]


def _write(file: Path, rows: pa.Table) -> None:
    file.parent.mkdir(parents=True)
    pq.write_table(rows, file)


def check(folder: Path, given: Sequence[Portfolio]) -> None:
    """Hold what was written below a folder against what the sessions state; anything else is a `ValueError`."""
    found, totals = _read(folder)
    if found != stated(given):
        raise ValueError(f"{folder}: {len(found)} sessions where {len(given)} were expected, or other figures")
    if totals != {item.session: len(item.holdings) for item in given}:
        raise ValueError(f"{folder}: not all shares are in the groups of the summary")


def _read(folder: Path) -> tuple[Cells, dict[date, int]]:
    refined, summary = (
        f"read_parquet('{folder / prefix}/**/*.parquet', hive_partitioning = false)" for prefix in (_REFINED, _SUMMARY)
    )
    shares = f"SELECT data_pregao, codigo, quantidade_teorica_acoes, percentual_participacao_ibov FROM {refined}"
    with duckdb.connect() as database:
        totals = database.execute(f"SELECT data_pregao, sum(total_acoes)::INT FROM {summary} GROUP BY ALL").fetchall()
        return cells(database.execute(shares).fetchall()), dict(totals)


def part(start: float, sizes: Sequence[Size]) -> Part:
    """The figures; targets are of the first size and of the last."""
    head = ("Sessions", "Files", "Job", "Rows/s", "Job, net of start", "Floor", "Net / floor", "Plain", "Job / plain")
    table = ReportTable(
        f"Seconds. Spark's start alone: {number(start)} s.", head, [_row(size, start) for size in sizes]
    )
    first, last = sizes[0], sizes[-1]
    each, of = first.plain / first.sessions * last.sessions, f"{last.sessions} sessions"
    targets = (
        Target("One session, the whole job with its JVM", first.ours, 8, "s"),
        Target(f"A session of {of} against a session alone", last.ours / last.sessions / first.ours, 1 / 20, "x"),
        Target(f"{of}: the job net of Spark's start against the floor", (last.ours - start) / last.floor, 3, "x"),
        Target(f"{of}: the job against one plain run for all", last.ours / last.plain, 1, "x"),
        Target(f"{of}: plain runs, one a file, against the job", each / last.ours, 5, "x", at_most=False),
    )
    return Part("etl", "ETL", (table,), targets)


def _row(size: Size, start: float) -> tuple[str | float, ...]:
    files, speed, net = size.rows + size.sessions, size.rows / size.ours, size.ours - start
    floor, plain = (size.floor, ratio(net, size.floor)), (size.plain, ratio(size.ours, size.plain))
    return size.sessions, files, size.ours, speed, net, *floor, *plain
