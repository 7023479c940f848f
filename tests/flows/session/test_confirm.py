"""Confirming that what Athena shows is what was audited."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

import pandas as pd
import pytest

from expectations.contract.tables import INDICES_SUMMARY_TABLE, REFINED_TABLE, SUMMARY_TABLE
from flows.errors import PublishError
from flows.lake.athena import QueryResult
from flows.session.confirm import confirm, session_query, session_tables, sessions_query

AUDITED = pd.DataFrame(
    {
        "codigo": ["ALOS3", "BPAC11"],
        "nome_acao": ["ALLOS", "BTGP BANCO"],
        "tipo": ["ON NM", "UNT N2"],
        "classe": ["ON", "UNT"],
        "segmento_listagem": ["NM", "N2"],
        "eventos": ["ED", None],
        "setor": ["Financ e Outros", None],
        "subsetor": ["Explor Imóveis", None],
        "quantidade_teorica_acoes": [476976044.0, 4394835131.0],
        "percentual_participacao_ibov": [0.509, 2.732],
        "data_pregao": [date(2025, 6, 30)] * 2,
        "timestamp_coleta": pd.to_datetime([datetime(2025, 6, 30, 11, tzinfo=UTC)] * 2).as_unit("us"),
        "dias_desde_coleta": pd.Series([0, 0], dtype="int32"),
        "origem": ["copy of csv", None],
        "file_ticker": ["ALOS3", "BPAC11"],
    }
)
# As Athena writes the same rows.
ROWS = (
    *(
        ("ALOS3", "ALLOS", "ON NM", "ON", "NM", "ED", "Financ e Outros", "Explor Imóveis", "4.76976044E8", "0.509"),
        ("BPAC11", "BTGP BANCO", "UNT N2", "UNT", "N2", None, None, None, "4.394835131E9", "2.732"),
    ),
)
VISIBLE = tuple(
    (*row, "2025-06-30", "2025-06-30 11:00:00.000", "0", origin)
    for row, origin in zip(ROWS, ("copy of csv", None), strict=True)
)


def answer(rows: Sequence[Sequence[str | None]]) -> QueryResult:
    return QueryResult((), (), tuple(tuple(row) for row in rows), 0, 0, "")


def with_cell(number: int, value: str | None) -> list[tuple[str | None, ...]]:
    first = list(VISIBLE[0])
    first[number] = value
    return [tuple(first), VISIBLE[1]]


class TestQuery:
    def test_asks_for_the_contract_s_columns_of_one_session(self) -> None:
        assert session_query(SUMMARY_TABLE, "IBOV", date(2025, 6, 30)) == (
            "SELECT setor, classe, quantidade_teorica_total, participacao_media, participacao_total, total_acoes, "
            "data_pregao FROM bovespa_resumo_setor WHERE year = 2025 AND month = 6 AND day = 30"
        )

    def test_asks_for_one_index_where_a_table_holds_several(self) -> None:
        query = session_query(INDICES_SUMMARY_TABLE, "IBXX", date(2025, 6, 30))
        assert query.endswith("WHERE year = 2025 AND month = 6 AND day = 30 AND indice = 'IBXX'")

    def test_asks_for_many_sessions_month_by_month_with_what_tells_them_apart(self) -> None:
        days = [date(2025, 7, 1), date(2025, 6, 30), date(2025, 6, 27)]
        assert sessions_query(SUMMARY_TABLE, [("IBOV", day) for day in days]) == (
            "SELECT setor, classe, quantidade_teorica_total, participacao_media, participacao_total, total_acoes, "
            "data_pregao, year, month, day FROM bovespa_resumo_setor "
            "WHERE (year = 2025 AND month = 6 AND day IN (27, 30)) OR (year = 2025 AND month = 7 AND day IN (1))"
        )

    def test_asks_for_many_sessions_of_several_indices(self) -> None:
        sessions = [("SMLL", date(2025, 6, 30)), ("IBXX", date(2025, 6, 30))]
        assert sessions_query(INDICES_SUMMARY_TABLE, sessions).endswith(
            "data_pregao, year, month, day, indice FROM bovespa_resumo_setor_indices "
            "WHERE (year = 2025 AND month = 6 AND day IN (30) AND indice = 'IBXX') "
            "OR (year = 2025 AND month = 6 AND day IN (30) AND indice = 'SMLL')"
        )

    def test_goes_to_the_index_s_two_tables(self) -> None:
        assert session_tables("IBOV") == (REFINED_TABLE, SUMMARY_TABLE)
        assert session_tables("IBXX")[1] == INDICES_SUMMARY_TABLE


class TestConfirming:
    def test_counts_the_rows_when_every_cell_is_the_audited_one(self) -> None:
        assert confirm(REFINED_TABLE, answer(VISIBLE), AUDITED) == 2

    def test_an_instant_is_the_same_in_any_zone(self) -> None:
        instants = AUDITED["timestamp_coleta"].dt.tz_convert("America/Sao_Paulo")
        assert confirm(REFINED_TABLE, answer(VISIBLE), AUDITED.assign(timestamp_coleta=instants)) == 2

    @pytest.mark.parametrize(
        ("rows", "why"),
        [
            pytest.param(with_cell(8, "many"), "could not convert string to float: 'many'", id="no number"),
            pytest.param(with_cell(11, "today"), "Invalid isoformat string: 'today'", id="no instant"),
            pytest.param(
                [VISIBLE[0][:-1], VISIBLE[1]], r"zip\(\) argument 2 is shorter than argument 1", id="one too few"
            ),
        ],
    )
    def test_refuses_a_cell_that_is_not_of_its_column_s_type(
        self, rows: Sequence[Sequence[str | None]], why: str
    ) -> None:
        message = rf"^bovespa_refined_data: Athena shows a cell that is not of its column's type \({why}\)$"
        with pytest.raises(PublishError, match=message):
            confirm(REFINED_TABLE, answer(rows), AUDITED)

    def test_leaves_the_order_of_rows_to_athena(self) -> None:
        assert confirm(REFINED_TABLE, answer(VISIBLE[::-1]), AUDITED) == 2

    @pytest.mark.parametrize(
        ("number", "same"),
        [
            pytest.param(8, "476976044", id="a double without exponent"),
            pytest.param(8, "476976044.0", id="a double with a point"),
            pytest.param(11, "2025-06-30 11:00:00.000000", id="an instant with microseconds"),
            pytest.param(11, "2025-06-30 11:00:00", id="an instant in whole seconds"),
        ],
    )
    def test_reads_a_value_however_athena_writes_it(self, number: int, same: str) -> None:
        assert confirm(REFINED_TABLE, answer(with_cell(number, same)), AUDITED) == 2

    @pytest.mark.parametrize(
        ("number", "other"),
        [
            pytest.param(0, "ALOS4", id="text"),
            pytest.param(5, None, id="a text that is null"),
            pytest.param(5, "", id="a text that is empty"),
            pytest.param(8, "476976045", id="a double"),
            pytest.param(8, None, id="a double that is null"),
            pytest.param(9, "0.5090000001", id="a double's tenth decimal"),
            pytest.param(10, "2025-07-01", id="a date"),
            pytest.param(11, "2025-06-30 08:00:00.000", id="an instant"),
            pytest.param(12, "1", id="an int"),
        ],
    )
    def test_refuses_a_cell_that_differs_and_shows_the_row(self, number: int, other: str | None) -> None:
        with pytest.raises(PublishError, match="1 of the 2 audited rows are missing and 1 are strange") as refused:
            confirm(REFINED_TABLE, answer(with_cell(number, other)), AUDITED)
        assert "ALOS3" in str(refused.value)

    @pytest.mark.parametrize(
        ("rows", "message"),
        [
            pytest.param([], "0 rows, 2 of the 2 audited rows are missing and 0 are strange", id="none"),
            pytest.param(VISIBLE[1:], "1 rows, 1 of the 2 audited rows are missing and 0 are strange", id="one lost"),
            pytest.param(
                [*VISIBLE, VISIBLE[0]], "3 rows, 0 of the 2 audited rows are missing and 1 are strange", id="twice"
            ),
        ],
    )
    def test_refuses_rows_that_are_lost_or_doubled(self, rows: Sequence[Sequence[str | None]], message: str) -> None:
        with pytest.raises(PublishError, match=f"bovespa_refined_data: Athena shows {message}"):
            confirm(REFINED_TABLE, answer(rows), AUDITED)
