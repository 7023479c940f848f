"""What all HTTP servers of the account share: they are of this machine only, and no web page may use them.

A page that is open in a browser here can send requests to any address of this machine. A browser names the page's origin in every
request that could change something, and in `Host` the name by which the page was reached (DNS rebinding): both are looked at.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TypeVar

HOST = "127.0.0.1"

log = logging.getLogger(__name__)

Subject = TypeVar("Subject")


def refusal(headers: Iterable[tuple[str, str]], address: str) -> str | None:
    """Why a request is none of those that are answered; None where it is one.

    Args:
        headers: of the request, as they were sent.
        address: that was bound, as `host:port`.
    """
    named = [(name.lower(), value) for name, value in headers]
    if any(name == "origin" for name, _ in named):
        return "this account answers no web page"
    hosts = [value for name, value in named if name == "host"]
    return None if hosts == [address] else f"Host {', '.join(hosts)!r} is not {address!r}"


class LoopbackHandler(BaseHTTPRequestHandler):
    """Answers requests; `subject` is what a subclass answers them from."""

    @property
    def subject(self) -> object:
        """What the server was made for."""
        assert isinstance(self.server, _Server)
        return self.server.subject

    def parse_request(self) -> bool:
        """Read a request's line and headers; whether it is to be answered."""
        if not super().parse_request():
            return False
        assert isinstance(self.server, _Server)
        reason = refusal(self.headers.items(), f"{HOST}:{self.server.server_port}")
        if reason:
            self.send_error(HTTPStatus.FORBIDDEN, reason)
        return reason is None

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
        """Keep the log to what somebody looks for."""
        log.debug(format, *args)


class _Server(ThreadingHTTPServer):
    subject: object = None


@contextmanager
def serving(handler: type[LoopbackHandler], make: Callable[[str], Subject]) -> Iterator[Subject]:
    """Serve on a free port of this machine within the block.

    Args:
        handler: answers each request.
        make: makes, from the server's address, what the handler answers from.

    Yields:
        What `make` made.
    """
    server = _Server((HOST, 0), handler)
    server.subject = subject = make(f"http://{HOST}:{server.server_port}")
    thread = Thread(target=server.serve_forever, args=(0.05,), name=handler.__name__, daemon=True)
    thread.start()
    try:
        yield subject
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
