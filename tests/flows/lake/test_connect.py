"""The account that the environment names: its clients are made when they are asked, once, and try again."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import pytest
from botocore.utils import parse_timestamp
from hypothesis import given
from hypothesis import strategies as st

from expectations.contract.tables import HISTORY_TABLE
from flows.errors import AwsError
from flows.lake.connect import LazyClient, connect, parse_instant
from flows.settings import load_settings


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in {
        "AWS_DEFAULT_REGION": "sa-east-1",
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_REGION", raising=False)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    return monkeypatch


def test_a_client_is_made_when_it_is_asked(environment: pytest.MonkeyPatch) -> None:
    lake = connect(load_settings({}))
    clients = (lake.refined.client, lake.catalog.client, lake.athena.client, lake.metrics.client)

    assert not any("_client" in vars(client) for client in clients)
    assert [client.meta.service_model.service_name for client in clients] == ["s3", "glue", "athena", "cloudwatch"]  # type: ignore[attr-defined]
    assert lake.region == "sa-east-1"


def test_every_client_tries_again(environment: pytest.MonkeyPatch) -> None:
    lake = connect(load_settings({}))
    for client in (lake.refined.client, lake.catalog.client, lake.athena.client):
        assert client.meta.config.retries == {"mode": "standard", "total_max_attempts": 6}


@pytest.mark.parametrize(
    "stated",
    [
        pytest.param("Sun, 29 Nov 2026 17:12:36 GMT", id="as HTTP does"),
        pytest.param("2026-11-29T17:12:36.000Z", id="as a listing does"),
        pytest.param("2026-11-29T17:12:36Z", id="without a fraction"),
        pytest.param("2026-11-29T14:12:36-03:00", id="in another zone"),
        pytest.param(1795972356, id="in seconds"),
        pytest.param("1795972356", id="in seconds as a text"),
    ],
)
def test_an_instant_is_read_however_aws_states_it(stated: str | float) -> None:
    assert parse_instant(stated) == datetime(2026, 11, 29, 17, 12, 36, tzinfo=UTC)


@given(st.datetimes(datetime(1970, 1, 1), datetime(2037, 12, 31)))  # noqa: DTZ001 - as S3 states them
def test_an_instant_is_read_as_botocore_reads_it(instant: datetime) -> None:
    for stated in (f"{instant:%Y-%m-%dT%H:%M:%S}.000Z", format_datetime(instant.replace(tzinfo=UTC), usegmt=True)):
        assert parse_instant(stated) == parse_timestamp(stated)


@pytest.mark.parametrize("stated", ["", "Z", "yesterday", "Sun, 31 Foo 2026 17:12:36 GMT"])
def test_what_is_no_instant_is_refused(stated: str) -> None:
    with pytest.raises((ValueError, RuntimeError)):
        parse_instant(stated)


def test_however_many_threads_ask_first_a_client_is_made_once() -> None:
    made: list[object] = []

    class Client:
        answer = 42

    def make() -> Any:  # noqa: ANN401
        made.append(client := Client())
        return client

    lazy = LazyClient(make)
    begin = threading.Barrier(8)
    found: list[int] = []

    def ask() -> None:
        begin.wait()
        found.append(lazy.answer)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (found, len(made)) == ([42] * 8, 1)


def test_an_environment_without_a_region_is_an_error_of_aws(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("AWS_DEFAULT_REGION")
    lake = connect(load_settings({}))
    with pytest.raises(AwsError, match="region"):
        lake.athena.query("SELECT 1")
    with pytest.raises(AwsError, match="region"):
        lake.catalog.partitions(HISTORY_TABLE, "")
