"""Sessions as rows of a list: none is lost, those that stand alike are one row, each published one has its own."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from flows.record.index_status import IndexStatus
from flows.record.state import SessionState, State
from flows.site.facts import IndexFacts
from flows.site.lists import lacking_rows, session_rows

if TYPE_CHECKING:
    from flows.site.lists import Row

FIRST = date(2025, 6, 2)
STATES = st.lists(
    st.sampled_from([state for state in State if state not in (State.HOLIDAY, State.BEFORE)]), max_size=40
)


def facts_of(states: list[State]) -> IndexFacts:
    days = tuple(SessionState("IBOV", FIRST + timedelta(days=number), state) for number, state in enumerate(states))
    return IndexFacts(IndexStatus("IBOV", FIRST, FIRST, FIRST, FIRST, days))


def in_short(rows: list[Row]) -> list[tuple[str, int]]:
    return [(str(row.day.state), row.count) for row in rows]


@given(STATES)
def test_every_session_is_in_one_row_the_newest_first(states: list[State]) -> None:
    facts = facts_of(states)
    rows = session_rows(facts, facts.sessions)
    assert sum(row.count for row in rows) == len(states)
    assert [row.day.session for row in rows] == sorted((row.day.session for row in rows), reverse=True)
    assert all(row.count == 1 for row in rows if row.day.state is State.PUBLISHED)
    assert all(row.last >= row.day.session for row in rows)


@given(STATES)
def test_what_should_be_published_and_is_not_is_all_there(states: list[State]) -> None:
    facts = facts_of(states)
    assert sum(row.count for row in lacking_rows(facts, facts.sessions)) == len(facts.lacking)


def test_a_run_of_missing_sessions_ends_where_one_is_published() -> None:
    facts = facts_of([State.MISSING, State.MISSING, State.PUBLISHED, State.PUBLISHED, State.MISSING])
    assert in_short(session_rows(facts, facts.sessions)) == [
        *(("missing", 1), ("published", 1), ("published", 1), ("missing", 2)),
    ]
    assert in_short(lacking_rows(facts, facts.sessions)) == [("missing", 1), ("missing", 2)]
