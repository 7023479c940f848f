"""The client of B3's site: the only HTTP of the flows.

B3 serves the current portfolio only (`…/GetPortfolioDay/<base64 of a JSON object>`), with no parameter for a date. Reported
by users of the endpoint: HTTP 520 from Cloudflare, 500 or empty bodies for days, one answer after 8 minutes. Where the JSON
with sectors cannot be had, the plain one is tried, then the CSV download; not the portfolio page, which is an application
without rows until a browser renders it. An answer that was had but is not understood ends the collection: another source must
not paper over a change of B3's.
"""

from __future__ import annotations

import base64
import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import requests
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    wait_random_exponential,
)
from urllib3.exceptions import HTTPError, ReadTimeoutError

from expectations.contract.keys import check_index
from flows.b3.csv_download import decode_download, parse_csv
from flows.b3.json_answer import Page, parse_page, parse_pages
from flows.b3.payload import Payload
from flows.b3.portfolio import Portfolio
from flows.errors import B3Unavailable
from flows.settings import Settings

PAGE_SIZE = 120
BY_SECTOR, PLAIN = "2", "1"  # B3's listings: otherwise the content of the one with sectors equals the plain one's
USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"
MAX_PAUSE = 60.0  # seconds; also the most that a Retry-After may ask for

_LOG = logging.getLogger(__name__)
_RETRIED = frozenset({408, 425, 429})
_FIRST_SERVER_ERROR = 500
_OK = 200
_CHUNK = 64 * 1024


class _Retryable(Exception):  # noqa: N818 - a signal between a call and its retries
    """A call failed in a way that may pass. `pause` is what B3 asked for, in seconds."""

    def __init__(self, reason: str, pause: float | None = None) -> None:
        super().__init__(reason)
        self.pause = pause


