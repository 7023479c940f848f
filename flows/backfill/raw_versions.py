"""A session's raw file where its current version is damaged: the version that it was published from."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from expectations.contract.keys import ContractError
from flows.session import storage
from flows.session.raw_file import decode

if TYPE_CHECKING:
    from flows.lake.s3 import Bucket
    from flows.session.raw_file import RawFacts
    from flows.session.storage import Publication, RawVersion


def usable_raw(raw: Bucket, index: str, session: date, publication: Publication | None) -> RawVersion | None:
    """The session's current raw version where it is one; otherwise the one that it is published from, put over it.

    Returns:
        None where there is neither: the raw file is to be made of what was landed.

    Raises:
        AwsError: S3 could not be asked.
    """
    current = storage.find_raw(raw, index, session)
    if current is None or storage.replaceable_raw(raw, current):
        return current
    kept = raw.find(current.key, publication.raw_version_id) if publication else None
    facts = _facts(kept.body) if kept else None
    if kept is None or facts is None or (facts.index, facts.session) != (index, session):
        return None
    return storage.upload_raw(raw, kept.body, facts, of_batch=True)


def _facts(content: bytes) -> RawFacts | None:
    try:
        return decode(content).facts
    except ContractError:
        return None
