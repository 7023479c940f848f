"""The state of a home made again from the buckets' folders: objects from the files, the catalog's partitions from the records.

What lies in no folder is lost: earlier versions of raw files, how Glue's runs and queries went, events that were on their way,
and what was put beside an object's content. Of raw files that is read from the files themselves; the version that a session is
published from gets its id back.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from expectations.contract.keys import ContractError, published_key, read_raw_key
from flows.backfill.catalog_rebuild import rebuild_catalog
from flows.lake.connect import Lake
from flows.session.raw_file import decode
from flows.session.storage import raw_metadata
from flows.settings import load_settings

if TYPE_CHECKING:
    from local.provision.clients import Clients
    from local.s3.objects import ObjectStore

Known = tuple[str, Mapping[str, str]]
"""An object's version id, empty for any, and its metadata."""


def rebuild_state(objects: ObjectStore, clients: Clients) -> None:
    """Take the files of all buckets for their objects, and register the partitions of what is published.

    Args:
        objects: whose buckets were just made, on a new state.
        clients: of the account, which was provisioned.
    """
    settings = load_settings()
    objects.adopt_files(_RawFiles(objects, settings.raw_bucket, settings.refined_bucket).known)
    rebuild_catalog(Lake.of(settings, clients.s3, clients.glue, clients.athena, clients.cloudwatch))


@dataclass(frozen=True, slots=True)
class _RawFiles:
    """What raw files, and the records of what was published from them, tell of a raw object."""

    objects: ObjectStore
    raw: str
    refined: str

    def known(self, bucket: str, key: str, content: bytes) -> Known:
        name = read_raw_key(key) if bucket == self.raw else None
        if name is None:
            return "", {}
        try:
            facts = decode(content).facts
        except ContractError:
            return "", {}
        record = self._record(published_key(name.index, name.session))
        is_source = record.get("fingerprint") == facts.fingerprint
        return str(record.get("raw_version_id", "")) if is_source else "", raw_metadata(facts)

    def _record(self, key: str) -> Mapping[str, Any]:
        try:
            found = json.loads(self.objects.content_of_file(self.refined, key))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}
