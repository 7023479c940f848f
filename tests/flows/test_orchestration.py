"""Prefect's server refuses, fails, or is not to be had: no run fails for what it only shows, and its reason is one line."""

from __future__ import annotations

import logging
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from prefect.exceptions import PrefectHTTPStatusError

from expectations.contract.outcomes import Outcome
from flows import daily, daily_indices, orchestration
from flows.errors import PrefectUnavailable

REQUEST = httpx.Request("POST", "http://127.0.0.1:4200/api/artifacts/")


def internal_error() -> httpx.HTTPError:
    """As Prefect's client raises it, with its three lines."""
    response = httpx.Response(500, json={"exception_message": "Internal Server Error"}, request=REQUEST)
    try:
        response.raise_for_status()
    except httpx.HTTPStatusError as error:
        return PrefectHTTPStatusError.from_httpx_error(error)
    raise AssertionError("it is an error")


FAILURES = [
    pytest.param(internal_error(), "Server error '500 Internal Server Error' for url", id="it fails"),
    pytest.param(httpx.ConnectError("connection refused", request=REQUEST), "connection refused", id="it is gone"),
    pytest.param(httpx.ReadTimeout("", request=REQUEST), "ReadTimeout", id="it does not answer"),
]


def raising(error: Exception) -> Callable[..., Any]:
    def call(*_: object, **__: object) -> None:
        raise error

    return call


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The warnings of a run."""
    lines: list[str] = []
    log = SimpleNamespace(warning=lambda text, *values: lines.append(text % values))
    monkeypatch.setattr(orchestration, "get_run_logger", lambda: log)
    return lines


@pytest.mark.parametrize(("error", "reason"), FAILURES)
def test_an_artifact_that_is_not_taken_is_a_warning(
    error: Exception, reason: str, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orchestration, "create_markdown_artifact", raising(error))
    orchestration.put_artifact("# Report", key="daily-ibov", description="published")
    (line,) = said
    assert line.startswith(f"the artifact daily-ibov was not kept: Prefect's server failed: {reason}")
    assert "\n" not in line


@pytest.mark.parametrize(("error", "reason"), FAILURES)
def test_a_name_that_is_not_taken_is_a_warning(
    error: Exception, reason: str, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = SimpleNamespace(id="1", name="before")
    context = SimpleNamespace(get=lambda: SimpleNamespace(flow_run=run))
    monkeypatch.setattr(orchestration, "FlowRunContext", context)
    monkeypatch.setattr(orchestration, "get_client", raising(error))
    orchestration.name_run("daily-IBOV-2025-06-30")
    (line,) = said
    assert line.startswith(f"the run keeps its name: Prefect's server failed: {reason}")
    assert run.name == "before"


@pytest.mark.parametrize(("error", "reason"), FAILURES)
def test_a_run_of_which_the_state_is_not_taken_is_a_failed_attempt_with_that_reason(
    error: Exception, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daily_indices, "daily", raising(error))
    attempt = daily_indices.run_daily("IBOV", force=False, collected_at=None)
    assert (attempt["outcome"], attempt["failed"]) == (Outcome.FAILED, True)
    assert reason in attempt["reason"]
    assert "\n" not in attempt["reason"]


def test_what_is_no_failure_of_the_server_is_not_taken_for_one() -> None:
    with pytest.raises(ZeroDivisionError), orchestration.server_asked():
        raise ZeroDivisionError
    with pytest.raises(PrefectUnavailable), orchestration.server_asked():
        raise internal_error()


@pytest.mark.parametrize(("error", "kept"), [(internal_error(), False), (ZeroDivisionError(), True)])
def test_the_log_has_tracebacks_of_the_unexpected_only(error: Exception, kept: bool) -> None:  # noqa: FBT001
    record = logging.LogRecord("prefect.flow_runs", logging.ERROR, "x", 1, "failed", (), (type(error), error, None))
    assert daily._OneLine().filter(record)
    assert bool(record.exc_info) is kept
