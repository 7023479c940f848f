"""Confirming through Athena that the published rows are the audited ones, cell by cell."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from expectations.contract.tables import INDEX_PARTITION, Column, ColumnType, Table, refined_table, summary_table
from flows.b3.portfolio import shown
from flows.errors import PublishError

if TYPE_CHECKING:
    import pandas as pd

    from flows.lake.athena import QueryResult

Cell = str | int | float | date | datetime | None


def session_query(table: Table, index: str, session: date) -> str:
    """The query for all of a session's rows, with the contract's columns in order."""
    columns = ", ".join(column.name for column in table.columns)
    where = f"year = {session.year} AND month = {session.month} AND day = {session.day}"
    if INDEX_PARTITION in table.partitions:
        where += f" AND {INDEX_PARTITION.name} = '{index}'"
    return f"SELECT {columns} FROM {table.name} WHERE {where}"  # noqa: S608 - index and session are of the contract's form


def sessions_query(table: Table, sessions: Collection[tuple[str, date]]) -> str:
    """The query for all rows of some sessions, each an index and a day: the contract's columns, then those of the partition.

    A month's days are named in one list, so that Athena looks up no more partitions than it reads.
    """
    by_month: defaultdict[tuple[str, int, int], list[int]] = defaultdict(list)
    for index, session in sorted(sessions):
        by_month[index, session.year, session.month].append(session.day)
    is_by_index = INDEX_PARTITION in table.partitions
    parts = ["year", "month", "day", *([INDEX_PARTITION.name] if is_by_index else [])]
    columns = ", ".join([*(column.name for column in table.columns), *parts])
    wheres = [
        f"(year = {year} AND month = {month} AND day IN ({', '.join(map(str, days))})"
        + (f" AND {INDEX_PARTITION.name} = '{index}')" if is_by_index else ")")
        for (index, year, month), days in by_month.items()
    ]
    return f"SELECT {columns} FROM {table.name} WHERE {' OR '.join(wheres)}"  # noqa: S608 - as in `session_query`


def session_tables(index: str) -> tuple[Table, Table]:
    """The refined and the summary table of an index."""
    return refined_table(index), summary_table(index)


def confirm(table: Table, published: QueryResult, audited: pd.DataFrame) -> int:
    """Compare what Athena shows with what gate 2 audited.

    Args:
        table: whose rows they are.
        published: the answer to `session_query`.
        audited: the staged rows, with the table's columns.

    Returns:
        The number of rows.

    Raises:
        PublishError: a row is missing, doubled or different; the message shows the first.
    """
    expected = Counter(_rows(table.columns, audited[[column.name for column in table.columns]].itertuples(index=False)))
    try:
        found = Counter(_rows(table.columns, published.rows))
    except ValueError as error:
        raise PublishError(f"{table.name}: Athena shows a cell that is not of its column's type ({error})") from error
    if found != expected:
        missing, extra = list(expected - found), list(found - expected)
        sample = shown((missing or extra)[0])
        raise PublishError(
            f"{table.name}: Athena shows {sum(found.values())} rows, {len(missing)} of the {sum(expected.values())} audited "
            f"rows are missing and {len(extra)} are strange, such as {sample}"
        )
    return sum(found.values())


def _rows(columns: Sequence[Column], rows: Iterable[Sequence[object]]) -> Iterable[tuple[Cell, ...]]:
    return (tuple(_cell(column.type, value) for column, value in zip(columns, row, strict=True)) for row in rows)


def _cell(type_: ColumnType, value: object) -> Cell:
    if value is None or value != value:  # noqa: PLR0124 - pandas writes a null as NaN, which differs from itself
        return None
    if type_ is ColumnType.DOUBLE:
        return float(str(value))
    if type_ in (ColumnType.BIGINT, ColumnType.INT):
        return int(str(value))
    if type_ is ColumnType.TIMESTAMP:
        instant = datetime.fromisoformat(str(value))
        return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    return str(value)
