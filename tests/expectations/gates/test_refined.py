"""Gate 2: each of its demands, the damage that breaks it, and what the refusal names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from expectations.contract import tables
from expectations.gates import refined
from expectations.gates.gate import GateReport, require, run_gate
from expectations.gates.together import Subject, run_gates
from flows.session.raw_file import RawFile

# Six shares of the sample: two of one sector and class, one without a sector, one with flags, one without a level, a unit.
SHARES = ("ALOS3", "ABEV3", "DIRR3", "BPAC11", "PETR4", "VALE3")
REFINED, SUMMARY = tables.REFINED_TABLE, tables.SUMMARY_TABLE
QUANTITY_SUM, THOUSANDTHS_SUM = 14_949_459_942, 23_198


@dataclass(frozen=True)
class Given:
    """What gate 2 is given: the staged output, and what it must say."""

    staged: refined.StagedOutput
    truth: refined.RawTruth

    def judged(self, *only: str) -> GateReport:
        """The gate's report; of the named checks only, where any are named."""
        checks = refined.refined_checks(self.staged, self.truth)
        chosen = [check for check in checks if not only or check.name in only]
        return run_gate(refined.GATE, self.truth.index, date(2025, 6, 30), chosen)


Damage = Callable[[Given], Given]


@pytest.fixture(scope="module")
def right(raw_file: RawFile) -> Given:
    rows = raw_file.table.to_pandas()
    return given("IBOV", rows[rows["codigo"].isin(SHARES)].reset_index(drop=True))


def given(index: str, rows: pd.DataFrame) -> Given:
    """The output that the rows should lead to, made here by hand, and the truth that it is held to."""
    table = refine(rows)
    files = list(rows["codigo"]) if index == "IBOV" else [None]
    keys = {f"{tables.refined_table(index).prefix}{ticker}": tables.refined_table(index) for ticker in files}
    keys |= {tables.summary_table(index).prefix: tables.summary_table(index)}
    staged = refined.StagedOutput(
        refined=table.assign(file_ticker=table["codigo"] if index == "IBOV" else None),
        summary=summarise(table),
        schemas={key: refined.physical_schema(table.columns) for key, table in keys.items()},
        tables={key: table.name for key, table in keys.items()},
    )
    total_share = sum((Decimal(str(share)) for share in rows["participacao_pct"]), Decimal(0))
    return Given(
        staged,
        refined.RawTruth(rows, index, int(rows["qtde_teorica"].sum()), total_share, age_in_days=2, origin="json"),
    )


def refine(rows: pd.DataFrame) -> pd.DataFrame:
    tipo = rows["tipo"]
    class_, flags, level = (tipo.str[a:b].str.strip() for a, b in ((0, 4), (4, 8), (8, 10)))
    sectors = rows["setor"].str.split("/", n=1, expand=True)
    return pd.DataFrame(
        {
            "codigo": rows["codigo"],
            "nome_acao": rows["acao"],
            "tipo": (class_ + " " + level).str.strip(),
            "classe": class_,
            "segmento_listagem": level.where(level != "", None),
            "eventos": flags.where(flags != "", None),
            "setor": sectors[0].str.strip(),
            "subsetor": sectors[1].str.strip(),
            "quantidade_teorica_acoes": rows["qtde_teorica"].astype(float),
            "percentual_participacao_ibov": rows["participacao_pct"],
            "data_pregao": rows["data_pregao"],
            "timestamp_coleta": rows["timestamp_coleta"],
            "dias_desde_coleta": 2,
            "origem": "json",
        }
    )


def summarise(table: pd.DataFrame) -> pd.DataFrame:
    groups = table.groupby(["setor", "classe"], dropna=False)
    figures = groups.agg(
        quantidade_teorica_total=("quantidade_teorica_acoes", "sum"),
        participacao_media=("percentual_participacao_ibov", "mean"),
        participacao_total=("percentual_participacao_ibov", "sum"),
        total_acoes=("codigo", "size"),
    )
    return figures.reset_index().assign(data_pregao=date(2025, 6, 30))


def rows(change: Callable[[pd.DataFrame], pd.DataFrame]) -> Damage:
    return lambda given: replace(given, staged=replace(given.staged, refined=change(given.staged.refined)))


def groups(change: Callable[[pd.DataFrame], pd.DataFrame]) -> Damage:
    return lambda given: replace(given, staged=replace(given.staged, summary=change(given.staged.summary)))


def cells(row: str, by: str = "codigo", **values: object) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """Cells replaced in the rows whose column `by` holds `row`."""

    def change(frame: pd.DataFrame) -> pd.DataFrame:
        keys = frame[by].tolist()
        return frame.assign(
            **{
                name: [
                    value if key == row else cell for key, cell in zip(keys, frame[name].astype(object), strict=True)
                ]
                for name, value in values.items()
            }
        )

    return change


