"""moto's inside: the one module that knows what of it the account uses, and what it puts in the place of moto's own.

moto promises nobody most of these names, so a release may change any of them. `pyproject.toml` bounds its version, the linter
keeps every other module from importing it, and a test compares the signatures of all that is overridden or replaced.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from threading import RLock
from typing import TYPE_CHECKING, Any

import moto.moto_server.werkzeug_app as moto_server
import moto.s3.notifications
from moto.athena.models import athena_backends
from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.models import LambdaFunction, lambda_backends
from moto.cloudwatch.models import cloudwatch_backends
from moto.core.common_models import BaseModel
from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.iam.exceptions import NotFoundException
from moto.iam.models import iam_backends
from moto.logs.exceptions import ResourceNotFoundException as LogGroupNotFound
from moto.logs.models import LogsBackend, logs_backends
from moto.s3.exceptions import InvalidArgumentError, InvalidBucketName, MissingKey, PreconditionFailed, S3ClientError
from moto.s3.models import FakeBucket, FakeDeleteMarker, FakeKey, S3Backend, get_canned_acl, s3_backends
from moto.s3.notifications import S3NotificationEvent
from moto.s3.responses import S3Response
from moto.s3.utils import _VersionedKeyStore as VersionedKeyStore
from moto.settings import get_s3_default_key_buffer_size
from moto.sqs.exceptions import QueueDoesNotExist
from moto.sqs.models import sqs_backends
from moto.sts.models import sts_backends
from werkzeug.serving import WSGIRequestHandler

from local.rights.keys import KeyPair

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

__all__ = [
    "FakeBucket",
    "FakeDeleteMarker",
    "FakeKey",
    "InvalidArgumentError",
    "InvalidBucketName",
    "LambdaFunction",
    "LogGroupNotFound",
    "LogsBackend",
    "MissingKey",
    "QueueDoesNotExist",
    "RequestHandler",
    "S3Backend",
    "S3ClientError",
    "S3NotificationEvent",
    "UnknownFunctionException",
    "VersionedKeyStore",
    "get_canned_acl",
    "get_s3_default_key_buffer_size",
]

RequestHandler: Any = getattr(moto_server, "MotoRequestHandler", WSGIRequestHandler)
"""Keeps the underscores in the names of S3's metadata; moto before 5.2.5 has none, and loses such metadata."""

VERSION_ATTRIBUTES = {
    "_etag": "etag",
    "_storage_class": "storage_class",
    "encryption": "encryption",
    "kms_key_id": "kms_key_id",
    "bucket_key_enabled": "bucket_key_enabled",
    "checksum_algorithm": "checksum_algorithm",
    "checksum_value": "checksum_value",
    "checksum_type": "checksum_type",
    "website_redirect_location": "website_redirect_location",
}
"""The attributes of a `FakeKey` that outlive the account's process, and their names in the state."""


# --- the application ---------------------------------------------------------------------------------------------------


class _Dispatcher(moto_server.DomainDispatcherApplication):  # type: ignore[misc]
    """moto's, which for each request lists its folders and tries its patterns, a millisecond in which no other is answered."""

    def __init__(self) -> None:
        super().__init__(moto_server.create_backend_app)
        self._of_host: dict[str | None, Any] = {}

    def get_backend_for_host(self, host: str | None) -> Any:  # noqa: ANN401 - moto's
        """Moto's module for a host name such as `s3.sa-east-1.amazonaws.com`."""
        if host not in self._of_host:
            self._of_host[host] = super().get_backend_for_host(host)
        return self._of_host[host]


def application() -> WSGIApplication:
    """All of moto's services, none of which says to a web page that it may read the answer."""
    moto_server.DISABLE_GLOBAL_CORS = True
    dispatcher: WSGIApplication = _Dispatcher()
    return dispatcher


# --- S3 ----------------------------------------------------------------------------------------------------------------

Notify = Callable[[S3NotificationEvent, FakeBucket, Any], None]
"""Is called with an event, its bucket and the version that it is about."""


def install_object_store(make: Callable[..., S3Backend], account_id: str) -> Any:  # noqa: ANN401 - what `make` makes
    """Let an own model be S3's, for objects must outlive the process and be files that Spark reads and writes.

    Args:
        make: makes the model; called as moto calls its own class.
        account_id: the account's number.

    Returns:
        The model.
    """
    s3_backends.backend = make
    FakeBucket.get_permission = get_permission
    return s3_backends[account_id]["aws"]


def forward_events(notify: Notify) -> None:
    """Have S3's events; moto's own lack the version id, come before the object is durable, and swallow every failure."""

    def send_event(account_id: str, event_name: S3NotificationEvent, bucket: Any, key: Any) -> None:  # noqa: ANN401, ARG001
        notify(event_name, bucket, key)

    moto.s3.notifications.send_event = send_event


def get_permission(self: FakeBucket, action: str, resource: str) -> PermissionResult:
    """What a bucket's policy says of a request; takes the place of `FakeBucket.get_permission`.

    moto refuses everything where a policy has a condition that it cannot evaluate, and so where it asks for TLS. The
    endpoint on the laptop stands for one with TLS, so a statement about requests without it concerns nobody.
    """
    if self.policy is None:
        return PermissionResult.NEUTRAL
    return _policy_without_tls(self.policy).is_action_permitted(action, resource)


@lru_cache(maxsize=64)
def _policy_without_tls(text: str | bytes) -> IAMPolicy:
    policy = json.loads(text)
    policy["Statement"] = [one for one in policy["Statement"] if "aws:SecureTransport" not in json.dumps(one)]
    return IAMPolicy(json.dumps(policy))


