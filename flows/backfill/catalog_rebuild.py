"""The catalog's partitions registered again from what lies in S3: sessions by their records, months and ledger by their files."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

from expectations.contract.keys import ContractError, read_published_key
from expectations.contract.ledger import LEDGER_TABLE
from expectations.contract.names import INDEX_PATTERN, LEDGER_PREFIX, PUBLISHED_PREFIX
from expectations.contract.tables import MONTHLY_TABLES
from flows.history.month_files import MonthlyTable
from flows.lake.calls import PARALLEL_SESSIONS, side_by_side
from flows.session.intact import register
from flows.session.storage import read_publication

if TYPE_CHECKING:
    from flows.lake.connect import Lake

_FOLDER = re.compile(r"(?:year|month)=(\d+)", re.ASCII)


def rebuild_catalog(lake: Lake) -> None:
    """Register every partition that what lies in S3 tells of; a session whose record is not readable is left out.

    Raises:
        PublishError: the catalog refused one.
        AwsError: AWS could not be asked.
    """
    names = (read_published_key(item.key) for item in lake.refined.objects(PUBLISHED_PREFIX))
    sessions = [(name.index, name.session) for name in names if name]
    list(side_by_side(lambda name: _register_session(lake, *name), sessions, PARALLEL_SESSIONS))
    for index in (name.upper() for name in lake.refined.folders(PUBLISHED_PREFIX)):
        if re.fullmatch(INDEX_PATTERN, index):
            _register_months(lake, index)
    register_ledger(lake)


def register_ledger(lake: Lake) -> None:
    """Register the partition of every month of which the ledger has rows.

    Raises:
        PublishError: the catalog refused one.
        AwsError: AWS could not be asked.
    """
    months = {
        (year, month): f"{LEDGER_PREFIX}{year}/{month}/"
        for year in lake.refined.folders(LEDGER_PREFIX)
        for month in lake.refined.folders(f"{LEDGER_PREFIX}{year}/")
        if _FOLDER.fullmatch(year) and _FOLDER.fullmatch(month)
    }
    # The catalog has canonical numbers: 6, not 06.
    prefixes = {
        tuple(str(int(part.partition("=")[2])) for part in folders): prefix for folders, prefix in months.items()
    }
    lake.catalog.create(LEDGER_TABLE, prefixes, anew=False)


def _register_session(lake: Lake, index: str, session: date) -> None:
    try:
        record = read_publication(lake.refined, index, session)
    except ContractError:
        return
    if record:
        register(lake, record)


def _register_months(lake: Lake, index: str) -> None:
    for of in MONTHLY_TABLES:
        table = MonthlyTable(lake.refined, lake.catalog, of, index)
        months = table.months()
        table.show(
            {month: found for month, found in months.items() if found.file and not table.is_in_order(month, found)}
        )
