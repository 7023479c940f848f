"""What answers the account's requests: the operations that really run, and moto's application for all others.

AWS's JSON services name their operation in the X-Amz-Target header, so an operation is a function from the request's
JSON to the answer's, registered under that name; everything else goes to moto.
"""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

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
            return _refuse_select(start_response)
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


def _refuse_select(start_response: StartResponse) -> Iterable[bytes]:
    # moto reads CSV and JSON only, and dies of Parquet.
    message = "SelectObjectContent is not offered by the account on the laptop"
    content = f"<Error><Code>NotImplemented</Code><Message>{message}</Message></Error>".encode()
    start_response("501 Not Implemented", [("Content-Type", "application/xml"), ("Content-Length", str(len(content)))])
    return [content]


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
