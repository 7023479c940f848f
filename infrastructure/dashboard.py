"""The dashboard, as CloudWatch's JSON. Pure.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from typing import Any

from expectations.contract import metrics
from expectations.contract.names import DEFAULT_INDEX, GLUE_JOB_NAME, LAMBDA_NAME, WORKGROUP

_WIDTH, _HEIGHT, _COLUMNS = 8, 6, 3
_DAY = 24 * 3600
_BILLING_REGION = "us-east-1"  # where AWS keeps every account's charges

Metric = list[Any]


def dashboard_body(region: str, alarm_arns: Sequence[str], indices: Sequence[str] = (DEFAULT_INDEX,)) -> str:
    """Freshness, durations, success rate, rows, bytes, errors, queries and cost, one widget each, and the alarms' states.

    What the runs emit has a line an index.
    """
    own = partial(_own, indices)
    graphs = [
        _graph("Freshness: a session is published", region, own(metrics.FRESH_SESSION), "Maximum"),
        _graph("Duration of a run, in seconds", region, own(metrics.DURATION), "Maximum"),
        _success_rate(region, indices),
        _graph("Rows published", region, own(metrics.ROWS), "Sum"),
        _graph("Bytes of the raw files", region, own(metrics.BYTES), "Sum"),
        _graph("Gate failures", region, own(metrics.GATE_FAILURES), "Sum"),
        _graph("Glue: elapsed milliseconds of the Spark driver", region, [_of_glue()], "Maximum"),
        _graph("Lambda: errors and throttles", region, _of_lambda(), "Sum"),
        _graph("Lines of error in the logs", region, _of_logs(), "Sum"),
        _graph("Athena: bytes scanned", region, [_of_athena()], "Sum"),
        _graph("Cost of the month so far, in US dollars", _BILLING_REGION, [_cost()], "Maximum"),
    ]
    states = {"type": "alarm", "properties": {"title": "Alarms", "alarms": list(alarm_arns)}}
    return json.dumps({"widgets": [_placed(number, widget) for number, widget in enumerate([states, *graphs])]})


def _placed(number: int, widget: dict[str, Any]) -> dict[str, Any]:
    row, column = divmod(number, _COLUMNS)
    return {"x": column * _WIDTH, "y": row * _HEIGHT, "width": _WIDTH, "height": _HEIGHT, **widget}


def _graph(title: str, region: str, lines: list[Metric], statistic: str) -> dict[str, Any]:
    properties = {
        "title": title,
        "region": region,
        "metrics": lines,
        "stat": statistic,
        "period": _DAY,
        "view": "timeSeries",
    }
    return {"type": "metric", "properties": properties}


def _success_rate(region: str, indices: Sequence[str]) -> dict[str, Any]:
    lines: list[Metric] = []
    for number, index in enumerate(indices):
        rate = f"100 * (1 - failed{number} / runs{number})"
        lines += [
            [{"expression": rate, "label": f"{index}: successful runs, in percent", "id": f"rate{number}"}],
            [*_of_index(index, metrics.RUNS), {"id": f"runs{number}", "visible": False}],
            [*_of_index(index, metrics.FAILED_RUNS), {"id": f"failed{number}", "visible": False}],
        ]
    return _graph("Success rate", region, lines, "Sum")


def _own(indices: Sequence[str], name: str) -> list[Metric]:
    return [_of_index(index, name) for index in indices]


def _of_index(index: str, name: str) -> Metric:
    return [metrics.NAMESPACE, name, metrics.INDEX_DIMENSION, index]


def _of_glue() -> Metric:
    of_job = ["JobName", GLUE_JOB_NAME, "JobRunId", "ALL", "Type", "count"]
    return ["Glue", "glue.driver.aggregate.elapsedTime", *of_job]


def _of_lambda() -> list[Metric]:
    return [["AWS/Lambda", name, "FunctionName", LAMBDA_NAME] for name in ("Errors", "Throttles")]


def _of_logs() -> list[Metric]:
    return [[metrics.NAMESPACE, name] for name in (metrics.LAMBDA_ERRORS, metrics.ETL_ERRORS)]


def _of_athena() -> Metric:
    return ["AWS/Athena", "ProcessedBytes", "WorkGroup", WORKGROUP]


def _cost() -> Metric:
    return ["AWS/Billing", "EstimatedCharges", "Currency", "USD"]
