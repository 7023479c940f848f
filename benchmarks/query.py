"""The user's three queries over a month, a year and ten years: on the contract's layout and on the history."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from benchmarks import lab
from benchmarks.measure import slope
from benchmarks.report import Part, Table, Target, number, ratio
from expectations.contract.names import DEFAULT_INDEX
from expectations.contract.tables import HISTORY_TABLE, INDEX_PARTITION, REFINED_COLUMNS, REFINED_TABLE
from flows.lake.athena import run_query

_TEN_YEARS = 2500  # sessions
_EVOLUTION = "evolution"

_QUERIES = {
    "all rows": "SELECT * FROM {table} WHERE {where}",
    "by type": "SELECT tipo, COUNT(*) AS total_acoes, SUM(quantidade_teorica_acoes) AS total_quantidade, "
    "AVG(percentual_participacao_ibov) AS participacao_media "
    "FROM {table} WHERE {where} GROUP BY tipo ORDER BY total_quantidade DESC",
    _EVOLUTION: "SELECT data_pregao, COUNT(*) AS total_acoes, SUM(percentual_participacao_ibov) AS participacao_total "
    "FROM {table} WHERE {where} GROUP BY data_pregao ORDER BY data_pregao",
}

_HOW = """\
The user's three queries, over a month and over a year that are published, in the account on the laptop: Athena's engine there is
DuckDB, which reads the files of the partitions that the catalog has registered. Milliseconds are the engine's own; objects are
the partitions that the query's dates leave, each of one file; answers of the two tables are compared. Ten years are the straight
line through the month and the year, for the contract's layout (it would be 210,000 files) and for the history alike."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One query over one period of one table."""

    milliseconds: float
    objects: int
    bytes_read: int


Answers = tuple[Answer, Answer]
"""Of the contract's layout, and of the history."""


@dataclass(frozen=True, slots=True)
class Period:
    """What is asked of: published sessions, and the dates that select them."""

    name: str
    sessions: int
    where: str


def measure(place: lab.Lab, sessions: list[date], rounds: int) -> Part:
    """Ask of what is published in the lab.

    Raises:
        ValueError: the two tables give other answers.
    """
    first = sessions[0]
    month = sum((day.year, day.month) == (first.year, first.month) for day in sessions)
    year = sum(day.year == first.year for day in sessions)
    periods = [
        Period("a month", month, f"year = {first.year} AND month = {first.month}"),
        Period("a year" if year > _TEN_YEARS / 11 else f"{year} sessions", year, f"year = {first.year}"),
    ]
    found = {(name, period): _compare(place, name, period, rounds) for name in _QUERIES for period in periods}
    return _part(found, periods)


def _compare(place: lab.Lab, name: str, period: Period, rounds: int) -> Answers:
    of_index = f"{INDEX_PARTITION.name} = '{DEFAULT_INDEX}' AND {period.where}"
    tables = {REFINED_TABLE.name: period.where, HISTORY_TABLE.name: of_index}
    times: dict[str, list[int]] = {table: [] for table in tables}
    seen, answers = {}, {}
    for _ in range(rounds):
        for table, where in tables.items():
            result = run_query(
                place.aws.athena,
                _QUERIES[name].format(table=table, where=where),
                workgroup=place.settings.workgroup,
                database=place.settings.database,
                timeout=600,
            )
            times[table].append(result.milliseconds)
            answers[table] = _comparable(result.columns, result.rows)
            seen[table] = result.scanned_bytes
    one, other = answers.values()
    if one != other:
        raise ValueError(f"{name} over {period.name}: the contract's layout and the history give other answers")
    layout, history = (
        Answer(statistics.median(times[table]), _objects(place, table, where), seen[table])
        for table, where in tables.items()
    )
    return layout, history


def _comparable(columns: tuple[str, ...], rows: tuple[tuple[str | None, ...], ...]) -> list[tuple[object, ...]]:
    # The history has columns of its own beside those of the contract; sums differ in their last digit with the order.
    shared = [column.name for column in REFINED_COLUMNS if column.name in columns] or list(columns)
    wanted = shared if "codigo" in columns else list(columns)
    places = [columns.index(name) for name in wanted]
    return sorted((tuple(_rounded(row[place]) for place in places) for row in rows), key=str)


def _rounded(cell: str | None) -> object:
    try:
        return round(float(str(cell)), 6)
    except ValueError:
        return cell


def _objects(place: lab.Lab, table: str, where: str) -> int:
    pages = place.aws.glue.get_paginator("get_partitions").paginate(
        DatabaseName=place.settings.database, TableName=table, Expression=where, ExcludeColumnSchema=True
    )
    return sum(len(page["Partitions"]) for page in pages)


def _part(found: dict[tuple[str, Period], Answers], periods: list[Period]) -> Part:
    rows = [_cells(name, period.name, *answers) for (name, period), answers in found.items()]
    ten = {name: _ten_years(name, found, periods) for name in _QUERIES}
    rows += [_cells(name, "ten years, extrapolated", *answers) for name, answers in ten.items()]
    table = Table(
        "The contract's layout | the history.",
        ("Query", "Period", "ms", "ms, history", "faster", "objects", "objects, history", "KiB", "KiB, history"),
        tuple(rows),
    )
    of_layout, of_history = ten[_EVOLUTION]
    facts = {
        "query_layout_session_ms": of_layout.milliseconds / _TEN_YEARS,
        "query_history_session_ms": of_history.milliseconds / _TEN_YEARS,
    }
    longest = periods[-1]
    return Part("query", "Queries", _HOW, (table,), _targets(longest.name, *found[_EVOLUTION, longest]), facts)


def _targets(period: str, layout: Answer, history: Answer) -> tuple[Target, ...]:
    faster = layout.milliseconds / max(1, history.milliseconds)
    subject = f"Evolution over {period}"
    return (
        Target(f"{subject} on the history: objects", history.objects, 12, "objects"),
        Target(f"{subject}: the contract's layout against the history", faster, 20, "x", at_most=False),
    )


def _ten_years(name: str, found: dict[tuple[str, Period], Answers], periods: list[Period]) -> Answers:
    layout, history = ({period.sessions: found[name, period][place] for period in periods} for place in (0, 1))
    return _extrapolated(layout), _extrapolated(history)


def _extrapolated(answers: dict[int, Answer]) -> Answer:
    def line(figure: Callable[[Answer], float]) -> float:
        base, a_session = slope([(float(count), figure(answer)) for count, answer in answers.items()])
        return base + a_session * _TEN_YEARS

    return Answer(
        line(lambda answer: answer.milliseconds),
        round(line(lambda answer: answer.objects)),
        round(line(lambda answer: answer.bytes_read)),
    )


def _cells(name: str, period: str, layout: Answer, history: Answer) -> tuple[str, ...]:
    return (
        name,
        period,
        number(layout.milliseconds),
        number(history.milliseconds),
        ratio(layout.milliseconds, history.milliseconds),
        f"{layout.objects:,}",
        f"{history.objects:,}",
        _kib(layout),
        _kib(history),
    )


def _kib(answer: Answer) -> str:
    return number(answer.bytes_read / 1024)
