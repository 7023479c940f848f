"""The three transformations, and B3's texts as columns."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest
from pyspark.sql import functions as sf

from expectations.contract.tables import REFINED_COLUMNS, SUMMARY_COLUMNS
from glue.tables import spark_schema
from glue.transforms import refined, split_sector, split_type, summary, with_age, with_partitions

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, Row

pytestmark = pytest.mark.spark
RawFrame = Callable[..., "DataFrame"]

# Every sector string of the recorded answers, and how B3 may still write one.
SECTORS = {
    "Bens Indls / Mat Transporte": ("Bens Indls", "Mat Transporte"),
    "Bens Indls / Máqs e Equips": ("Bens Indls", "Máqs e Equips"),
    "Bens Indls/Transporte": ("Bens Indls", "Transporte"),
    "Cons N  Básico / Alimentos Processados": ("Cons N Básico", "Alimentos Processados"),
    "Cons N Ciclico/Agropecuária": ("Cons N Cíclico", "Agropecuária"),
    "Cons N Cíclico / Bebidas": ("Cons N Cíclico", "Bebidas"),
    "Cons N Cíclico / Comércio Distr.": ("Cons N Cíclico", "Comércio Distr."),
    "Cons N Cíclico / Pr Pessoal Limp": ("Cons N Cíclico", "Pr Pessoal Limp"),
    "Consumo Cíclico / Comércio": ("Consumo Cíclico", "Comércio"),
    "Consumo Cíclico / Tecid Vest Calç": ("Consumo Cíclico", "Tecid Vest Calç"),
    "Consumo Cíclico/Autos e Motos": ("Consumo Cíclico", "Autos e Motos"),
    "Consumo Cíclico/Constr Civil": ("Consumo Cíclico", "Constr Civil"),
    "Consumo Cíclico/Viagens e Lazer": ("Consumo Cíclico", "Viagens e Lazer"),
    "Diversos": ("Diversos", None),
    "Financ e Outros / Explor Imóveis": ("Financ e Outros", "Explor Imóveis"),
    "Financ e Outros / Holdings Divers": ("Financ e Outros", "Holdings Divers"),
    "Financ e Outros / Interms Financs": ("Financ e Outros", "Interms Financs"),
    "Financ e Outros / Previd  Seguros": ("Financ e Outros", "Previd Seguros"),
    "Financeiro e Outros/Serviços Financeiros Diversos": ("Financ e Outros", "Serviços Financeiros Diversos"),
    "Mats Básicos / Madeira e Papel": ("Mats Básicos", "Madeira e Papel"),
    "Mats Básicos / Mineração": ("Mats Básicos", "Mineração"),
    "Mats Básicos / Químicos": ("Mats Básicos", "Químicos"),
    "Mats Básicos / Sid Metalurgia": ("Mats Básicos", "Sid Metalurgia"),
    "Petróleo, Gás e Biocombustíveis": ("Petróleo, Gás e Biocombustíveis", None),
    "Petróleo/ Gás e Biocombustíveis": ("Petróleo, Gás e Biocombustíveis", None),
    "Saúde/Comércio Distr.": ("Saúde", "Comércio Distr."),
    "Saúde/SM Hosp An.Diag": ("Saúde", "SM Hosp An.Diag"),
    "Tec.Informação/Programas Servs": ("Tec.Informação", "Programas Servs"),
    "Telecomunicação": ("Telecomunicação", None),
    "Utilidade Públ / Energ Elétrica": ("Utilidade Públ", "Energ Elétrica"),
    "Utilidade Públ / Água Saneamento": ("Utilidade Públ", "Água Saneamento"),
    "  Diversos ": ("Diversos", None),
    "Cons N\t \nBásico / Alimentos": ("Cons N Básico", "Alimentos"),
    "Saúde / ": ("Saúde", None),
    "Saúde / Medicamentos / Outros": ("Saúde", "Medicamentos / Outros"),
    "": (None, None),
    "  ": (None, None),
    None: (None, None),
}

# Every form of `type` of the recorded answers: tipo, classe, eventos, segmento_listagem.
TYPES = {
    "CI": ("CI", "CI", None, None),
    "CI  ER": ("CI", "CI", "ER", None),
    "ON": ("ON", "ON", None, None),
    "ON      N1": ("ON N1", "ON", None, "N1"),
    "ON      N2": ("ON N2", "ON", None, "N2"),
    "ON      NM": ("ON NM", "ON", None, "NM"),
    "ON  ATZ NM": ("ON NM", "ON", "ATZ", "NM"),
    "ON  EB  NM": ("ON NM", "ON", "EB", "NM"),
    "ON  EBG": ("ON", "ON", "EBG", None),
    "ON  ED  N1": ("ON N1", "ON", "ED", "N1"),
    "ON  ED  N2": ("ON N2", "ON", "ED", "N2"),
    "ON  ED  NM": ("ON NM", "ON", "ED", "NM"),
    "ON  EDJ": ("ON", "ON", "EDJ", None),
    "ON  EDJ N2": ("ON N2", "ON", "EDJ", "N2"),
    "ON  EDJ NM": ("ON NM", "ON", "EDJ", "NM"),
    "ON  EDR N2": ("ON N2", "ON", "EDR", "N2"),
    "ON  EDR NM": ("ON NM", "ON", "EDR", "NM"),
    "ON  EG  NM": ("ON NM", "ON", "EG", "NM"),
    "ON  EJ": ("ON", "ON", "EJ", None),
    "ON  EJ  N1": ("ON N1", "ON", "EJ", "N1"),
    "ON  EJ  N2": ("ON N2", "ON", "EJ", "N2"),
    "ON  EJ  NM": ("ON NM", "ON", "EJ", "NM"),
    "ON  EX  NM": ("ON NM", "ON", "EX", "NM"),
    "PN": ("PN", "PN", None, None),
    "PN      N1": ("PN N1", "PN", None, "N1"),
    "PN      N2": ("PN N2", "PN", None, "N2"),
    "PN  ED  N1": ("PN N1", "PN", "ED", "N1"),
    "PN  EDJ N2": ("PN N2", "PN", "EDJ", "N2"),
    "PN  EDR N2": ("PN N2", "PN", "EDR", "N2"),
    "PN  EJ  N1": ("PN N1", "PN", "EJ", "N1"),
    "PN  EJ  N2": ("PN N2", "PN", "EJ", "N2"),
    "PNA     N1": ("PNA N1", "PNA", None, "N1"),
    "PNA ATZ N1": ("PNA N1", "PNA", "ATZ", "N1"),
    "PNB": ("PNB", "PNB", None, None),
    "PNB     N1": ("PNB N1", "PNB", None, "N1"),
    "PNB     N2": ("PNB N2", "PNB", None, "N2"),
    "PNB ED  N1": ("PNB N1", "PNB", "ED", "N1"),
    "PNB ED  N2": ("PNB N2", "PNB", "ED", "N2"),
    "UNT": ("UNT", "UNT", None, None),
    "UNT     N1": ("UNT N1", "UNT", None, "N1"),
    "UNT     N2": ("UNT N2", "UNT", None, "N2"),
    "UNT ED  N1": ("UNT N1", "UNT", "ED", "N1"),
    "UNT EDB N2": ("UNT N2", "UNT", "EDB", "N2"),
    "UNT EJ": ("UNT", "UNT", "EJ", None),
    "UNT EJ  N2": ("UNT N2", "UNT", "EJ", "N2"),
    "DRN": ("DRN", "DRN", None, None),
    "DR1 ED": ("DR1", "DR1", "ED", None),
}

MIDNIGHT = datetime(2025, 6, 30, 3, tzinfo=UTC)  # in São Paulo
AGES = {
    "the same day": (datetime(2025, 6, 30, 11, tzinfo=UTC), date(2025, 6, 30), 0),
    "the next day": (datetime(2025, 6, 30, 11, tzinfo=UTC), date(2025, 7, 1), 1),
    "a year": (datetime(2025, 6, 30, 11, tzinfo=UTC), date(2026, 6, 30), 365),
    "at midnight in São Paulo": (MIDNIGHT, date(2025, 6, 30), 0),
    "a second before midnight in São Paulo": (MIDNIGHT.replace(hour=2, minute=59, second=59), date(2025, 6, 30), 1),
    "after midnight in Greenwich": (datetime(2025, 7, 1, 0, 30, tzinfo=UTC), date(2025, 7, 1), 1),
    "in summer time, at midnight": (datetime(2018, 12, 10, 2, tzinfo=UTC), date(2018, 12, 10), 0),
    "in summer time, before midnight": (datetime(2018, 12, 10, 1, 59, tzinfo=UTC), date(2018, 12, 10), 1),
    "a reference date before the collection": (datetime(2025, 6, 30, 11, tzinfo=UTC), date(2025, 6, 1), 0),
}


def by_case(rows: DataFrame, *columns: str) -> dict[int, tuple[Any, ...]]:
    """The columns of each case, by the case's number."""
    return {int(row[0]): tuple(row[1:]) for row in rows.select(sf.col("qtde_teorica"), *columns).collect()}


