"""Names, columns and tables: what is written once."""

from __future__ import annotations

import pytest

from expectations import contract


class TestTables:
    def test_the_ibovespa_has_its_own_and_other_indices_share_one(self) -> None:
        assert contract.refined_table("IBOV").name == "bovespa_refined_data"
        assert contract.summary_table("IBOV").name == "bovespa_resumo_setor"
        assert contract.refined_table("IBXX") == contract.refined_table("SMLL") != contract.refined_table("IBOV")
        assert contract.summary_table("IBXX") == contract.summary_table("SMLL") != contract.summary_table("IBOV")

    @pytest.mark.parametrize("table", contract.TABLES, ids=lambda table: table.name)
    def test_name_no_column_twice_partitions_included(self, table: contract.Table) -> None:
        names = [column.name for column in (*table.columns, *table.partitions)]
        assert len(names) == len(set(names))

    @pytest.mark.parametrize("table", contract.TABLES, ids=lambda table: table.name)
    def test_say_of_every_column_what_it_means(self, table: contract.Table) -> None:
        assert table.description
        assert all(column.description for column in (*table.columns, *table.partitions))

    def test_lie_apart_from_each_other_and_from_staging(self) -> None:
        prefixes = [*(table.prefix for table in contract.TABLES), contract.STAGING_PREFIX, contract.PUBLISHED_PREFIX]
        assert not [(a, b) for a in prefixes for b in prefixes if a != b and a.startswith(b)]

    def test_are_written_by_the_job_or_by_the_flows(self) -> None:
        assert (*contract.JOB_TABLES, *contract.MONTHLY_TABLES) == contract.TABLES

    def test_history_has_every_column_and_partition_of_the_refined_tables(self) -> None:
        def names(table: contract.Table) -> set[str]:
            return {column.name for column in (*table.columns, *table.partitions)}

        for table in (contract.REFINED_TABLE, contract.INDICES_REFINED_TABLE):
            assert names(table) <= names(contract.HISTORY_TABLE)

    def test_the_raw_and_refined_columns_are_the_users(self) -> None:
        assert [column.name for column in contract.RAW_COLUMNS] == [
            *("codigo", "acao", "tipo", "setor", "qtde_teorica", "participacao_pct", "data_pregao", "timestamp_coleta"),
        ]
        assert [column.name for column in contract.REFINED_TABLE.partitions] == ["year", "month", "day", "acao"]
        assert {"quantidade_teorica_acoes", "percentual_participacao_ibov", "dias_desde_coleta"} <= {
            column.name for column in contract.REFINED_COLUMNS
        }
