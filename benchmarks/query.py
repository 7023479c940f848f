"""The user's three queries over a month and over a year: on the contract's layout and on the history, answers compared."""

from __future__ import annotations

import re
import statistics
from dataclasses import astuple, dataclass
from datetime import date

from benchmarks.lab import Lab
from benchmarks.report import Part, ReportTable, Target, ratio
from expectations.contract.names import DEFAULT_INDEX
from expectations.contract.tables import HISTORY_TABLE, INDEX_PARTITION, REFINED_COLUMNS, REFINED_TABLE
from expectations.queries.saved import QUERIES
from flows.lake.athena import QueryResult

_CHOSEN = re.compile(r"FROM \S+ WHERE year = \d+(?: AND \w+ = \d+)*")


@dataclass(frozen=True, slots=True)
class QueryMeasurement:
    """One query over one period of one table."""

    milliseconds: float
    objects: int
    scanned_bytes: int


Answers = dict[tuple[str, str], tuple[QueryMeasurement, QueryMeasurement]]
"""By query and period: of the contract's layout, and of the history."""


def measure(place: Lab, sessions: list[date], rounds: int) -> Part:
    """Ask of what is published in the lab; two tables that give different answers are a `ValueError`."""
    first, last = sessions[0], sessions[-1]
    year = "a year" if last.year > first.year else f"{len(sessions)} sessions"
    periods = {"a month": f"year = {first.year} AND month = {first.month}", year: f"year = {first.year}"}
    asked = [(query, of) for query in QUERIES for of in periods]
    return part({(query.name, of): _compare(place, query.sql, periods[of], rounds) for query, of in asked})


def _compare(place: Lab, sql: str, dates: str, rounds: int) -> tuple[QueryMeasurement, QueryMeasurement]:
    of_index = f"{INDEX_PARTITION.name} = '{DEFAULT_INDEX}' AND {dates}"
    tables = {REFINED_TABLE: dates, HISTORY_TABLE: of_index}
    found: list[list[QueryResult]] = [
        [place.lake.athena.query(about(sql, table.name, where)) for table, where in tables.items()]
        for _ in range(rounds)
    ]
    one, other = (comparable(result) for result in found[0])
    if one != other:
        raise ValueError(f"{sql}, of {dates}: the contract's layout and the history give other answers")
    layout, history = (
        QueryMeasurement(
            statistics.median(result.milliseconds for result in results),
            len(place.lake.catalog.partitions(table, where)),
            results[0].scanned_bytes,
        )
        for (table, where), results in zip(tables.items(), zip(*found, strict=True), strict=True)
    )
    return layout, history


def about(sql: str, table: str, where: str) -> str:
    """A saved query, of another table and other dates."""
    return _CHOSEN.sub(f"FROM {table} WHERE {where}", sql)


def comparable(result: QueryResult) -> list[tuple[object, ...]]:
    """A result's rows as both tables should give them."""
    # The history has columns of its own beside those of the contract; sums differ in their last digit with the order.
    columns = result.columns
    wanted = [column.name for column in REFINED_COLUMNS] if "codigo" in columns else columns
    places = [columns.index(name) for name in wanted]
    return sorted((tuple(_rounded(row[place]) for place in places) for row in result.rows), key=str)


def _rounded(cell: str | None) -> object:
    try:
        return round(float(str(cell)), 6)
    except ValueError:
        return cell


def part(found: Answers) -> Part:
    """The figures; targets are of the longest period."""
    head = ("Query", "Period", "ms", "ms, history", "faster", "objects", "objects, history", "KiB", "KiB, history")
    rows = [_row(name, period, *answers) for (name, period), answers in found.items()]
    (_, period), (layout, history) = list(found.items())[-1]
    slowest = max(answers[0].milliseconds for (_, of), answers in found.items() if of == period) / 1000
    faster = layout.milliseconds / max(1, history.milliseconds)
    targets = (
        Target(f"The contract's layout over {period}, the slowest query", slowest, 8, "s"),
        Target(f"Evolution over {period} on the history: objects", history.objects, 12, "objects"),
        Target(f"Evolution over {period}: the contract's layout against the history", faster, 20, "x", at_most=False),
    )
    return Part("query", "Queries", (ReportTable("The contract's layout, and the history.", head, rows),), targets)


def _row(name: str, period: str, *answers: QueryMeasurement) -> tuple[str | float, ...]:
    milliseconds, objects, scanned = zip(*(astuple(answer) for answer in answers), strict=True)
    return name, period, *milliseconds, ratio(*milliseconds), *objects, *(size / 1024 for size in scanned)
