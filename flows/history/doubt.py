"""Which months may be outdated, as listings alone tell. Pure.

A file that S3 stored after the last publication record of its month was made from that record, or by who looked again after
writing it. What listings do not tell, only a look into every file does: a record that was removed, rules or columns that are
others now, a file that somebody has spoilt.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flows.history.month_files import Month
    from flows.lake.s3 import ObjectSummary

Records = Mapping[date, Mapping[date, "ObjectSummary"]]
"""The publication records as listed: by month, and within it by session."""


@dataclass(frozen=True, slots=True)
class Listings:
    """What was listed of an index: the months of the two tables, and the publication records."""

    history: Mapping[date, Month]
    changes: Mapping[date, Month]
    records: Records

    @property
    def months(self) -> list[date]:
        """All months of which there is anything, in their order."""
        return sorted(self.history.keys() | self.changes.keys() | self.records.keys())


def doubtful_history(listings: Listings, fresh: Collection[date]) -> set[date]:
    """The months whose history may be outdated.

    Args:
        fresh: months with a session that was published just now.
    """
    return {
        month
        for month in listings.months
        if month in fresh or not _is_newer(listings.history.get(month), listings.records.get(month))
    }


def doubtful_changes(listings: Listings, doubtful: Collection[date]) -> set[date]:
    """The months whose changes may be outdated: the first session's are against the last one of the month before.

    Args:
        doubtful: the months whose history may be.
    """
    own = {
        month
        for month in listings.months
        if month in doubtful
        or not _is_newer(listings.changes.get(month), listings.records.get(month))
        or _is_older(listings.changes.get(month), listings.history.get(month))
    }
    return own | {after for before, after in pairwise(listings.months) if before in own}


def _is_newer(month: Month | None, records: Mapping[date, ObjectSummary] | None) -> bool:
    """Whether there are records, and a file that was stored after them; S3 tells whole seconds, so that a tie tells nothing."""
    if month is None or month.file is None or not records:
        return False
    return month.file.stored_at > max(record.stored_at for record in records.values())


def _is_older(changes: Month | None, history: Month | None) -> bool:
    """Whether a month's changes were stored before its history, from which they are made."""
    if changes is None or changes.file is None or history is None or history.file is None:
        return False
    return changes.file.stored_at < history.file.stored_at
