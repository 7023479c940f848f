"""What a file's name tells: the index and the session, or nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from flows.backfill.importing.files import ImportProblem, SourceFile, index_in, known_index, noon, session_in


@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("IBOVDia_06-01-25.csv", "IBOV"),
        ("IBOVDia_06-01-25 (1).csv", "IBOV"),
        ("ibov_20250630.parquet", "IBOV"),
        ("ICO2Dia_06-01-25.csv", "ICO2"),
        ("B3/IBXX/2025-06-30.html", "IBXX"),
        ("IBXX/IBOVDia_06-01-25.csv", "IBOV"),
        ("IBOVIBXX.csv", None),
        ("ibov-ibxx.csv", None),
        ("carteira.csv", None),
        ("ibovespa.json", None),
    ],
)
def test_an_index_is_one_known_code_in_the_name(name: str, index: str | None) -> None:
    assert index_in(name) == index


@pytest.mark.parametrize(
    ("name", "session"),
    [
        ("IBOVDia_06-01-25.csv", date(2025, 1, 6)),
        ("IBOVDia_06-01-25 (12).csv", date(2025, 1, 6)),
        ("year=2025/month=06/day=30/part-0.parquet", date(2025, 6, 30)),
        ("ano=2025/mes=6/dia=3/part-0.parquet", date(2025, 6, 3)),
        ("ibov_20250630.parquet", date(2025, 6, 30)),
        ("2025-06-30.parquet", date(2025, 6, 30)),
        ("IBOVDia_31-02-25.csv", None),
        ("06-01-25.csv", None),
        ("part-00000.parquet", None),
        ("202506301.parquet", None),
    ],
)
def test_a_session_is_told_as_b3s_downloads_do_or_by_folders_or_as_a_date_that_reads_one_way(
    name: str, session: date | None
) -> None:
    assert session_in(name) == session


def test_an_index_is_the_given_one_or_the_names() -> None:
    assert known_index("IBXX", "a.html") == "IBXX"
    assert known_index(None, "IBXX.html") == "IBXX"
    assert known_index("IBXX", "IBXX.html") == "IBXX"


def test_an_index_that_nothing_tells_is_asked_for() -> None:
    with pytest.raises(ImportProblem, match="--index"):
        known_index(None, "a.html")


def test_an_index_that_contradicts_the_name_is_refused() -> None:
    with pytest.raises(ImportProblem, match=r"IBOV, IBXX was"):
        known_index("IBXX", "IBOV.html")


def test_a_kind_is_the_names_ending() -> None:
    assert SourceFile("a/B.CSV", b"").kind == "csv"


def test_a_session_was_shown_at_its_noon() -> None:
    assert noon(date(2025, 6, 30)) == datetime(2025, 6, 30, 15, tzinfo=UTC)
