"""A gate over many sessions at once: what each of them would have been told alone, whatever it demands."""

from __future__ import annotations

from datetime import date
from typing import Any

import great_expectations.expectations as gxe
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expectations.gates.gate import CRITICAL, WARNING, Check, GateReport, run_gate
from expectations.gates.together import SUBJECT, Subject, run_gates

SESSION = date(2025, 6, 30)


def demands(value: int, allowed: list[int], total: int, rows: int) -> list[Any]:
    return [
        gxe.ExpectTableRowCountToEqual(value=rows, severity=CRITICAL, notes=f"{rows} rows"),
        gxe.ExpectColumnValuesToBeUnique(column="codigo", severity=CRITICAL, notes="no codigo twice"),
        gxe.ExpectColumnValuesToNotBeNull(column="codigo", severity=CRITICAL),
        gxe.ExpectColumnValuesToBeNull(column="codigo", severity=WARNING, notes="no codigo is stated"),
        gxe.ExpectColumnValuesToBeInSet(column="a", value_set=allowed, severity=CRITICAL, notes="a known a"),
        gxe.ExpectColumnValuesToBeInSet(column="b", value_set=[value], severity=CRITICAL, notes=f"b is {value}"),
        gxe.ExpectColumnPairValuesToBeEqual(column_A="a", column_B="b", severity=WARNING, notes="a is b"),
        gxe.ExpectColumnSumToBeBetween(column="a", min_value=total, max_value=total, severity=CRITICAL),
        gxe.ExpectCompoundColumnsToBeUnique(column_list=["a", "b"], ignore_row_if="never", severity=WARNING),
        gxe.ExpectColumnValuesToBeInSet(column="codigo", value_set=["VALE3", "PETR4"][: value + 1], severity=WARNING),
        gxe.ExpectColumnValuesToBeInSet(column="codigo", value_set=["VALE3", "ABEV3"][: total + 1], severity=CRITICAL),
        gxe.ExpectColumnValuesToBeBetween(column="a", min_value=0, strict_min=True, severity=WARNING),
        gxe.ExpectColumnValuesToNotBeInSet(column="b", value_set=[2], severity=CRITICAL),
        gxe.ExpectColumnValuesToMatchRegex(column="codigo", regex="^[VP]", severity=WARNING),
        gxe.ExpectTableRowCountToBeBetween(min_value=1, max_value=2, severity=CRITICAL),
        gxe.ExpectColumnUniqueValueCountToBeBetween(column="b", min_value=1, max_value=1, severity=CRITICAL),
    ]


def check(rows: list[tuple[str | None, int, int]], *expectations: Any) -> Check:  # noqa: ANN401
    frame = pd.DataFrame(rows, columns=["codigo", "a", "b"]).astype({"codigo": object})
    return Check("raw.rows", frame, expectations, ("codigo",))


def subjects(*checks: Check) -> list[Subject]:
    return [Subject("IBOV", SESSION, [item]) for item in checks]


def alone(of: list[Subject]) -> list[GateReport]:
    return [run_gate("gate", item.index, item.session, item.checks) for item in of]


def assert_alike(of: list[Subject]) -> list[GateReport]:
    reports = run_gates("gate", of)
    assert [report.outcomes for report in reports] == [report.outcomes for report in alone(of)]
    return reports


cell = st.integers(0, 2)
row = st.tuples(st.sampled_from(["VALE3", "PETR4", "ABEV3", None]), cell, cell)


@settings(max_examples=15)
@given(
    st.lists(st.tuples(st.lists(row, max_size=3), cell, st.sampled_from([[0], [0, 1], [0, 1, 2]]), cell), max_size=3)
)
def test_any_rows_are_reported_as_they_are_alone(given_rows: list[Any]) -> None:
    assert_alike(
        subjects(*(check(rows, *demands(value, allowed, total, 2)) for rows, value, allowed, total in given_rows))
    )


def test_a_session_without_rows_or_demands_is_refused_and_the_others_pass() -> None:
    one = gxe.ExpectColumnValuesToNotBeNull(column="codigo", severity=CRITICAL)
    right = check([("VALE3", 1, 1)], one)
    reports = assert_alike(
        subjects(right, check([], one), check([("VALE3", 1, 1)]), right, check([("VALE3", 1, 1)], 3))
    )
    assert [report.passed for report in reports] == [True, False, False, True, False]


def test_a_session_without_checks_is_refused() -> None:
    (report,) = run_gates("gate", [Subject("IBOV", SESSION, [])])
    assert not report.passed


@pytest.mark.parametrize(
    "demand",
    [
        pytest.param(gxe.ExpectColumnMedianToBeBetween(column="a", min_value=1), id="of a kind that is not known"),
        pytest.param(gxe.ExpectColumnValuesToNotBeNull(column="codigo", mostly=0.6), id="not of all rows"),
        pytest.param(
            gxe.ExpectColumnValuesToBeInSet(
                column="a", value_set=[2], row_condition="b == 2", condition_parser="pandas"
            ),
            id="of some rows only",
        ),
        pytest.param(gxe.ExpectColumnSumToBeBetween(column="a", min_value=1, max_value=3), id="a sum within limits"),
        pytest.param(
            gxe.ExpectColumnSumToBeBetween(column="a", min_value=3, max_value=3, strict_max=True), id="a strict limit"
        ),
        pytest.param(
            gxe.ExpectColumnValuesToBeInSet(column="nowhere", value_set=[1]), id="of a column that is not there"
        ),
    ],
)
def test_a_demand_that_cannot_be_made_of_all_is_made_of_each(demand: Any) -> None:  # noqa: ANN401
    one, other = [("VALE3", 1, 1), (None, 2, 2), (None, 0, 1)], [("VALE3", 1, 1), ("PETR4", 1, 2)]
    reports = assert_alike(subjects(check(one, demand), check(other, demand)))
    assert all(report.validations for report in reports)


def test_columns_of_other_types_are_not_put_below_each_other() -> None:
    demand = gxe.ExpectColumnValuesToBeInSet(column="a", value_set=[1], severity=CRITICAL)
    texts = Check("raw.rows", pd.DataFrame({"a": ["1"]}), [demand])
    numbers = Check("raw.rows", pd.DataFrame({"a": [1]}), [demand])
    assert [report.passed for report in assert_alike(subjects(texts, numbers, numbers))] == [False, True, True]


def test_a_frame_that_has_the_column_of_the_sessions_is_checked_alone() -> None:
    demand = gxe.ExpectColumnValuesToNotBeNull(column=SUBJECT, severity=CRITICAL)
    of = subjects(*(Check("raw.rows", pd.DataFrame({SUBJECT: [value]}), [demand]) for value in ("x", None, "y")))
    assert [report.passed for report in assert_alike(of)] == [True, False, True]