@pytest.fixture(scope="module")
def sectors(raw_frame: RawFrame) -> dict[int, tuple[Any, ...]]:
    rows = raw_frame(*({"setor": text, "qtde_teorica": number} for number, text in enumerate(SECTORS)))
    return by_case(split_sector(rows), "setor", "subsetor")


@pytest.fixture(scope="module")
def types(raw_frame: RawFrame) -> dict[int, tuple[Any, ...]]:
    rows = raw_frame(*({"tipo": text, "qtde_teorica": number} for number, text in enumerate(TYPES)))
    return by_case(split_type(rows), "tipo", "classe", "eventos", "segmento_listagem")


@pytest.fixture(scope="module")
def ages(raw_frame: RawFrame) -> dict[int, tuple[Any, ...]]:
    rows = raw_frame(
        *(
            {"timestamp_coleta": collected_at, "reference_date": reference, "qtde_teorica": number}
            for number, (collected_at, reference, _) in enumerate(AGES.values())
        )
    )
    return by_case(with_age(rows), "dias_desde_coleta")


@pytest.mark.parametrize(("number", "text"), list(enumerate(SECTORS)), ids=map(repr, SECTORS))
def test_a_sector_string_is_a_sector_and_a_subsector_spelt_one_way(
    sectors: dict[int, tuple[Any, ...]], number: int, text: str | None
) -> None:
    assert sectors[number] == SECTORS[text]


