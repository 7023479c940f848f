"""A chat's incoming webhook, for this machine: takes `{"text": …}` and keeps the texts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue
from threading import Thread


class Inbox:
    """What came so far.

    Args:
        url: address of the webhook.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._texts: SimpleQueue[str] = SimpleQueue()

    def put(self, body: bytes) -> HTTPStatus:
        """Keep a message; the status says whether it was one."""
        try:
            text = json.loads(body)["text"]
        except (ValueError, TypeError, KeyError):
            return HTTPStatus.BAD_REQUEST
        self._texts.put(str(text))
        return HTTPStatus.OK

    def next(self, timeout: float) -> str:
        """The next message.

        Raises:
            queue.Empty: none came within so many seconds.
        """
        return self._texts.get(timeout=timeout)


@contextmanager
def receiving() -> Iterator[Inbox]:
    """Take messages on a free port of this machine within the block."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    inbox = Inbox(f"http://127.0.0.1:{server.server_port}/hook")
    server.inbox = inbox  # type: ignore[attr-defined]
    thread = Thread(target=server.serve_forever, args=(0.05,), name="webhook", daemon=True)
    thread.start()
    try:
        yield inbox
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        inbox: Inbox = self.server.inbox  # type: ignore[attr-defined]
        status = inbox.put(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
        """Say nothing."""
