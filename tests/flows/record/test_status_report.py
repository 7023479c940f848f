"""Where sessions stand, as people read it: ranges of sessions, reasons as plain text."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from flows.record.index_status import IndexStatus
from flows.record.state import SessionState, State
from flows.record.status import AccountStatus
from flows.record.status_report import rows, rows_by_index, status_markdown
from flows.record.traces import AccountTraces

NOW = datetime(2025, 6, 4, 13, tzinfo=UTC)
DAYS = [date(2025, 6, day) for day in (2, 3, 4)]
PUBLISHED, MISSING, REFUSED = (
    SessionState("IBOV", day, state)
    for day, state in zip(DAYS, (State.PUBLISHED, State.MISSING, State.QUARANTINED), strict=True)
)
HOSTILE = replace(REFUSED, reason="[x](http://x)", note="=1+1", at=NOW, report="s3://b/reports/summary.html")


def status(*states: SessionState) -> IndexStatus:
    return IndexStatus("IBOV", DAYS[0], DAYS[-1], due=DAYS[-1], showing=DAYS[-1], days=states, undated=2)


def account(*statuses: IndexStatus) -> AccountStatus:
    return AccountStatus(NOW, AccountTraces(), {}, statuses)


def test_a_row_is_a_range_with_its_reason_its_time_its_report_and_what_is_worth_a_look() -> None:
    assert rows([PUBLISHED, MISSING, replace(MISSING, session=DAYS[2]), HOSTILE]) == [
        ("published", "2025-06-02", "1", "", "", "", ""),
        ("missing", "2025-06-03 to 2025-06-04", "2", "", "", "", ""),
        (
            "quarantined",
            "2025-06-04",
            "1",
            "",
            "[x](http://x); =1+1",
            "2025-06-04 13:00 UTC",
            "s3://b/reports/summary.html",
        ),
    ]


def test_rows_of_several_indices_begin_with_the_index() -> None:
    found = rows_by_index([MISSING, replace(MISSING, index="IBXX")])
    assert [row[:3] for row in found] == [("IBOV", "missing", "2025-06-03"), ("IBXX", "missing", "2025-06-03")]


def test_the_artifact_begins_with_each_index_and_shows_no_markup_of_others() -> None:
    text = status_markdown(account(status(PUBLISHED, HOSTILE)))
    assert "## IBOV 2025-06-02 to 2025-06-04: 1 published, 1 quarantined" in text
    assert "[x](http://x)" not in text
    assert "2 payloads whose session could not be read." in text


def test_the_json_tells_when_and_whether_all_is_well() -> None:
    assert account(status(PUBLISHED)).to_dict()["complete"] is True
    found = account(status(PUBLISHED, MISSING)).to_dict()
    assert (found["complete"], found["at"]) == (False, "2025-06-04T13:00:00+00:00")


def test_all_indices_are_one_line() -> None:
    one = status(PUBLISHED)
    assert account(one, replace(one, index="IBXX")).headline.count("newest published") == 2
