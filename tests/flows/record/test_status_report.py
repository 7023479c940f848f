"""A survey as people read it: ranges of sessions, reasons as plain text."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from flows.backfill.batch import Outcome, Result
from flows.backfill.recovery import Recovered
from flows.record.sightings import Sightings
from flows.record.state import IndexStatus, Standing, State
from flows.record.status_report import body, headline, markdown, recovery_markdown, rows
from flows.record.survey import Survey

NOW = datetime(2025, 6, 4, 13, tzinfo=UTC)
DAYS = [date(2025, 6, day) for day in (2, 3, 4)]
PUBLISHED, MISSING, REFUSED = (
    Standing("IBOV", day, state)
    for day, state in zip(DAYS, (State.PUBLISHED, State.MISSING, State.QUARANTINED), strict=True)
)
HOSTILE = replace(REFUSED, reason="[x](http://x)", note="=1+1")


def status(*standings: Standing) -> IndexStatus:
    return IndexStatus("IBOV", DAYS[0], DAYS[-1], due=DAYS[-1], showing=DAYS[-1], standings=standings, undated=2)


def survey(*standings: Standing) -> Survey:
    return Survey(Sightings(), {}, [status(*standings)])


def test_a_row_is_a_range_with_its_reason_and_what_is_worth_a_look() -> None:
    assert rows(status(PUBLISHED, MISSING, replace(MISSING, session=DAYS[2]), replace(HOSTILE))) == [
        ("published", "2025-06-02", "1", ""),
        ("missing", "2025-06-03 to 2025-06-04", "2", ""),
        ("quarantined", "2025-06-04", "1", "[x](http://x); =1+1"),
    ]


def test_the_artifact_begins_with_each_index_and_shows_no_markup_of_others() -> None:
    text = markdown(survey(PUBLISHED, HOSTILE), NOW)
    assert "## IBOV 2025-06-02 to 2025-06-04: 1 published, 1 quarantined" in text
    assert "[x](http://x)" not in text
    assert "2 payloads whose session could not be told." in text


def test_the_json_tells_when_and_whether_all_is_well() -> None:
    assert body(survey(PUBLISHED), NOW)["complete"] is True
    found = body(survey(PUBLISHED, MISSING), NOW)
    assert (found["complete"], found["at"]) == (False, "2025-06-04T13:00:00+00:00")


def test_all_indices_are_one_line() -> None:
    one = status(PUBLISHED)
    assert headline([one, replace(one, index="IBXX")]).count("newest published") == 2


def test_a_recovery_shows_what_it_took_and_what_it_left() -> None:
    taken = [
        Result("IBOV", DAYS[0], Outcome.PUBLISHED, rows=84),
        Result("IBOV", DAYS[1], Outcome.FAILED, "Glue run jr_1 ended FAILED"),
    ]
    text = recovery_markdown(Recovered(taken, [REFUSED]), NOW)
    assert text.startswith("# 1 published, 1 failed; left: 1 quarantined\n")
    assert "| failed | IBOV | 2025-06-03 | 0 | Glue run jr_1 ended FAILED |" in text
    assert "| IBOV | quarantined | 2025-06-04 | 1 |" in text


def test_a_recovery_of_nothing_is_a_line() -> None:
    assert recovery_markdown(Recovered([], []), NOW).splitlines()[0] == "# nothing to do; left: none"
