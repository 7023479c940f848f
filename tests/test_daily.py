"""Every day without AWS: the units of systemd's that docs/deploy.md has one copy run what there is, at the schedule's hours."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from flows.cli.commands import load
from flows.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "docs" / "examples"
SERVICE = (EXAMPLES / "bovespa.service").read_text(encoding="utf-8")
TIMER = (EXAMPLES / "bovespa.timer").read_text(encoding="utf-8")
ZONE = "America/Sao_Paulo"


def unit(text: str) -> configparser.RawConfigParser:
    found = configparser.RawConfigParser(strict=False)
    found.optionxform = str  # type: ignore[assignment,method-assign]  # systemd's names have capitals
    found.read_string(text)
    return found


def test_the_service_runs_a_command_that_there_is() -> None:
    program, command, *options = unit(SERVICE)["Service"]["ExecStart"].split()
    assert program.endswith("/.venv/bin/bovespa")
    assert set(options) <= {option for parameter in load(command).params for option in parameter.opts}
    assert "--live" in options


def test_the_services_settings_are_ones_that_there_are() -> None:
    names = re.findall(r"^Environment=BOVESPA_(\w+)=", SERVICE, re.MULTILINE)
    assert names == ["HOME"]
    assert {name.lower() for name in names} <= set(Settings.model_fields)


def test_state_stays_where_the_command_line_finds_it() -> None:
    service = unit(SERVICE)["Service"]
    assert service["Environment"] == f"BOVESPA_HOME={service['WorkingDirectory']}/.bovespa"


def test_the_timer_tries_at_the_hours_of_the_schedule() -> None:
    deployments = yaml.safe_load((ROOT / "prefect.yaml").read_text(encoding="utf-8"))["deployments"]
    (daily,) = [found for found in deployments if found["name"] == "daily"]
    crons = {schedule["slug"]: schedule["cron"].split() for schedule in daily["schedules"]}
    calendars = re.findall(r"^OnCalendar=(.*)$", TIMER, re.MULTILINE)
    minute, hours, *_ = crons["weekdays"]
    weekdays = f"Mon..Fri *-*-* {','.join(f'{int(hour):02d}' for hour in hours.split(','))}:{int(minute):02d}:00 {ZONE}"
    weekend = f"Sat,Sun *-*-* {int(crons['sunday'][1]):02d}:{int(crons['sunday'][0]):02d}:00 {ZONE}"
    assert calendars == [weekdays, weekend]


def test_a_try_that_the_machine_has_slept_through_is_made_up_for() -> None:
    assert unit(TIMER)["Timer"]["Persistent"] == "true"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd reads its units, where there is one")
@pytest.mark.parametrize("calendar", re.findall(r"^OnCalendar=(.*)$", TIMER, re.MULTILINE))
def test_systemd_understands_the_hours(calendar: str) -> None:
    done = subprocess.run(["systemd-analyze", "calendar", calendar], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_document_has_both_units_copied_and_the_timer_started() -> None:
    text = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    assert "cp docs/examples/bovespa.service docs/examples/bovespa.timer ~/.config/systemd/user/" in text
    assert "systemctl --user enable --now bovespa.timer" in text
