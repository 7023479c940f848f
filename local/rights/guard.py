"""The account's door: every request of a component's role is judged by the role's policies before it is answered."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from local.account.gateway import respond
from local.rights.api_calls import AccountPlace, Request, calls_of
from local.rights.privileges import AccessDeniedError, Privileges, Rights, called_by
from local.rights.s3_calls import listing

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

_Answer = tuple[str, list[tuple[str, str]], Iterable[bytes]]

log = logging.getLogger(__name__)


class Guard:
    """A WSGI application around the gateway.

    Args:
        application: what answers requests that are allowed.
        privileges: of the roles.
        place: of the account.
        workgroup_of: the workgroup of a query, by its id; None where there is no such query.
        role_of: the role that an access key stands for; None for the administrator's.
    """

    def __init__(
        self,
        application: WSGIApplication,
        privileges: Privileges,
        place: AccountPlace,
        workgroup_of: Callable[[str], str | None],
        role_of: Callable[[str], str | None],
    ) -> None:
        self._application = application
        self._privileges = privileges
        self._place = place
        self._workgroup_of = workgroup_of
        self._role_of = role_of

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request, or refuse it as AWS does."""
        role = self._role_of(_access_key(environ))
        if role is None:
            return self._application(environ, start_response)
        rights, request = self._privileges.of(role), Request.of(environ)
        try:
            rights.demand(*calls_of(request, self._place, self._workgroup_of))
            with called_by(rights):
                status, headers, body = _held(self._application, environ)
            _hide_absence(rights, request, status)
        except AccessDeniedError as error:
            log.warning("%s %s: %s", request.method, request.path, error.message)
            return _refuse(request, error, start_response)
        start_response(status, headers)
        return body


def _access_key(environ: WSGIEnvironment) -> str:
    # Most requests have the header, and nothing else of them is read for it.
    signed = environ.get("HTTP_AUTHORIZATION", "")
    if signed:
        return str(signed).partition("Credential=")[2].partition("/")[0]
    return Request.of(environ).access_key


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


def _refuse(request: Request, error: AccessDeniedError, start_response: StartResponse) -> Iterable[bytes]:
    if request.service != "s3":
        body: dict[str, Any] = {"__type": error.code, "message": error.message, "Message": error.message}
        return respond(start_response, "400 Bad Request", body)
    text = f"<Error><Code>AccessDenied</Code><Message>{escape(error.message)}</Message></Error>"
    content = b"" if request.method == "HEAD" else text.encode()
    start_response("403 Forbidden", [("Content-Type", "application/xml"), ("Content-Length", str(len(content)))])
    return [content]
