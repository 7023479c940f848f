"""Whoever is woken by an alarm finds what to do: the runbook has a section for each thing that mails."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from infrastructure.alarms import ALARMS

if TYPE_CHECKING:
    from tests.infrastructure.conftest import Deployment

RUNBOOK = Path(__file__).resolve().parents[2] / "docs" / "runbook.md"
MAILING = ("cloudwatch/metricAlarm:MetricAlarm", "cloudwatch/eventRule:EventRule", "budgets/budget:Budget")


def sections() -> dict[str, str]:
    found = re.split(r"^### (\S+)$", RUNBOOK.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(found[1::2], found[2::2], strict=True))


def test_there_is_a_section_for_each_alarm_event_and_budget_and_for_nothing_else(deployed: Deployment) -> None:
    mailing = {item.inputs["name"] for kind in MAILING for item in deployed.all(kind)}
    assert {alarm.name for alarm in ALARMS} <= mailing
    assert set(sections()) == mailing


def test_each_section_says_what_happened_and_what_to_do_step_by_step() -> None:
    for name, section in sections().items():
        assert "**What happened.**" in section, name
        assert re.search(r"^1\. .*^2\. ", section, re.MULTILINE | re.DOTALL), name
