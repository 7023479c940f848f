"""Stands where AWS stands, for the calls that the program and its provider make by themselves: an account with nothing in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

_JOB = {"Name": "bovespa-etl-job", "Role": "arn:aws:iam::123456789012:role/etl", "Command": {"Name": "glueetl"}}
_NOT_THERE = {"__type": "EntityNotFoundException", "Message": "not found"}
_JSON: dict[str, tuple[HTTPStatus, dict[str, Any]]] = {
    "ResourceGroupsTaggingAPI_20170126.GetResources": (HTTPStatus.OK, {"ResourceTagMappingList": []}),
    "AWSGlue.GetDatabase": (HTTPStatus.BAD_REQUEST, _NOT_THERE),
    "AWSGlue.GetJob": (HTTPStatus.OK, {"Job": _JOB}),
    "AWSGlue.UpdateJob": (HTTPStatus.OK, {"JobName": _JOB["Name"]}),
}
_NO_ROLE = b"<ErrorResponse><Error><Code>NoSuchEntity</Code><Message>no such role</Message></Error></ErrorResponse>"


class _Aws(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        """Answer one call."""
        self.rfile.read(int(self.headers["Content-Length"]))
        target = self.headers.get("X-Amz-Target")
        if target is None:  # IAM speaks another protocol, and is asked for the one role only
            self._answer(HTTPStatus.NOT_FOUND, "text/xml", _NO_ROLE)
            return
        unknown = {"__type": "UnknownOperationException", "Message": target}
        status, answer = _JSON.get(target, (HTTPStatus.BAD_REQUEST, unknown))
        self._answer(status, "application/x-amz-json-1.1", json.dumps(answer).encode())

    def _answer(self, status: HTTPStatus, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the server's
        """Say nothing."""


@contextmanager
def aws_stand_in() -> Iterator[str]:
    """The address under which AWS seems to be."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Aws) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
