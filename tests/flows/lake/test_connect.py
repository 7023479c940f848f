"""The account that the environment names: its clients are made when they are asked, once, and try again."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from expectations.contract.tables import HISTORY_TABLE
from flows.errors import AwsError
from flows.lake.connect import LazyClient, connect
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
