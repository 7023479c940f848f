"""Whether the monthly tables are what the published sessions make them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING

from expectations.contract.changes import RULES
from expectations.contract.tables import CHANGES_TABLE, HISTORY_TABLE
from flows.errors import WriteConflict
from flows.history.month_files import MonthlyTable, month_of
from flows.session.storage import published_records

if TYPE_CHECKING:
    from flows.history.month_files import Month
    from flows.lake.connect import Lake


def month_damages(lake: Lake, index: str) -> dict[date, str]:
    """What of an index's monthly tables is not of what is published, in one line, by the first days of the months.

    Raises:
        AwsError: AWS could not be asked.
    """
    tables = (
        MonthlyTable(lake.refined, lake.catalog, HISTORY_TABLE, index),
        MonthlyTable(lake.refined, lake.catalog, CHANGES_TABLE, index, RULES),
    )
    # In this order: what a file holds was recorded before the records are listed.
    listed = [(table, table.months()) for table in tables]
    records = published_records(lake.refined, index)
    wanted = {month: {day: item.etag.strip('"') for day, item in of.items()} for month, of in records.items()}
    found: defaultdict[date, list[str]] = defaultdict(list)
    for table, months in listed:
        for month, recorded in wanted.items():
            if problem := _month_damage(table, month, months.get(month), recorded):
                found[month].append(problem)
    return {month: "; ".join(problems) for month, problems in found.items()}


def _month_damage(table: MonthlyTable, month: date, listed: Month | None, wanted: Mapping[date, str]) -> str:
    if listed is None or listed.file is None:
        return f"{table.key(month)} is missing"
    if not table.is_in_order(month, listed):
        return f"the partition of {month:%Y-%m} of {table.table.name} shows something else than {table.key(month)}"
    try:
        held = table.sessions(listed.file)
    except WriteConflict:
        return ""  # somebody is making it again just now
    own = {day: etag for day, etag in held.items() if month_of(day) == month}
    return "" if own == wanted else f"{table.key(month)} is not of what is published"
