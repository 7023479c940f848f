"""The proxy lets through what it was not told of, and does what it was told to as many calls as it was told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import requests
from matrix.proxy import Proxy, Rule, proxying
from matrix.wire import anything, cuts, drips, loses_the_answer, refuses, resets, says, stalls, to

from local.b3.standin import Answer, StandIn, serving

ANSWER = b"0123456789" * 100
BROKEN = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)


@dataclass
class Place:
    """A service and the proxy in front of it."""

    service: StandIn
    proxy: Proxy

    def get(self, path: str = "/bucket/key", timeout: float = 5) -> requests.Response:
        return requests.get(f"{self.proxy.url}{path}", timeout=timeout)


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with serving() as service, proxying(service.url) as proxy:
        service.tamper = lambda _, __: Answer(ANSWER)
        yield Place(service, proxy)


@pytest.fixture(autouse=True)
def _forgotten(place: Place) -> None:
    place.service.requests.clear()
    place.proxy.calls.clear()


def test_without_a_fault_everything_passes_and_is_noted(place: Place) -> None:
    assert place.get().content == ANSWER
    assert [call.operation for call in place.proxy.calls] == ["GetObject"]
    assert place.proxy.calls[0].key == "key"


@pytest.mark.parametrize(("does", "heard"), [(resets, 0), (stalls(0.1), 0), (loses_the_answer, 1), (cuts, 1)])
def test_a_connection_breaks_before_or_after_the_service_has_heard(place: Place, does, heard: int) -> None:  # noqa: ANN001
    with place.proxy.having(Rule(anything, does)), pytest.raises(BROKEN):
        place.get()
    assert len(place.service.requests) == heard


def test_an_answer_that_drips_is_whole_and_slow(place: Place) -> None:
    with place.proxy.having(Rule(anything, drips(0.3))):
        answer = place.get()
    assert answer.content == ANSWER


def test_another_answer_never_reaches_the_service(place: Place) -> None:
    with place.proxy.having(Rule(anything, says(429, b"x", Retry_After="7"))):
        answer = place.get()
    assert (answer.status_code, answer.headers["Retry-After"], place.service.requests) == (429, "7", [])


def test_a_refusal_is_in_the_service_s_own_form(place: Place) -> None:
    with place.proxy.having(Rule(anything, refuses("SlowDown", 503), times=None)):
        assert "<Code>SlowDown</Code>" in place.get().text
        headers = {"X-Amz-Target": "AWSGlue.GetJobRun"}
        assert requests.post(place.proxy.url, headers=headers, timeout=5).json()["__type"] == "SlowDown"


def test_a_fault_strikes_as_many_calls_as_it_should_after_those_it_leaves_alone(place: Place) -> None:
    with place.proxy.having(Rule(to("GetObject", "key"), says(500), times=2, after=1)):
        assert [place.get().status_code for _ in range(5)] == [200, 500, 500, 200, 200]
        assert place.get("/bucket/other").status_code == 200
    assert place.get().status_code == 200
