"""Plain reads, copies and lists of objects, without moto's web application: a session that is published has two of them a share.

moto answers through Flask, a dispatcher, and a serializer for every shape that AWS knows. What is asked without any option, and
can be done, is answered here from the same objects, in a third of the time; all else is moto's: requests with an option that is
not known here, and those that fail.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, TypeGuard
from urllib.parse import parse_qsl, quote, unquote
from xml.sax.saxutils import escape

from local.account.gateway import HEADERS
from local.account.moto_inside import WRITING, FakeKey, S3ClientError, is_denied, unmet_condition

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from local.account.moto_inside import FakeBucket
    from local.s3.objects import ObjectStore

_OF_EVERY_REQUEST = frozenset(
    {
        *("host", "connection", "user-agent", "accept", "accept-encoding", "content-length", "content-type", "expect"),
        *("authorization", "x-amz-date", "x-amz-content-sha256", "x-amz-security-token"),
        *("amz-sdk-invocation-id", "amz-sdk-request"),
    }
)
"""Headers that change nothing in what a read or a copy does; who signed them is known by now."""

_CHECKSUM_MODE = "x-amz-checksum-mode"
_OF_READ = _OF_EVERY_REQUEST | {_CHECKSUM_MODE}
_SOURCE = "x-amz-copy-source"
_OF_COPY = _OF_EVERY_REQUEST | {_SOURCE, "if-match", "if-none-match"}
_OF_LIST = frozenset({"list-type", "prefix", "max-keys", "continuation-token", "start-after", "encoding-type"})
_LONGEST_PAGE = 1000
_SIGNED_FOR_S3 = "/s3/aws4_request"
_XML = '<?xml version="1.0" encoding="utf-8"?>\n'
_INSTANT = "%Y-%m-%dT%H:%M:%S.000Z"
_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"

_Answer = tuple[dict[str, str], bytes]


class PlainObjects:
    """A WSGI application before moto's.

    Args:
        objects: S3's.
        moto: answers what is not plain.
    """

    def __init__(self, objects: ObjectStore, moto: WSGIApplication) -> None:
        self._objects = objects
        self._moto = moto

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        try:
            answer = self._answer(environ)
        except (S3ClientError, ValueError):
            answer = None  # nothing was done: moto comes to the same, and says it in S3's words
        if answer is None:
            return self._moto(environ, start_response)
        headers, body = answer
        start_response("200 OK", [*headers.items(), ("x-amzn-requestid", uuid.uuid4().hex)])
        return [body]

    def _answer(self, environ: WSGIEnvironment) -> _Answer | None:
        bucket_name, _, key = environ.get("PATH_INFO", "")[1:].encode("latin-1").decode().partition("/")
        headers = {name.lower(): value for name, value in environ[HEADERS]}
        bucket = self._objects.buckets.get(bucket_name)
        is_plain = (
            bucket is not None
            and bool(key) != bool(environ.get("QUERY_STRING"))
            and len(headers) == len(environ[HEADERS])
            and not bucket.logging  # of which a request makes an object
            and _SIGNED_FOR_S3 in headers.get("authorization", "")
        )
        if not is_plain or is_denied(bucket, environ["REQUEST_METHOD"], key):
            return None
        if not key:
            is_read = environ["REQUEST_METHOD"] == "GET" and headers.keys() <= _OF_EVERY_REQUEST
            return self._list(bucket, environ["QUERY_STRING"]) if is_read else None
        if environ["REQUEST_METHOD"] in ("GET", "HEAD") and headers.keys() <= _OF_READ:
            return self._read(bucket, key, headers, with_content=environ["REQUEST_METHOD"] == "GET")
        if environ["REQUEST_METHOD"] == "PUT" and _SOURCE in headers and headers.keys() <= _OF_COPY:
            return self._copy(bucket, key, headers)
        return None

    def _read(self, bucket: FakeBucket, key: str, headers: Mapping[str, str], *, with_content: bool) -> _Answer | None:
        version = self._objects.get_object(bucket.name, key)
        if not _is_plain(version):
            return None
        stated = {**version.response_dict, **version.metadata, "Accept-Ranges": "bytes"}
        if headers.get(_CHECKSUM_MODE) == "ENABLED" and version.checksum_algorithm:
            stated[f"x-amz-checksum-{version.checksum_algorithm.lower()}"] = version.checksum_value
        return stated, version.value if with_content else b""

    def _copy(self, bucket: FakeBucket, key: str, headers: Mapping[str, str]) -> _Answer | None:
        source_bucket, _, source_key = unquote(headers[_SOURCE]).removeprefix("/").partition("/")
        is_elsewhere = (source_bucket, source_key) != (bucket.name, key)
        if "?" in headers[_SOURCE] or not is_elsewhere or bucket.object_lock_enabled:
            return None
        with WRITING:
            there = self._objects.get_object(bucket.name, key)
            source = self._objects.get_object(source_bucket, source_key)
            if not _is_plain(source) or unmet_condition(there, headers.get("if-match"), headers.get("if-none-match")):
                return None
            self._objects.copy_object(source, bucket.name, key)
            made: FakeKey = self._objects.get_object(bucket.name, key)
            made.set_acl(bucket.acl)
        body = _copied(made).encode()
        stated = {**made.response_dict, **_of_xml(body)}
        if source.version_id != "null":
            stated["x-amz-copy-source-version-id"] = source.version_id
        return stated, body

    def _list(self, bucket: FakeBucket, query: str) -> _Answer | None:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True, errors="strict")
        asked = dict(pairs)
        encoding, most = asked.get("encoding-type"), int(asked.get("max-keys", _LONGEST_PAGE))
        prefix, token, after = asked.get("prefix"), asked.get("continuation-token"), asked.get("start-after")
        is_plain = (
            asked.get("list-type") == "2"
            and asked.keys() <= _OF_LIST
            and len(asked) == len(pairs)
            and encoding in (None, "url")
            and 0 < most <= _LONGEST_PAGE
            and "" not in (token, after)
        )
        if not is_plain:
            return None
        found, is_cut, next_token = self._objects.list_objects_v2(bucket, prefix, None, token, after, most)

        def named(text: str) -> str:
            return escape(quote(text) if encoding else text)

        closing = {
            "Name": bucket.name,
            "Prefix": named(prefix or ""),
            "MaxKeys": str(most),
            "EncodingType": encoding,
            "KeyCount": str(len(found)),
            "NextContinuationToken": next_token,
            "StartAfter": escape(after) if after and not token else None,
        }
        stated = ((name, text) for name, text in closing.items() if text is not None)
        body = "".join(
            [
                f'{_XML}<ListBucketResult xmlns="{_NAMESPACE}"><IsTruncated>{str(is_cut).lower()}</IsTruncated>',
                *(_listed(version, named(version.name)) for version in found),
                *(f"<{name}>{text}</{name}>" if text else f"<{name}/>" for name, text in stated),
                "</ListBucketResult>",
            ]
        ).encode()
        return _of_xml(body), body


def _is_plain(version: FakeKey | None) -> TypeGuard[FakeKey]:
    return isinstance(version, FakeKey) and version.storage_class == "STANDARD" and version.multipart is None


def _of_xml(body: bytes) -> dict[str, str]:
    return {"content-type": "application/xml", "content-length": str(len(body))}


def _listed(version: FakeKey, name: str) -> str:
    algorithm = version.checksum_algorithm
    checksum = f"<ChecksumAlgorithm>{algorithm}</ChecksumAlgorithm>" if algorithm else ""
    return (
        f"<Contents><Key>{name}</Key><LastModified>{version.last_modified:{_INSTANT}}</LastModified>"
        f"<ETag>{escape(version.etag)}</ETag>{checksum}<Size>{version.size}</Size>"
        f"<StorageClass>{version.storage_class}</StorageClass></Contents>"
    )


def _copied(made: FakeKey) -> str:
    algorithm = made.checksum_algorithm if made.checksum_value else None
    checksum = f"<Checksum{algorithm}>{made.checksum_value}</Checksum{algorithm}>" if algorithm else ""
    return (
        f'{_XML}<CopyObjectResult xmlns="{_NAMESPACE}"><ETag>{escape(made.etag)}</ETag>'
        f"<LastModified>{made.last_modified:{_INSTANT}}</LastModified>{checksum}</CopyObjectResult>"
    )
