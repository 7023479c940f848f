"""What a file's name tells: the index and the session, or nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from flows.backfill.importing.files import (
    NO_HINTS,
    Hints,
    ImportConflict,
    ImportProblem,
    SourceFile,
    check_session,
    index_in,
    known_index,
    known_session,
    noon,
    session_in,
)

MONDAY, TUESDAY = date(2025, 6, 30), date(2025, 7, 1)


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
        ("06-01-25.csv", date(2025, 1, 6)),
        ("ibov_20-06-25.parquet", date(2025, 6, 20)),
        ("ibov 20.06.2025.parquet", date(2025, 6, 20)),
        ("06-31-25.csv", None),
        ("2025-06-30/ibov.csv", date(2025, 6, 30)),
        ("date=2025-07-14/part-0.parquet", date(2025, 7, 14)),
        ("2024/ibov_20250630.csv", date(2025, 6, 30)),
        ("1-06-01-25.csv", None),
        ("part-00000.parquet", None),
        ("202506301.parquet", None),
    ],
)
def test_a_session_is_told_as_b3s_downloads_do_or_by_folders_or_as_a_date_that_reads_one_way(
    name: str, session: date | None
) -> None:
    assert session_in(name) == session


def named(name: str) -> SourceFile:
    return SourceFile(name, b"")


def test_an_index_is_the_given_one_or_the_names() -> None:
    assert known_index(named("a.html"), Hints("IBXX")) == "IBXX"
    assert known_index(named("IBXX.html"), NO_HINTS) == "IBXX"
    assert known_index(named("IBXX.html"), Hints("IBXX")) == "IBXX"
    assert known_index(named("QQQ1.html"), Hints(extra_indices=("QQQ1",))) == "QQQ1"


def test_an_index_that_nothing_tells_is_asked_for() -> None:
    with pytest.raises(ImportProblem, match="--index"):
        known_index(named("a.html"), NO_HINTS)


@pytest.mark.parametrize("hints", [Hints("IBVO"), Hints("XXXX")])
def test_an_index_that_is_none_of_b3s_is_refused(hints: Hints) -> None:
    with pytest.raises(ImportProblem, match="none of the 36 that are known"):
        known_index(named("a.html"), hints)


@pytest.mark.parametrize(
    ("name", "asked", "stated", "reason"),
    [
        ("IBOV.html", "IBXX", None, "name says IBOV, IBXX was asked for"),
        ("IBOV.csv", None, "IBXX", "name says IBOV, its title says IBXX"),
        ("a.csv", "IBOV", "IBXX", "content is of IBXX, IBOV was asked for"),
        ("IBOV.csv", "IBOV", "IBXX", "content is of IBXX, IBOV was asked for"),
    ],
)
def test_an_index_that_is_contradicted_is_a_conflict_that_names_both(
    name: str, asked: str | None, stated: str | None, reason: str
) -> None:
    with pytest.raises(ImportConflict, match=reason):
        known_index(named(name), Hints(asked), stated)


def test_content_and_owner_together_outweigh_a_name() -> None:
    assert known_index(named("IBOV.csv"), Hints("IBXX"), "IBXX") == "IBXX"
    check_session(named("ibov 2025-07-01.csv"), Hints(session=MONDAY), MONDAY)


def test_a_session_is_the_given_one_or_the_names() -> None:
    assert known_session(named("a.csv"), Hints(session=MONDAY)) == MONDAY
    assert known_session(named("2025-06-30.csv"), NO_HINTS) == MONDAY
    with pytest.raises(ImportProblem, match="--session"):
        known_session(named("a.csv"), NO_HINTS)
    with pytest.raises(ImportConflict, match="name says 2025-06-30, 2025-07-01 was asked for"):
        known_session(named("2025-06-30.csv"), Hints(session=TUESDAY))


@pytest.mark.parametrize(
    ("name", "fits"),
    [
        ("ibov_2025-06-30.json", True),
        ("ibov_2025-06-28.json", True),
        ("ibov_2025-06-29.json", True),
        ("ibov_2025-06-27.json", False),
        ("ibov_2025-07-05.json", False),
        ("ibov_2025-06-21.json", False),
        ("IBOVDia_28-06-25.csv", False),
        ("ibov.json", True),
    ],
)
def test_a_name_may_be_the_day_without_trading_on_which_b3_showed_the_session(name: str, *, fits: bool) -> None:
    if fits:
        check_session(named(name), NO_HINTS, MONDAY)
    else:
        with pytest.raises(ImportConflict, match="its content is of session 2025-06-30"):
            check_session(named(name), NO_HINTS, MONDAY)


def test_a_kind_is_the_names_ending() -> None:
    assert SourceFile("a/B.CSV", b"").kind == "csv"
    assert SourceFile("a/b.txt", b"").kind == "csv"
    assert SourceFile("a/b.htm", b"").kind == "html"


def test_a_session_was_shown_at_its_noon() -> None:
    assert noon(date(2025, 6, 30)) == datetime(2025, 6, 30, 15, tzinfo=UTC)
