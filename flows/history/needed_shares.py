"""Which shares' prices are needed: those of the indices that are collected, in the months around."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from expectations.contract.keys import ContractError
from expectations.contract.partitions import month_key, month_of_key
from expectations.contract.tables import HISTORY_TABLE, INDEX_PARTITION, TICKER_PARTITION
from flows.history.month_files import month_of
from flows.lake.calls import side_by_side

if TYPE_CHECKING:
    from flows.lake.connect import Lake
    from flows.lake.s3 import Bucket

_TICKER = TICKER_PARTITION.name
_A_MONTH = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class NeededShares:
    """The tickers of what is published, as the history has them.

    Attributes:
        keys: of the history's files, by month, of all indices.
        read: what was read of them, by key.
    """

    refined: Bucket
    keys: dict[date, list[str]]
    read: dict[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, lake: Lake) -> NeededShares:
        """As the history is now.

        Raises:
            AwsError: S3 could not be asked.
        """
        keys: dict[date, list[str]] = {}
        for item in lake.refined.objects(HISTORY_TABLE.prefix):
            index = item.key.removeprefix(f"{HISTORY_TABLE.prefix}{INDEX_PARTITION.name}=").partition("/")[0]
            if month := _month_of_file(index, item.key):
                keys.setdefault(month, []).append(item.key)
        return cls(lake.refined, keys)

    def around(self, month: date) -> frozenset[str]:
        """The tickers of the month, of the one before and the one after; of the nearest month where there are none of these.

        Raises:
            AwsError: S3 could not be asked.
        """
        beside = (month_of(month - timedelta(days=1)), month, month_of(month + _A_MONTH))
        wanted = [known for known in beside if known in self.keys]
        if not wanted and self.keys:
            wanted = [min(sorted(self.keys), key=lambda known: abs(known - month))]
        return self._tickers([key for known in wanted for key in self.keys[known]])

    def all(self) -> frozenset[str]:
        """The tickers of everything that is published.

        Raises:
            AwsError: S3 could not be asked.
        """
        return self._tickers([key for keys in self.keys.values() for key in keys])

    def _tickers(self, keys: list[str]) -> frozenset[str]:
        unread = [key for key in keys if key not in self.read]
        self.read.update(zip(unread, side_by_side(self._of_file, unread), strict=True))
        return frozenset().union(*(self.read[key] for key in keys))

    def _of_file(self, key: str) -> frozenset[str]:
        found = self.refined.find(key)
        if found is None:  # removed since it was listed: nothing of the month is published any more
            return frozenset()
        try:
            return frozenset(pq.read_table(io.BytesIO(found.body), columns=[_TICKER])[_TICKER].to_pylist())
        except (pa.ArrowException, KeyError, OSError, ValueError):
            return frozenset()  # the history is made again of what is published by whoever writes it next


def _month_of_file(index: str, key: str) -> date | None:
    try:
        month = month_of_key(HISTORY_TABLE, index, key)
    except ContractError:
        return None
    return month if month and key == month_key(HISTORY_TABLE, index, month) else None
