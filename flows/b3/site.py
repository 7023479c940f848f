"""How B3's sites are asked: retries, limits of time and size, certificates that are always checked, no redirects."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import IO, TypeVar

import requests
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    wait_random_exponential,
)
from urllib3.exceptions import HTTPError, ReadTimeoutError

from flows.errors import B3Unavailable
from flows.settings import Settings

USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"
MAX_PAUSE = 60.0  # seconds; also the most that a Retry-After may ask for

_LOG = logging.getLogger(__name__)
_RETRIED = frozenset({408, 425, 429})
_FIRST_SERVER_ERROR = 500
_OK, _NOT_FOUND = 200, 404
_CHUNK = 64 * 1024


class NotFound(B3Unavailable):
    """B3 says that it has nothing under the address (HTTP 404)."""


_Received = TypeVar("_Received")
_Receive = Callable[[requests.Response, float], _Received]


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


class OneAddress(requests.Session):
    """A session that follows no redirect: another address's answer is not B3's, and whatever it names is left alone."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """None: to no address."""


class SiteClient:
    """Asks one of B3's sites.

    Args:
        settings: the limits.
        base: the site's address.
        clock: for tests.

    Certificates are always checked.
    """

    def __init__(self, settings: Settings, base: str, clock: Clock | None = None) -> None:
        self._settings = settings
        self._base = base.rstrip("/")
        self._clock = clock or Clock()
        self._deadline = 0.0
        self._http = OneAddress()
        self._http.headers.update({"User-Agent": USER_AGENT, "Accept-Language": "pt-BR,pt;q=0.9"})

    def _begin(self) -> None:
        """From now on the limit of the whole is counted."""
        self._deadline = self._clock.now() + self._settings.b3_total_timeout

    def _get(self, name: str, url: str) -> bytes:
        """The answer of an address."""
        return self._retried(name, url, self._body)

    def _download(self, name: str, url: str, target: IO[bytes]) -> None:
        """Write the answer of an address to a file, from its start."""
        self._retried(name, url, partial(self._into, target))

    def _retried(self, name: str, url: str, receive: _Receive[_Received]) -> _Received:
        retries = Retrying(
            stop=self._give_up,
            wait=self._pause,
            before_sleep=_say_why,
            sleep=self._clock.sleep,
            retry=retry_if_exception_type(_Retryable),
            reraise=True,
        )
        try:
            received: _Received = retries(self._call, url, receive)
        except _Retryable as error:
            attempts = retries.statistics["attempt_number"]
            raise B3Unavailable(f"{name}: {error}, after {attempts} attempts") from error
        except B3Unavailable as error:
            raise type(error)(f"{name}: {error}") from error
        except requests.RequestException as error:
            raise B3Unavailable(f"{name}: {type(error).__name__}: {error}") from error
        else:
            return received

    def _pause(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, _Retryable) and error.pause is not None:
            return error.pause
        return wait_random_exponential(multiplier=self._settings.b3_backoff, max=MAX_PAUSE)(state)

    def _give_up(self, state: RetryCallState) -> bool:
        if state.attempt_number >= self._settings.b3_attempts:
            return True
        return self._clock.now() + state.upcoming_sleep >= self._deadline

    def _call(self, url: str, receive: _Receive[_Received]) -> _Received:
        limit = min(self._settings.b3_call_timeout, self._deadline - self._clock.now())
        if limit <= 0:
            raise B3Unavailable(f"no answer within {self._settings.b3_total_timeout:g} s")
        ends = self._clock.now() + limit
        timeout = min(self._settings.b3_connect_timeout, limit)
        try:
            with self._http.get(url, timeout=timeout, stream=True) as response:
                _check_status(response)
                return receive(response, ends)
        except requests.exceptions.SSLError:
            raise
        except (requests.Timeout, ReadTimeoutError) as error:
            raise _Retryable(f"no answer within {timeout:g} s") from error
        except (requests.ConnectionError, HTTPError) as error:
            raise _Retryable(f"the connection broke or was refused ({type(error).__name__})") from error

    def _body(self, response: requests.Response, ends: float) -> bytes:
        body = b"".join(self._pieces(response, ends))
        if not body.strip():
            raise _Retryable("empty body")
        return body

    def _into(self, target: IO[bytes], response: requests.Response, ends: float) -> None:
        target.seek(0)
        target.truncate()
        for piece in self._pieces(response, ends):
            target.write(piece)
        if not target.tell():
            raise _Retryable("empty body")

    def _pieces(self, response: requests.Response, ends: float) -> Iterator[bytes]:
        size = 0
        # Not iter_content: it waits until a piece is full, and an answer that drips would never be looked at.
        while piece := response.raw.read1(_CHUNK, decode_content=True):
            size += len(piece)
            if size > self._settings.b3_max_bytes:
                raise B3Unavailable(f"the answer is larger than {self._settings.b3_max_bytes} bytes")
            if self._clock.now() > ends:
                raise _Retryable(f"the answer was not whole after {self._settings.b3_call_timeout:g} s")
            yield piece


def _say_why(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    _LOG.warning(
        "B3 could not be had (%s); attempt %d in %.0f s", error, state.attempt_number + 1, state.upcoming_sleep
    )


def _check_status(response: requests.Response) -> None:
    status = response.status_code
    if status in _RETRIED or status >= _FIRST_SERVER_ERROR:
        raise _Retryable(f"HTTP {status}", _retry_after(response))
    if status == _NOT_FOUND:
        raise NotFound(f"HTTP {status}")
    if status != _OK:
        raise B3Unavailable(f"HTTP {status}")


def _retry_after(response: requests.Response) -> float | None:
    # B3 and Cloudflare send seconds; a date, the header's other form, falls back to the backoff.
    value = response.headers.get("Retry-After", "")
    return min(float(value), MAX_PAUSE) if value.isascii() and value.isdigit() else None
