"""What a request to S3 does, as IAM sees it: the actions, and the objects or the bucket that they are for.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html. A sub-resource that is not listed
here becomes an action that no policy can name, so that it is refused rather than overlooked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote
from xml.etree import ElementTree as ET

from local.rights.iam import Call

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NAMESPACE = "{http://s3.amazonaws.com/doc/2006-03-01/}"
_LISTINGS = {
    "": "ListBucket",
    "versions": "ListBucketVersions",
    "uploads": "ListBucketMultipartUploads",
    "location": "GetBucketLocation",
}
_TAGGING = {"GET": "GetObjectTagging", "PUT": "PutObjectTagging", "DELETE": "DeleteObjectTagging"}
_SUBRESOURCES = frozenset(
    {
        *(
            "versions",
            "uploads",
            "location",
            "delete",
            "tagging",
            "uploadId",
            "acl",
            "policy",
            "lifecycle",
            "versioning",
        ),
        *("notification", "encryption", "cors", "logging", "replication", "website", "ownershipControls"),
        *("publicAccessBlock", "object-lock", "retention", "legal-hold", "torrent", "restore", "select", "attributes"),
        *("requestPayment", "inventory", "metrics", "analytics", "accelerate", "policyStatus", "intelligent-tiering"),
    }
)


def object_arn(bucket: str, key: str) -> str:
    """The ARN of an object."""
    return f"arn:aws:s3:::{bucket}/{key}"


def bucket_arn(bucket: str) -> str:
    """The ARN of a bucket."""
    return f"arn:aws:s3:::{bucket}"


def listing(bucket: str, prefix: str) -> Call:
    """A look at which keys begin so.

    It is also what S3 asks before it says that a key is not there: without it the answer is 403, not 404. The prefix is then the
    key itself (https://github.com/ceph/ceph/pull/68577, which follows AWS).
    """
    return Call("s3:ListBucket", bucket_arn(bucket), {"s3:prefix": prefix})


def s3_calls(method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> list[Call]:
    """The calls of a request in path style.

    Args:
        method: the HTTP method.
        path: the path, decoded.
        query: the query, as it came.
        headers: by lower-case name.
        body: read for DeleteObjects only.
    """
    bucket, _, key = path.lstrip("/").partition("/")
    parameters = {name: values[0] for name, values in parse_qs(query, keep_blank_values=True).items()}
    if not bucket:
        return [Call("s3:ListAllMyBuckets", "*")]
    if key:
        return list(_on_object(method, bucket, key, parameters, headers))
    return list(_on_bucket(method, bucket, parameters, body))


def _on_bucket(method: str, bucket: str, parameters: Mapping[str, str], body: bytes) -> Iterator[Call]:
    name = _subresource(parameters)
    if method == "POST" and name == "delete":
        yield from _deletions(bucket, body)
    elif method == "HEAD" and not name:
        yield Call("s3:ListBucket", bucket_arn(bucket))
    elif method == "GET" and name in _LISTINGS:
        prefix = {"s3:prefix": parameters["prefix"]} if "prefix" in parameters else {}
        yield Call(f"s3:{_LISTINGS[name]}", bucket_arn(bucket), prefix)
    else:
        yield _unknown(method, name, bucket_arn(bucket))


def _deletions(bucket: str, body: bytes) -> Iterator[Call]:
    # The client is the pipeline's own, on this machine.
    for item in ET.fromstring(body).iter(f"{_NAMESPACE}Object"):  # noqa: S314
        version = item.findtext(f"{_NAMESPACE}VersionId")
        action = "s3:DeleteObjectVersion" if version else "s3:DeleteObject"
        yield Call(action, object_arn(bucket, item.findtext(f"{_NAMESPACE}Key") or ""))


def _on_object(
    method: str, bucket: str, key: str, parameters: Mapping[str, str], headers: Mapping[str, str]
) -> Iterator[Call]:
    arn, name = object_arn(bucket, key), _subresource(parameters)
    of_version = "Version" if "versionId" in parameters else ""
    if name == "tagging" and method in _TAGGING:
        yield Call(f"s3:{_TAGGING[method].replace('Tagging', f'{of_version}Tagging')}", arn)
    elif name == "uploadId" and method in ("GET", "DELETE"):
        yield Call("s3:ListMultipartUploadParts" if method == "GET" else "s3:AbortMultipartUpload", arn)
    elif name and (name, method) not in (("uploads", "POST"), ("uploadId", "POST"), ("uploadId", "PUT")):
        yield _unknown(method, name, arn)
    elif method in ("GET", "HEAD"):
        yield Call(f"s3:GetObject{of_version}", arn)
    elif method == "DELETE":
        yield from _conditional(headers, arn)
        yield Call(f"s3:DeleteObject{of_version}", arn)
    elif method in ("PUT", "POST"):
        yield from _sources(headers)
        yield from _conditional(headers, arn)
        yield Call("s3:PutObject", arn)
        if headers.get("x-amz-tagging"):
            yield Call("s3:PutObjectTagging", arn)
    else:
        yield _unknown(method, name, arn)


def _sources(headers: Mapping[str, str]) -> Iterator[Call]:
    source = headers.get("x-amz-copy-source")
    if source:
        path, _, version = source.partition("?versionId=")
        bucket, _, key = unquote(path).lstrip("/").partition("/")
        yield Call("s3:GetObjectVersion" if version else "s3:GetObject", object_arn(bucket, key))


def _conditional(headers: Mapping[str, str], arn: str) -> Iterator[Call]:
    # An ETag says something of the content: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-delete-enforce.html
    if headers.get("if-match", "*") != "*":
        yield Call("s3:GetObject", arn)


def _subresource(parameters: Mapping[str, str]) -> str:
    return next((name for name in parameters if name in _SUBRESOURCES), "")


def _unknown(method: str, name: str, arn: str) -> Call:
    return Call(f"s3:({method} {name})", arn)
