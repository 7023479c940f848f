"""Whether an index's data can be trusted, in a headline that never says more than what is published."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from flows.language import ENGLISH, PORTUGUESE
from flows.record.state import SessionState, State
from flows.site.cards import Grade, trust_of

if TYPE_CHECKING:
    from tests.flows.site.conftest import MakeFacts

MONDAY, TUESDAY = date(2025, 6, 30), date(2025, 7, 1)


def day(session: date, state: State = State.PUBLISHED, warnings: int = 0) -> SessionState:
    return SessionState("IBOV", session, state, warnings=warnings)


@pytest.mark.parametrize(
    ("state", "grade", "headline"),
    [
        (State.PUBLISHED, Grade.GOOD, "Complete: every session from 2025-06-30 to 2025-07-01 is published"),
        (State.DUE, Grade.DUE, "Published up to 2025-06-30; 2025-07-01 is due"),
        *(
            (state, Grade.BAD, "1 of 2 sessions not published")
            for state in (State.MISSING, State.QUARANTINED, State.STAGED, State.RAW, State.LANDED)
        ),
    ],
)
def test_the_headline_says_what_holds(make_facts: MakeFacts, state: State, grade: Grade, headline: str) -> None:
    found = trust_of(make_facts(day(MONDAY), day(TUESDAY, state)), ENGLISH)
    assert (found.grade, found.headline) == (grade, headline)


def test_a_loss_that_was_acknowledged_is_named_and_nothing_to_mend(make_facts: MakeFacts) -> None:
    found = trust_of(make_facts(day(MONDAY), day(TUESDAY, State.ACKNOWLEDGED), day(date(2025, 7, 2))), ENGLISH)
    assert found.grade is Grade.GOOD
    assert found.headline == "Complete from 2025-06-30 to 2025-07-02, but for 1 session that will not be published"


def test_of_an_index_of_which_nothing_is_published_nothing_is_good(make_facts: MakeFacts) -> None:
    for facts in (make_facts(), make_facts(day(MONDAY, State.QUARANTINED))):
        found = trust_of(facts, ENGLISH)
        assert (found.grade, found.headline) == (Grade.BAD, "Nothing is published yet")


def test_the_age_of_what_is_published_is_named_where_it_is_too_old(make_facts: MakeFacts) -> None:
    found = trust_of(make_facts(day(MONDAY), day(TUESDAY, State.MISSING)), ENGLISH)
    assert found.grounds[0] == "The newest that is published is 2025-06-30, 1 day before 2025-07-01, which is due."


def test_warnings_are_told(make_facts: MakeFacts) -> None:
    found = trust_of(make_facts(day(MONDAY), day(TUESDAY, warnings=2)), PORTUGUESE)
    assert found.grounds[-1] == "1 pregão com avisos: um ponto amarelo no calendário."


def test_every_session_that_is_not_published_is_on_one_card(make_facts: MakeFacts) -> None:
    states = (State.MISSING, State.QUARANTINED, State.STAGED, State.RAW, State.LANDED, State.DUE)
    days = [day(date(2025, 7, number), state) for number, state in enumerate(states, start=1)]
    published, missing, unfinished = trust_of(make_facts(day(MONDAY), *days), ENGLISH).cards
    assert [card.value for card in (published, missing, unfinished)] == ["1 session", "1 session", "4 sessions"]
    assert [card.bad for card in (published, missing, unfinished)] == [False, True, True]
