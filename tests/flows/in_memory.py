"""The account in memory as moto holds it: its state is put back without the calls that made it, and it answers soon."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from botocore.compat import HTTPHeaders
from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.base_backend import BaseBackend
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.models import botocore_stubber
from moto.glue.models import glue_backends
from moto.s3.models import FakeKey, s3_backends

from expectations.contract.names import DATABASE
from local.account.gateway import HEADERS
from local.s3.plain import PlainObjects

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest

REGION = "us-east-1"
_URLS: Any = BaseBackend.urls
_known: dict[type[BaseBackend], Any] = {}


def answer_soon() -> None:
    """Have plain requests to S3 answered as the account on the laptop does, in a third of moto's time; and moto put the addresses
    that a service answers together once, not for each call: a fifth of what it does for one.
    """
    BaseBackend.urls = property(_urls)
    vars(botocore_stubber)["process_request"] = _answer


def _answer(request: AWSPreparedRequest) -> Any:  # noqa: ANN401 - moto's: status, headers, body
    return _plain(request) or BotocoreStubber.process_request(botocore_stubber, request)


def _plain(request: AWSPreparedRequest) -> tuple[int, HTTPHeaders, bytes] | None:
    """The answer to a plain request to S3."""
    address = urlsplit(request.url)
    bucket, _, service = str(address.hostname).partition(".")
    if not service.startswith("s3."):
        return None
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "PATH_INFO": f"/{bucket}{unquote(address.path)}".encode().decode("latin-1"),
        "QUERY_STRING": address.query,
        HEADERS: [(name, _text(value)) for name, value in request.headers.items()],
    }
    said: list[tuple[str, str]] = []
    objects: Any = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
    answered = [*PlainObjects(objects, lambda *_: ())(environ, lambda _, headers: said.extend(headers) or bytes)]
    return (200, HTTPHeaders.from_pairs(said), answered[0]) if answered else None


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


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
