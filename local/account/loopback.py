"""Small HTTP servers of this machine: B3's stand-in, and the webhook of `make deploy-check`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TypeVar

HOST = "127.0.0.1"

log = logging.getLogger(__name__)

Subject = TypeVar("Subject")


class LoopbackHandler(BaseHTTPRequestHandler):
    """Answers requests; `subject` is what a subclass answers them from."""

    @property
    def subject(self) -> object:
        """What the server was made for."""
        assert isinstance(self.server, _Server)
        return self.server.subject

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
