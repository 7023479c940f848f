"""The client of B3's files of prices against a real server of this machine: limits of their own, nothing taken for a file."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from expectations.contract.quotes import Quote, QuotesFile, Span
from flows.b3.cotahist import read_zip
from flows.b3.quotes_client import QuotesClient
from flows.b3.site import Clock
from flows.errors import B3Unavailable, QuotesNotPublished
from flows.settings import Settings
from local.b3.standin import Answer, StandIn, serving

MONDAY = date(2025, 6, 30)
PETR4 = Quote(MONDAY, "PETR4", "BRPETRACNPR6", "PN  EJ  N2", "PETROBRAS", Decimal("31.39"), 1, 212)
FILE = QuotesFile.of(Span.DAY, MONDAY)


@pytest.fixture(scope="module")
def server() -> Iterator[StandIn]:
    with serving() as stand_in:
        yield stand_in


@pytest.fixture
def site(server: StandIn) -> StandIn:
    server.quotes, server.tamper = {MONDAY: [PETR4]}, None
    server.requests.clear()
    return server


def download(site: StandIn, file: QuotesFile = FILE, **limits: object) -> bytes:
    settings = Settings.model_validate({"prices_base_url": site.prices_url, "b3_attempts": 3, **limits})
    target = io.BytesIO(b"what an earlier try has left, longer than any file" * 100)
    url = QuotesClient(settings, Clock(sleep=lambda seconds: None)).download(file, target)
    assert url == f"{site.prices_url}/{file.name}"
    return target.getvalue()


@pytest.mark.parametrize("span", Span)
def test_a_file_of_each_span_is_had(site: StandIn, span: Span) -> None:
    body = download(site, QuotesFile.of(span, MONDAY))
    assert list(read_zip(io.BytesIO(body), limit=10_000)) == [PETR4]


def test_what_fails_is_tried_again_from_the_start(site: StandIn) -> None:
    right = site.answer(f"/InstDados/SerHist/{FILE.name}")
    site.requests.clear()
    cut = replace(right, body=right.body[:20], headers={"Content-Length": str(len(right.body))})
    answers = iter([Answer(b"", status=503), cut, right])
    site.tamper = lambda path, known: next(answers)
    assert download(site, b3_connect_timeout=1) == right.body
    assert len(site.requests) == 3


def test_a_page_in_place_of_a_day_is_received_as_it_is(site: StandIn) -> None:
    assert download(site, QuotesFile.of(Span.DAY, date(2025, 7, 5))).startswith(b"<!DOCTYPE html>")


def test_nothing_under_the_address_is_said_by_name_and_not_asked_again(site: StandIn) -> None:
    site.tamper = lambda path, known: Answer(b"", status=404)
    with pytest.raises(QuotesNotPublished, match=r"COTAHIST_D30062025\.ZIP: HTTP 404"):
        download(site)
    assert len(site.requests) == 1


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer(b"", status=500), "HTTP 500, after 3 attempts"),
        (Answer(b""), "empty body, after 3 attempts"),
        (Answer(b"", status=302, headers={"Location": "/elsewhere"}), "HTTP 302"),
        (Answer(b"PK" + bytes(5000)), "larger than 4000 bytes"),
    ],
)
def test_a_site_that_is_down_or_sends_too_much_could_not_be_had(site: StandIn, answer: Answer, reason: str) -> None:
    site.tamper = lambda path, known: answer
    with pytest.raises(B3Unavailable, match=reason):
        download(site, prices_max_bytes=4000)


def test_the_limits_are_those_of_prices_and_not_of_the_portfolio(site: StandIn) -> None:
    site.tamper = lambda path, known: Answer(b"PK" + bytes(5000))
    assert len(download(site, b3_max_bytes=10, prices_max_bytes=6000)) == 5002
