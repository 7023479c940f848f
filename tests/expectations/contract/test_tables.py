"""Names, columns and tables: what is written once."""

from __future__ import annotations

import pytest

from expectations.contract import names, tables


class TestTables:
    def test_the_ibovespa_has_its_own_and_other_indices_share_one(self) -> None:
        assert tables.refined_table("IBOV").name == "bovespa_refined_data"
        assert tables.summary_table("IBOV").name == "bovespa_resumo_setor"
        assert tables.refined_table("IBXX") == tables.refined_table("SMLL") != tables.refined_table("IBOV")
        assert tables.summary_table("IBXX") == tables.summary_table("SMLL") != tables.summary_table("IBOV")

    @pytest.mark.parametrize("table", tables.TABLES, ids=lambda table: table.name)
    def test_name_no_column_twice_partitions_included(self, table: tables.Table) -> None:
        names = [column.name for column in (*table.columns, *table.partitions)]
        assert len(names) == len(set(names))

    @pytest.mark.parametrize("table", tables.TABLES, ids=lambda table: table.name)
    def test_say_of_every_column_what_it_means(self, table: tables.Table) -> None:
        assert table.description
        assert all(column.description for column in (*table.columns, *table.partitions))

    def test_lie_apart_from_each_other_and_from_staging(self) -> None:
        prefixes = [*(table.prefix for table in tables.TABLES), names.STAGING_PREFIX, names.PUBLISHED_PREFIX]
        assert not [(a, b) for a in prefixes for b in prefixes if a != b and a.startswith(b)]

    def test_are_written_by_the_job_or_by_the_flows(self) -> None:
        assert (*tables.JOB_TABLES, *tables.MONTHLY_TABLES) == tables.TABLES

    def test_history_has_every_column_and_partition_of_the_refined_tables(self) -> None:
        def names(table: tables.Table) -> set[str]:
            return {column.name for column in (*table.columns, *table.partitions)}

        for table in (tables.REFINED_TABLE, tables.INDICES_REFINED_TABLE):
            assert names(table) <= names(tables.HISTORY_TABLE)

    def test_the_raw_and_refined_columns_are_the_users(self) -> None:
        assert [column.name for column in tables.RAW_COLUMNS] == [
            *("codigo", "acao", "tipo", "setor", "qtde_teorica", "participacao_pct", "data_pregao", "timestamp_coleta"),
        ]
        assert [column.name for column in tables.REFINED_TABLE.partitions] == ["year", "month", "day", "acao"]
        assert {"quantidade_teorica_acoes", "percentual_participacao_ibov", "dias_desde_coleta"} <= {
            column.name for column in tables.REFINED_COLUMNS
        }
