"""The dashboard: what it shows, and that no widget hides another."""

from __future__ import annotations

import json
from itertools import combinations
from typing import Any

import pytest

from infrastructure.dashboard import dashboard_body

ARN = "arn:aws:cloudwatch:sa-east-1:123456789012:alarm:a"


@pytest.fixture(scope="module")
def widgets() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(dashboard_body("sa-east-1", [ARN]))["widgets"]
    return found


@pytest.mark.parametrize(
    "metric",
    [
        pytest.param("DurationSeconds", id="durations"),
        pytest.param("FailedRuns", id="success rate"),
        pytest.param("Rows", id="rows"),
        pytest.param("Bytes", id="bytes"),
        pytest.param("FreshSession", id="freshness"),
        pytest.param("EstimatedCharges", id="cost"),
        pytest.param("ProcessedBytes", id="queries"),
        pytest.param("GlueDpuSeconds", id="what Glue runs use"),
    ],
)
def test_the_dashboard_shows(widgets: list[dict[str, Any]], metric: str) -> None:
    drawn = [line[1] for widget in widgets for line in widget["properties"].get("metrics", []) if len(line) > 1]
    assert drawn.count(metric) == 1


def test_the_success_rate_is_of_the_runs_that_it_names(widgets: list[dict[str, Any]]) -> None:
    (widget,) = (widget for widget in widgets if widget["properties"]["title"] == "Success rate")
    (expression,), *lines = widget["properties"]["metrics"]
    ids = {line[-1]["id"]: line[1] for line in lines}
    assert ids == {"runs0": "Runs", "failed0": "FailedRuns"}
    assert eval(expression["expression"], {"runs0": 4, "failed0": 1}) == 75


def test_what_runs_emit_has_a_line_an_index() -> None:
    drawn = json.loads(dashboard_body("sa-east-1", [ARN], ["IBOV", "IBXX"]))["widgets"]
    lines = [line for widget in drawn for line in widget["properties"].get("metrics", []) if line[0] == "Bovespa"]
    of_runs = [(line[1], line[3]) for line in lines if len(line) > 3]
    assert sorted(of_runs) == sorted(
        (name, index) for name in {name for name, _ in of_runs} for index in ("IBOV", "IBXX")
    )
    assert len({name for name, _ in of_runs}) == 8


def test_nothing_is_shown_of_glues_own_metrics_which_the_job_does_not_write(widgets: list[dict[str, Any]]) -> None:
    lines = [line for widget in widgets for line in widget["properties"].get("metrics", [])]
    assert [line for line in lines if line[0] == "Glue"] == []


def test_another_environment_shows_its_own() -> None:
    drawn = json.dumps(json.loads(dashboard_body("sa-east-1", [ARN], ["IBOV"], "dev")))
    assert '"Bovespa"' not in drawn
    for name in ("Bovespa-dev", "trigger-glue-job-dev", "bovespa-dev"):
        assert f'"{name}"' in drawn


def test_the_dashboard_shows_the_alarms_states(widgets: list[dict[str, Any]]) -> None:
    assert [widget["properties"]["alarms"] for widget in widgets if widget["type"] == "alarm"] == [[ARN]]


def test_charges_are_where_aws_keeps_them_and_all_else_in_our_region(widgets: list[dict[str, Any]]) -> None:
    regions = {
        widget["properties"]["region"]: widget["properties"]["title"]
        for widget in widgets
        if widget["properties"].get("region") != "sa-east-1" and widget["type"] == "metric"
    }
    assert regions == {"us-east-1": "Cost of the month so far, in US dollars (with billing alerts on)"}


def test_no_widget_lies_on_another_nor_beyond_the_edge(widgets: list[dict[str, Any]]) -> None:
    places = [(item["x"], item["y"], item["x"] + item["width"], item["y"] + item["height"]) for item in widgets]
    assert max(right for _, _, right, _ in places) <= 24
    for one, other in combinations(places, 2):
        assert one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
