"""Gate 1: each of its demands, the damage that breaks it, and the row that the refusal names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.gates import raw
from expectations.gates.gate import GateRefused, GateReport, require, run_gate
from flows.session.raw_file import RAW_SCHEMA, RawFile

SESSION = date(2025, 6, 30)
NULLS = (
    ("VALE3", "acao"),
    ("PETR4", "tipo"),
    ("ITUB4", "qtde_teorica"),
    ("ABEV3", "participacao_pct"),
    ("BBAS3", "data_pregao"),
    ("B3SA3", "timestamp_coleta"),
)
SCHEMA = tuple(f"{field.name}: {field.type}" for field in RAW_SCHEMA)


@dataclass(frozen=True)
class Given:
    """What gate 1 is given: the raw rows, the file's schema, and what B3 stated."""

    frame: pd.DataFrame
    context: raw.RawContext
    schema: tuple[str, ...] = SCHEMA

    def judged(self, *only: str) -> GateReport:
        """The gate's report; of the named checks only, where any are named."""
        checks = raw.raw_checks(self.frame, self.schema, SCHEMA, self.context)
        stated = self.context.statement
        chosen = [check for check in checks if not only or check.name in only]
        return run_gate(raw.GATE, stated.index, stated.session, chosen)


Damage = Callable[[Given], Given]


@pytest.fixture(scope="module")
def right(raw_file: RawFile) -> Given:
    facts = raw_file.facts
    context = raw.RawContext(
        statement=facts.statement,
        possible_sessions=[SESSION],
        current_sessions=[SESSION],
        in_calendar=True,
    )
    return Given(raw_file.table.to_pandas(), context)


def schema(*columns: str) -> Damage:
    return lambda given: replace(given, schema=columns)


def header(**changes: Any) -> Damage:  # noqa: ANN401 - any field of the statement
    return lambda given: circumstances(statement=replace(given.context.statement, **changes))(given)


def circumstances(**changes: Any) -> Damage:  # noqa: ANN401 - any field of the context
    return lambda given: replace(given, context=replace(given.context, **changes))


def frame(change: Callable[[pd.DataFrame], pd.DataFrame]) -> Damage:
    return lambda given: replace(given, frame=change(given.frame))


def cell(codigo: str, column: str, value: object) -> Damage:
    """One cell of the row of that ticker replaced."""

    def change(rows: pd.DataFrame) -> pd.DataFrame:
        values = rows[column].astype(object)
        values[rows["codigo"] == codigo] = value
        return rows.assign(**{column: values.astype(rows[column].dtype) if value is not None else values})

    return frame(change)


def both(*damages: Damage) -> Damage:
    def damage(given: Given) -> Given:
        for item in damages:
            given = item(given)
        return given

    return damage


def demands(report: GateReport) -> set[str]:
    return {outcome.demand for outcome in report.refusals}


ROW_COUNT = "rows are B3's totalRecords, 84"
QUANTITIES = "quantities sum to the header's 91922324686"
SHARES = "shares, in thousandths of a percent, sum to the header's 100000"
PLAUSIBLE = "the row count is plausible for IBOV (57 to 115)"
COLUMNS = "the file has the contract's 8 columns"
COLUMN = "every column has the contract's position, name and type"
KNOWN_TIPO = "every tipo is of a known form"
THREE_DECIMALS = "no participacao_milesimos is null"