@pytest.mark.parametrize(("number", "text"), list(enumerate(TYPES)), ids=map(repr, TYPES))
def test_a_type_is_read_by_its_widths(types: dict[int, tuple[Any, ...]], number: int, text: str) -> None:
    assert types[number] == TYPES[text]


@pytest.mark.parametrize(("number", "case"), list(enumerate(AGES)), ids=list(AGES))
def test_the_age_is_in_days_of_sao_paulo_and_never_negative(
    ages: dict[int, tuple[Any, ...]], number: int, case: str
) -> None:
    assert ages[number] == (AGES[case][2],)


# --- refined rows --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def vale(raw_frame: RawFrame) -> Row:
    (row,) = refined(raw_frame({"tipo": "ON  EDJ NM", "reference_date": date(2025, 7, 2)})).collect()
    return row


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("indice", "IBOV"),
        ("codigo", "VALE3"),
        ("nome_acao", "VALE"),
        ("tipo", "ON NM"),
        ("eventos", "EDJ"),
        ("setor", "Mats Básicos"),
        ("subsetor", "Mineração"),
        ("quantidade_teorica_acoes", 4_168_577_163.0),
        ("percentual_participacao_ibov", 11.0),
        ("data_pregao", date(2025, 6, 30)),
        ("dias_desde_coleta", 2),
        ("origem", "json"),
    ],
)
def test_a_refined_row_states_what_the_raw_row_does(vale: Row, column: str, value: object) -> None:
    assert vale[column] == value


def test_refined_rows_have_the_contracts_columns_in_its_order_and_types(raw_frame: RawFrame) -> None:
    found = refined(raw_frame({})).drop("indice").schema
    assert [(field.name, field.dataType) for field in found] == [
        (field.name, field.dataType) for field in spark_schema(REFINED_COLUMNS)
    ]


