"""A state that is of no use is told before the account starts on it: damaged, lost, another's, of another version."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from local.account.condition import is_whole, remove_database, set_aside, state_problem
from local.account.home import Home
from local.account.state import AccountState

RECORD = "bovespa-refined-data-bucket/published/ibov/year=2025/month=06/day=30/publication.json"
_PAGES = 200


@pytest.fixture
def published(home: Home) -> Home:
    """A home with a published session that its state knows."""
    path = home.mirror / RECORD
    path.parent.mkdir(parents=True)
    path.write_text("{}")
    state = AccountState(home.state)
    bucket, _, key = RECORD.partition("/")
    with state.transaction() as transaction:
        transaction.execute(
            "INSERT INTO object_versions VALUES (?, ?, 'null', 0, 0, '', 2, '{}', NULL, NULL, NULL)", (bucket, key)
        )
        rows = [(f"{number:08d}", "x" * 200) for number in range(_PAGES)]
        transaction.executemany("INSERT INTO databases VALUES (?, ?)", rows)
    state.close()
    return home


def test_what_is_whole_can_be_used(published: Home) -> None:
    assert state_problem(published) == ""


def test_a_new_home_has_no_state_and_needs_none(home: Home) -> None:
    assert state_problem(home) == ""
    home.state.touch()
    assert state_problem(home) == ""


def of_another_version(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA user_version = 7")


def of_another_home(file: Path) -> None:
    file.unlink()
    AccountState(file).close()


def another_database(file: Path) -> None:
    file.unlink()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE other (x)")


SPOILERS: dict[str, tuple[Callable[[Path], object], str]] = {
    "cut": (lambda file: file.write_bytes(file.read_bytes()[: file.stat().st_size // 2]), "is damaged"),
    "cut to a few bytes": (lambda file: file.write_bytes(file.read_bytes()[:50]), "is damaged"),
    "emptied": (lambda file: file.write_bytes(b""), "is empty"),
    "deleted": (lambda file: file.unlink(), "is missing"),
    "binary": (lambda file: file.write_bytes(bytes(range(256)) * 50), "is damaged (file is not a database)"),
    "a folder": (lambda file: (file.unlink(), file.mkdir()), "is a folder"),
    "of another version": (of_another_version, "is of version 7 where this account reads 1"),
    "of another home": (of_another_home, "does not know ibov/year=2025/month=06/day=30"),
    "another database": (another_database, "is no account's state"),
}


@pytest.mark.parametrize(("spoil", "problem"), SPOILERS.values(), ids=SPOILERS)
def test_what_is_not_is_told(published: Home, spoil: Callable[[Path], object], problem: str) -> None:
    spoil(published.state)
    assert state_problem(published).startswith(problem)
    assert "\n" not in state_problem(published)


def test_every_page_that_is_spoilt_is_told_or_holds_nothing(published: Home) -> None:
    whole = published.state.read_bytes()
    size = int.from_bytes(whole[16:18], "big")
    told = 0
    for begin in range(0, len(whole), size):
        published.state.write_bytes(whole[:begin] + b"\xa5" * size + whole[begin + size :])
        told += bool(state_problem(published))
    assert told >= len(whole) // size - 1


def test_a_record_that_was_written_just_before_the_account_was_killed_is_no_problem(published: Home) -> None:
    with closing(sqlite3.connect(published.state)) as connection, connection:
        connection.execute("DELETE FROM object_versions")
        location = f"s3://bovespa-refined-data-bucket/refined-data/{Path(RECORD).parent.relative_to('bovespa-refined-data-bucket/published/ibov')}/acao=VALE3/"
        connection.execute("INSERT INTO partitions VALUES ('default', 't', '[]', ?, '{}')", (location,))
    assert state_problem(published) == ""


def test_what_is_set_aside_can_be_looked_at(published: Home) -> None:
    before = published.state.read_bytes()
    wal = published.state.with_name("state.db-wal")
    wal.write_bytes(b"log")
    aside = set_aside(published.state)
    assert (aside.read_bytes(), aside.with_name(f"{aside.name}-wal").read_bytes()) == (before, b"log")
    assert not published.state.exists()
    assert not wal.exists()
    published.state.mkdir()
    assert set_aside(published.state).is_dir()


def test_only_a_database_is_whole(tmp_path: Path) -> None:
    file = tmp_path / "x.db"
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("CREATE TABLE t (x)")
    assert is_whole(file)
    file.write_bytes(b"no database")
    assert not is_whole(file)
    remove_database(file)
    assert not file.exists()
