"""A chat's incoming webhook, for this machine: takes `{"text": …}` and keeps the texts."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from http import HTTPStatus
from queue import SimpleQueue

from local.account import loopback


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


def receiving() -> AbstractContextManager[Inbox]:
    """Take messages on a free port of this machine within the block."""
    return loopback.serving(_WebhookHandler, lambda address: Inbox(f"{address}/hook"))


class _WebhookHandler(loopback.LoopbackHandler):
    def do_POST(self) -> None:  # noqa: N802 - the base class names it
        assert isinstance(self.subject, Inbox)
        status = self.subject.put(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()