def test_the_instant_of_collection_stays_as_it_is(raw_frame: RawFrame) -> None:
    rows = refined(raw_frame({"timestamp_coleta": datetime(2025, 6, 30, 2, 30, 1, 500_000, tzinfo=UTC)}))
    assert rows.select(sf.unix_micros("timestamp_coleta")).first() == (1_751_250_601_500_000,)


def test_a_quantity_beyond_32_bits_stays_exact(raw_frame: RawFrame) -> None:
    (row,) = refined(raw_frame({"qtde_teorica": 91_922_324_686})).collect()
    assert int(row["quantidade_teorica_acoes"]) == 91_922_324_686


# --- the summary ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def groups(raw_frame: RawFrame) -> dict[tuple[Any, ...], Row]:
    shares: list[dict[str, object]] = [
        {"setor": "Bancos / A", "qtde_teorica": 3_000_000_000, "participacao_pct": 1.0},
        {"setor": "Bancos / B", "qtde_teorica": 3_000_000_000, "participacao_pct": 4.0, "tipo": "ON  ED  NM"},
        {"setor": "Bancos / A", "qtde_teorica": 10, "participacao_pct": 2.0, "tipo": "PN"},
        {"setor": None, "qtde_teorica": 20, "participacao_pct": 1.0},
        {"setor": None, "qtde_teorica": 30, "participacao_pct": 1.0},
        {"setor": "Bancos / A", "qtde_teorica": 40, "participacao_pct": 5.0, "data_pregao": date(2025, 7, 1)},
        {"setor": "Bancos / A", "qtde_teorica": 50, "participacao_pct": 6.0, "indice": "IBXX"},
    ]
    rows = summary(refined(raw_frame(*shares))).collect()
    found = {(row["indice"], row["data_pregao"].day, row["setor"], row["classe"]): row for row in rows}
    assert len(found) == len(rows)
    return found


@pytest.mark.parametrize(
    ("group", "quantity", "mean", "total", "count"),
    [
        pytest.param(("IBOV", 30, "Bancos", "ON"), 6e9, 2.5, 5.0, 2, id="subsectors and flags make no groups"),
        pytest.param(("IBOV", 30, "Bancos", "PN"), 10, 2.0, 2.0, 1, id="each class is a group"),
        pytest.param(("IBOV", 30, None, "ON"), 50, 1.0, 2.0, 2, id="shares without a sector are one"),
        pytest.param(("IBOV", 1, "Bancos", "ON"), 40, 5.0, 5.0, 1, id="each session by itself"),
        pytest.param(("IBXX", 30, "Bancos", "ON"), 50, 6.0, 6.0, 1, id="each index by itself"),
    ],
)
def test_the_summary_is_by_sector_and_class_per_index_and_session(
    groups: dict[tuple[Any, ...], Row], group: tuple[Any, ...], quantity: float, mean: float, total: float, count: int
) -> None:
    row = groups[group]
    assert row["quantidade_teorica_total"] == quantity
    assert row["participacao_media"] == pytest.approx(mean)
    assert row["participacao_total"] == pytest.approx(total)
    assert row["total_acoes"] == count


def test_the_summary_has_no_other_groups(groups: dict[tuple[Any, ...], Row]) -> None:
    assert len(groups) == 5


def test_the_summary_has_the_contracts_columns_in_its_order_and_types(raw_frame: RawFrame) -> None:
    found = summary(refined(raw_frame({}))).drop("indice").schema
    assert [(field.name, field.dataType) for field in found] == [
        (field.name, field.dataType) for field in spark_schema(SUMMARY_COLUMNS)
    ]


# --- partitions ----------------------------------------------------------------------------------------------------------


def test_partition_values_are_written_as_in_the_contracts_keys(raw_frame: RawFrame) -> None:
    rows = with_partitions(refined(raw_frame({"data_pregao": date(2025, 6, 3), "codigo": "B3SA3"})))
    assert rows.select("year", "month", "day", "acao").first() == ("2025", "06", "03", "B3SA3")


def test_rows_without_a_ticker_have_no_partition_by_it(raw_frame: RawFrame) -> None:
    assert "acao" not in with_partitions(summary(refined(raw_frame({})))).columns
