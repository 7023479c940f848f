"""The partitions of the tables: the values that the catalog holds of one, the prefix where its files lie, and back.

It imports only the standard library and the contract, so that it runs unchanged wherever the contract does.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

from expectations.contract.keys import ContractError, check_index
from expectations.contract.names import PART_NAME, STAGING_PREFIX
from expectations.contract.tables import INDEX_PARTITION, TICKER_PARTITION, Table


def partition_values(table: Table, index: str | None, session: date, ticker: str | None = None) -> tuple[str, ...]:
    """A partition's values as the catalog holds them, in the order of the table's partition columns.

    Numbers are canonical (`6`, not `06`): the columns are `int`, and Athena compares them as numbers.

    Raises:
        ContractError: the table is partitioned by ticker or index and none was given.
    """
    known = {
        INDEX_PARTITION.name: index,
        "year": str(session.year),
        "month": str(session.month),
        "day": str(session.day),
        TICKER_PARTITION.name: ticker,
    }
    values = tuple(known[column.name] for column in table.partitions)
    if None in values:
        missing = "a ticker" if index or INDEX_PARTITION not in table.partitions else "an index"
        raise ContractError(f"table {table.name}: a partition needs {missing}")
    return tuple(str(value) for value in values)


def partition_prefix(table: Table, index: str | None, session: date, ticker: str | None = None) -> str:
    """The key prefix of a partition: `refined-data/year=2025/month=06/day=30/acao=VALE3/`.

    Args:
        ticker: for a table that is partitioned by ticker; without it, the prefix of the whole session.
    """
    values = {
        INDEX_PARTITION.name: check_index(index or "") if index or INDEX_PARTITION in table.partitions else None,
        "year": f"{session:%Y}",
        "month": f"{session:%m}",
        "day": f"{session:%d}",
        TICKER_PARTITION.name: ticker,
    }
    named = [(column.name, values[column.name]) for column in table.partitions]
    return table.prefix + "".join(f"{name}={value}/" for name, value in named if value is not None)


def index_prefix(table: Table, index: str | None) -> str:
    """The key prefix of an index in a table that is partitioned by it: `historico/indice=IBOV/`; of all in another."""
    if INDEX_PARTITION not in table.partitions:
        return table.prefix
    return f"{table.prefix}{INDEX_PARTITION.name}={check_index(index or '')}/"


def month_key(table: Table, index: str | None, month: date) -> str:
    """The key of a month's file in a monthly table: `historico/indice=IBOV/year=2025/month=06/part-00000.parquet`."""
    return f"{partition_prefix(table, index, month)}{PART_NAME}"


_MONTH_FOLDER = re.compile(r"year=(\d{4})/month=(\d{2})/", re.ASCII)


def month_of_key(table: Table, index: str | None, key: str) -> date | None:
    """The first day of the month of a monthly table in whose folder a key lies; None where it lies in none of the index."""
    prefix = index_prefix(table, index)
    found = _MONTH_FOLDER.match(key, len(prefix)) if key.startswith(prefix) else None
    try:
        return date(int(found[1]), int(found[2]), 1) if found else None
    except ValueError:
        return None


_SESSION_FOLDER = re.compile(r"year=(\d{4})/month=(\d{2})/day=(\d{2})/", re.ASCII)


def session_of_key(table: Table, index: str, key: str) -> date | None:
    """The session of an index in whose folder of a table a key lies; None where it lies in none."""
    prefix = index_prefix(table, index)
    found = _SESSION_FOLDER.match(key, len(prefix)) if key.startswith(prefix) else None
    try:
        return date(int(found[1]), int(found[2]), int(found[3])) if found else None
    except ValueError:
        return None


def month_of_values(table: Table, index: str | None, values: tuple[str, ...]) -> date | None:
    """The first day of the month whose partition of a monthly table has the values; None where they are no month's."""
    try:
        year, number = map(int, values[-2:])
        month = date(year, number, 1)
    except ValueError:
        return None
    return month if partition_values(table, index, month) == values else None


def moving_prefix(table: Table, index: str | None, month: date) -> str:
    """Where a month's file is read from while its folder is put in order: `staging/historico/indice=IBOV/…/`."""
    return f"{STAGING_PREFIX}{partition_prefix(table, index, month)}"


def ledger_values(instant: datetime) -> tuple[str, str]:
    """That partition's values as the catalog holds them, in canonical numbers."""
    month = instant.astimezone(UTC)
    return str(month.year), str(month.month)
