"""The published sessions beside one, as gate 1 compares with them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from expectations.contract.keys import ContractError, published_prefix, raw_key, read_published_key
from expectations.gates.neighbours import Neighbour
from flows.b3.calendar import may_be_rebalanced
from flows.session.raw_file import decode
from flows.session.storage import read_publication

if TYPE_CHECKING:
    from flows.lake.connect import Lake

_NEAR = timedelta(days=31)  # names, levels and sectors of sessions further off tell little


@dataclass(frozen=True, slots=True)
class PublishedSessions:
    """The published sessions of an index, as one listing showed them, the oldest first."""

    lake: Lake
    index: str
    sessions: tuple[date, ...]

    @classmethod
    def of(cls, lake: Lake, index: str) -> PublishedSessions:
        """List them.

        Raises:
            AwsError: S3 could not be asked.
        """
        found = (read_published_key(item.key) for item in lake.refined.objects(published_prefix(index)))
        return cls(lake, index, tuple(sorted(name.session for name in found if name)))

    def around(self, session: date) -> list[Neighbour]:
        """The nearest ones before and after a session, within a month; without those whose raw file cannot be read any more.

        Raises:
            AwsError: S3 could not be asked.
        """
        before = self.sessions[: bisect_left(self.sessions, session)][-1:]
        after = self.sessions[bisect_right(self.sessions, session) :][:1]
        near = (other for other in (*before, *after) if abs(other - session) <= _NEAR)
        return [neighbour for other in near if (neighbour := self._neighbour(other, session))]

    def _neighbour(self, other: date, session: date) -> Neighbour | None:
        try:
            record = read_publication(self.lake.refined, self.index, other)
            raw = self.lake.raw.find(raw_key(self.index, other), record.raw_version_id) if record else None
            rows = decode(raw.body).table.to_pandas() if raw else None
        except ContractError:
            return None  # what is wrong with another session is no reason against this one
        if rows is None:
            return None
        return Neighbour(other, rows, may_be_rebalanced(min(other, session), max(other, session)))
