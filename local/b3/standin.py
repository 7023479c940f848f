"""A stand-in for B3's site: serves one portfolio a time over HTTP, in B3's own formats.

It answers the addresses that the client knows, as B3 does: gzipped, with the parameters as base64 of a JSON object in the
path. `tamper` lets a test damage an answer; nothing else of it is for tests only.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import unquote, urlsplit

from flows.b3.portfolio import Portfolio
from local.b3.formats import csv_download, json_page

_LOG = logging.getLogger(__name__)
_JSON = "/indexProxy/indexCall/GetPortfolioDay/"
_CSV = "/indexProxy/indexCall/GetDownloadPortfolioDay/"


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer: status, body and further headers."""

    body: bytes
    content_type: str = "application/json; charset=utf-8"
    status: int = HTTPStatus.OK
    headers: Mapping[str, str] = field(default_factory=dict)


Tamper = Callable[[str, Answer], Answer]


@dataclass
class StandIn:
    """What the stand-in shows now.

    Attributes:
        url: base address, for B3_BASE_URL.
        portfolios: the portfolio shown for each index code; B3 shows only the current one.
        tamper: called with the path and the right answer, returns the answer that is sent.
        requests: the paths asked for so far.
    """

    url: str
    portfolios: dict[str, Portfolio] = field(default_factory=dict)
    tamper: Tamper | None = None
    requests: list[str] = field(default_factory=list)

    def show(self, portfolio: Portfolio) -> None:
        """Show this portfolio from now on for its index."""
        self.portfolios[portfolio.index] = portfolio

    def answer(self, target: str) -> Answer:
        """The answer to a GET of the target (path and query)."""
        self.requests.append(target)
        right = self._right_answer(unquote(urlsplit(target).path))
        return self.tamper(target, right) if self.tamper else right

    def _right_answer(self, path: str) -> Answer:
        try:
            if path.startswith(_JSON):
                query = _decoded(path.removeprefix(_JSON))
                portfolio = self.portfolios[query["index"]]
                by_sector = query.get("segment") == "2"
                return Answer(json_page(portfolio, query["pageNumber"], query["pageSize"], by_sector=by_sector))
            if path.startswith(_CSV):
                return Answer(csv_download(self.portfolios[_decoded(path.removeprefix(_CSV))["index"]]), "text/plain")
        except (KeyError, TypeError, ValueError, binascii.Error) as error:
            return Answer(repr(error).encode(), "text/plain", HTTPStatus.BAD_REQUEST)
        return Answer(b"not found", "text/plain", HTTPStatus.NOT_FOUND)


@contextmanager
def serving() -> Iterator[StandIn]:
    """Serve a stand-in on a free port of this machine within the block."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    stand_in = StandIn(f"http://127.0.0.1:{server.server_port}")
    server.stand_in = stand_in  # type: ignore[attr-defined]
    thread = Thread(target=server.serve_forever, args=(0.05,), name="b3-stand-in", daemon=True)
    thread.start()
    try:
        yield stand_in
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        stand_in: StandIn = self.server.stand_in  # type: ignore[attr-defined]
        answer = stand_in.answer(self.path)
        packed = "gzip" in self.headers.get("Accept-Encoding", "")
        body = gzip.compress(answer.body, mtime=0) if packed else answer.body
        self.send_response(answer.status)
        headers = {"Content-Type": answer.content_type, "Content-Length": str(len(body))} | dict(answer.headers)
        if packed:
            headers["Content-Encoding"] = "gzip"
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
        _LOG.debug(format, *args)


def _decoded(segment: str) -> dict[str, Any]:
    query = json.loads(base64.b64decode(segment, validate=True))
    if not isinstance(query, dict):
        raise TypeError(f"{query!r} is not an object")
    return query
