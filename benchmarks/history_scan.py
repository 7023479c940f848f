"""What Athena opens and reads for questions on a year of sessions: of the contract's layout, and of the history.

    .venv/bin/python benchmarks/history_scan.py --sessions 250

The sessions are the recorded one with weights of their own. Both layouts are written with the production code's schemas and keys,
the queries run in the engine that stands for Athena on the laptop, and their answers must be equal. Objects and bytes are of
the files that a query opens; the bytes of its columns alone, footers included, are what Athena would read of them. The end is
one line of JSON, or an error.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from expectations.contract.catalog import table_input
from expectations.contract.keys import partition_prefix, partition_values
from expectations.contract.names import DATABASE, PART_NAME, REFINED_BUCKET
from expectations.contract.tables import HISTORY_TABLE, REFINED_COLUMNS, REFINED_TABLE, Table
from flows.b3.calendar import is_session
from flows.history.monthly import encode, month_of
from flows.history.rows import audited_rows, month_rows
from flows.session.arrow import arrow_schema
from local.athena.analysis.planner import plan_query
from local.athena.analysis.tables import GivenTables, Tables
from local.athena.engine import Engine
from local.b3 import sample
from local.s3.mirror import Mirror

INDEX = "IBOV"
FIRST_DAY = date(2024, 1, 2)
_FOOTER = 8  # bytes: the footer's length and Parquet's mark
_QUERIES = {
    "one share, a year": (
        "SELECT data_pregao, percentual_participacao_ibov FROM {table} WHERE {where} AND acao = 'VALE3' ORDER BY 1",
        ("data_pregao", "percentual_participacao_ibov", "acao"),
    ),
    "every share, a year": (
        "SELECT acao, data_pregao, percentual_participacao_ibov FROM {table} WHERE {where} ORDER BY 1, 2",
        ("acao", "data_pregao", "percentual_participacao_ibov"),
    ),
    "concentration, a year": (
        "SELECT data_pregao, ROUND(SUM(POWER(percentual_participacao_ibov, 2)), 6) FROM {table} WHERE {where} "  # noqa: ISC004
        "GROUP BY 1 ORDER BY 1",
        ("data_pregao", "percentual_participacao_ibov"),
    ),
}


class Wrong(Exception):  # noqa: N818 - what was found
    """Both layouts do not answer the same."""


@dataclass
class Layout:
    """One table's files and registered partitions."""

    table: Table
    where: str
    registered: list[tuple[list[str], str]] = field(default_factory=list)
    files: int = 0
    size: int = 0

    def add(self, mirror: Mirror, prefix: str, values: tuple[str, ...], content: bytes) -> None:
        """Put a file in place and register its partition."""
        mirror.write(REFINED_BUCKET, prefix + PART_NAME, content)
        self.registered.append((list(values), f"s3://{REFINED_BUCKET}/{prefix}"))
        self.files += 1
        self.size += len(content)


def trading_days(count: int) -> list[date]:
    """Trading days from 2024 on."""
    days: list[date] = []
    day = FIRST_DAY
    while len(days) < count:
        days += [day] if is_session(day) else []
        day += timedelta(days=1)
    return days


def refined(session: date, seed: int) -> pd.DataFrame:
    """The refined rows of the recorded session, with weights of the session's own that still sum to 100."""
    chance = random.Random(seed)  # noqa: S311 - figures, no secrets
    holdings = sample.recorded(sample.SESSIONS[0]).holdings
    weights = [holding.participacao_pct for holding in holdings]
    for _ in range(60):
        one, other = chance.sample(range(len(weights)), 2)
        moved = Decimal(chance.randint(1, 20)) / 1000
        if weights[other] > moved:
            weights[one], weights[other] = weights[one] + moved, weights[other] - moved
    sectors = [(holding.setor or "").partition("/") for holding in holdings]
    return pd.DataFrame(
        {
            "codigo": [holding.codigo for holding in holdings],
            "nome_acao": [holding.acao for holding in holdings],
            "tipo": [" ".join((holding.tipo[:4] + holding.tipo[8:]).split()) for holding in holdings],
            "classe": [holding.tipo[:4].strip() for holding in holdings],
            "segmento_listagem": [holding.tipo[8:].strip() or None for holding in holdings],
            "eventos": [holding.tipo[4:8].strip() or None for holding in holdings],
            "setor": [before.strip() or None for before, _, _ in sectors],
            "subsetor": [after.strip() or None for _, _, after in sectors],
            "quantidade_teorica_acoes": [float(holding.qtde_teorica) for holding in holdings],
            "percentual_participacao_ibov": [float(weight) for weight in weights],
            "data_pregao": session,
            "timestamp_coleta": pd.Timestamp(sample.collected_at(session)).tz_convert("UTC"),
            "dias_desde_coleta": pd.array([0] * len(holdings), "int32"),
        }
    )


