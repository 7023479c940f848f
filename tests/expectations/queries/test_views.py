"""The views' answers, on three small sessions whose every figure can be worked out by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest
import sqlglot

from expectations.queries.views import VIEWS, View

MON, TUE, WED = date(2025, 6, 30), date(2025, 7, 1), date(2025, 7, 2)
FRI, SAT, SUN = date(2025, 7, 4), date(2025, 7, 5), date(2025, 7, 6)
SHARES = [
    # index, session, ticker, name, sector, quantity, share
    ("IBOV", MON, "VALE3", "VALE", "Mineração", 10.0, 60.0),
    ("IBOV", MON, "NTCO3", "NATURA", None, 20.0, 40.0),
    ("IBOV", TUE, "VALE3", "VALE", "Mineração", 10.0, 55.0),
    ("IBOV", TUE, "NTCO3", "NATURA", None, 20.0, 45.0),
    ("IBOV", WED, "VALE3", "VALE", "Mineração", 12.0, 50.0),
    ("IBOV", WED, "NATU3", "NATURA", None, 20.0, 50.0),
    ("IFIX", FRI, "HGLG11", "FII HGLG", None, 5.0, 100.0),
]
QUOTES = [
    # ticker, session, close, units
    ("VALE3", MON, 50.0, 1),
    ("NTCO3", MON, 10000.0, 1000),
    ("VALE3", TUE, 51.0, 1),
    # NTCO3 did not trade on Tuesday; of Wednesday there are no prices.
]
CHANGES = [
    ("IBOV", TUE, "participacao", "VALE3", None, "VALE", False),
    ("IBOV", WED, "quantidade", "VALE3", None, "VALE", False),
    ("IBOV", WED, "renomeada", "NATU3", "NTCO3", "NATURA", False),
    ("IFIX", FRI, "entrou", "HGLG11", None, "FII HGLG", True),
]


@pytest.fixture(scope="module")
def published() -> duckdb.DuckDBPyConnection:
    """The two tables that the views read, as Athena would show them."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute('CREATE SCHEMA "default"')
    connection.execute(
        'CREATE TABLE "default".bovespa_historico (indice VARCHAR, data_pregao DATE, acao VARCHAR, nome_acao VARCHAR,'
        " setor VARCHAR, quantidade_teorica_acoes DOUBLE, percentual_participacao_ibov DOUBLE, tipo VARCHAR DEFAULT 'ON NM',"
        " classe VARCHAR DEFAULT 'ON', subsetor VARCHAR, redutor DOUBLE DEFAULT 2.5,"
        # 23:30 in São Paulo on the day before, where it is 02:30 in UTC.
        " timestamp_coleta TIMESTAMP DEFAULT TIMESTAMP '2025-07-01 02:30:00')"
    )
    connection.executemany(
        'INSERT INTO "default".bovespa_historico BY POSITION (indice, data_pregao, acao, nome_acao, setor,'
        " quantidade_teorica_acoes, percentual_participacao_ibov) VALUES (?, ?, ?, ?, ?, ?, ?)",
        SHARES,
    )
    connection.execute(
        'CREATE TABLE "default".bovespa_mudancas (indice VARCHAR, data_pregao DATE, mudanca VARCHAR, acao VARCHAR,'
        " acao_anterior VARCHAR, nome_acao VARCHAR, rebalanceamento BOOLEAN)"
    )
    connection.executemany('INSERT INTO "default".bovespa_mudancas VALUES (?, ?, ?, ?, ?, ?, ?)', CHANGES)
    connection.execute(
        'CREATE TABLE "default".bovespa_cotacoes (acao VARCHAR, data_pregao DATE, preco_fechamento DOUBLE, fator_cotacao INTEGER)'
    )
    connection.executemany('INSERT INTO "default".bovespa_cotacoes VALUES (?, ?, ?, ?)', QUOTES)
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


def test_the_largest_shares_are_the_latest_sessions_of_each_index(published: duckdb.DuckDBPyConnection) -> None:
    assert rows(published, "bovespa_dez_maiores") == [
        ("IBOV", WED, "NATU3", "NATURA", None, 20.0, 50.0),
        ("IBOV", WED, "VALE3", "VALE", "Mineração", 12.0, 50.0),
        ("IFIX", FRI, "HGLG11", "FII HGLG", None, 5.0, 100.0),
    ]


