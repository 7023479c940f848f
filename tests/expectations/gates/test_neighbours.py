"""Gate 1 against the sessions beside it: what is refused, what is a warning, and what the recorded sessions show."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expectations.gates.gate import GateReport, run_gate
from expectations.gates.neighbours import ALL, NONE, SOME, Neighbour, neighbour_checks
from flows.session.raw_file import RawFacts, decode, encode
from local.b3.sample import collected_at, recorded

MONDAY, TUESDAY, FRIDAY = date(2025, 6, 30), date(2025, 7, 1), date(2025, 6, 27)

CUT = "no quantity differs from the neighbours by a multiple of 2^32"
EXCHANGED = "no two shares have exchanged their quantities of the neighbours"
SECTORS = "no two shares have exchanged their sectors of the neighbours"
KIND = "every share has its class and level of the neighbours"
NAME = "every share has its name of the neighbours"
SECTOR = "every share has its sector of the neighbours"
WEIGHTS = "the weights are not those of another session, each of them: two sessions never have the same"
MOST = "most shares have the class and level of the neighbours"
ENTERED = "no share entered or left outside a rebalancing"
CHANGES = "at most 3 quantities changed without an event flag, outside a rebalancing"

Change = Callable[[pd.DataFrame], pd.DataFrame]


def rows_of(session: date) -> pd.DataFrame:
    portfolio = recorded(session)
    content = encode(portfolio, RawFacts.of(portfolio, collected_at(session), []))
    return decode(content).table.to_pandas()


MONDAYS, TUESDAYS = rows_of(MONDAY), rows_of(TUESDAY)


def beside(rows: pd.DataFrame, *neighbours: Neighbour) -> GateReport:
    return run_gate("gate-1-raw", "IBOV", TUESDAY, neighbour_checks(rows, neighbours))


def monday(change: Change = lambda rows: rows, *, rebalanced: bool = False) -> Neighbour:
    return Neighbour(MONDAY, change(MONDAYS), rebalanced)


def cells(column: str, **values: object) -> Change:
    """The cells of these tickers replaced."""

    def change(rows: pd.DataFrame) -> pd.DataFrame:
        replaced = rows[column].astype(object)
        for codigo, value in values.items():
            replaced[rows["codigo"] == codigo] = value
        return rows.assign(**{column: replaced.infer_objects()})

    return change


def exchanged(column: str, one: str, other: str) -> Change:
    def change(rows: pd.DataFrame) -> pd.DataFrame:
        cell = rows.set_index("codigo")[column]
        return cells(column, **{one: cell[other], other: cell[one]})(rows)

    return change


def refused(report: GateReport) -> dict[str, str]:
    return {outcome.demand: outcome.line() for outcome in report.refusals}


def warned(report: GateReport) -> dict[str, str]:
    return {outcome.demand: outcome.line() for outcome in report.warnings}


def test_recorded_neighbours_pass_without_a_warning() -> None:
    report = beside(TUESDAYS, monday())
    assert (report.passed, report.warnings) == (True, ())


def test_where_no_session_is_published_there_is_nothing_to_compare() -> None:
    assert neighbour_checks(TUESDAYS, []) == []


CRITICAL_CASES = [
    pytest.param(cells("qtde_teorica", ABEV3=4_394_835_131 - 2**32), {CUT: "ABEV3"}, id="a quantity cut to 32 bits"),
    pytest.param(
        cells("qtde_teorica", ALOS3=476_976_044 + 3 * 2**32),
        {CUT: "ALOS3"},
        id="a quantity with a multiple of 2^32 more",
    ),
    pytest.param(
        exchanged("qtde_teorica", "PETR3", "PETR4"), {EXCHANGED: "PETR3"}, id="two shares that exchanged quantities"
    ),
    pytest.param(exchanged("setor", "VALE3", "WEGE3"), {SECTORS: "VALE3"}, id="two shares that exchanged sectors"),
    pytest.param(
        lambda rows: rows.assign(tipo=rows["tipo"].str[:8].str.rstrip()), {MOST: "2025-06-30"}, id="every level lost"
    ),
]


@pytest.mark.parametrize(("damage", "expected"), CRITICAL_CASES)
def test_what_speaks_against_every_neighbour_is_refused(damage: Change, expected: dict[str, str]) -> None:
    lines = refused(beside(damage(TUESDAYS), monday()))
    assert lines.keys() == expected.keys()
    assert all(expected[demand] in line for demand, line in lines.items())


def test_the_same_weights_under_another_date_are_refused_with_the_session_that_has_them() -> None:
    lines = refused(beside(MONDAYS, monday()))
    assert lines.keys() == {WEIGHTS}
    assert "2025-06-30" in lines[WEIGHTS]


def test_what_speaks_against_one_of_two_neighbours_is_a_warning_for_either_may_be_wrong() -> None:
    wrong = cells("qtde_teorica", ABEV3=4_394_835_131 - 2**32)
    report = beside(TUESDAYS, monday(), Neighbour(FRIDAY, wrong(MONDAYS), rebalanced=False))
    assert report.passed
    assert "no quantity differs from one of the neighbours by a multiple of 2^32" in warned(report)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param(cells("tipo", VALE3="ON      N1"), {KIND: "VALE3"}, id="another level"),
        pytest.param(cells("codigo", VALE3="VALF3"), {ENTERED: "VALE3, VALF3"}, id="another ticker"),
        pytest.param(cells("acao", VALE3="VALE DO RIO"), {NAME: "VALE3"}, id="another name"),
        pytest.param(cells("setor", VALE3="Diversos"), {SECTOR: "VALE3"}, id="another sector"),
        pytest.param(
            cells("qtde_teorica", VALE3=1, PETR3=2, PETR4=3, ABEV3=4),
            {CHANGES: "4"},
            id="four quantities without a flag",
        ),
    ],
)
def test_what_happens_now_and_then_is_a_warning(change: Change, expected: dict[str, str]) -> None:
    report = beside(change(TUESDAYS), monday())
    assert report.passed
    lines = warned(report)
    assert lines.keys() == expected.keys()
    assert all(expected[demand] in line for demand, line in lines.items())


def test_an_event_flag_explains_its_share_s_quantity() -> None:
    flagged = cells("tipo", VALE3="ON  EB  NM", PETR3="ON  EB  N2", PETR4="PN  EB  N2", WEGE3="ON  EB  NM")
    changed = cells("qtde_teorica", VALE3=1, PETR3=2, PETR4=3, WEGE3=4)
    assert warned(beside(changed(flagged(TUESDAYS)), monday())) == {}


def test_a_single_change_without_a_flag_is_none() -> None:
    assert warned(beside(cells("qtde_teorica", SBSP3=1)(TUESDAYS), monday())) == {}


def test_over_a_rebalancing_quantities_are_not_compared_but_for_what_32_bits_cut() -> None:
    changed = cells("qtde_teorica", VALE3=1, PETR3=2, PETR4=3, WEGE3=4)
    assert warned(beside(changed(TUESDAYS), monday(rebalanced=True))) == {}
    cut = cells("qtde_teorica", ABEV3=4_394_835_131 - 2**32)
    assert refused(beside(cut(TUESDAYS), monday(rebalanced=True))).keys() == {CUT}


def test_shares_that_entered_or_left_are_compared_with_nothing() -> None:
    assert warned(beside(TUESDAYS, monday(lambda rows: rows.iloc[10:]))).keys() == {ENTERED}
    report = beside(TUESDAYS, monday(lambda rows: rows.iloc[10:], rebalanced=True))
    assert (report.passed, report.warnings) == (True, ())


def test_every_demand_has_a_case_that_breaks_it() -> None:
    made = {
        str(expectation.notes)
        for check in neighbour_checks(TUESDAYS, [monday()])
        for expectation in check.expectations
        if "one of the neighbours" not in str(expectation.notes)
    }
    assert made == {CUT, EXCHANGED, SECTORS, KIND, NAME, SECTOR, WEIGHTS, MOST, ENTERED, CHANGES}


@given(st.data())
@settings(max_examples=25)
def test_any_two_shares_that_exchanged_quantities_are_seen_by_name(data: st.DataObject) -> None:
    one, other = data.draw(st.lists(st.sampled_from(sorted(TUESDAYS["codigo"])), min_size=2, max_size=2, unique=True))
    damaged = exchanged("qtde_teorica", one, other)(TUESDAYS)
    _, check = neighbour_checks(damaged, [monday()])
    found = check.frame.set_index("codigo")["troca_quantidade"]
    assert set(found[found == ALL].index) == {one, other}
    assert set(found) == {ALL, NONE}


@given(st.data(), st.integers(1, 5))
@settings(max_examples=25)
def test_any_quantity_that_lost_a_multiple_of_2_32_is_seen_by_name(data: st.DataObject, times: int) -> None:
    codigo = data.draw(st.sampled_from(sorted(TUESDAYS["codigo"])))
    quantity = int(TUESDAYS.set_index("codigo")["qtde_teorica"][codigo]) + times * 2**32
    _, check = neighbour_checks(cells("qtde_teorica", **{codigo: quantity})(TUESDAYS), [monday()])
    found = check.frame.set_index("codigo")["corte_32_bits"]
    assert list(found[found == ALL].index) == [codigo]
    assert SOME not in set(found)
