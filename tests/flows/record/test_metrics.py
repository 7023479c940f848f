"""A run's metrics: what each kind of run says, and that a failure to say it is told apart."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from expectations.contract.outcomes import DONE, Outcome
from expectations.gates.gate import Demand, GateReport
from flows.errors import AwsError
from flows.lake.metrics import Datum, Metrics
from flows.record.attempt import Attempt
from flows.record.metrics import run_metrics

TODAY = date(2025, 6, 30)
TOMORROW = date(2025, 7, 1)
FRIDAY = date(2025, 6, 27)


def attempt(outcome: Outcome = Outcome.PUBLISHED, **given: Any) -> Attempt:  # noqa: ANN401
    began = datetime(2025, 6, 30, 11, tzinfo=UTC)
    known = {"session": TODAY, "rows": 84, "raw_bytes": 9000, "steps": {"collect": 1.5, "etl": 60.25}}
    return Attempt("run-1", "daily", "IBOV", began, began, outcome, **{**known, **given})


def values(ended: Attempt, newest: date | None = TODAY) -> dict[str, float]:
    return {datum["MetricName"]: datum["Value"] for datum in run_metrics(ended, newest, TODAY)}


def test_a_run_that_published_says_what_and_how_long_it_took() -> None:
    assert values(attempt()) == {
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
    assert values(attempt(dpu_seconds=120.5))["GlueDpuSeconds"] == 120.5
    assert "GlueDpuSeconds" not in values(attempt(dpu_seconds=None))


def test_a_run_that_found_the_session_published_says_that_it_is_fresh_but_counts_no_rows_twice() -> None:
    found = values(attempt(Outcome.ALREADY_PUBLISHED))
    assert found["FreshSession"] == 1
    assert not {"Rows", "Bytes", "CompositionChanges"} & set(found)


@pytest.mark.parametrize(
    "outcome",
    [
        pytest.param(Outcome.PUBLISHED, id="that published it"),
        pytest.param(Outcome.ALREADY_PUBLISHED, id="that found it published by a run that was killed before it told"),
    ],
)
def test_the_changes_of_a_sessions_composition_are_counted_by_the_run(outcome: Outcome) -> None:
    assert values(attempt(outcome, changes=3))["CompositionChanges"] == 3


@pytest.mark.parametrize("outcome", [outcome for outcome in Outcome if outcome not in DONE])
def test_a_failed_run_counts_as_such_and_makes_nothing_fresh(outcome: Outcome) -> None:
    found = values(attempt(outcome, session=None), newest=FRIDAY)
    assert (found["Runs"], found["FailedRuns"]) == (1, 1)
    assert not {"FreshSession", "Rows", "Bytes"} & set(found)


def test_a_run_that_found_b3_stale_is_no_failure_and_no_sign_of_freshness() -> None:
    found = values(attempt(Outcome.STALE, session=TODAY), newest=FRIDAY)
    assert (found["Runs"], found["FailedRuns"]) == (1, 0)
    assert "FreshSession" not in found


@pytest.mark.parametrize(
    ("newest", "fresh"),
    [
        pytest.param(TODAY, True, id="today's"),
        pytest.param(TOMORROW, True, id="the next one, as on a holiday"),
        pytest.param(FRIDAY, False, id="one that is over"),
        pytest.param(None, False, id="none, or one that could not be read"),
    ],
)
@pytest.mark.parametrize("outcome", Outcome)
def test_only_a_session_that_is_published_and_not_over_is_fresh_and_nothing_says_that_it_is_not(
    outcome: Outcome,
    newest: date | None,
    fresh: bool,  # noqa: FBT001
) -> None:
    assert values(attempt(outcome), newest).get("FreshSession") == (1.0 if fresh else None)


def test_a_gate_that_refused_is_counted() -> None:
    gates = (gate(met=True), gate(met=False))
    assert values(attempt(Outcome.QUARANTINED, gates=gates))["GateFailures"] == 1


def gate(*, met: bool) -> GateReport:
    demand = Demand("rows", "expectation", "", "some rows", "critical", success=met, observed="")
    return GateReport("gate", "IBOV", TODAY, datetime(2025, 6, 30, 11, tzinfo=UTC), (demand,))


def test_every_value_is_the_indexs() -> None:
    assert {str(datum["Dimensions"]) for datum in run_metrics(attempt(), TODAY, TODAY)} == {
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
    kept, data = Kept(), run_metrics(attempt(), TODAY, TODAY)
    Metrics(kept, "Bovespa-dev").emit(data)
    assert kept.calls == [("Bovespa-dev", data)]


def test_that_cloudwatch_refused_is_said_in_one_line() -> None:
    with pytest.raises(AwsError, match=r"emitting the run's metrics: .*not you"):
        Metrics(Refusing(), "Bovespa").emit([])
