"""The account in memory as moto holds it: its state is put back without the calls that made it."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.base_backend import BaseBackend
from moto.glue.models import glue_backends
from moto.s3.models import FakeKey, s3_backends

from expectations.contract.names import DATABASE

REGION = "us-east-1"
_URLS: Any = BaseBackend.urls
_known: dict[type[BaseBackend], Any] = {}


def know_addresses() -> None:
    """Have moto put the addresses that a service answers together once, not for each call: a fifth of what it does for one."""
    BaseBackend.urls = property(_urls)


def _urls(backend: BaseBackend) -> Any:  # noqa: ANN401 - moto's
    if type(backend) not in _known:
        _known[type(backend)] = _URLS.fget(backend)
    return _known[type(backend)]


def _buckets() -> dict[str, Any]:
    found: dict[str, Any] = s3_backends[DEFAULT_ACCOUNT_ID]["aws"].buckets
    return found


def _database() -> Any:  # noqa: ANN401 - moto's
    return glue_backends[DEFAULT_ACCOUNT_ID][REGION].databases[DATABASE]


def put_objects(name: str, keys: Any = None) -> None:  # noqa: ANN401 - moto's
    """Have a bucket hold these objects, or none, and nothing that is being uploaded in parts."""
    bucket = _buckets()[name]
    for _, versions in bucket.keys.iterlists():
        for version in versions:
            if isinstance(version, FakeKey):
                version.dispose()
    bucket.keys = type(bucket.keys)() if keys is None else deepcopy(keys)
    bucket.multiparts = type(bucket.multiparts)()


def rot(name: str, key: str, body: bytes) -> None:
    """Have an object hold other bytes under the ETag that it has, as a disk may."""
    stored = _buckets()[name].keys[key]
    assert stored.etag, "it is that of the bytes that were put"
    stored.value = body


def tables() -> dict[str, Any]:
    """The database's tables, with their partitions, as they are now."""
    return deepcopy(_database().tables)


def put_tables(kept: dict[str, Any]) -> None:
    """Have the database hold these tables."""
    _database().tables = deepcopy(kept)


@dataclass(frozen=True)
class State:
    """What the buckets and the database hold at an instant."""

    objects: dict[str, Any]
    tables: dict[str, Any]

    @classmethod
    def now(cls) -> State:
        return cls({name: deepcopy(bucket.keys) for name, bucket in _buckets().items()}, tables())

    def put_back(self) -> None:
        for name, keys in self.objects.items():
            put_objects(name, keys)
        put_tables(self.tables)
