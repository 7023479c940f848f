"""What is named as the next command: as it can be typed, and as it fits what happened."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from expectations.contract.outcomes import Outcome
from flows.cli.advice import after_run, typed
from flows.cli.commands import COMMANDS, load
from flows.record.attempt import FlowRun


def attempt(outcome: str, index: str = "IBOV") -> dict[str, Any]:
    return FlowRun("run", "daily").begin(index).ended(Outcome(outcome)).to_dict()


class TestTyped:
    def test_by_its_name_where_the_shell_finds_it(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        program = tmp_path / "bovespa"
        program.touch(mode=0o755)
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.setattr(sys, "argv", [str(program)])
        assert typed("query", "SELECT 1") == 'bovespa query "SELECT 1"'

    def test_by_its_path_from_here_where_the_shell_does_not(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv("PATH", "")
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", [str(tmp_path / ".venv" / "bin" / "bovespa")])
        assert typed("status") == ".venv/bin/bovespa status"

    def test_by_its_whole_path_from_elsewhere(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("PATH", "")
        monkeypatch.setattr(sys, "argv", [str(tmp_path / "a b" / "bovespa")])
        assert typed("status") == f"'{tmp_path}/a b/bovespa' status"


@pytest.mark.parametrize("outcome", ["published", "already published", "stale", "failed"])
@pytest.mark.parametrize("live", [True, False])
@pytest.mark.parametrize("aws", [True, False])
def test_every_command_that_is_named_exists(outcome: str, *, live: bool, aws: bool) -> None:
    for line in after_run([attempt(outcome)], live=live, aws=aws):
        name, *options = line.removeprefix("bovespa ").split(" ")
        assert name in COMMANDS
        known = {option for parameter in load(name).params for option in parameter.opts}
        assert {word for word in options if word.startswith("--")} <= known


def test_a_failed_run_of_b3_is_followed_by_the_same_again_of_the_indices_that_failed() -> None:
    found = after_run([attempt("published"), attempt("failed", "IFIX")], live=True, aws=True)
    assert found == ["bovespa status --aws", "bovespa run --live --index IFIX --aws"]


def test_after_the_sample_something_to_look_at_comes_first() -> None:
    first, *others = after_run([attempt("published")], live=False, aws=False)
    assert first == "bovespa query \"SELECT * FROM bovespa_dez_maiores WHERE indice = 'IBOV'\""
    assert "bovespa run --live" in others


def test_the_version_is_said() -> None:
    from flows.cli.main import app  # noqa: PLC0415

    assert CliRunner().invoke(app, ["--version"]).output.startswith("bovespa 0.")