# Each case: what is damaged, and each demand that must be refused with a piece of the line that names what was found.
SCHEMA_CASES = [
    pytest.param(schema(*SCHEMA[:-1]), {COLUMNS: "7"}, id="a column lost"),
    pytest.param(schema(*SCHEMA, "x: string"), {COLUMNS: "9", COLUMN: "8 x: string"}, id="a column more"),
    pytest.param(
        schema(*SCHEMA[:4], "qtde_teorica: int32", *SCHEMA[5:]),
        {COLUMN: "4 qtde_teorica: int32"},
        id="a type narrowed",
    ),
    pytest.param(
        schema(SCHEMA[1], SCHEMA[0], *SCHEMA[2:]),
        {COLUMN: "0 acao: string; 1 codigo"},
        id="columns in another order",
    ),
]
HEADER_CASES = [
    pytest.param(
        header(session=date(2025, 6, 27)),
        {
            "the session is one that B3 may show at the time of collection (2025-06-30; a week late at most)": "2025-06-27"
        },
        id="a session that is over",
    ),
    pytest.param(
        header(total_share=Decimal("99.999")), {"the header's share is 100.000": "99.999"}, id="share below 100"
    ),
    pytest.param(
        header(total_quantity=0), {"the header's quantity is positive": "total_quantity=0"}, id="quantity zero"
    ),
    pytest.param(
        frame(lambda rows: rows.assign(tipo=rows["tipo"].str[:8].str.rstrip())),
        {"shares have their listing levels": "lacks_levels=True"},
        id="every listing level lost",
    ),
    pytest.param(header(divisor=Decimal(0)), {"the divisor is positive": "divisor=0.0"}, id="divisor zero"),
]
DAMAGED_CELLS = both(
    cell("BBDC3", "codigo", "BBDC4"),
    cell("VALE3", "codigo", "VALE"),
    cell("PETR3", "tipo", "XX      N2"),
    cell("PETR4", "tipo", "PN N2"),
    cell("ABEV3", "qtde_teorica", 0),
    cell("WEGE3", "qtde_teorica", 2**31 - 1),
    cell("RENT3", "acao", "Localiza"),
    cell("HYPE3", "acao", "@HYPERA"),
    cell("SUZB3", "acao", "SUZB3"),
    cell("EQTL3", "tipo", "PN      NM"),
    cell("ITUB4", "participacao_pct", 100.001),
    cell("ITSA4", "participacao_pct", -0.001),
    cell("BBAS3", "data_pregao", date(2025, 6, 29)),
    cell("B3SA3", "timestamp_coleta", pd.Timestamp("2025-06-30 11:00:01", tz="UTC")),
)
CELL_CASES = {
    "no codigo stands twice": "BBDC4; BBDC4",
    "every codigo is a ticker": "VALE",
    KNOWN_TIPO: "PETR3 (tipo='XX      N2'); PETR4 (tipo='PN N2')",
    "every quantity is positive": "ABEV3",
    "no quantity was cut to 32 bits": "WEGE3",
    "every acao has a trading name's form: capitals, 12 at most": "HYPE3 (acao='@HYPERA'); RENT3 (acao='Localiza')",
    "no acao is its codigo": "SUZB3",
    "every class suits its ticker's number": "EQTL3 (numero_e_classe='3 PN')",
    "every share is 0 to 100": "ITSA4 (participacao_pct=-0.001); ITUB4 (participacao_pct=100.001)",
    "every data_pregao is the header's session": "BBAS3 (data_pregao='2025-06-29')",
    "one timestamp_coleta": "2",
    QUANTITIES: "88192867365",
    SHARES: "sum",
}
ROW_CASES = [
    pytest.param(
        both(*(cell(codigo, column, None) for codigo, column in NULLS)),
        {
            **{f"no {column} is null": codigo for codigo, column in NULLS},
            QUANTITIES: "sum",
            SHARES: "97268",
            THREE_DECIMALS: "ABEV3",
        },
        id="a null in each required column",
    ),
    pytest.param(cell("VALE3", "codigo", None), {"no codigo is null": "1 of 84 rows fail"}, id="codigo null"),
    pytest.param(
        frame(lambda rows: pd.concat([rows, rows.iloc[:1]], ignore_index=True)),
        {"no codigo stands twice": "ALOS3; ALOS3", ROW_COUNT: "85", QUANTITIES: "92399300730", SHARES: "100509"},
        id="a row twice",
    ),
    pytest.param(
        frame(lambda rows: rows.iloc[1:]),
        {ROW_COUNT: "83", QUANTITIES: "91445348642", SHARES: "99491"},
        id="a row dropped",
    ),
    pytest.param(
        frame(lambda rows: rows.iloc[:20]),
        {ROW_COUNT: "20", PLAUSIBLE: "20", QUANTITIES: "sum", SHARES: "sum"},
        id="the page's first 20 rows only",
    ),
    pytest.param(
        both(cell("ALOS3", "qtde_teorica", 476_976_045), cell("ALOS3", "participacao_pct", 0.51)),
        {QUANTITIES: "91922324687", SHARES: "100001"},
        id="a quantity and a weight changed by one digit",
    ),
    pytest.param(
        cell("ALOS3", "participacao_pct", 0.5094),
        {THREE_DECIMALS: "ALOS3", SHARES: "99491"},
        id="a weight of four decimals",
    ),
]
WARNED = {
    "the trading calendar has the session": "2025-06-30",
    "every acao is a trading name": "PETR4 (acao='PETROBRÁS')",
    "every setor was recorded before": "VALE3 (setor='Mats Básicos / Embalagens')",
    "every ticker's number stands for a class": "B3SA13 (numero_e_classe='13 ON')",
    "every tipo has recorded event flags": "VALE3 (tipo='ON  EZZ NM')",
}


