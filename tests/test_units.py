"""The units of systemd's that docs/deploy.md has one copy start what there is, with settings that there are."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from flows.cli.commands import load
from flows.settings import Settings
from local.prefect_.programs import POOL

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "docs" / "examples"
TEXT = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
UNITS = sorted(path.name for path in EXAMPLES.glob("*.service"))

each_unit = pytest.mark.parametrize("name", UNITS)


def unit(name: str) -> configparser.RawConfigParser:
    found = configparser.RawConfigParser(strict=False)
    found.optionxform = str  # type: ignore[assignment,method-assign]  # systemd's names have capitals
    found.read_string((EXAMPLES / name).read_text(encoding="utf-8"))
    return found


def test_one_is_for_a_machine_without_aws_and_one_for_a_worker() -> None:
    assert UNITS == ["bovespa-worker.service", "bovespa.service"]


def test_the_service_keeps_the_account_up_with_its_schedules() -> None:
    program, command, *options = unit("bovespa.service")["Service"]["ExecStart"].split()
    assert program.endswith("/.venv/bin/bovespa")
    assert (command, options) == ("up", ["--schedule"])
    assert set(options) <= {option for parameter in load(command).params for option in parameter.opts}


def test_state_stays_where_the_command_line_finds_it() -> None:
    service = unit("bovespa.service")["Service"]
    assert service["Environment"] == f"BOVESPA_HOME={service['WorkingDirectory']}/.bovespa"
    assert "home" in Settings.model_fields


def test_the_account_is_left_to_end_by_itself() -> None:
    """Its server goes when its last user has gone; a signal to all at once would take it away under the command."""
    assert unit("bovespa.service")["Service"]["KillMode"] == "mixed"


def test_the_worker_is_of_the_documented_pool_and_reads_settings_that_there_are() -> None:
    service = unit("bovespa-worker.service")["Service"]
    assert service["ExecStart"].split()[1:] == ["worker", "start", "--pool", POOL]
    environment = (EXAMPLES / "bovespa-worker.env").read_text(encoding="utf-8")
    names = re.findall(r"^BOVESPA_(\w+)=", environment, re.MULTILINE)
    assert {name.lower() for name in names} <= set(Settings.model_fields)
    assert re.findall(r"^AWS_(?:ACCESS_KEY_ID|SECRET_ACCESS_KEY)=(.*)$", environment, re.MULTILINE) == ["", ""]
    assert service["EnvironmentFile"] == "%h/.config/bovespa-worker.env"
    assert "install -m 600 docs/examples/bovespa-worker.env ~/.config/bovespa-worker.env" in TEXT


@each_unit
def test_the_document_has_it_copied_and_started_and_kept_when_nobody_is_logged_in(name: str) -> None:
    assert f"cp docs/examples/{name} ~/.config/systemd/user/" in TEXT
    assert f"systemctl --user enable --now {name}" in TEXT
    assert "loginctl enable-linger" in TEXT
    assert unit(name)["Install"]["WantedBy"] == "default.target"
    assert unit(name)["Service"]["Restart"] in ("always", "on-failure")


@each_unit
@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd reads its units, where there is one")
def test_systemd_understands_it(name: str) -> None:
    done = subprocess.run(
        ["systemd-analyze", "--user", "verify", str(EXAMPLES / name)], capture_output=True, text=True, check=False
    )
    # The programs are not where the units have them.
    found = [line for line in done.stderr.splitlines() if "is not executable" not in line and name in line]
    assert found == []
