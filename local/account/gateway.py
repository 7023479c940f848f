"""The account's one HTTP endpoint: moto's application, with the operations that really run put in front of it.

AWS's JSON services name their operation in the X-Amz-Target header, so an operation is a function from the request's
JSON to the answer's, registered under that name; everything else goes to moto.
"""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Callable
from http import HTTPStatus
from io import BytesIO
from typing import TYPE_CHECKING, Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import BaseWSGIServer, make_server
from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

Operation = Callable[[dict[str, Any]], dict[str, Any]]
HOST = "127.0.0.1"
_WITHOUT_BODY = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})

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


class _Dispatcher(DomainDispatcherApplication):  # type: ignore[misc]
    """moto's, which for each request lists its folders and tries its patterns, a millisecond in which no other is answered."""

    def __init__(self) -> None:
        super().__init__(create_backend_app)
        self._of_host: dict[str | None, Any] = {}

    def get_backend_for_host(self, host: str | None) -> Any:  # noqa: ANN401 - moto's
        """Moto's module for a host name such as `s3.sa-east-1.amazonaws.com`."""
        if host not in self._of_host:
            self._of_host[host] = super().get_backend_for_host(host)
        return self._of_host[host]


class Gateway:
    """A WSGI application.

    Args:
        operations: what the account runs itself, by X-Amz-Target.
        owned: services of which moto must answer nothing, because its answer would contradict the account's own state.
        invoke: the application for Lambda's Invoke, which is plain HTTP.
        commit: called before any of moto's answers leaves; makes durable what the request changed.
    """

    def __init__(
        self,
        operations: Mapping[str, Operation],
        owned: tuple[str, ...],
        invoke: WSGIApplication,
        commit: Callable[[], None],
    ) -> None:
        self._operations = operations
        self._owned = owned
        self._invoke = invoke
        self._commit = commit
        self._moto = _Dispatcher()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        target = environ.get("HTTP_X_AMZ_TARGET", "")
        if target in self._operations or target.startswith(self._owned):
            return self._run(target, environ, start_response)
        path = environ.get("PATH_INFO", "")
        if path.startswith("/2015-03-31/functions/") and path.endswith("/invocations"):
            return self._invoke(environ, start_response)
        answer: Iterable[bytes] = self._moto(environ, start_response)
        self._commit()
        return answer

    def _run(self, target: str, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        operation = self._operations.get(target, _not_offered(target))
        try:
            answer = operation(json.loads(read_body(environ) or b"{}"))
            return respond(start_response, "200 OK", answer)
        except ServiceError as error:
            log.info("%s: %s", target, error)
            body = {"__type": error.code, "message": error.message, "Message": error.message}
            return respond(start_response, f"{error.status} Error", body)


def _not_offered(target: str) -> Operation:
    def refuse(_: dict[str, Any]) -> dict[str, Any]:
        raise ServiceError("InvalidInputException", f"{target} is not offered by the account on the laptop")

    return refuse


def read_body(environ: WSGIEnvironment) -> bytes:
    """The request's body."""
    body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    return body


def respond(start_response: StartResponse, status: str, body: Any) -> Iterable[bytes]:  # noqa: ANN401 - any JSON
    """Answer with JSON, as AWS's JSON services do (times are seconds since the epoch)."""
    content = json.dumps(body).encode()
    headers = [
        ("Content-Type", "application/x-amz-json-1.1"),
        ("Content-Length", str(len(content))),
        ("x-amzn-RequestId", str(uuid.uuid4())),
    ]
    start_response(status, headers)
    return [content]


class _Handler(MotoRequestHandler):  # type: ignore[misc]
    """Answers one request after the other on a connection.

    Werkzeug's own handler ends every connection, and is still busy with it for ten milliseconds: a session is some 200 requests.
    """

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def run_wsgi(self) -> None:
        """Answer one request."""
        if self.headers.get("Transfer-Encoding"):  # its end is not known beforehand
            super().run_wsgi()
            return
        self.environ = self.make_environ()
        # Read to its end, whatever the application reads of it: what comes after is the next request.
        self.environ["wsgi.input"] = BytesIO(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
        try:
            answer = Response.from_app(self.server.app, self.environ)
            content = answer.get_data()
        except Exception:
            log.exception("%s %s", self.command, self.path)
            answer, content = Response(status=HTTPStatus.INTERNAL_SERVER_ERROR), b""
        self.send_response(answer.status_code)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if "Content-Length" not in answer.headers and answer.status_code not in _WITHOUT_BODY:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: one line a request would bury what the log is read for."""


def listen(application: WSGIApplication) -> BaseWSGIServer:
    """A server for the application on a free port of this machine only; `serve_forever` starts it."""
    return make_server(HOST, 0, application, threaded=True, request_handler=_Handler)
