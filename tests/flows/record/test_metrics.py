"""A run's metrics: what each kind of run says, and that a failure to say it is told apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from expectations.gates.gate import GateReport, Outcome
from flows.errors import AwsError
from flows.record.metrics import Datum, emit, run_metrics
from flows.record.reports import ALREADY_PUBLISHED, FAILED, PUBLISHED, STALE, Summary
from flows.session.etl import GlueRun

TODAY = date(2025, 6, 30)
TOMORROW = date(2025, 7, 1)
FRIDAY = date(2025, 6, 27)


def summary(outcome: str = PUBLISHED, **given: Any) -> Summary:  # noqa: ANN401
    return Summary(
        "IBOV",
        datetime(2025, 6, 30, 11, tzinfo=UTC),
        outcome=outcome,
        **{"session": TODAY, "rows": 84, "raw_bytes": 9000, "seconds": {"collect": 1.5, "etl": 60.25}, **given},
    )


def values(run: Summary) -> dict[str, float]:
    return {datum["MetricName"]: datum["Value"] for datum in run_metrics(run, TODAY)}


def test_a_run_that_published_says_what_and_how_long_it_took() -> None:
    assert values(summary()) == {
        "Runs": 1,
        "FailedRuns": 0,
        "GateFailures": 0,
        "DurationSeconds": 61.75,
        "Rows": 84,
        "Bytes": 9000,
        "CompositionChanges": 0,
        "FreshSession": 1,
    }


def test_a_run_says_what_its_glue_run_used_once_glue_has_counted_it() -> None:
    used = GlueRun("jr_1", "SUCCEEDED", "", 60, 120.5)
    assert values(summary(run=used))["GlueDpuSeconds"] == 120.5
    assert "GlueDpuSeconds" not in values(summary(run=replace(used, dpu_seconds=None)))


def test_a_run_that_found_the_session_published_says_that_it_is_fresh_but_counts_no_rows_twice() -> None:
    found = values(summary(ALREADY_PUBLISHED))
    assert found["FreshSession"] == 1
    assert not {"Rows", "Bytes", "CompositionChanges"} & set(found)


@pytest.mark.parametrize(
    "outcome",
    [
        pytest.param(PUBLISHED, id="that published it"),
        pytest.param(ALREADY_PUBLISHED, id="that found it published by a run that was killed before it told"),
    ],
)
def test_the_changes_of_a_sessions_composition_are_counted_by_the_run(outcome: str) -> None:
    assert values(summary(outcome, changes=3))["CompositionChanges"] == 3


def test_a_failed_run_counts_as_such_and_says_nothing_of_freshness() -> None:
    found = values(summary(FAILED, session=None))
    assert (found["Runs"], found["FailedRuns"]) == (1, 1)
    assert not {"FreshSession", "Rows", "Bytes"} & set(found)


def test_a_run_that_found_b3_stale_is_no_failure_and_no_sign_of_freshness() -> None:
    found = values(summary(STALE, session=TODAY))
    assert (found["Runs"], found["FailedRuns"]) == (1, 0)
    assert "FreshSession" not in found


@pytest.mark.parametrize(
    ("session", "fresh"),
    [
        pytest.param(TODAY, True, id="today's"),
        pytest.param(TOMORROW, True, id="the next one, as on a holiday"),
        pytest.param(FRIDAY, False, id="one that is over"),
    ],
)
def test_only_a_session_that_is_not_over_is_fresh(session: date, fresh: bool) -> None:  # noqa: FBT001
    assert ("FreshSession" in values(summary(ALREADY_PUBLISHED, session=session))) is fresh


def test_a_gate_that_refused_is_counted() -> None:
    gates = [gate(met=True), gate(met=False)]
    assert values(summary(FAILED, gates=gates))["GateFailures"] == 1


def gate(*, met: bool) -> GateReport:
    outcome = Outcome("rows", "expectation", "", "some rows", "critical", success=met, observed="")
    return GateReport("gate", "IBOV", TODAY, datetime(2025, 6, 30, 11, tzinfo=UTC), (outcome,))


def test_every_value_is_the_indexs() -> None:
    assert {str(datum["Dimensions"]) for datum in run_metrics(summary(), TODAY)} == {
        str([{"Name": "Indice", "Value": "IBOV"}])
    }


class Kept:
    """Stands for CloudWatch."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Sequence[Datum]]] = []

    def put_metric_data(self, *, Namespace: str, MetricData: Sequence[Datum]) -> None:  # noqa: N803
        self.calls.append((Namespace, MetricData))


class Refusing:
    def put_metric_data(self, *, Namespace: str, MetricData: Sequence[Datum]) -> None:  # noqa: N803
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "not you"}}, "PutMetricData")


def test_all_values_go_out_in_one_call_in_the_flows_namespace() -> None:
    kept, data = Kept(), run_metrics(summary(), TODAY)
    emit(kept, data)
    assert kept.calls == [("Bovespa", data)]


def test_that_cloudwatch_refused_is_said_in_one_line() -> None:
    with pytest.raises(AwsError, match=r"emitting the run's metrics: .*not you"):
        emit(Refusing(), [])
