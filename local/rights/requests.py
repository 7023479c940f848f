"""How many requests of S3 the roles' calls were, as S3 bills them: of the rights in the trail, one request may need several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local.rights.privileges import TrailEntry

_READING = ("s3:GetObject", "s3:GetObjectVersion")


@dataclass(frozen=True, slots=True)
class S3Requests:
    """Requests by what S3 bills them as: LIST as a PUT is, GET and HEAD as a read."""

    lists: int
    reads: int


def s3_requests(trail: Sequence[TrailEntry]) -> S3Requests:
    """The requests that read or list.

    No request of its own is the right to read what is copied, or replaced on a condition, by a PUT; nor that to list a bucket
    which decides whether S3 says of an object that it is not there.
    """
    lists = sum(
        entry.call.action == "s3:ListBucket" and not _tells_absence(before, entry)
        for before, entry in pairwise((None, *trail))
        if entry
    )
    reads = sum(
        entry.call.action in _READING and not _belongs_to_put(entry, after)
        for entry, after in pairwise((*trail, None))
        if entry
    )
    return S3Requests(lists, reads)


def _tells_absence(before: TrailEntry | None, entry: TrailEntry) -> bool:
    key = entry.call.context.get("s3:prefix", "")
    return bool(key and before and before.call.action in _READING and before.call.resource.endswith(f"/{key}"))


def _belongs_to_put(entry: TrailEntry, after: TrailEntry | None) -> bool:
    # Spark's calls are kept together when a run has ended, reads and then writes, none of which is a copy.
    of_one_request = after and (after.at, after.role) == (entry.at, entry.role) and not entry.role.startswith("etl")
    return bool(of_one_request and after and after.call.action in ("s3:PutObject", "s3:DeleteObject"))