def schema(table: tables.Table, change: Callable[[list[str]], list[str]]) -> Damage:
    """The physical schema of the table's first file changed."""

    def damage(given: Given) -> Given:
        key = next(key for key, name in given.staged.tables.items() if name == table.name)
        schemas = {**given.staged.schemas, key: change(list(given.staged.schemas[key]))}
        return replace(given, staged=replace(given.staged, schemas=schemas))

    return damage


def lost_file(given: Given) -> Given:
    schemas = dict(list(given.staged.schemas.items())[1:])
    return replace(given, staged=replace(given.staged, schemas=schemas))


def required(table: tables.Table, *besides: str) -> set[str]:
    return {
        f"no {column.name} is null" for column in table.columns if not column.nullable and column.name not in besides
    }


FILES = "6 files of bovespa_refined_data with 14 columns each"
COLUMN = "every column of bovespa_refined_data has the contract's position, name and physical type"
SUMMARY_FILES = "1 files of bovespa_resumo_setor with 7 columns each"
SUMMARY_COLUMN = COLUMN.replace(REFINED.name, SUMMARY.name)
ROW_COUNT = "rows are the raw file's 6"
NAME = "nome_acao is the raw file's acao"
QUANTITY = "quantidade_teorica_acoes is the raw file's qtde_teorica"
SHARE = "percentual_participacao_ibov is the raw file's participacao_pct"
SESSION = "data_pregao is the raw file's data_pregao"
COLLECTED = "timestamp_coleta is the raw file's timestamp_coleta"
FILE = "each file's partition acao is its codigo"
VERBATIM = "classe, eventos and segmento_listagem make the raw file's tipo"
TIPO = "tipo is classe and segmento_listagem"
SECTOR = "setor is what the raw file's setor says before the slash"
SUBSECTOR = "subsetor is what the raw file's setor says after the slash"
UNIQUE = "no codigo stands twice"
QUANTITIES = f"quantidade_teorica_acoes sums to {QUANTITY_SUM}"
WEIGHTS = f"participacao_milesimos sums to {THOUSANDTHS_SUM}"