STALE = "the answer is not stale: its session is 2025-06-30"


def refused(report: GateReport) -> dict[str, str]:
    return {outcome.demand: outcome.line() for outcome in report.refusals}


def states(lines: dict[str, str], expected: dict[str, str]) -> bool:
    return lines.keys() == expected.keys() and all(expected[demand] in line for demand, line in lines.items())


def test_the_recorded_session_passes_without_a_warning(right: Given) -> None:
    report = require(right.judged())
    assert report.warnings == ()


@pytest.mark.parametrize(("damage", "expected"), SCHEMA_CASES)
def test_another_schema_is_refused_and_names_the_column(right: Given, damage: Damage, expected: dict[str, str]) -> None:
    assert states(refused(damage(right).judged("raw.schema")), expected)


@pytest.mark.parametrize(("damage", "expected"), HEADER_CASES)
def test_a_damaged_header_is_refused_and_shows_the_value(
    right: Given, damage: Damage, expected: dict[str, str]
) -> None:
    assert states(refused(damage(right).judged("raw.header")), expected)


@pytest.mark.parametrize(("damage", "expected"), ROW_CASES)
def test_damaged_rows_are_refused_by_the_demands_they_break(
    right: Given, damage: Damage, expected: dict[str, str]
) -> None:
    lines = refused(damage(right).judged("raw.rows"))
    assert lines.keys() == expected.keys()
    assert [line for demand, line in lines.items() if expected[demand] not in line] == []


@pytest.fixture(scope="module")
def cells_refused(right: Given) -> dict[str, str]:
    return refused(DAMAGED_CELLS(right).judged("raw.rows"))


@pytest.mark.parametrize(("demand", "named"), CELL_CASES.items())
def test_a_damaged_cell_is_refused_by_its_demand_and_names_the_row(
    cells_refused: dict[str, str], demand: str, named: str
) -> None:
    assert named in cells_refused[demand]


def test_a_damaged_cell_breaks_no_other_demand(cells_refused: dict[str, str]) -> None:
    assert cells_refused.keys() == CELL_CASES.keys()


def test_what_only_looks_odd_is_a_warning_and_does_not_stop(right: Given) -> None:
    odd = both(
        circumstances(in_calendar=False),
        cell("PETR4", "acao", "PETROBRÁS"),
        cell("VALE3", "tipo", "ON  EZZ NM"),
        cell("VALE3", "setor", "Mats Básicos / Embalagens"),
        cell("B3SA3", "codigo", "B3SA13"),
    )
    report = require(odd(right).judged())
    assert states({outcome.demand: outcome.line() for outcome in report.warnings}, WARNED)


def test_every_demand_of_the_gate_has_a_case_that_breaks_it(right: Given) -> None:
    checks = raw.raw_checks(right.frame, SCHEMA, SCHEMA, right.context)
    made = {str(expectation.notes) for check in checks for expectation in check.expectations}
    cases = [dict(case.values[1]) for case in (*SCHEMA_CASES, *HEADER_CASES, *ROW_CASES)]  # noqa: PD011 - pytest's
    assert made == {STALE} | WARNED.keys() | CELL_CASES.keys() | {demand for case in cases for demand in case}


