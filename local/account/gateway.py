"""What answers the account's requests: the operations that really run, and moto's application for all others.

AWS's JSON services name their operation in the X-Amz-Target header, so an operation is a function from the request's
JSON to the answer's, registered under that name; everything else goes to moto.
"""

from __future__ import annotations

import json
import logging
import re
import uuid
from collections.abc import Callable
from html import escape
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

_REST_JSON = re.compile(r"/20\d\d-\d\d-\d\d/")
"""How paths of Lambda's API begin."""

HEADERS = "account.headers"
"""The key of the request's headers in a WSGI environment: pairs, as they were sent."""

Operation = Callable[[dict[str, Any]], dict[str, Any]]

log = logging.getLogger(__name__)


class ServiceError(Exception):
    """An error that AWS states to the client.

    Args:
        code: AWS's name for it, such as `EntityNotFoundException`.
        message: AWS's text, as far as it is known.
        status: the HTTP status.
    """

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


class Gateway:
    """A WSGI application.

    Args:
        operations: what the account runs itself, by X-Amz-Target.
        owned: services of which moto must answer nothing, because its answer would contradict the account's own state.
        invoke: the application for Lambda's Invoke, which is plain HTTP.
        moto: moto's application.
        commit: called before any of moto's answers leaves; makes durable what the request changed.
    """

    def __init__(
        self,
        operations: Mapping[str, Operation],
        owned: tuple[str, ...],
        invoke: WSGIApplication,
        moto: WSGIApplication,
        commit: Callable[[], None],
    ) -> None:
        self._operations = operations
        self._owned = owned
        self._invoke = invoke
        self._moto = moto
        self._commit = commit

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        target = environ.get("HTTP_X_AMZ_TARGET", "")
        if target in self._operations or target.startswith(self._owned):
            return self._run(target, environ, start_response)
        path = environ.get("PATH_INFO", "")
        if path.startswith("/2015-03-31/functions/") and path.endswith("/invocations"):
            return self._invoke(environ, start_response)
        if environ["REQUEST_METHOD"] == "POST" and "select-type=" in environ.get("QUERY_STRING", ""):
            # moto reads CSV and JSON only, and dies of Parquet.
            return refusal("SelectObjectContent is not offered by the account on the laptop", environ)(
                environ, start_response
            )
        answer: Iterable[bytes] = self._moto(environ, start_response)
        self._commit()
        return answer

    def _run(self, target: str, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        operation = self._operations.get(target, _unsupported(target))
        try:
            answer = operation(json.loads(read_body(environ) or b"{}"))
            return respond(start_response, "200 OK", answer)
        except ServiceError as error:
            log.info("%s: %s", target, error)
            body = {"__type": error.code, "message": error.message, "Message": error.message}
            return respond(start_response, f"{error.status} Error", body)


def what_failed(environ: WSGIEnvironment, error: Exception) -> str:
    """What is said of a request that neither the account nor moto could answer."""
    query = environ.get("QUERY_STRING", "").partition("&")[0].partition("=")[0]
    place = f"{environ['REQUEST_METHOD']} {environ.get('PATH_INFO', '')}{'?' if query else ''}{query}"
    operation = environ.get("HTTP_X_AMZ_TARGET") or _action(environ) or place
    if isinstance(error, NotImplementedError):
        return f"{operation} is not offered by the account on the laptop"
    how = f"{operation} with these arguments is not offered by the account on the laptop"
    return f"{how} ({type(error).__name__}; logs/account.log says more)"


def _action(environ: WSGIEnvironment) -> str:
    """The operation that a form names, as those of IAM, STS and SNS do."""
    if "urlencoded" not in environ.get("CONTENT_TYPE", ""):
        return ""
    environ["wsgi.input"].seek(0)
    return parse_qs(read_body(environ).decode(errors="replace")).get("Action", [""])[0]


def refusal(message: str, environ: WSGIEnvironment) -> Response:
    """An answer that says so in the form of the request's service, and that no client tries again."""
    code = "NotImplemented"
    target, kind = environ.get("HTTP_X_AMZ_TARGET"), str(environ.get("CONTENT_TYPE", ""))
    is_json = target or "json" in kind or _REST_JSON.match(environ.get("PATH_INFO", ""))
    if is_json:
        body = json.dumps({"__type": code, "message": message, "Message": message})
        return Response(body, HTTPStatus.NOT_IMPLEMENTED, {"x-amzn-ErrorType": code}, mimetype="application/json")
    error = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    body = f"<ErrorResponse>{error}</ErrorResponse>" if "urlencoded" in kind else error
    return Response(body, HTTPStatus.NOT_IMPLEMENTED, mimetype="application/xml")


def _unsupported(target: str) -> Operation:
    def refuse(_: dict[str, Any]) -> dict[str, Any]:
        raise ServiceError("InvalidInputException", f"{target} is not offered by the account on the laptop")

    return refuse


def read_body(environ: WSGIEnvironment) -> bytes:
    """The request's body."""
    body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    return body


def respond(
    start_response: StartResponse,
    status: str,
    body: Any,  # noqa: ANN401 - any JSON
    *more_headers: tuple[str, str],
) -> Iterable[bytes]:
    """Answer with JSON, as AWS's JSON services do (times are seconds since the epoch)."""
    content = json.dumps(body).encode()
    headers = [
        ("Content-Type", "application/x-amz-json-1.1"),
        ("Content-Length", str(len(content))),
        ("x-amzn-RequestId", str(uuid.uuid4())),
        *more_headers,
    ]
    start_response(status, headers)
    return [content]
