from __future__ import annotations

import os
import socket
import time
from pathlib import Path

import httpx
import pytest

from local.prefect_.programs import PrefectCommandError, client, make_pool, prefect, working


@pytest.fixture
def nowhere(tmp_path: Path) -> dict[str, str]:
    """An environment whose Prefect server is not there."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}/api"
    return {"PATH": os.environ["PATH"], "PREFECT_API_URL": url, "PREFECT_HOME": str(tmp_path), "DO_NOT_TRACK": "1"}


def test_a_command_that_fails_is_named_with_what_it_said(nowhere: dict[str, str]) -> None:
    with pytest.raises(PrefectCommandError, match=r"(?s)prefect work-pool shake ended with \d+: .*shake"):
        prefect(nowhere, "work-pool", "shake")


def test_a_server_that_is_not_there_is_one_line(nowhere: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    from prefect.settings import temporary_settings  # noqa: PLC0415 - 2 s to import

    monkeypatch.setattr("httpx.HTTPTransport.handle_request", refuse)
    with (
        temporary_settings({"api.url": nowhere["PREFECT_API_URL"]}),
        pytest.raises(PrefectCommandError, match=r"^Prefect's server failed: refused$"),
        client() as server,
    ):
        make_pool(server)


def refuse(*_: object) -> None:
    raise httpx.ConnectError("refused")


def check_for_ever(nowhere: dict[str, str], folder: Path, log: Path) -> None:
    with working(nowhere, folder, log) as check:
        while True:
            check()
            time.sleep(0.2)


@pytest.mark.timeout(300)
def test_a_worker_that_ends_by_itself_is_noticed_and_its_log_named(nowhere: dict[str, str], tmp_path: Path) -> None:
    log = tmp_path / "worker.log"
    with pytest.raises(PrefectCommandError, match=rf"Prefect's worker ended with \d+: see {log}"):
        check_for_ever(nowhere, tmp_path, log)


def test_a_worker_that_is_at_work_is_no_error_and_ends_with_the_block(nowhere: dict[str, str], tmp_path: Path) -> None:
    with working(nowhere, tmp_path, tmp_path / "worker.log") as check:
        check()
