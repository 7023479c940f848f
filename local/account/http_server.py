"""The account's one HTTP endpoint: a server on this machine only."""

from __future__ import annotations

import logging
from http import HTTPStatus
from io import BytesIO
from typing import TYPE_CHECKING

from werkzeug.serving import BaseWSGIServer, make_server
from werkzeug.wrappers import Response

from local.account.gateway import HEADERS, refusal, what_failed
from local.account.loopback import HOST
from local.account.moto_inside import RequestHandler

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication, WSGIEnvironment

_WITHOUT_BODY = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})

log = logging.getLogger(__name__)


class AccountRequestHandler(RequestHandler):  # type: ignore[misc]
    """Answers one request after the other on a connection.

    Werkzeug's own handler ends every connection, and is still busy with it for ten milliseconds: a session is some 200 requests.
    """

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def run_wsgi(self) -> None:
        """Answer one request."""
        try:
            self.environ = self._whole_request()
            answer = Response.from_app(self.server.app, self.environ)
            content = answer.get_data()
        except Exception as error:
            # Without the query, which may be a presigned address's.
            log.exception("%s %s", self.command, self.path.partition("?")[0])
            answer = refusal(what_failed(self.environ, error), self.environ)
            content = answer.get_data()
        self.send_response(answer.status_code)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if "Content-Length" not in answer.headers and answer.status_code not in _WITHOUT_BODY:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _whole_request(self) -> WSGIEnvironment:
        """The request with its body read to its end, whatever the application reads of it: what comes after is the next one."""
        environ: WSGIEnvironment = self.make_environ()
        environ[HEADERS] = self.headers.items()
        if environ.pop("wsgi.input_terminated", False):  # in chunks
            body = environ["wsgi.input"].read()
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        environ["wsgi.input"], environ["CONTENT_LENGTH"] = BytesIO(body), str(len(body))
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        return environ

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: one line a request would bury what the log is read for."""


def listen(application: WSGIApplication) -> BaseWSGIServer:
    """A server for the application on a free port of this machine only; `serve_forever` starts it."""
    return make_server(HOST, 0, application, threaded=True, request_handler=AccountRequestHandler)