def test_a_shares_change_is_against_its_own_session_before(published: duckdb.DuckDBPyConnection) -> None:
    changes = {(row[1], row[3]): row[5] for row in rows(published, "bovespa_evolucao_participacao")}
    assert changes == {
        ("VALE3", MON): None,
        ("VALE3", TUE): -5.0,
        ("VALE3", WED): -5.0,
        ("NTCO3", MON): None,
        ("NTCO3", TUE): 5.0,
        ("NATU3", WED): None,
        ("HGLG11", FRI): None,
    }


def test_a_sector_without_a_name_is_called_so(published: duckdb.DuckDBPyConnection) -> None:
    assert rows(published, "bovespa_setores")[:2] == [
        ("IBOV", MON, "Mineração", 1, 60.0),
        ("IBOV", MON, "sem setor", 1, 40.0),
    ]


def test_a_renamed_ticker_neither_entered_nor_left(published: duckdb.DuckDBPyConnection) -> None:
    assert rows(published, "bovespa_entradas_e_saidas") == [
        ("IBOV", WED, "renomeada", "NATU3", "NTCO3", "NATURA", False),
        ("IFIX", FRI, "entrou", "HGLG11", None, "FII HGLG", True),
    ]


def test_the_level_is_that_of_the_portfolio_and_the_closes_of_the_session_before(
    published: duckdb.DuckDBPyConnection,
) -> None:
    # (10 * 50 + 20 * 10) / 2.5, then (10 * 51 + 20 * 10) / 2.5.
    assert rows(published, "bovespa_indice_calculado") == [
        ("IBOV", TUE, MON, "NTCO3", 20.0, 10.0, 2.5, 80.0, 280.0),
        ("IBOV", TUE, MON, "VALE3", 10.0, 50.0, 2.5, 200.0, 280.0),
        ("IBOV", WED, TUE, "NTCO3", 20.0, 10.0, 2.5, 80.0, 284.0),
        ("IBOV", WED, TUE, "VALE3", 10.0, 51.0, 2.5, 204.0, 284.0),
    ]


def test_an_index_with_a_share_without_a_price_has_no_level(published: duckdb.DuckDBPyConnection) -> None:
    published.execute("BEGIN")
    published.execute("DELETE FROM \"default\".bovespa_cotacoes WHERE acao = 'NTCO3'")
    found = rows(published, "bovespa_indice_calculado")
    published.execute("ROLLBACK")
    assert found == []


def test_concentration_is_the_sum_of_squares_and_of_the_largest(published: duckdb.DuckDBPyConnection) -> None:
    assert rows(published, "bovespa_concentracao") == [
        ("IBOV", MON, 2, 5200.0, 100.0, 100.0),
        ("IBOV", TUE, 2, 5050.0, 100.0, 100.0),
        ("IBOV", WED, 2, 5000.0, 100.0, 100.0),
        ("IFIX", FRI, 1, 10000.0, 100.0, 100.0),
    ]


@pytest.mark.parametrize(
    ("index", "day", "session"),
    [
        pytest.param("IBOV", MON, MON, id="a session's own day"),
        pytest.param("IBOV", WED, WED, id="the latest session's day"),
        pytest.param("IBOV", SUN, WED, id="after the latest session"),
        pytest.param("IBOV", MON - timedelta(days=1), None, id="before the first session"),
        pytest.param("IFIX", SAT, FRI, id="a weekend"),
        pytest.param("IFIX", WED, None, id="before the first session of this index"),
        pytest.param("IBOV", datetime.now(ZoneInfo("America/Sao_Paulo")).date(), WED, id="today"),
        pytest.param("IBOV", datetime.now(UTC).date() + timedelta(days=2), None, id="a day to come"),
    ],
)
def test_the_composition_as_of_a_day_is_that_of_the_last_session_by_then(
    published: duckdb.DuckDBPyConnection, index: str, day: date, session: date | None
) -> None:
    found = [row for row in rows(published, "bovespa_composicao") if row[:2] == (index, day)]
    stated = [(share[1], share[2], share[5], share[6]) for share in SHARES if share[:2] == (index, session)]
    assert sorted((row[2], row[3], row[9], row[10]) for row in found) == sorted(stated)


def test_the_age_of_a_collection_is_counted_to_today_by_dates_in_sao_paulo(
    published: duckdb.DuckDBPyConnection,
) -> None:
    today = datetime.now(ZoneInfo("America/Sao_Paulo")).date()
    ages = {(row[0], row[1]): (row[3], row[4]) for row in rows(published, "bovespa_dias_desde_coleta")}
    assert ages[("IBOV", MON)] == (2, (today - date(2025, 6, 30)).days)
