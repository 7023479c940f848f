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

from expectations.gates import gate as module
from expectations.gates.gate import (
    CRITICAL,
    WARNING,
    Check,
    Demand,
    GateRefused,
    GateReport,
    require,
    run_gate,
)

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

    def test_demands_are_parted_by_a_bar(self) -> None:
        checks = [Check("raw.rows", ROWS, []), Check("raw.schema", ROWS, [])]
        assert run_gate("gate-1-raw", "IBOV", SESSION, checks).verdict() == (
            "gate-1-raw refused IBOV 2025-06-30: "
            "raw.rows has expectations: the suite is empty | raw.schema has expectations: the suite is empty"
        )

    def test_ten_rows_are_named_and_the_others_counted(self) -> None:
        frame = pd.DataFrame({"codigo": [f"AAAA{n}" for n in range(25)], "quantity": [0] * 25})
        (outcome,) = gate(positive(), frame=frame).refusals
        assert len(outcome.rows) == 10
        assert outcome.unexpected == 25
        assert outcome.line().endswith(" and 15 more")

    def test_without_a_key_the_values_themselves_are_named(self) -> None:
        (outcome,) = gate(positive(), key=()).refusals
        assert outcome.rows == ("-2",)

    def test_a_row_is_named_by_the_whole_key_and_what_is_wrong_with_it(self) -> None:
        frame = ROWS.assign(classe=["ON", "PN", "ON"], half=[1, -3, 3], text=["VALE3 ON", "PETR4 PN", "ABEV3 ON"])
        report = gate(
            gxe.ExpectColumnPairValuesToBeEqual(column_A="quantity", column_B="half", notes="pairs are equal"),
            gxe.ExpectColumnValuesToBeInSet(column="codigo", value_set=["VALE3", "ABEV3"], notes="codes are known"),
            gxe.ExpectColumnValuesToBeInSet(column="text", value_set=["VALE3 ON", "ABEV3 ON"], notes="texts are known"),
            frame=frame,
            key=("codigo", "classe"),
        )
        assert {item.demand: (item.column, item.rows) for item in report.outcomes} == {
            "pairs are equal": ("quantity, half", ("PETR4 PN (quantity=-2, half=-3)",)),
            "codes are known": ("codigo", ("PETR4 PN",)),
            "texts are known": ("text", ("PETR4 PN",)),
        }

    def test_a_figure_is_named_as_b3_writes_it(self) -> None:
        frame = pd.DataFrame({"codigo": ["VALE3"], "quantity": [0.5]})
        (outcome,) = gate(positive(), frame=frame).refusals
        assert outcome.rows == ("VALE3 (quantity=0.5)",)

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
        with pytest.raises(GateRefused, match=r"IBOV 2025-06-30: nothing was checked$"):
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

    def test_an_unfit_check_lets_those_after_it_be_evaluated(self) -> None:
        checks = [Check("raw.rows", ROWS, []), Check("raw.schema", ROWS, [three_rows()])]
        report = run_gate("gate-1-raw", "IBOV", SESSION, checks)
        assert [(item.check, item.success) for item in report.outcomes] == [("raw.rows", False), ("raw.schema", True)]

    def test_what_the_gate_finds_itself_is_critical_and_called_so(self) -> None:
        assert gate().outcomes == (
            Demand(
                "raw.rows",
                "gate",
                "",
                "raw.rows has expectations",
                CRITICAL,
                success=False,
                observed="the suite is empty",
            ),
        )

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

    def test_a_validation_without_results_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        class Nothing:
            def to_json_dict(self) -> dict[str, object]:
                return {"results": None}

        monkeypatch.setattr(module, "validate", lambda *_: Nothing())
        assert gate(three_rows()).outcomes == (
            Demand(
                "raw.rows",
                "gate",
                "",
                "all 1 expectations were evaluated",
                CRITICAL,
                success=False,
                observed="no results",
            ),
        )

    def test_an_answer_of_another_form_is_refused_by_what_it_lacks(self) -> None:
        assert gate(ExpectOddAnswer(answer={"success": True, "result": {}}, severity=CRITICAL)).outcomes == (
            Demand(
                "raw.rows",
                "gate",
                "",
                "each result can be read",
                CRITICAL,
                success=False,
                observed="KeyError: 'unexpected_count'",
            ),
        )

    def test_an_expectation_that_raised_without_a_word_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        raised = {"raised_exception": True, "exception_message": "", "exception_traceback": ""}
        result = {
            "expectation_config": {"type": "expect_it", "kwargs": {}, "severity": CRITICAL},
            "result": {},
            "success": False,
            "exception_info": raised,
        }

        class Raised:
            def to_json_dict(self) -> dict[str, object]:
                return {"results": [result]}

        monkeypatch.setattr(module, "validate", lambda *_: Raised())
        assert [item.observed for item in gate(three_rows()).refusals] == ["could not be evaluated (no message)"]

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

    def test_json_is_text_that_people_read(self) -> None:
        outcome = Demand("c", "e", "", "ações", CRITICAL, success=True, observed="3")
        report = GateReport("gate-1-raw", "IBOV", SESSION, datetime(2025, 6, 30, 22, tzinfo=UTC), (outcome,))
        assert report.to_json().splitlines() == [
            "{",
            ' "gate": "gate-1-raw",',
            ' "index": "IBOV",',
            ' "session": "2025-06-30",',
            ' "checked_at": "2025-06-30T22:00:00+00:00",',
            ' "passed": true,',
            ' "verdict": "gate-1-raw passed IBOV 2025-06-30: 1 expectations, 0 warnings",',
            ' "outcomes": [',
            "  {",
            '   "check": "c",',
            '   "expectation": "e",',
            '   "column": "",',
            '   "demand": "ações",',
            '   "severity": "critical",',
            '   "success": true,',
            '   "observed": "3",',
            '   "rows": [],',
            '   "unexpected": 0',
            "  }",
            " ]",
            "}",
        ]

    def test_an_outcome_tells_what_was_demanded_of_what(self) -> None:
        expectations = [
            gxe.ExpectTableRowCountToEqual(value=3),
            gxe.ExpectColumnPairValuesToBeEqual(column_A="quantity", column_B="quantity"),
        ]
        assert {
            (item.check, item.expectation, item.column, item.demand, item.unexpected)
            for item in gate(*expectations).outcomes
        } == {
            ("raw.rows", "expect_table_row_count_to_equal", "", "expect_table_row_count_to_equal()", 0),
            (
                "raw.rows",
                "expect_column_pair_values_to_be_equal",
                "quantity, quantity",
                "expect_column_pair_values_to_be_equal(quantity, quantity)",
                0,
            ),
        }

    def test_great_expectations_own_result_says_of_which_session_and_when(self) -> None:
        report = gate(three_rows())
        (validation,) = report.validations
        run = validation.meta["run_id"]
        assert (run.run_name, run.run_time) == ("IBOV 2025-06-30 gate-1-raw", report.checked_at)

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
