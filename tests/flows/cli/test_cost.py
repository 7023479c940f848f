"""What `bovespa cost` prints, of a bill that is given."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import pytest

from flows.cli.console import Screen
from flows.cli.cost import _show
from flows.cost.bill import BilledQuery, BillingMonth, StoredVersion, Usage, bill
from flows.cost.prices import REGIONS
from flows.glue_run import GlueRun

MONTH = BillingMonth.of("2025-06")
NOON = datetime(2025, 6, 16, tzinfo=UTC)
RUN = GlueRun("jr_1", "SUCCEEDED", seconds=1800, dpu_seconds=3600.0, capacity=2.0)
USAGE = Usage((RUN,), 4, 0.5, (StoredVersion(1000, MONTH.begin),), (BilledQuery(1),))
PRICES = REGIONS["us-east-1"]


def printed(capsys: pytest.CaptureFixture[str], *, as_json: bool, now: datetime = NOON) -> str:
    _show(Screen(as_json=as_json), bill(USAGE, MONTH, PRICES, now), MONTH, PRICES, now)
    return capsys.readouterr().out


def test_each_line_says_what_was_used_and_at_which_price(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, as_json=False)
    assert re.search(r"Glue +0\.440000 +1 DPU-hour of 1 run\n +at 0\.44 a DPU-hour\n", text)
    assert "at the list prices of us-east-1" in text


def test_the_estimate_stands_beside(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [line.split() for line in printed(capsys, as_json=False).splitlines()]
    assert ["Glue", "0.4400", "1.10"] in lines
    assert [words[-1] for words in lines if words[:1] == ["total"]] == ["1.63"]


def test_half_a_month_is_projected_and_a_whole_one_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    assert "At this rate the month comes to 0.88" in printed(capsys, as_json=False)
    assert "At this rate" not in printed(capsys, as_json=False, now=MONTH.end)


def test_every_prices_source_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, as_json=False)
    for service in ("glue", "lambda", "s3", "athena"):
        assert f"https://aws.amazon.com/{service}/pricing/ (" in text


def test_as_json_it_is_one_document_with_the_same_figures(capsys: pytest.CaptureFixture[str]) -> None:
    body = json.loads(printed(capsys, as_json=True))
    assert (body["month"], body["elapsed"], body["estimate_usd"]) == ("2025-06", 0.5, 1.63)
    assert body["usd"] == pytest.approx(sum(line["usd"] for line in body["lines"]))
    assert {line["source"].split("/")[3] for line in body["lines"]} == {"glue", "lambda", "s3", "athena"}