def write_layouts(mirror: Mirror, sessions: list[date]) -> tuple[Layout, Layout]:
    """A file for each share and session, and a file for each month."""
    first, last = sessions[0], sessions[-1]
    years = f"year BETWEEN {first.year} AND {last.year}"
    shares = Layout(REFINED_TABLE, years)
    history = Layout(HISTORY_TABLE, f"indice = '{INDEX}' AND {years}")
    schema = arrow_schema(REFINED_COLUMNS)
    months: defaultdict[date, list[pa.Table]] = defaultdict(list)
    for number, session in enumerate(sessions):
        frame = refined(session, number)
        months[month_of(session)].append(audited_rows(frame, session, sample.DIVISORS[sample.SESSIONS[0]]))
        rows = pa.Table.from_pandas(frame, schema=schema, preserve_index=False)
        for place, code in enumerate(frame["codigo"]):
            prefix = partition_prefix(REFINED_TABLE, INDEX, session, code)
            values = partition_values(REFINED_TABLE, INDEX, session, code)
            shares.add(mirror, prefix, values, _as_the_job_writes(rows.slice(place, 1)))
    for month, parts in months.items():
        prefix = partition_prefix(HISTORY_TABLE, INDEX, month)
        history.add(mirror, prefix, partition_values(HISTORY_TABLE, INDEX, month), encode(month_rows(parts)))
    return shares, history


def _as_the_job_writes(rows: pa.Table) -> bytes:
    target = io.BytesIO()
    pq.write_table(rows, target, compression="snappy", store_schema=False)
    return target.getvalue()


def asked(mirror: Mirror, layout: Layout, question: str) -> tuple[dict[str, Any], list[tuple[str | None, ...]]]:
    """What a question opens and reads in a layout, and its answer."""
    sql, columns = _QUERIES[question]
    known: dict[str, Any] = {**table_input(layout.table, REFINED_BUCKET), "DatabaseName": DATABASE}
    query = plan_query(sql.format(table=layout.table.name, where=layout.where), Tables(GivenTables(known)), DATABASE)
    engine = Engine(mirror, lambda _: layout.registered)
    began = time.perf_counter()
    engine.prepare(query)
    rows = list(engine.run(query).rows)
    seconds = time.perf_counter() - began
    needed = sum(_of_columns(path, columns) for path in engine.files)
    measured = {"objects": len(engine.files), "bytes": engine.scanned_bytes, "bytes_of_columns": needed}
    return {**measured, "rows": len(rows), "seconds": round(seconds, 2)}, rows


def _of_columns(path: str, columns: tuple[str, ...]) -> int:
    metadata = pq.read_metadata(path)
    chunks = (
        metadata.row_group(group).column(number)
        for group in range(metadata.num_row_groups)
        for number in range(metadata.num_columns)
    )
    read = sum(chunk.total_compressed_size for chunk in chunks if chunk.path_in_schema in columns)
    return int(read + metadata.serialized_size + _FOOTER)


def measure(sessions: int, folder: Path) -> dict[str, object]:
    """Write both layouts, ask both, compare.

    Raises:
        Wrong: they answer differently.
    """
    mirror = Mirror(folder / "s3", folder / "scratch")
    layouts = dict(zip(("shares", "history"), write_layouts(mirror, trading_days(sessions)), strict=True))
    answers: dict[str, object] = {"sessions": sessions}
    for name, layout in layouts.items():
        answers[name] = {"files": layout.files, "bytes": layout.size}
    return answers | dict(_compared(mirror, layouts))


def _compared(mirror: Mirror, layouts: dict[str, Layout]) -> Iterator[tuple[str, object]]:
    for question in _QUERIES:
        found = {name: asked(mirror, layout, question) for name, layout in layouts.items()}
        if found["shares"][1] != found["history"][1]:
            raise Wrong(f"{question}: the two layouts answer differently")
        yield question, {name: measured for name, (measured, _) in found.items()}


def main() -> None:
    """Read the command line, measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=250)
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        found = measure(given.sessions, Path(folder))
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
