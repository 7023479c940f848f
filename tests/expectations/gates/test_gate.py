"""A gate: what it reports, what it lets pass, and that it fails closed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from typing import Any

import great_expectations.expectations as gxe
import pandas as pd
import pytest
from great_expectations.expectations.expectation import BatchExpectation

from expectations.gates.gate import CRITICAL, WARNING, Check, Demand, GateRefused, GateReport, require, run_gate

SESSION = date(2025, 6, 30)
ROWS = pd.DataFrame({"codigo": ["VALE3", "PETR4", "ABEV3"], "quantity": [1, -2, 3]})


def positive(severity: str = CRITICAL) -> gxe.ExpectColumnValuesToBeBetween:
    return gxe.ExpectColumnValuesToBeBetween(
        column="quantity", min_value=1, severity=severity, notes="every quantity is positive"
    )


def three_rows() -> gxe.ExpectTableRowCountToEqual:
    return gxe.ExpectTableRowCountToEqual(value=3, severity=CRITICAL, notes="there are three rows")


def gate(*expectations: Any, frame: pd.DataFrame = ROWS, key: tuple[str, ...] = ("codigo",)) -> GateReport:  # noqa: ANN401
    return run_gate("gate-1-raw", "IBOV", SESSION, [Check("raw.rows", frame, expectations, key)])


class ExpectOddAnswer(BatchExpectation):
    """An expectation whose answer is whatever it is told to be."""

    answer: dict[str, Any]

    def _validate(self, metrics: object, runtime_configuration: object = None, execution_engine: object = None) -> Any:  # noqa: ANN401
        return self.answer


class Longer(tuple[Any, ...]):
    """A suite that counts one expectation more than are evaluated."""

    __slots__ = ()

    def __len__(self) -> int:
        return super().__len__() + 1


class TestPassing:
    def test_gates_that_are_run_at_once_do_not_disturb_each_other(self) -> None:
        with ThreadPoolExecutor(4) as pool:
            reports = list(pool.map(lambda _: gate(positive(), three_rows()), range(12)))
        assert {tuple(outcome.success for outcome in report.outcomes) for report in reports} == {(False, True)}

    def test_a_met_demand_passes_and_is_reported(self) -> None:
        report = gate(three_rows())
        assert report.passed
        assert [(item.demand, item.success, item.observed) for item in report.outcomes] == [
            ("there are three rows", True, "3")
        ]

    def test_the_report_that_passes_is_handed_on(self) -> None:
        report = gate(three_rows())
        assert require(report) is report

    def test_the_verdict_counts_expectations_and_warnings(self) -> None:
        report = gate(three_rows(), positive(WARNING))
        assert report.verdict() == "gate-1-raw passed IBOV 2025-06-30: 2 expectations, 1 warnings"


class TestRefusing:
    def test_a_failed_critical_demand_refuses_and_names_the_row_and_the_value(self) -> None:
        with pytest.raises(GateRefused) as refused:
            require(gate(three_rows(), positive()))
        assert str(refused.value) == (
            "gate-1-raw refused IBOV 2025-06-30: every quantity is positive: 1 of 3 rows fail: PETR4 (quantity=-2)"
        )

    def test_every_failed_demand_is_in_the_one_line_verdict(self) -> None:
        report = gate(
            positive(), gxe.ExpectTableRowCountToEqual(value=4, severity=CRITICAL, notes="there are four rows")
        )
        assert "every quantity is positive" in report.verdict()
        assert "there are four rows: 3" in report.verdict()
        assert "\n" not in report.verdict()

    def test_ten_rows_are_named_and_the_others_counted(self) -> None:
        frame = pd.DataFrame({"codigo": [f"AAAA{n}" for n in range(25)], "quantity": [0] * 25})
        (outcome,) = gate(positive(), frame=frame).refusals
        assert len(outcome.rows) == 10
        assert outcome.unexpected == 25
        assert outcome.line().endswith(" and 15 more")

    def test_without_a_key_the_values_themselves_are_named(self) -> None:
        (outcome,) = gate(positive(), key=()).refusals
        assert outcome.rows == ("-2",)

    def test_the_exception_carries_the_whole_report(self) -> None:
        report = gate(positive())
        with pytest.raises(GateRefused) as refused:
            require(report)
        assert refused.value.report is report


class TestSeverity:
    def test_a_failed_warning_is_reported_and_does_not_stop(self) -> None:
        report = require(gate(three_rows(), positive(WARNING)))
        assert [item.demand for item in report.warnings] == ["every quantity is positive"]
        assert report.refusals == ()

    def test_an_expectation_without_a_stated_severity_stops(self) -> None:
        report = gate(gxe.ExpectColumnValuesToBeBetween(column="quantity", min_value=1))
        assert not report.passed

    def test_any_other_severity_stops(self) -> None:
        assert not gate(positive("info")).passed


class TestFailingClosed:
    def test_a_gate_without_checks_refuses(self) -> None:
        report = run_gate("gate-1-raw", "IBOV", SESSION, [])
        with pytest.raises(GateRefused, match="nothing was checked"):
            require(report)

    def test_an_empty_suite_is_refused(self) -> None:
        with pytest.raises(GateRefused, match=r"raw\.rows has expectations: the suite is empty"):
            require(gate())

    def test_a_frame_without_rows_is_refused_though_every_expectation_would_succeed(self) -> None:
        with pytest.raises(GateRefused, match=r"raw\.rows has rows: no rows"):
            require(gate(gxe.ExpectColumnValuesToNotBeNull(column="codigo"), frame=ROWS.iloc[:0]))

    @pytest.mark.parametrize(
        "strange",
        [
            pytest.param({"type": "expect_column_values_to_be_uniqe", "kwargs": {"column": "codigo"}}, id="a dict"),
            pytest.param("expect_column_values_to_be_unique", id="a name"),
            pytest.param(gxe.ExpectColumnValuesToBeUnique, id="a class"),
            pytest.param(None, id="nothing"),
        ],
    )
    def test_what_is_no_expectation_is_refused_even_beside_one_that_is_met(self, strange: object) -> None:
        with pytest.raises(GateRefused, match=r"raw\.rows holds known expectations only: .* is none"):
            require(gate(three_rows(), strange))

    def test_one_unfit_check_refuses_though_the_others_pass(self) -> None:
        checks = [Check("raw.schema", ROWS, [three_rows()]), Check("raw.rows", ROWS, [])]
        report = run_gate("gate-1-raw", "IBOV", SESSION, checks)
        assert [item.check for item in report.refusals] == ["raw.rows"]

    def test_an_expectation_that_raises_is_refused_and_says_why(self) -> None:
        with pytest.raises(GateRefused, match=r"no absent is null: could not be evaluated \(.*absent.*\)"):
            require(gate(gxe.ExpectColumnValuesToNotBeNull(column="absent", notes="no absent is null")))

    def test_an_expectation_that_raises_is_a_warning_only_where_it_was_one(self) -> None:
        report = gate(
            three_rows(),
            gxe.ExpectColumnValuesToNotBeNull(column="absent", severity=WARNING, notes="no absent is null"),
        )
        assert report.passed
        assert [item.demand for item in report.warnings] == ["no absent is null"]

    def test_a_key_that_the_frame_lacks_is_refused(self) -> None:
        assert not gate(positive(), key=("absent",)).passed

    def test_a_missing_result_is_refused(self) -> None:
        checks = [Check("raw.rows", ROWS, Longer([three_rows()]))]
        with pytest.raises(GateRefused, match="all 2 expectations were evaluated: 1 results"):
            require(run_gate("gate-1-raw", "IBOV", SESSION, checks))

    @pytest.mark.parametrize(
        "answer",
        [
            pytest.param({"success": True, "result": {}}, id="nothing observed"),
            pytest.param({"success": True, "result": {"unexpected_count": None, "element_count": 3}}, id="count null"),
            pytest.param({"success": None, "result": {"observed_value": 3}}, id="success null"),
            pytest.param({"success": "yes", "result": {"observed_value": 3}}, id="success a text"),
        ],
    )
    def test_a_result_that_cannot_be_read_is_refused(self, answer: dict[str, Any]) -> None:
        assert not gate(ExpectOddAnswer(answer=answer, severity=CRITICAL)).passed


class TestReport:
    def test_json_tells_the_verdict_and_every_outcome(self) -> None:
        body = json.loads(gate(three_rows(), positive()).to_json())
        assert (body["gate"], body["index"], body["session"], body["passed"]) == (
            "gate-1-raw",
            "IBOV",
            "2025-06-30",
            False,
        )
        assert [item["success"] for item in body["outcomes"]] == [True, False]
        assert body["outcomes"][1]["rows"] == ["PETR4 (quantity=-2)"]
        assert body["verdict"].startswith("gate-1-raw refused IBOV 2025-06-30")

    def test_states_when_the_gate_ran(self) -> None:
        before = datetime.now(UTC)
        assert before <= gate(three_rows()).checked_at <= datetime.now(UTC)

    def test_keeps_great_expectations_own_results_one_a_check(self) -> None:
        checks = [Check(name, ROWS, [three_rows()]) for name in ("raw.schema", "raw.rows")]
        report = run_gate("gate-1-raw", "IBOV", SESSION, checks)
        assert [validation.suite_name for validation in report.validations] == ["raw.schema", "raw.rows"]

    @pytest.mark.parametrize(
        ("rows", "unexpected", "line"),
        [
            pytest.param((), 0, "demand: seen", id="no rows"),
            pytest.param(("A", "B"), 2, "demand: seen: A; B", id="all rows named"),
            pytest.param(("A",), 3, "demand: seen: A and 2 more", id="some rows named"),
            pytest.param((), 3, "demand: seen", id="rows counted but not named"),
        ],
    )
    def test_an_outcome_is_one_line(self, rows: Sequence[str], unexpected: int, line: str) -> None:
        outcome = Demand(
            check="c",
            expectation="e",
            column="",
            demand="demand",
            severity=CRITICAL,
            success=False,
            observed="seen",
            rows=tuple(rows),
            unexpected=unexpected,
        )
        assert outcome.line() == line
