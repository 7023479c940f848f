"""What `bovespa run` says: each thing once, no link to a server that ends with it, and how it was stopped."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from prefect.context import refresh_global_settings_context
from prefect.settings import get_current_settings
from typer.testing import CliRunner

from expectations.contract.outcomes import Outcome
from flows.cli import collecting, query
from flows.cli.console import Screen
from flows.cli.main import app
from flows.cli.place import Place
from flows.cli.run import _show_attempts
from flows.errors import QueryError
from flows.record.attempt import FlowRun
from flows.settings import Settings


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> logging.Handler:
    """The only handler of the root logger."""
    handler = logging.Handler()
    monkeypatch.setattr(logging.getLogger(), "handlers", [handler])
    return handler


def passes(handler: logging.Handler, message: str) -> bool:
    return bool(handler.filter(logging.LogRecord("prefect", logging.INFO, "", 0, message, (), None)))


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("IBOV 2025-06-30: published, 84 rows", True),
        ("Finished in state Stale()", True),
        ("Finished in state Completed()", True),
        ("Finished in state Failed('IBOV: B3 could not be had')", False),
        ("Task run failed with exception: B3Unavailable('IBOV: B3 could not be had')", False),
        ("Crash detected! Execution was aborted by an interrupt signal.", False),
        ("View at http://127.0.0.1:4200/runs/flow-run/x", False),
    ],
)
def test_prefects_log_leaves_out_what_the_command_says_itself(
    terminal: logging.Handler, message: str, *, said: bool
) -> None:
    collecting.say_once(with_links=False)
    assert passes(terminal, message) is said


def test_a_link_to_a_server_that_stays_is_of_use(terminal: logging.Handler) -> None:
    collecting.say_once(with_links=True)
    assert passes(terminal, "View at https://app.prefect.cloud/x")


@pytest.mark.parametrize("with_heartbeats", [True, False])
def test_a_run_waits_for_no_sign_of_life_that_nobody_looks_for(*, with_heartbeats: bool) -> None:
    before = get_current_settings().flows.heartbeat_frequency
    assert before
    with collecting.settings_taken(with_heartbeats=with_heartbeats):
        assert get_current_settings().flows.heartbeat_frequency == (before if with_heartbeats else None)
    assert get_current_settings().flows.heartbeat_frequency == before


def test_prefects_settings_are_those_of_the_account_that_came_up_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:1/api")
    with collecting.settings_taken(with_heartbeats=False):
        assert get_current_settings().api.url == "http://127.0.0.1:1/api"
    monkeypatch.undo()
    refresh_global_settings_context()


def attempt(outcome: Outcome = Outcome.FAILED, **given: Any) -> dict[str, Any]:  # noqa: ANN401 - any of its fields
    return FlowRun("run", "daily").begin("IBOV", **given).ended(outcome, "why").to_dict()


def test_a_run_without_a_session_is_named_by_its_index_alone(capsys: pytest.CaptureFixture[str]) -> None:
    _show_attempts(Screen(as_json=False), Place(Settings(), None), [attempt()])
    captured = capsys.readouterr()
    assert captured.out.splitlines()[1] == "IBOV: failed"
    assert captured.err == "failed: why\n"


def test_one_change_is_one_change(capsys: pytest.CaptureFixture[str]) -> None:
    _show_attempts(Screen(as_json=False), Place(Settings(), None), [attempt(Outcome.PUBLISHED, changes=1)])
    assert "  1 change of composition: bovespa changes --index IBOV" in capsys.readouterr().out


def test_a_command_that_is_stopped_says_so_and_ends_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(query, "open_place", stopped)
    result = CliRunner().invoke(app, ["query", "SELECT 1"])
    assert result.exit_code == 130
    assert "Stopped. What was done stays; the same command goes on from there." in result.stderr


def test_an_error_of_the_account_is_json_where_json_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object, **__: object) -> None:
        raise QueryError("no such table")

    monkeypatch.setattr(query, "open_place", failing)
    result = CliRunner().invoke(app, ["query", "--format", "json", "SELECT 1"])
    assert (result.exit_code, json.loads(result.stdout)["error"]["message"]) == (1, "no such table")
