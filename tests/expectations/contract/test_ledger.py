"""The ledger's table and keys: what a listing tells of an attempt, and that nothing else is taken for one."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.contract.keys import AttemptKey, attempt_key, ledger_prefix, read_attempt_key
from expectations.contract.ledger import LEDGER_TABLE
from expectations.contract.names import PUBLISHED_PREFIX, STAGING_PREFIX
from expectations.contract.outcomes import DONE, Outcome
from expectations.contract.partitions import ledger_values
from expectations.contract.tables import TABLES
from tests.strategies import INDICES, SESSIONS

MONDAY = date(2025, 6, 30)
BEGAN = datetime(2025, 6, 30, 23, 59, 59, tzinfo=timezone(timedelta(hours=-3)))
ENDED = datetime(2025, 7, 1, 3, 1, 5, 250, tzinfo=UTC)
KEY = "execucoes-data/year=2025/month=07/ibov_20250630_already-published_20250701T030105000250Z_abc123.parquet"  # UTC's month

INSTANTS = st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001


def test_a_key_tells_the_index_the_session_how_it_ended_and_when() -> None:
    assert attempt_key("IBOV", MONDAY, Outcome.ALREADY_PUBLISHED, BEGAN, ENDED, "abc123") == KEY
    assert read_attempt_key(KEY) == AttemptKey("IBOV", MONDAY, Outcome.ALREADY_PUBLISHED, ENDED, 0, KEY)


@given(
    INDICES,
    st.none() | SESSIONS,
    st.sampled_from(Outcome),
    INSTANTS,
    INSTANTS,
)
def test_a_key_reads_back_as_what_it_was_made_of(
    index: str, session: date | None, outcome: Outcome, began: datetime, ended: datetime
) -> None:
    key = attempt_key(index, session, outcome, began, ended, "0f")
    assert read_attempt_key(key) == AttemptKey(index, session, outcome, ended, 0, key)
    assert key.startswith(ledger_prefix(began))


@pytest.mark.parametrize(
    "key",
    [
        pytest.param("", id="empty"),
        pytest.param(KEY.replace("execucoes-data", "refined-data"), id="another table's"),
        pytest.param(KEY.replace("20250630", "20250631"), id="no day of the calendar"),
        pytest.param(KEY.replace("already-published", "lost"), id="no state"),
        pytest.param(KEY.replace("ibov", "IBOV"), id="capitals"),
        pytest.param(KEY.replace("abc123", "../abc"), id="a path"),
        pytest.param(KEY + "\n", id="a line more"),
    ],
)
def test_a_key_of_another_form_tells_nothing(key: str) -> None:
    assert read_attempt_key(key) is None


def test_a_key_tells_how_many_warnings_the_gates_had() -> None:
    key = attempt_key("IBOV", MONDAY, Outcome.ALREADY_PUBLISHED, BEGAN, ENDED, "abc123", warnings=3)
    assert key == KEY.replace("already-published", "already-published-w3")
    assert read_attempt_key(key) == AttemptKey("IBOV", MONDAY, Outcome.ALREADY_PUBLISHED, ENDED, 3, key)


def test_there_is_something_to_mend_after_each_outcome_but_these() -> None:
    assert {
        "published",
        "rebuilt",
        "already published",
        "stale",
        "planned",
        "acknowledged",
        "judged by prices",
        "intact",
    } == DONE
    assert {outcome for outcome in Outcome if outcome not in DONE} == {
        "quarantined",
        "conflicting",
        "rejected",
        "failed",
        "damaged",
    }


def test_a_months_prefix_and_its_values_say_the_same() -> None:
    assert ledger_prefix(BEGAN) == "execucoes-data/year=2025/month=07/"
    assert ledger_values(BEGAN) == ("2025", "7")


def test_the_table_lies_apart_from_the_others_and_says_of_every_column_what_it_means() -> None:
    others = [*(table.prefix for table in TABLES), STAGING_PREFIX, PUBLISHED_PREFIX]
    assert not [
        other for other in others if other.startswith(LEDGER_TABLE.prefix) or LEDGER_TABLE.prefix.startswith(other)
    ]
    names = [column.name for column in (*LEDGER_TABLE.columns, *LEDGER_TABLE.partitions)]
    assert len(names) == len(set(names))
    assert all(column.description for column in (*LEDGER_TABLE.columns, *LEDGER_TABLE.partitions))
