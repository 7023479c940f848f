"""The weights of the sessions that have come already, so that none of them is taken for another's."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import TYPE_CHECKING

from expectations.contract.keys import ContractError, read_raw_key
from expectations.contract.names import RAW_PREFIX
from flows.b3.differences import weights_of
from flows.lake.calls import side_by_side
from flows.session.raw_file import decode

if TYPE_CHECKING:
    from collections.abc import Collection

    from flows.backfill.importing.suspects import KnownWeights
    from flows.lake.s3 import Bucket

Weights = tuple[tuple[str, str], date]


def known_weights(raw: Bucket, indices: Collection[str]) -> KnownWeights:
    """The sessions of these indices that have a raw file, by index and digest of their weights.

    Raises:
        AwsError: S3 could not be asked.
    """
    keys = [item.key for item in raw.objects(RAW_PREFIX)] if indices else []
    ours = [key for key in keys if (name := read_raw_key(key)) and name.index in indices]
    found: defaultdict[tuple[str, str], set[date]] = defaultdict(set)
    for weights in side_by_side(lambda key: _weights(raw, key), ours):
        if weights:
            found[weights[0]].add(weights[1])
    return {key: frozenset(sessions) for key, sessions in found.items()}


def _weights(raw: Bucket, key: str) -> Weights | None:
    file = raw.find(key)
    try:
        portfolio = decode(file.body).portfolio() if file else None
    except ContractError:
        return None  # a file that is none of this pipeline's says nothing of any session
    return ((portfolio.index, weights_of(portfolio)), portfolio.session) if portfolio else None
