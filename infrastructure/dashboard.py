"""The dashboard, as CloudWatch's JSON. Pure.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from typing import Any

from expectations.contract import metrics
from expectations.contract.names import DEFAULT_INDEX, LAMBDA_NAME, WORKGROUP, in_environment

_WIDTH, _HEIGHT, _COLUMNS = 8, 6, 3
_DAY = 24 * 3600
_BILLING_REGION = "us-east-1"  # where AWS keeps every account's charges

Metric = list[Any]


def dashboard_body(
    region: str, alarm_arns: Sequence[str], indices: Sequence[str] = (DEFAULT_INDEX,), environment: str = ""
) -> str:
    """Freshness, durations, success rate, rows, bytes, errors, queries and cost, one widget each, and the alarms' states.

    What the runs emit has a line an index.
    """
    namespace = in_environment(metrics.NAMESPACE, environment)
    own = partial(_own, namespace, indices)
    graphs = [
        _graph("Freshness: a session is published", region, own(metrics.FRESH_SESSION), "Maximum"),
        _graph("Duration of a run, in seconds", region, own(metrics.DURATION), "Maximum"),
        _success_rate(region, namespace, indices),
        _graph("Rows published", region, own(metrics.ROWS), "Sum"),
        _graph("Bytes of the raw files", region, own(metrics.BYTES), "Sum"),
        _graph("Gate failures", region, own(metrics.GATE_FAILURES), "Sum"),
        # Glue's own metrics are written only by scripts that make a GlueContext.
        _graph("Glue: DPU-seconds of the runs", region, own(metrics.GLUE_DPU_SECONDS), "Sum"),
        _graph("Lambda: errors and throttles", region, _of_lambda(in_environment(LAMBDA_NAME, environment)), "Sum"),
        _graph("Lines of error in the logs", region, _of_logs(namespace), "Sum"),
        _graph("Athena: bytes scanned", region, [_of_athena(in_environment(WORKGROUP, environment))], "Sum"),
        _graph(
            "Cost of the month so far, in US dollars (with billing alerts on)", _BILLING_REGION, [_cost()], "Maximum"
        ),
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


def _success_rate(region: str, namespace: str, indices: Sequence[str]) -> dict[str, Any]:
    lines: list[Metric] = []
    for number, index in enumerate(indices):
        rate = f"100 * (1 - failed{number} / runs{number})"
        lines += [
            [{"expression": rate, "label": f"{index}: successful runs, in percent", "id": f"rate{number}"}],
            [*_of_index(namespace, index, metrics.RUNS), {"id": f"runs{number}", "visible": False}],
            [*_of_index(namespace, index, metrics.FAILED_RUNS), {"id": f"failed{number}", "visible": False}],
        ]
    return _graph("Success rate", region, lines, "Sum")


def _own(namespace: str, indices: Sequence[str], name: str) -> list[Metric]:
    return [_of_index(namespace, index, name) for index in indices]


def _of_index(namespace: str, index: str, name: str) -> Metric:
    return [namespace, name, metrics.INDEX_DIMENSION, index]


def _of_lambda(function: str) -> list[Metric]:
    return [["AWS/Lambda", name, "FunctionName", function] for name in ("Errors", "Throttles")]


def _of_logs(namespace: str) -> list[Metric]:
    return [[namespace, name] for name in (metrics.LAMBDA_ERRORS, metrics.ETL_ERRORS)]


def _of_athena(workgroup: str) -> Metric:
    return ["AWS/Athena", "ProcessedBytes", "WorkGroup", workgroup]


def _cost() -> Metric:
    return ["AWS/Billing", "EstimatedCharges", "Currency", "USD"]
