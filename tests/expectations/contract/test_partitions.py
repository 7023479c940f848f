"""Partitions: their values and their prefixes say the same, and what is made of a month is read back as the month."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given

from expectations.contract import names, partitions, tables
from expectations.contract.keys import ContractError
from tests.strategies import INDICES, SESSIONS, TICKERS

MONDAY = date(2025, 6, 30)


class TestPartition:
    def test_prefix_is_the_documented_folder(self) -> None:
        prefix = partitions.partition_prefix(tables.REFINED_TABLE, "IBOV", MONDAY, "VALE3")
        assert prefix == "refined-data/year=2025/month=06/day=30/acao=VALE3/"

    def test_prefix_without_a_ticker_is_the_whole_session_s(self) -> None:
        whole = partitions.partition_prefix(tables.REFINED_TABLE, "IBOV", MONDAY)
        assert whole == "refined-data/year=2025/month=06/day=30/"
        assert partitions.partition_prefix(tables.REFINED_TABLE, "IBOV", MONDAY, "VALE3").startswith(whole)

    def test_prefix_names_the_index_in_the_tables_of_other_indices(self) -> None:
        prefix = partitions.partition_prefix(tables.INDICES_SUMMARY_TABLE, "IBXX", MONDAY)
        assert prefix == "resumo-indices/indice=IBXX/year=2025/month=06/day=30/"

    def test_values_are_canonical_numbers_in_the_table_s_order(self) -> None:
        assert partitions.partition_values(tables.REFINED_TABLE, "IBOV", MONDAY, "VALE3") == (
            "2025",
            "6",
            "30",
            "VALE3",
        )
        assert partitions.partition_values(tables.INDICES_REFINED_TABLE, "IBXX", MONDAY) == ("IBXX", "2025", "6", "30")

    def test_values_without_the_ticker_that_the_table_needs_are_refused(self) -> None:
        with pytest.raises(ContractError, match="bovespa_refined_data: a partition needs a ticker"):
            partitions.partition_values(tables.REFINED_TABLE, "IBOV", MONDAY)

    @given(INDICES, SESSIONS, TICKERS)
    def test_prefix_and_values_say_the_same(self, index: str, session: date, ticker: str) -> None:
        for table in tables.TABLES:
            folders = (
                partitions.partition_prefix(table, index, session, ticker).removeprefix(table.prefix).split("/")[:-1]
            )
            stated = dict(folder.split("=") for folder in folders)
            values = partitions.partition_values(table, index, session, ticker)
            assert list(stated) == [column.name for column in table.partitions]
            assert [text.lstrip("0") for text in stated.values()] == [text.lstrip("0") for text in values]


class TestMonthKeys:
    def test_are_the_documented_ones(self) -> None:
        found = [partitions.month_key(table, "IBOV", MONDAY) for table in tables.MONTHLY_TABLES]
        assert found == [
            "historico/indice=IBOV/year=2025/month=06/part-00000.parquet",
            "mudancas/indice=IBOV/year=2025/month=06/part-00000.parquet",
            "cotacoes/year=2025/month=06/part-00000.parquet",
        ]

    @given(INDICES, SESSIONS)
    def test_tell_their_month_and_their_index(self, index: str, session: date) -> None:
        for table in tables.MONTHLY_TABLES:
            key = partitions.month_key(table, index, session)
            assert key.startswith(partitions.index_prefix(table, index))
            assert partitions.month_of_key(table, index, key) == session.replace(day=1)
            if tables.INDEX_PARTITION in table.partitions:
                assert partitions.month_of_key(table, "XXXX" if index != "XXXX" else "YYYY", key) is None
            values = partitions.partition_values(table, index, session)
            assert partitions.month_of_values(table, index, values) == session.replace(day=1)
            assert partitions.moving_prefix(table, index, session).startswith(names.STAGING_PREFIX)

    @pytest.mark.parametrize(
        "key",
        [
            "historico/indice=IBOV/year=2025/month=13/part-00000.parquet",
            "historico/indice=IBOV/year=0000/month=01/part-00000.parquet",
            "historico/indice=IBOV/year=2025/month=6/part-00000.parquet",
            "historico/indice=IBOV/part-00000.parquet",
            "mudancas/indice=IBOV/year=2025/month=06/part-00000.parquet",
            "",
        ],
    )
    def test_of_another_form_tell_none(self, key: str) -> None:
        assert partitions.month_of_key(tables.HISTORY_TABLE, "IBOV", key) is None

    @pytest.mark.parametrize(
        "values",
        [("IBOV", "2025", "13"), ("IBOV", "2025", "06"), ("IBXX", "2025", "6"), ("IBOV", "x", "6"), ("6",), ()],
    )
    def test_values_of_no_months_partition_tell_none(self, values: tuple[str, ...]) -> None:
        assert partitions.month_of_values(tables.HISTORY_TABLE, "IBOV", values) is None


@pytest.mark.parametrize("table", tables.MONTHLY_TABLES, ids=lambda table: table.name)
class TestMonths:
    @given(INDICES, SESSIONS)
    def test_whatever_lies_in_a_months_folder_is_of_the_month(
        self, table: tables.Table, index: str, session: date
    ) -> None:
        key, month = partitions.month_key(table, index, session), session.replace(day=1)
        assert key.startswith(partitions.index_prefix(table, index))
        assert partitions.month_of_key(table, index, key) == month
        assert partitions.month_of_key(table, index, f"{key}.another") == month
        assert partitions.moving_prefix(table, index, session).endswith(key.removesuffix(names.PART_NAME))
        assert partitions.month_of_key(table, index, partitions.moving_prefix(table, index, session)) is None

    @given(INDICES, SESSIONS)
    def test_a_partitions_values_are_read_back_as_the_month(
        self, table: tables.Table, index: str, session: date
    ) -> None:
        values = partitions.partition_values(table, index, session)
        assert partitions.month_of_values(table, index, values) == session.replace(day=1)

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            pytest.param("month=06", "month=13", id="a month of 13"),
            pytest.param("month=06", "month=00", id="a month of 0"),
            pytest.param("month=06", "month=6", id="a month unpadded"),
            pytest.param("year=2025", "year=0000", id="a year of 0"),
            pytest.param("year=2025", "year=٢٠٢٥", id="digits of another script"),
            pytest.param("=IBOV", "=IBXX", id="another index"),
            pytest.param("year", "x/year", id="deeper"),
            pytest.param("indice", "x/indice", id="another prefix"),
        ],
    )
    def test_another_key_is_of_no_month(self, table: tables.Table, old: str, new: str) -> None:
        key = partitions.month_key(table, "IBOV", MONDAY)
        if old not in key:
            assert tables.INDEX_PARTITION not in table.partitions
            old, new = "=2025", "=202"
        assert partitions.month_of_key(table, "IBOV", key.replace(old, new)) is None

    @pytest.mark.parametrize(
        "values",
        [
            ("IBOV", "2025", "13"),
            ("IBOV", "2025", "06"),
            ("IBOV", "2025", "x"),
            ("IBOV", "2025", "٦"),
            ("IBXX", "2025", "6"),
            ("6",),
            (),
        ],
        ids=str,
    )
    def test_other_values_are_of_no_month(self, table: tables.Table, values: tuple[str, ...]) -> None:
        assert partitions.month_of_values(table, "IBOV", values) is None

    def test_a_partition_has_an_index_where_the_table_has_one(self, table: tables.Table) -> None:
        of_index = tables.INDEX_PARTITION in table.partitions
        values, others = ("2025", "6"), ("IBOV", "2025", "6")
        assert partitions.month_of_values(table, "IBOV", values) == (None if of_index else date(2025, 6, 1))
        assert partitions.month_of_values(table, "IBOV", others) == (date(2025, 6, 1) if of_index else None)


@given(SESSIONS)
def test_the_months_of_prices_are_those_of_all_indices(session: date) -> None:
    key = partitions.month_key(tables.QUOTES_TABLE, None, session)
    assert key == f"cotacoes/year={session:%Y}/month={session:%m}/part-00000.parquet"
    assert partitions.month_of_key(tables.QUOTES_TABLE, None, key) == session.replace(day=1)
    values = partitions.partition_values(tables.QUOTES_TABLE, None, session)
    assert partitions.month_of_values(tables.QUOTES_TABLE, None, values) == session.replace(day=1)


def test_a_month_of_an_index_needs_the_index() -> None:
    with pytest.raises(ContractError, match="bovespa_historico: a partition needs an index"):
        partitions.partition_values(tables.HISTORY_TABLE, None, MONDAY)
    with pytest.raises(ContractError, match="index code ''"):
        partitions.month_key(tables.HISTORY_TABLE, None, MONDAY)
