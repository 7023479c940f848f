"""A stand-in for B3's sites: serves one portfolio a time over HTTP, and the prices of sessions, in B3's own formats.

It answers the addresses that the client knows, as B3 does: gzipped, with the parameters as base64 of a JSON object in the
path. `tamper` lets a test damage an answer; nothing else of it is for tests only.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote, urlsplit

from expectations.contract.quotes import Quote, QuotesFile
from flows.b3.portfolio import Portfolio
from local.account import loopback
from local.b3.cotahist import file_of, packed
from local.b3.formats import csv_download, json_page

_JSON = "/indexProxy/indexCall/GetPortfolioDay/"
_CSV = "/indexProxy/indexCall/GetDownloadPortfolioDay/"
_PRICES = "/InstDados/SerHist/"
_NO_PRICES = b"<!DOCTYPE html><html><head><title>B3</title></head><body></body></html>"


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
    """What the stand-in serves now.

    Attributes:
        url: base address, for B3_BASE_URL.
        portfolios: the portfolio shown for each index code; B3 shows only the current one.
        quotes: the prices of sessions, of which files are served; of a day without any, a page with status 200 is, as B3 does.
        tamper: called with the path and the right answer, returns the answer that is sent.
        requests: the paths asked for so far.
    """

    url: str
    portfolios: dict[str, Portfolio] = field(default_factory=dict)
    quotes: dict[date, Sequence[Quote]] = field(default_factory=dict)
    tamper: Tamper | None = None
    requests: list[str] = field(default_factory=list)

    @property
    def prices_url(self) -> str:
        """Base address of the prices, for BOVESPA_PRICES_BASE_URL."""
        return f"{self.url}{_PRICES}".rstrip("/")

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
            if path.startswith(_PRICES):
                return self._prices(path.removeprefix(_PRICES))
        except (KeyError, TypeError, ValueError, binascii.Error) as error:
            return Answer(repr(error).encode(), "text/plain", HTTPStatus.BAD_REQUEST)
        return Answer(b"not found", "text/plain", HTTPStatus.NOT_FOUND)

    def _prices(self, name: str) -> Answer:
        file = QuotesFile.read_name(name)
        sessions = [session for session in sorted(self.quotes) if file and file.has(session)]
        if file is None or file.name != name or not sessions:
            return Answer(_NO_PRICES, "text/html; charset=utf-8")
        quotes = [quote for session in sessions for quote in self.quotes[session]]
        text = file_of(quotes, f"COTAHIST.{file.first:%Y}", sessions[-1])
        return Answer(packed(text, name.replace(".ZIP", ".TXT")), "application/zip")


def serving() -> AbstractContextManager[StandIn]:
    """Serve a stand-in on a free port of this machine within the block."""
    return loopback.serving(_SiteHandler, StandIn)


class _SiteHandler(loopback.LoopbackHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:  # noqa: N802 - the base class names it
        assert isinstance(self.subject, StandIn)
        answer = self.subject.answer(self.path)
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


def _decoded(segment: str) -> dict[str, Any]:
    query = json.loads(base64.b64decode(segment, validate=True))
    if not isinstance(query, dict):
        raise TypeError(f"{query!r} is not an object")
    return query