SCHEMA_CASES = [
    pytest.param("refined.schema", lost_file, {FILES: "70"}, id="a file lost"),
    pytest.param("refined.schema", schema(REFINED, lambda names: names[:-1]), {FILES: "83"}, id="a column lost"),
    pytest.param(
        "refined.schema",
        schema(REFINED, lambda names: [*names, "acao: BYTE_ARRAY/STRING"]),
        {FILES: "85", COLUMN: "14 acao: BYTE_ARRAY/STRING"},
        id="the partition column inside the file",
    ),
    pytest.param(
        "refined.schema",
        schema(REFINED, lambda names: [name.replace("INT64/TIMESTAMP", "INT96/NONE") for name in names]),
        {COLUMN: "11 timestamp_coleta: INT96/NONE"},
        id="a timestamp as Spark writes it by itself",
    ),
    pytest.param(
        "refined.schema",
        schema(REFINED, lambda names: [names[1], names[0], *names[2:]]),
        {COLUMN: "0 nome_acao"},
        id="two columns swapped",
    ),
    pytest.param(
        "summary.schema",
        schema(SUMMARY, lambda names: names[1:]),
        {SUMMARY_FILES: "6", SUMMARY_COLUMN: "0 classe"},
        id="a summary column lost",
    ),
]
ORIGIN = "every origem is the raw version's, json"
ALONE = {*required(REFINED), ORIGIN, NAME, QUANTITY, SHARE, SESSION, COLLECTED, FILE, VERBATIM, TIPO, SECTOR, SUBSECTOR}
AGE = "every dias_desde_coleta is a known one"
ROW_CASES = [
    pytest.param(rows(lambda frame: frame.iloc[1:]), {*ALONE, QUANTITIES, WEIGHTS}, "ALOS3", id="a row lost"),
    pytest.param(
        rows(lambda frame: pd.concat([frame, frame.iloc[:1]], ignore_index=True)),
        {ROW_COUNT, UNIQUE, QUANTITIES, WEIGHTS},
        "ALOS3; ALOS3",
        id="a row twice",
    ),
    pytest.param(
        rows(cells("ALOS3", codigo="ALOS4", file_ticker="ALOS4")), {*ALONE, ROW_COUNT}, "ALOS4", id="another code"
    ),
]
DAMAGED_CELLS = (
    cells("ALOS3", nome_acao="VALE", eventos=None),
    cells("ABEV3", data_pregao=date(2025, 7, 1), setor=None),
    cells("DIRR3", origem="reconstruida"),
    cells("DIRR3", timestamp_coleta=pd.Timestamp("2025-06-30 08:00:00", tz="UTC")),
    cells("BPAC11", file_ticker="VALE3", segmento_listagem="N9", tipo="UNT N9"),
    cells("PETR4", classe="XX", quantidade_teorica_acoes=4410955874.0),
    cells("VALE3", subsetor="Madeira e Papel", dias_desde_coleta=3, percentual_participacao_ibov=10.703),
)
CELL_CASES = {
    NAME: "ALOS3 (nome_acao='VALE', raw_acao='ALLOS')",
    VERBATIM: "ALOS3 (tipo_verbatim='ON      NM', raw_tipo='ON  ED  NM')",
    SESSION: "ABEV3 (data_pregao='2025-07-01', raw_data_pregao='2025-06-30')",
    SECTOR: "ABEV3 (setor_lido=''",
    SUBSECTOR: "VALE3 (subsetor_lido='Madeira e Papel', subsetor_esperado='Mineração')",
    COLLECTED: "DIRR3 (timestamp_coleta='2025-06-30 08:00:00+00:00'",
    FILE: "BPAC11 (file_ticker='VALE3')",
    "every segmento_listagem is a known one": "BPAC11 (segmento_listagem='N9')",
    "every classe is a known one": "PETR4 (classe='XX')",
    TIPO: "PETR4 (tipo='PN N2', tipo_esperado='XX N2')",
    QUANTITY: "PETR4",
    QUANTITIES: "14949459943",
    AGE: "VALE3",
    ORIGIN: "DIRR3 (origem_lida='reconstruida')",
    SHARE: "VALE3",
    WEIGHTS: "23199",
}
GROUP = (
    *("quantities are the group's sum", "the mean share is the group's"),
    *("the total share is the group's", "total_acoes is the group's row count"),
)
GROUP_QUANTITIES, GROUP_ROWS = f"quantidade_teorica_total sums to {QUANTITY_SUM}", "total_acoes sums to 6"
GROUP_CASES = [
    pytest.param(
        lambda frame: pd.concat([frame, frame.iloc[-1:]], ignore_index=True),
        {"no setor and classe stand twice", GROUP_QUANTITIES, GROUP_ROWS},
        id="the group without a sector twice",
    ),
    pytest.param(
        lambda frame: frame.iloc[1:],
        {*required(SUMMARY, "classe"), *GROUP, GROUP_QUANTITIES, GROUP_ROWS},
        id="a group lost",
    ),
    pytest.param(cells("ON", by="classe", classe=None), {*required(SUMMARY), *GROUP}, id="a class null"),
    pytest.param(
        cells(
            "UNT",
            by="classe",
            quantidade_teorica_total=1.0,
            participacao_media=1.0,
            participacao_total=2.539,
            total_acoes=2,
            data_pregao=date(2025, 7, 1),
        ),
        {*GROUP, GROUP_QUANTITIES, GROUP_ROWS, "every data_pregao is the session"},
        id="other figures",
    ),
]


def refused(report: GateReport) -> dict[str, str]:
    return {outcome.demand: outcome.line() for outcome in report.refusals}


def test_the_output_that_the_raw_rows_lead_to_passes(right: Given) -> None:
    report = require(right.judged())
    assert report.warnings == ()


def test_the_output_of_another_index_is_one_file_of_its_own_table(right: Given) -> None:
    other = given("IBXX", right.truth.rows)
    report = require(other.judged())
    assert "1 files of bovespa_refined_indices with 14 columns each" in {item.demand for item in report.outcomes}


@pytest.mark.parametrize(("check", "damage", "expected"), SCHEMA_CASES)
def test_another_physical_schema_is_refused_and_names_the_column(
    right: Given, check: str, damage: Damage, expected: dict[str, str]
) -> None:
    lines = refused(damage(right).judged(check))
    assert lines.keys() == expected.keys()
    assert [line for demand, line in lines.items() if expected[demand] not in line] == []


def test_rows_are_not_judged_where_the_schema_is_another(right: Given) -> None:
    report = schema(REFINED, lambda names: names[1:])(right).judged()
    assert not report.passed
    assert {outcome.check for outcome in report.outcomes} == {"refined.schema", "summary.schema"}


@pytest.mark.parametrize(("damage", "expected", "named"), ROW_CASES)
def test_rows_that_differ_from_the_raw_file_are_refused_by_name(
    right: Given, damage: Damage, expected: set[str], named: str
) -> None:
    lines = refused(damage(right).judged("refined.rows"))
    assert lines.keys() == expected
    assert [line for line in lines.values() if f" {named}" in line]


