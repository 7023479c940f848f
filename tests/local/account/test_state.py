from __future__ import annotations

import sqlite3

import pytest

from local.account.home import Home
from local.account.state import AccountState, StateError


def test_a_transaction_that_raises_leaves_nothing(state: AccountState) -> None:
    def fail() -> None:
        with state.transaction() as transaction:
            transaction.execute("INSERT INTO databases VALUES ('half', '{}')")
            raise ValueError("the other half")

    with pytest.raises(ValueError, match="the other half"):
        fail()

    assert state.rows("SELECT * FROM databases") == []


def test_what_was_committed_is_there_for_another_process(home: Home, state: AccountState) -> None:
    with state.transaction() as transaction:
        transaction.execute("INSERT INTO databases VALUES ('kept', '{}')")

    assert AccountState(home.state).rows("SELECT name FROM databases") == [("kept",)]


def test_a_damaged_file_is_named_with_the_way_out(home: Home) -> None:
    home.state.write_bytes(b"not a database" * 100)

    with pytest.raises(
        StateError, match=r"state\.db is damaged \(file is not a database\); bovespa reconcile makes it again"
    ):
        AccountState(home.state)


def test_state_of_another_version_is_refused_with_the_way_out(home: Home) -> None:
    with sqlite3.connect(home.state) as database:
        database.execute("PRAGMA user_version = 99")

    with pytest.raises(StateError, match=r"version 99 where this account reads 1; bovespa reconcile makes it again"):
        AccountState(home.state)