class TestHowPublicCopiesGotDamaged:
    """Each way that FACTS of public copies record; the totals of B3's header catch it."""

    @pytest.mark.parametrize(
        "damage",
        [
            pytest.param(frame(lambda rows: rows.iloc[1:]), id="the first row of the page lost"),
            pytest.param(
                frame(lambda rows: rows.assign(participacao_pct=rows["participacao_pct"] * 1000)),
                id="the decimal comma read as thousands separator",
            ),
            pytest.param(
                frame(lambda rows: rows.assign(qtde_teorica=rows["qtde_teorica"].where(rows["qtde_teorica"] < 2**31))),
                id="quantities cut to 32 bits",
            ),
            pytest.param(frame(lambda rows: rows.assign(codigo=rows["acao"])), id="the name where the code was meant"),
            pytest.param(
                frame(lambda rows: rows.assign(data_pregao=rows["data_pregao"] - timedelta(days=1))),
                id="the run's date as the session's",
            ),
        ],
    )
    def test_is_refused_without_b3_s_own_count_of_rows_too(self, right: Given, damage: Damage) -> None:
        damaged = header(total_records=None)(damage(right))
        with pytest.raises(GateRefused):
            require(damaged.judged("raw.rows"))


class TestStatement:
    def test_a_session_is_refused_where_b3_may_show_none(self, right: Given) -> None:
        assert not circumstances(possible_sessions=[])(right).judged("raw.header").passed

    def test_each_session_that_b3_may_show_is_accepted(self, right: Given) -> None:
        assert circumstances(possible_sessions=[date(2025, 6, 27), SESSION])(right).judged("raw.header").passed

    def test_a_stale_session_passes_with_a_warning(self, right: Given) -> None:
        friday = date(2025, 6, 27)
        report = both(header(session=friday), circumstances(possible_sessions=[friday, SESSION]))(right).judged(
            "raw.header"
        )
        assert report.passed
        assert [warning.line() for warning in report.warnings] == [f"{STALE}: 1 of 1 rows fail: 2025-06-27"]

    def test_a_source_without_a_count_of_rows_is_held_to_the_totals_alone(self, right: Given) -> None:
        assert header(total_records=None)(right).judged("raw.rows").passed

    @pytest.mark.parametrize(("index", "passes"), [("IBRA", False), ("IBXL", False), ("IBBR", True)])
    def test_84_rows_are_plausible_for_some_indices_only(self, right: Given, index: str, *, passes: bool) -> None:
        assert header(index=index)(right).judged("raw.rows").passed is passes

    def test_no_rows_at_all_are_refused(self, right: Given) -> None:
        report = frame(lambda rows: rows.iloc[:0])(right).judged("raw.rows")
        assert refused(report).keys() == {"raw.rows has rows"}

    def test_rows_without_sectors_pass(self, right: Given) -> None:
        assert frame(lambda rows: rows.assign(setor=None))(right).judged("raw.rows").passed


class TestThousandths:
    def test_shares_become_whole_numbers_whose_sum_is_exact(self, right: Given) -> None:
        assert raw.thousandths(right.frame["participacao_pct"]).sum() == 100_000

    @given(st.lists(st.integers(0, 100_000), min_size=1, max_size=50))
    def test_any_share_of_three_decimals_is_read_exactly(self, numbers: list[int]) -> None:
        shares = pd.Series([float(Decimal(number) / 1000) for number in numbers])
        assert raw.thousandths(shares).tolist() == numbers

    @pytest.mark.parametrize("share", [0.0001, 2.7321, float("nan")])
    def test_a_share_with_more_decimals_or_none_is_null(self, share: float) -> None:
        assert raw.thousandths(pd.Series([share])).isna().all()


@pytest.mark.parametrize(
    ("index", "recorded"),
    [
        ("IBOV", (76, 92)),
        ("IBRA", (148, 179)),
        ("IBXX", (97, 103)),
        ("IBXL", (47, 53)),
        ("IDIV", (45, 53)),
        ("SMLL", (109, 120)),
        ("IFIX", (106, 117)),
        ("IBBR", (90, 92)),
        ("IBLV", (28, 28)),
        ("IBHB", (27, 28)),
    ],
)
def test_every_recorded_number_of_rows_is_plausible_and_half_or_double_of_it_is_not(
    index: str, recorded: tuple[int, int]
) -> None:
    least, most = raw.PLAUSIBLE_ROWS[index]
    assert least <= recorded[0]
    assert recorded[1] <= most
    assert recorded[0] // 2 < least
    assert most < recorded[1] * 2
