"""The views' answers, on three small sessions whose every figure can be worked out by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

import duckdb
import pytest
import sqlglot

from expectations.views import VIEWS, View

MON, TUE, WED = date(2025, 6, 30), date(2025, 7, 1), date(2025, 7, 2)
SHARES = [
    # session, ticker, name, sector, quantity, share
    (MON, "VALE3", "VALE", "Mineração", 10.0, 60.0),
    (MON, "NTCO3", "NATURA", None, 20.0, 40.0),
    (TUE, "VALE3", "VALE", "Mineração", 10.0, 55.0),
    (TUE, "NTCO3", "NATURA", None, 20.0, 45.0),
    (WED, "VALE3", "VALE", "Mineração", 12.0, 50.0),
    (WED, "NATU3", "NATURA", None, 20.0, 50.0),
]


@pytest.fixture(scope="module")
def published() -> duckdb.DuckDBPyConnection:
    """The two tables that the views read, as Athena would show them."""
    connection = duckdb.connect()
    connection.execute('CREATE SCHEMA "default"')
    connection.execute(
        'CREATE TABLE "default".bovespa_refined_data (data_pregao DATE, acao VARCHAR, nome_acao VARCHAR, setor VARCHAR,'
        " quantidade_teorica_acoes DOUBLE, percentual_participacao_ibov DOUBLE)"
    )
    connection.executemany('INSERT INTO "default".bovespa_refined_data VALUES (?, ?, ?, ?, ?, ?)', SHARES)
    connection.execute(
        "CREATE TABLE \"default\".bovespa_resumo_setor AS SELECT data_pregao, setor, 'ON' AS classe, COUNT(*) AS total_acoes,"
        ' SUM(percentual_participacao_ibov) AS participacao_total FROM "default".bovespa_refined_data GROUP BY ALL'
    )
    return connection


def rows(published: duckdb.DuckDBPyConnection, name: str) -> list[tuple[Any, ...]]:
    (view,) = (view for view in VIEWS if view.name == name)
    text = sqlglot.transpile(view.sql, read="athena", write="duckdb", identify=True)[0]
    return sorted(published.sql(text).fetchall(), key=str)


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_a_views_columns_are_those_of_its_text(view: View) -> None:
    parsed = sqlglot.parse_one(view.sql, read="athena")
    assert parsed.named_selects == [name for name, _ in view.columns]
    assert view.description
    assert not view.sql.endswith(";")


def test_the_largest_shares_are_the_latest_sessions(published: duckdb.DuckDBPyConnection) -> None:
    assert rows(published, "bovespa_dez_maiores") == [
        (WED, "NATU3", "NATURA", None, 20.0, 50.0),
        (WED, "VALE3", "VALE", "Mineração", 12.0, 50.0),
    ]


def test_a_shares_change_is_against_its_own_session_before(published: duckdb.DuckDBPyConnection) -> None:
    changes = {(row[0], row[2]): row[4] for row in rows(published, "bovespa_evolucao_participacao")}
    assert changes == {
        ("VALE3", MON): None,
        ("VALE3", TUE): -5.0,
        ("VALE3", WED): -5.0,
        ("NTCO3", MON): None,
        ("NTCO3", TUE): 5.0,
        ("NATU3", WED): None,
    }


def test_a_sector_without_a_name_is_called_so(published: duckdb.DuckDBPyConnection) -> None:
    assert rows(published, "bovespa_setores")[:2] == [
        (MON, "Mineração", 1, 60.0),
        (MON, "sem setor", 1, 40.0),
    ]


def test_a_renamed_ticker_left_under_one_name_and_entered_under_the_other(
    published: duckdb.DuckDBPyConnection,
) -> None:
    assert rows(published, "bovespa_entradas_e_saidas") == [
        (WED, "entrou", "NATU3", "NATURA"),
        (WED, "saiu", "NTCO3", "NATURA"),
    ]


def test_concentration_is_the_sum_of_squares_and_of_the_largest(published: duckdb.DuckDBPyConnection) -> None:
    assert rows(published, "bovespa_concentracao") == [
        (MON, 2, 5200.0, 100.0, 100.0),
        (TUE, 2, 5050.0, 100.0, 100.0),
        (WED, 2, 5000.0, 100.0, 100.0),
    ]