@pytest.fixture(scope="module")
def cells_refused(right: Given) -> dict[str, str]:
    damaged = right
    for change in DAMAGED_CELLS:
        damaged = rows(change)(damaged)
    return refused(damaged.judged("refined.rows"))


@pytest.mark.parametrize(("demand", "named"), CELL_CASES.items())
def test_a_cell_that_differs_is_refused_by_its_demand_and_names_the_row(
    cells_refused: dict[str, str], demand: str, named: str
) -> None:
    assert named in cells_refused[demand]


def test_a_cell_that_differs_breaks_no_other_demand(cells_refused: dict[str, str]) -> None:
    assert cells_refused.keys() == CELL_CASES.keys()


def test_without_an_origin_beside_the_raw_version_the_rows_state_none(right: Given) -> None:
    silent = replace(right, truth=replace(right.truth, origin=""))
    assert refused(silent.judged("refined.rows")).keys() == {"no origem is stated, for the raw version states none"}
    assert rows(lambda frame: frame.assign(origem=None))(silent).judged("refined.rows").passed


@pytest.mark.parametrize(("change", "expected"), GROUP_CASES)
def test_a_summary_that_differs_from_the_refined_rows_is_refused(
    right: Given, change: Callable[[pd.DataFrame], pd.DataFrame], expected: set[str]
) -> None:
    assert refused(groups(change)(right).judged("summary.rows")).keys() == expected


def test_every_demand_of_the_gate_has_a_case_that_breaks_it(right: Given) -> None:
    made = {
        str(expectation.notes)
        for check in refined.refined_checks(right.staged, right.truth)
        for expectation in check.expectations
    }
    broken = set(CELL_CASES)
    for case in (*SCHEMA_CASES, *ROW_CASES, *GROUP_CASES):
        values: tuple[Any, ...] = case.values  # noqa: PD011 - pytest's
        broken |= set(next(value for value in values if isinstance(value, set | dict)))
    assert made == broken


@pytest.mark.parametrize(
    ("check", "damage"),
    [
        pytest.param("refined.rows", rows(lambda frame: frame.iloc[:0]), id="no refined rows"),
        pytest.param("summary.rows", groups(lambda frame: frame.iloc[:0]), id="no summary rows"),
        pytest.param(
            "summary.schema", lambda given: replace(given, staged=replace(given.staged, schemas={})), id="no files"
        ),
    ],
)
def test_an_empty_output_is_refused(right: Given, check: str, damage: Damage) -> None:
    assert not damage(right).judged(check).passed


def test_the_totals_are_those_of_b3_s_header_not_of_the_rows(right: Given) -> None:
    truth = replace(right.truth, total_quantity=QUANTITY_SUM + 1)
    assert f"quantidade_teorica_acoes sums to {QUANTITY_SUM + 1}" in refused(
        replace(right, truth=truth).judged("refined.rows")
    )


def test_the_physical_types_are_those_that_athena_reads() -> None:
    schema = refined.physical_schema(tables.REFINED_COLUMNS)
    assert schema[0] == "codigo: BYTE_ARRAY/STRING"
    assert schema[-5:] == [
        "percentual_participacao_ibov: DOUBLE/NONE",
        "data_pregao: INT32/DATE",
        "timestamp_coleta: INT64/TIMESTAMP",
        "dias_desde_coleta: INT32/NONE",
        "origem: BYTE_ARRAY/STRING",
    ]


def test_of_sessions_that_are_checked_at_once_each_is_reported_as_by_itself(right: Given) -> None:
    cells_of_many = right
    for change in DAMAGED_CELLS:
        cells_of_many = rows(change)(cells_of_many)
    damaged = [
        lost_file(right),
        rows(lambda frame: frame.iloc[1:])(right),
        cells_of_many,
        groups(cells("ON", by="classe", classe=None))(right),
        replace(right, truth=replace(right.truth, total_quantity=QUANTITY_SUM + 1)),
        replace(right, truth=replace(right.truth, age_in_days=3)),
    ]
    session = date(2025, 6, 30)
    checks = [refined.refined_checks(item.staged, item.truth) for item in (right, *damaged, right)]
    at_once = run_gates(refined.GATE, [Subject("IBOV", session, of_one) for of_one in checks])
    alone = [run_gate(refined.GATE, "IBOV", session, of_one) for of_one in checks]
    assert [report.outcomes for report in at_once] == [report.outcomes for report in alone]
    assert [report.passed for report in at_once] == [True, *(False for _ in damaged), True]
    # Nobody is checked by itself because of what is wrong with another.
    assert [bool(report.validations) for report in at_once] == [False, *(True for _ in damaged), False]
