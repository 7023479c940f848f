"""What the version before kept of a month: a file under a folder of its digest, to which the month's partition points, and what
the file holds in the partition's parameters.

It is read once, by the run that puts the month's file at its own key, so that nothing has to be read back that is at hand.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from expectations.contract.catalog import index_partitions
from expectations.contract.names import PART_NAME
from expectations.contract.partitions import partition_values
from flows.history.month_files import CONTENTS, Content

if TYPE_CHECKING:
    from flows.history.month_files import MonthlyTable


def former_content(table: MonthlyTable, month: date, points_to: str) -> Content | None:
    """The content of the file that the month's partition points to; None where there is none or it does not say.

    Raises:
        AwsError: AWS refused or failed a call.
    """
    expression = f"{index_partitions(table.table, table.index)} AND year = {month.year} AND month = {month.month}"
    parameters = table.catalog.parameters(table.table, expression)
    stated = parameters.get(partition_values(table.table, table.index, month), {}).get(CONTENTS)
    stored = table.refined.find(points_to + PART_NAME) if stated else None
    return table.decode(stored.body, stated) if stored else None
