from __future__ import annotations

from pathlib import Path
from typing import Any

from local.account.state import AccountState
from local.lambda_.metrics import LambdaMetrics


class CloudWatch:
    """Keeps what is put."""

    def __init__(self) -> None:
        self.values: list[tuple[str, str, float]] = []
        self.data: list[dict[str, Any]] = []

    def put(self, namespace: str, data: list[dict[str, Any]]) -> None:
        self.data += data
        self.values += [(namespace, found["MetricName"], found["Value"]) for found in data]


def test_an_invocation_is_counted_and_timed(tmp_path: Path) -> None:
    cloudwatch = CloudWatch()
    LambdaMetrics(AccountState(tmp_path / "state"), cloudwatch.put).measured("trigger", 0.25, failed=False)
    assert cloudwatch.values == [
        ("AWS/Lambda", "Invocations", 1.0),
        ("AWS/Lambda", "Errors", 0.0),
        ("AWS/Lambda", "Duration", 250.0),
    ]
    assert {found["Dimensions"][0]["Value"] for found in cloudwatch.data} == {"trigger"}


def test_a_failure_is_an_error(tmp_path: Path) -> None:
    cloudwatch = CloudWatch()
    LambdaMetrics(AccountState(tmp_path / "state"), cloudwatch.put).measured("trigger", 1.0, failed=True)
    assert ("AWS/Lambda", "Errors", 1.0) in cloudwatch.values


def test_a_later_account_knows_the_invocations_of_the_earlier_one(tmp_path: Path) -> None:
    state, before, after = AccountState(tmp_path / "state"), CloudWatch(), CloudWatch()
    LambdaMetrics(state, before.put).measured("trigger", 1.0, failed=False)
    state.close()
    LambdaMetrics(AccountState(tmp_path / "state"), after.put)
    assert after.data == before.data