@dataclass(frozen=True)
class Clock:
    """The time that limits are measured with, and how a pause is made."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class _Session(requests.Session):
    """A session that follows no redirect: another address's answer is not B3's, and whatever it names is left alone."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """None: to no address."""


class B3Client:
    """Collects the portfolio that B3 shows now.

    Args:
        settings: base address and limits.
        keep: called with each payload before anything reads it.
        clock: for tests.

    Certificates are always checked.
    """

    def __init__(self, settings: Settings, keep: Callable[[Payload], None], clock: Clock | None = None) -> None:
        self._settings = settings
        self._base = str(settings.b3_base_url).rstrip("/")
        self._keep = keep
        self._clock = clock or Clock()
        self._deadline = 0.0
        self._http = _Session()
        self._http.headers.update({"User-Agent": USER_AGENT, "Accept-Language": "pt-BR,pt;q=0.9"})

    def collect(self, index: str, collected_at: datetime) -> Portfolio:
        """The portfolio of the index that B3 shows now, from the first source that can be had.

        Args:
            index: index code, such as IBOV.
            collected_at: instant of the collection (aware), which names the payloads.

        Raises:
            B3Unavailable: no source could be had within the limits.
            PayloadError: a source was had, and is not of a known form.
            ContractError: the index code is not of a code's form.
        """
        self._deadline = self._clock.now() + self._settings.b3_total_timeout
        blank = Payload(check_index(index), "", 1, b"", collected_at, "")
        reasons = []
        with self._http:
            for source in (self._by_sector, self._plain, self._from_csv):
                try:
                    return source(blank)
                except B3Unavailable as error:
                    reasons.append(str(error))
        raise B3Unavailable(f"{index}: B3 could not be had ({'; '.join(reasons)})")

    def _by_sector(self, blank: Payload) -> Portfolio:
        return self._from_json(blank, BY_SECTOR)

    def _plain(self, blank: Payload) -> Portfolio:
        return self._from_json(blank, PLAIN)

    def _from_json(self, blank: Payload, segment: str) -> Portfolio:
        pages = [self._json_page(blank, segment, 1)]
        pages += [self._json_page(blank, segment, number) for number in range(2, pages[0].total_pages + 1)]
        return parse_pages(blank.index, pages)

    def _json_page(self, blank: Payload, segment: str, number: int) -> Page:
        query = {"language": "pt-br", "pageNumber": number, "pageSize": PAGE_SIZE, "index": blank.index}
        path = f"indexProxy/indexCall/GetPortfolioDay/{encoded(query | {'segment': segment})}"
        name = f"json{' with sectors' if segment == BY_SECTOR else ''} page {number}"
        return parse_page(self._kept(replace(blank, source="json", page=number), name, path), number)

    def _from_csv(self, blank: Payload) -> Portfolio:
        query = {"index": blank.index, "language": "pt-br"}
        path = f"indexProxy/indexCall/GetDownloadPortfolioDay/{encoded(query)}"
        body = self._kept(replace(blank, source="csv"), "csv", path)
        return parse_csv(blank.index, decode_download(body))

    def _kept(self, blank: Payload, name: str, path: str) -> bytes:
        url = f"{self._base}/{path}"
        body = self._get(name, url)
        self._keep(replace(blank, body=body, url=url))
        return body

    def _get(self, name: str, url: str) -> bytes:
        retries = Retrying(
            stop=self._give_up,
            wait=self._pause,
            before_sleep=_say_why,
            sleep=self._clock.sleep,
            retry=retry_if_exception_type(_Retryable),
            reraise=True,
        )
        try:
            return retries(self._call, url)
        except _Retryable as error:
            attempts = retries.statistics["attempt_number"]
            raise B3Unavailable(f"{name}: {error}, after {attempts} attempts") from error
        except B3Unavailable as error:
            raise B3Unavailable(f"{name}: {error}") from error
        except requests.RequestException as error:
            raise B3Unavailable(f"{name}: {type(error).__name__}: {error}") from error

    def _pause(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, _Retryable) and error.pause is not None:
            return error.pause
        return wait_random_exponential(multiplier=self._settings.b3_backoff, max=MAX_PAUSE)(state)

    def _give_up(self, state: RetryCallState) -> bool:
        if state.attempt_number >= self._settings.b3_attempts:
            return True
        return self._clock.now() + state.upcoming_sleep >= self._deadline

    def _call(self, url: str) -> bytes:
        limit = min(self._settings.b3_call_timeout, self._deadline - self._clock.now())
        if limit <= 0:
            raise B3Unavailable(f"no answer within {self._settings.b3_total_timeout:g} s")
        ends = self._clock.now() + limit
        timeout = min(self._settings.b3_connect_timeout, limit)
        try:
            with self._http.get(url, timeout=timeout, stream=True) as response:
                _check_status(response)
                return self._body(response, ends)
        except requests.exceptions.SSLError:
            raise
        except (requests.Timeout, ReadTimeoutError) as error:
            raise _Retryable(f"no answer within {timeout:g} s") from error
        except (requests.ConnectionError, HTTPError) as error:
            raise _Retryable(f"the connection broke or was refused ({type(error).__name__})") from error

    def _body(self, response: requests.Response, ends: float) -> bytes:
        body = bytearray()
        # Not iter_content: it waits until a piece is full, and an answer that drips would never be looked at.
        while chunk := response.raw.read1(_CHUNK, decode_content=True):
            body += chunk
            if len(body) > self._settings.b3_max_bytes:
                raise B3Unavailable(f"the answer is larger than {self._settings.b3_max_bytes} bytes")
            if self._clock.now() > ends:
                raise _Retryable(f"the answer was not whole after {self._settings.b3_call_timeout:g} s")
        if not body.strip():
            raise _Retryable("empty body")
        return bytes(body)


def encoded(query: Mapping[str, object]) -> str:
    """A query as B3 takes it: base64 of a JSON object, as the last segment of the path."""
    return base64.b64encode(json.dumps(query, separators=(",", ":")).encode()).decode()


def _say_why(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    _LOG.warning(
        "B3 could not be had (%s); attempt %d in %.0f s", error, state.attempt_number + 1, state.upcoming_sleep
    )


def _check_status(response: requests.Response) -> None:
    status = response.status_code
    if status in _RETRIED or status >= _FIRST_SERVER_ERROR:
        raise _Retryable(f"HTTP {status}", _retry_after(response))
    if status != _OK:
        raise B3Unavailable(f"HTTP {status}")


def _retry_after(response: requests.Response) -> float | None:
    # B3 and Cloudflare send seconds; a date, the header's other form, falls back to the backoff.
    value = response.headers.get("Retry-After", "")
    return min(float(value), MAX_PAUSE) if value.isascii() and value.isdigit() else None
