"""The account's door: only who holds its keys is answered, and a component's role only as far as its policies allow."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from local.account.gateway import HEADERS, ServiceError, respond
from local.account.loopback import refusal
from local.rights.api_calls import AccountPlace, Request, calls_of
from local.rights.privileges import AccessDeniedError, Privileges, Rights, called_by
from local.rights.s3_calls import listing
from local.rights.signatures import SignatureError, verify

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from local.rights.keys import KeyPair

_Answer = tuple[str, list[tuple[str, str]], Iterable[bytes]]

log = logging.getLogger(__name__)


class Guard:
    """A WSGI application around the gateway.

    Args:
        application: what answers requests that are allowed.
        address: where requests are answered, as `host:port`.
        find_key: the keys that an access key belongs to; None where there are no such keys.
        privileges: of the roles.
        place: of the account.
        workgroup_of: the workgroup of a query, by its id; None where there is no such query.
    """

    def __init__(
        self,
        application: WSGIApplication,
        address: str,
        find_key: Callable[[str], KeyPair | None],
        privileges: Privileges,
        place: AccountPlace,
        workgroup_of: Callable[[str], str | None],
    ) -> None:
        self._application = application
        self._address = address
        self._find_key = find_key
        self._privileges = privileges
        self._place = place
        self._workgroup_of = workgroup_of

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request, or refuse it as AWS does."""
        request = Request.of(environ)
        try:
            sender = self._sender(environ, request)
            if sender.role is None:
                return self._application(environ, start_response)
            rights = self._privileges.of(sender.role, sender.session_policy)
            rights.demand(*calls_of(request, self._place, self._workgroup_of))
            with called_by(rights):
                status, headers, body = _held(self._application, environ)
            _hide_absence(rights, request, status)
        except (AccessDeniedError, SignatureError) as error:
            log.warning("%s %s: %s", request.method, request.path, error.message)
            return _refuse(request, error, start_response)
        start_response(status, headers)
        return body

    def _sender(self, environ: WSGIEnvironment, request: Request) -> KeyPair:
        if reason := refusal(environ[HEADERS], self._address):
            raise SignatureError("AccessDenied", reason)
        return verify(request, self._find_key, datetime.now(UTC))


def _held(application: WSGIApplication, environ: WSGIEnvironment) -> _Answer:
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start(status: str, headers: list[tuple[str, str]], _: object = None) -> Callable[[bytes], object]:
        started.append((status, headers))
        return lambda _: None

    body = application(environ, start)
    status, headers = started[-1]
    return status, headers, body


def _hide_absence(rights: Rights, request: Request, status: str) -> None:
    """Who may not list a bucket is not told that a key is not there."""
    bucket, _, key = request.path.lstrip("/").partition("/")
    if request.service == "s3" and key and request.method in ("GET", "HEAD") and status.startswith("404"):
        rights.demand(listing(bucket, key))


def _refuse(request: Request, error: ServiceError, start_response: StartResponse) -> Iterable[bytes]:
    is_s3 = request.service == "s3" and "x-amz-target" not in request.headers
    is_form = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    if not is_s3 and not is_form:
        body: dict[str, Any] = {"__type": error.code, "message": error.message, "Message": error.message}
        return respond(start_response, f"{error.status} Error", body, ("x-amzn-ErrorType", error.code))
    stated = f"<Code>{error.code.removesuffix('Exception')}</Code><Message>{escape(error.message)}</Message>"
    # S3 states the error itself, the services with form-encoded requests (IAM, STS, SNS) state it in a frame.
    framed = f"<ErrorResponse><Error><Type>Sender</Type>{stated}</Error></ErrorResponse>"
    text = f"<Error>{stated}</Error>" if is_s3 else framed
    content = b"" if request.method == "HEAD" else text.encode()
    start_response("403 Forbidden", [("Content-Type", "application/xml"), ("Content-Length", str(len(content)))])
    return [content]
