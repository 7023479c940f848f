"""What Lambda tells CloudWatch of its invocations: the namespace AWS/Lambda, as Lambda itself puts it.

Moto's CloudWatch forgets when the account ends; what is put here is kept in the state and put again when an account starts.
Source: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.account.state import AccountState

NAMESPACE = "AWS/Lambda"


class LambdaMetrics:
    """The metrics of all functions.

    Args:
        state: where invocations are remembered.
        put: puts values of a namespace into CloudWatch.
    """

    def __init__(self, state: AccountState, put: Callable[[str, list[dict[str, Any]]], None]) -> None:
        self._state = state
        self._put = put
        for row in state.rows("SELECT at, function, milliseconds, failed FROM invocations ORDER BY at"):
            put(NAMESPACE, _data(*row))

    def measured(self, function: str, seconds: float, *, failed: bool) -> None:
        """An invocation has ended.

        Args:
            function: its name.
            seconds: how long it took.
            failed: whether it ended otherwise than with an answer.
        """
        row = (time.time(), function, round(seconds * 1000, 2), int(failed))
        with self._state.transaction() as transaction:
            transaction.execute("INSERT INTO invocations VALUES (?, ?, ?, ?)", row)
        self._put(NAMESPACE, _data(*row))


def _data(at: float, function: str, milliseconds: float, failed: int) -> list[dict[str, Any]]:
    # Moto compares times without a zone.
    moment = datetime.fromtimestamp(at, UTC).replace(tzinfo=None)
    values = (
        ("Invocations", 1.0, "Count"),
        ("Errors", float(failed), "Count"),
        ("Duration", milliseconds, "Milliseconds"),
    )
    dimensions = [{"Name": "FunctionName", "Value": function}]
    return [
        {"MetricName": name, "Dimensions": dimensions, "Timestamp": moment, "Value": value, "Unit": unit}
        for name, value, unit in values
    ]