def is_denied(bucket: FakeBucket, method: str, key: str) -> bool:
    """Whether a bucket's policy refuses a request to an object, or a list of them, where no key is given."""
    resource = f"arn:{bucket.partition}:s3:::{bucket.name}"
    action, of_what = (f"{method.capitalize()}Object", f"{resource}/{key}") if key else ("ListBucket", resource)
    permission: PermissionResult = bucket.get_permission(f"s3:{action}", of_what)
    return permission is PermissionResult.DENIED


def keep_conditions() -> None:
    """Let each write of S3 be made as a whole, only where its condition holds.

    moto copies whatever is there, and may let another write in between a look at a condition and the write itself.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
    """
    S3Response.put_object = _one_at_a_time(_MOTO_PUTS)
    S3Response.delete_object = _one_at_a_time(_MOTO_DELETES)
    S3Response.copy_object = _one_at_a_time(_copy_on_condition)


def _one_at_a_time(write: Callable[[S3Response], Any]) -> Callable[[S3Response], Any]:
    def call(self: S3Response) -> Any:  # noqa: ANN401 - moto's
        with WRITING:
            return write(self)

    return call


def _copy_on_condition(self: S3Response) -> Any:  # noqa: ANN401 - moto's
    there = self.backend.get_object(self.bucket_name, self.parse_key_name())
    unmet = unmet_condition(there, self.headers.get("If-Match"), self.headers.get("If-None-Match"))
    if unmet and there is None:
        raise MissingKey(key=self.parse_key_name())
    if unmet:
        raise PreconditionFailed(unmet)
    return _MOTO_COPIES(self)


def unmet_condition(there: FakeKey | None, wanted: str | None, unwanted: str | None) -> str:
    """The condition of a copy that does not hold; empty where all do.

    Args:
        there: what lies under the key.
        wanted, unwanted: what the request's If-Match and If-None-Match say.
    """
    if wanted and (there is None or wanted.strip('"') not in (there.etag.strip('"'), "*")):
        return "If-Match"
    return "If-None-Match" if unwanted and there is not None else ""


WRITING = RLock()
"""Is held while an object is written."""

_MOTO_PUTS, _MOTO_DELETES = S3Response.put_object, S3Response.delete_object
_MOTO_COPIES = S3Response.copy_object


def forget_instances() -> None:
    """Let moto's models be gone once nobody uses them; moto keeps every one that it ever made, for a page that shows them."""
    BaseModel.__new__ = _untracked


def _untracked(cls: type, *_: object, **__: object) -> object:
    return object.__new__(cls)


def forget_buckets() -> None:
    """Let every bucket's name be free again; moto keeps them for the whole process."""
    s3_backends.bucket_accounts.clear()


def delete_marker(covered: FakeKey, version_id: str, last_modified: datetime) -> FakeDeleteMarker:
    """A delete marker as it was.

    Args:
        covered: the version that it hides.
        version_id: its own.
        last_modified: without a zone, in UTC.
    """
    marker = FakeDeleteMarker(key=covered)
    marker.last_modified = last_modified
    marker._version_id = version_id  # noqa: SLF001 - moto has no other way to restore one
    return marker


def listed_until(store: S3Backend, continuation_token: str) -> str:
    """The last key of the page before the one that a listing's token stands for."""
    return str(store._pagination_tokens.get(continuation_token, ""))  # noqa: SLF001 - see the docstring


# --- the other services ------------------------------------------------------------------------------------------------


class MotoBackends:
    """moto's models of the services of one account in one region."""

    def __init__(self, account_id: str, region: str) -> None:
        self._account_id = account_id
        self._region = region

    @property
    def logs(self) -> LogsBackend:
        """CloudWatch Logs."""
        return logs_backends[self._account_id][self._region]

    def find_function(self, name: str) -> LambdaFunction:
        """A Lambda function by its name or ARN.

        Raises:
            UnknownFunctionException: there is none.
        """
        return lambda_backends[self._account_id][self._region].get_function(name)

    def put_metric_data(self, namespace: str, data: list[dict[str, Any]]) -> None:
        """Put values of a namespace into CloudWatch."""
        cloudwatch_backends[self._account_id][self._region].put_metric_data(namespace, data)

    def send_message(self, queue_arn: str, body: str) -> None:
        """Put a message into a queue of SQS.

        Raises:
            QueueDoesNotExist: there is no such queue.
        """
        _, _, _, region, account_id, name = queue_arn.split(":")
        sqs_backends[account_id][region].send_message(name, body)

    def workgroup(self, name: str) -> dict[str, Any] | None:
        """The configuration of a workgroup of Athena; None where there is no such workgroup."""
        known = athena_backends[self._account_id][self._region].work_groups.get(name)
        return known.configuration if known else None

    def policies_of(self, role: str) -> list[str]:
        """The text of each of a role's own policies; none for a role that there is none of."""
        try:
            found = iam_backends[self._account_id]["aws"].get_role(role).policies
        except NotFoundException:
            return []
        return list(found.values())

    def assumed_keys(self, access_key: str) -> KeyPair | None:
        """The temporary keys of a role by their access key; None where STS gave no such keys, or for a time that is over."""
        found = sts_backends[self._account_id]["aws"].get_assumed_role_from_access_key(access_key)
        if found is None or found.expiration < datetime.now(UTC).replace(tzinfo=None):
            return None
        role = str(found.role_arn).rpartition("/")[2]
        return KeyPair(access_key, found.secret_access_key, found.session_token, role, str(found.policy or ""))
