"""Which sessions an answer rests on: of the indices that are asked for, no basis without a table, a refusal where none is."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from flows.cli.basis import asked_for, of_changes, of_days, of_query, rests_on_months, rests_on_sessions
from flows.errors import NotPublishedError

NOW = datetime(2025, 7, 4, 15, tzinfo=UTC)
FIRST, SECOND = date(2025, 6, 30), date(2025, 7, 1)
PUBLISHED = {"IBOV": [FIRST, SECOND], "IFIX": [SECOND]}


@pytest.mark.parametrize(
    ("sql", "indices"),
    [
        ("SELECT * FROM default.bovespa_refined_data WHERE year = 2025", ["IBOV"]),
        ("SELECT * FROM bovespa_setores", ["IBOV", "IFIX"]),
        ("SELECT * FROM bovespa_setores WHERE indice = 'IFIX'", ["IFIX"]),
        ("SELECT * FROM BOVESPA_SETORES WHERE INDICE IN ('IBXX', 'IFIX')", ["IBXX", "IFIX"]),
        ("SELECT * FROM bovespa_refined_indices", ["IFIX"]),
        ("SELECT * FROM bovespa_historico WHERE acao = 'VALE' AND indice = 'IBOV'", ["IBOV"]),
    ],
)
def test_a_query_rests_on_the_indices_that_it_asks_for(sql: str, indices: list[str]) -> None:
    basis = of_query(sql, PUBLISHED, NOW)
    assert basis is not None
    assert [item.index for item in basis.sessions] == indices


@pytest.mark.parametrize("sql", ["SELECT 1", "SELECT * FROM bovespa_execucoes", "SELECT 'bovespa' AS x"])
def test_a_query_of_no_table_of_sessions_rests_on_none(sql: str) -> None:
    assert of_query(sql, PUBLISHED, NOW) is None


def test_a_querys_basis_names_first_and_last_session_and_how_old_the_newest_is() -> None:
    basis = of_query("SELECT * FROM bovespa_refined_data", PUBLISHED, NOW)
    assert basis is not None
    assert basis.line == "rests on IBOV, sessions 2025-06-30 to 2025-07-01, 2 published; the newest is 3 days old"
    assert basis.to_dict() == {
        "today": "2025-07-04",
        "newest": "2025-07-01",
        "sessions": [{"index": "IBOV", "since": "2025-06-30", "until": "2025-07-01", "published": 2, "expected": None}],
    }


def test_an_index_of_which_nothing_is_published_is_named() -> None:
    basis = of_query("SELECT * FROM bovespa_historico WHERE indice IN ('IBOV', 'XPTO')", PUBLISHED, NOW)
    assert basis is not None
    assert "XPTO, nothing published" in basis.line


def test_an_empty_account_is_no_basis_and_says_what_to_run() -> None:
    basis = of_query("SELECT * FROM bovespa_historico", {}, NOW)
    assert basis is not None
    assert basis.line.startswith("rests on nothing: no session is published")


def test_of_many_indices_their_number_is_said() -> None:
    basis = of_query("SELECT * FROM bovespa_historico", {code: [FIRST] for code in ("A", "B", "C", "D")}, NOW)
    assert basis is not None
    assert basis.line == "rests on 4 indices, sessions 2025-06-30 to 2025-06-30; the newest is 4 days old"


class TestDays:
    def test_say_how_many_of_the_calendars_sessions_are_published(self) -> None:
        basis = of_days("IBOV", PUBLISHED["IBOV"], date(2025, 6, 27), date(2025, 7, 2), NOW)
        assert "sessions 2025-06-30 to 2025-07-01, 2 of 4 published" in basis.line

    def test_that_are_yet_to_come_are_not_expected(self) -> None:
        basis = of_days("IBOV", PUBLISHED["IBOV"], FIRST, date(2025, 12, 31), NOW)
        assert basis.sessions[0].expected == 5

    def test_without_any_given_are_those_that_are_published(self) -> None:
        assert of_days("IBOV", PUBLISHED["IBOV"], None, None, NOW).sessions[0].expected == 2

    def test_of_which_none_is_published_are_refused_with_what_is_and_what_to_run(self) -> None:
        with pytest.raises(NotPublishedError) as refused:
            of_days("IBOV", PUBLISHED["IBOV"], date(2025, 5, 1), date(2025, 5, 31), NOW)
        assert "none of the 21 sessions from 2025-05-01 to 2025-05-31 is published" in str(refused.value)
        assert "published are 2025-06-30 to 2025-07-01" in str(refused.value)
        assert "bovespa import FOLDER --index IBOV" in str(refused.value)

    def test_of_an_index_without_any_session_are_refused(self) -> None:
        with pytest.raises(NotPublishedError, match="XPTO: no session is published"):
            of_days("XPTO", [], None, None, NOW)


class TestChanges:
    def test_rest_on_the_sessions_of_their_days(self) -> None:
        assert of_changes("IBOV", PUBLISHED["IBOV"], SECOND, None, NOW).sessions[0].published == (SECOND,)

    def test_of_the_first_published_session_are_not_known(self) -> None:
        with pytest.raises(NotPublishedError, match="2025-06-30 is the first published session, there is none before"):
            of_changes("IBOV", PUBLISHED["IBOV"], None, FIRST, NOW)


@pytest.mark.parametrize(
    ("where", "asked"),
    [
        ("", [FIRST, SECOND]),
        ("WHERE year = 2025 AND month = 6 AND day = 30", [FIRST]),
        ("WHERE YEAR=2025 and MONTH=7", [SECOND]),
        ("WHERE year = 2024", []),
        ("WHERE year = 2025 AND month = 6 OR acao = 'VALE3'", [FIRST, SECOND]),
        ("WHERE NOT month = 6", [FIRST, SECOND]),
        ("WHERE month = 6 UNION SELECT * FROM bovespa_refined_data", [FIRST, SECOND]),
        ("WHERE month = (SELECT max(month) FROM bovespa_refined_data WHERE month = 6)", [FIRST, SECOND]),
        ("WHERE month >= 6", [FIRST, SECOND]),
        ("WHERE data_pregao = DATE '2025-06-30'", [FIRST, SECOND]),
    ],
)
def test_only_a_query_that_plainly_names_a_time_asks_for_fewer_sessions(where: str, asked: list[date]) -> None:
    assert asked_for(f"SELECT * FROM bovespa_refined_data {where}", [FIRST, SECOND]) == asked


def test_a_query_rests_on_sessions_or_on_months_or_on_both() -> None:
    cases = {
        "SELECT * FROM bovespa_refined_data": (True, False),
        "SELECT * FROM bovespa_setores": (False, True),
        "SELECT * FROM BOVESPA_HISTORICO, bovespa_resumo_setor": (True, True),
        "SELECT * FROM bovespa_execucoes": (False, False),
        "SELECT 1": (False, False),
    }
    assert {sql: (rests_on_sessions(sql), rests_on_months(sql)) for sql in cases} == cases
