"""A payload as received: the session it seems to state, its key, its bytes."""

from __future__ import annotations

import base64
import gzip
import json
from dataclasses import replace
from datetime import date, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.b3.payload import Payload
from flows.b3.portfolio import Portfolio
from local.b3.formats import csv_download, html_page, json_page

JSON_PT_BR = b'{"header":{"date":"04/07/25","part":"100,000","reductor":"15.453.473,14801835"}}'
JSON_EN_US = b'{"header":{"date":"04/07/25","part":"100.000","reductor":"16,036,751.16744128"}}'


@pytest.fixture
def payload(eight_o_clock: datetime) -> Payload:
    return Payload("IBOV", "json", 1, JSON_PT_BR, eight_o_clock, "http://b3/1")


@pytest.mark.parametrize(
    ("source", "body", "session"),
    [
        pytest.param("json", JSON_PT_BR, date(2025, 7, 4), id="JSON"),
        pytest.param("json", json.dumps(JSON_PT_BR.decode()).encode(), date(2025, 7, 4), id="a JSON string in JSON"),
        pytest.param("json", json.dumps(json.loads(JSON_PT_BR), indent=2).encode(), date(2025, 7, 4), id="indented"),
        pytest.param("json", JSON_PT_BR[:-20] + b",", None, id="cut before the divisor ends"),
        pytest.param("json", JSON_EN_US, None, id="en-us, where the date is another day"),
        pytest.param("json", JSON_PT_BR.replace(b"04/07", b"31/02"), None, id="no day of the calendar"),
        pytest.param("json", b"<html></html>", None, id="HTML for JSON"),
        pytest.param("json", b"", None, id="empty"),
        pytest.param("csv", base64.b64encode(b"IBOV - Carteira do Dia 06/01/25\r\n"), date(2025, 1, 6), id="CSV"),
        pytest.param("csv", b"IBOV - Carteira do Dia 06/01/25", None, id="CSV outside base64"),
        pytest.param("csv", base64.b64encode(b"no title"), None, id="CSV without a title"),
        pytest.param("html", b"<h2> - 09/07/25</h2>", date(2025, 7, 9), id="HTML"),
        pytest.param("html", b'<h2 class="t">Carteira - 09/07/25 </h2>', date(2025, 7, 9), id="HTML with a label"),
        pytest.param("html", b"<app-root></app-root>", None, id="HTML not rendered"),
    ],
)
def test_the_session_is_told_without_parsing_and_only_where_it_is_certain(
    payload: Payload, source: str, body: bytes, session: date | None
) -> None:
    assert replace(payload, source=source, body=body).session() == session


def test_every_source_of_one_session_lies_in_that_session_s_folder(payload: Payload, sample: Portfolio) -> None:
    bodies = {
        "json": json_page(sample, 1, 120, by_sector=True),
        "csv": csv_download(sample),
        "html": html_page(sample),
    }
    keys = {replace(payload, source=source, body=body).key() for source, body in bodies.items()}
    assert len(keys) == 3
    assert all(key.startswith("landing/year=2025/month=06/day=30/ibov_20250630T110000Z_p001_") for key in keys)


def test_the_key_ends_in_the_source_and_gz(payload: Payload) -> None:
    assert payload.key().endswith(".json.gz")


def test_the_same_payload_has_the_same_key(payload: Payload) -> None:
    assert replace(payload).key() == payload.key()


@pytest.mark.parametrize("change", [{"body": JSON_PT_BR + b" "}, {"page": 2}, {"index": "IBXX"}, {"source": "html"}])
def test_another_payload_has_another_key(payload: Payload, change: dict[str, object]) -> None:
    assert replace(payload, **change).key() != payload.key()


def test_packed_is_the_body_gzipped_and_always_the_same_bytes(payload: Payload) -> None:
    assert gzip.decompress(payload.packed()) == payload.body
    assert payload.packed() == replace(payload).packed()


@given(st.sampled_from(["json", "csv", "html"]), st.binary())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_have_a_key_and_come_back(payload: Payload, source: str, body: bytes) -> None:
    other = replace(payload, source=source, body=body)
    assert other.key().startswith("landing/")
    assert gzip.decompress(other.packed()) == body
