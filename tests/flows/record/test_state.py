"""Where a session stands, by what was seen and read of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from expectations.contract.keys import AttemptKey
from expectations.contract.outcomes import Outcome
from flows.glue_run import GlueRun
from flows.record.attempt import Attempt
from flows.record.index_status import IndexStatus, ranges
from flows.record.state import (
    NOT_IN_CALENDAR,
    SUPERSEDED,
    UNREAD,
    CalendarFacts,
    SessionDetails,
    SessionState,
    State,
    is_settled,
    session_state,
)
from flows.record.traces import SessionTraces
from flows.session.storage import Publication, RawVersion

SESSION = date(2025, 6, 30)
EIGHT = datetime(2025, 6, 30, 11, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

VERSION = RawVersion("raw", "raw-data/x.parquet", "v1", EIGHT, "f1", has_sectors=True)
PUBLICATION = Publication("IBOV", "2025-06-30", "2025-06-30T11:05:00", "f1", True, "v1", "jr_1", 84, 30)  # noqa: FBT003
REFUSED_1 = Attempt(
    *("run", "daily", "IBOV", EIGHT, EIGHT, Outcome.QUARANTINED, SESSION, "gate-1-raw refused IBOV"),
    gate_refused="gate-1-raw",
    demands_refused=("no codigo stands twice",),
    report="s3://reports/summary.html",
)
REFUSED_2 = replace(REFUSED_1, reason="gate-2-refined refused IBOV", gate_refused="gate-2-refined", raw_version_id="v1")
FAILED = replace(REFUSED_1, outcome=Outcome.FAILED, reason="Glue run jr_1 ended FAILED", gate_refused="")


def at(minutes: int) -> datetime:
    return EIGHT + minutes * MINUTE


def lies(
    *, landed: int | None = 0, raw: int | None = None, published: int | None = None, attempt: Attempt | None = None,
    attempted: int = 9, warnings: int = 0,
) -> SessionTraces:  # fmt: skip
    """What was stored so many minutes after eight."""
    key = AttemptKey("IBOV", SESSION, attempt.outcome, EIGHT, warnings, "key") if attempt else None
    return SessionTraces(
        "IBOV",
        SESSION,
        payloads=("landing/x",) if landed is not None else (),
        landed_at=None if landed is None else at(landed),
        raw_at=None if raw is None else at(raw),
        published_at=None if published is None else at(published),
        attempts=(key,) if key else (),
        attempted_at=at(attempted) if key else None,
    )


def stands(traces: SessionTraces, **facts: object) -> SessionState:
    return session_state(traces, SessionDetails(**facts), CalendarFacts())  # type: ignore[arg-type]


CASES = [
    pytest.param(lies(landed=None), {}, State.MISSING, "", id="nothing"),
    pytest.param(lies(landed=None), {"attempt": FAILED}, State.MISSING, FAILED.reason, id="nothing, tried in vain"),
    pytest.param(lies(), {}, State.LANDED, "not parsed", id="landed"),
    pytest.param(lies(attempt=FAILED), {"attempt": FAILED}, State.LANDED, FAILED.reason, id="landed, failed"),
    pytest.param(lies(attempt=REFUSED_1), {"attempt": REFUSED_1}, State.QUARANTINED, REFUSED_1.reason, id="gate 1"),
    pytest.param(
        lies(landed=10, attempt=REFUSED_1), {"attempt": REFUSED_1}, State.LANDED, REFUSED_1.reason, id="landed since"
    ),
    pytest.param(lies(raw=1), {"version": VERSION}, State.RAW, "no Glue run", id="raw"),
    pytest.param(
        lies(raw=1),
        {"version": VERSION, "run": GlueRun("jr_1", "RUNNING")},
        State.RAW,
        "Glue run jr_1 is RUNNING",
        id="raw, being refined",
    ),
    pytest.param(
        lies(raw=1, attempt=FAILED), {"version": VERSION, "attempt": FAILED}, State.RAW, FAILED.reason, id="Glue failed"
    ),
    pytest.param(
        lies(raw=10, attempt=FAILED),
        {"version": VERSION, "attempt": FAILED},
        State.RAW,
        "no Glue run",
        id="a raw file that came after the failure",
    ),
    pytest.param(lies(raw=1), {"version": VERSION, "staged": True}, State.STAGED, "not audited", id="staged"),
    pytest.param(
        lies(raw=1, attempt=REFUSED_2),
        {"version": VERSION, "staged": True, "attempt": REFUSED_2},
        State.QUARANTINED,
        REFUSED_2.reason,
        id="gate 2",
    ),
    pytest.param(
        lies(raw=10, attempt=REFUSED_2),
        {"version": replace(VERSION, version_id="v2"), "attempt": REFUSED_2},
        State.RAW,
        "no Glue run",
        id="another version than gate 2 refused",
    ),
    pytest.param(
        lies(raw=1, attempt=REFUSED_1),
        {"version": VERSION, "attempt": REFUSED_1},
        State.RAW,
        "no Glue run",
        id="a raw file that passed, whatever gate 1 refused later",
    ),
    pytest.param(lies(raw=1, published=5), {}, State.PUBLISHED, "", id="published"),
    pytest.param(
        lies(raw=6, published=5),
        {"version": replace(VERSION, version_id="v2"), "publication": PUBLICATION},
        State.PUBLISHED,
        "",
        id="published, and uploaded again",
    ),
    pytest.param(
        lies(raw=6, published=5),
        {"version": replace(VERSION, fingerprint="f2"), "publication": PUBLICATION},
        State.RAW,
        "no Glue run",
        id="published, and corrected",
    ),
    pytest.param(
        lies(raw=6, published=5),
        {"version": replace(VERSION, fingerprint="f2")},
        State.RAW,
        "no Glue run",
        id="published by a record that cannot be read",
    ),
    pytest.param(
        lies(raw=1, published=5), {"damage": "a file is missing"}, State.DAMAGED, "a file is missing", id="damaged"
    ),
    pytest.param(
        lies(raw=1, published=5, attempt=FAILED),
        {"damage": "a file is missing", "attempt": FAILED},
        State.DAMAGED,
        "a file is missing",
        id="damaged, and an attempt failed later",
    ),
    pytest.param(
        lies(raw=6, published=5),
        {"version": replace(VERSION, fingerprint=""), "publication": PUBLICATION, "raw_damage": "not Parquet"},
        State.DAMAGED,
        "not Parquet",
        id="published, and its raw file was spoilt",
    ),
    pytest.param(
        lies(raw=6),
        {"version": VERSION, "raw_damage": "not Parquet", "run": GlueRun("jr_1", "FAILED")},
        State.RAW,
        "not Parquet",
        id="a raw file that was spoilt",
    ),
    pytest.param(
        lies(raw=6, published=5),
        {"version": replace(VERSION, fingerprint="f2"), "publication": PUBLICATION, "damage": "a file is missing"},
        State.RAW,
        "no Glue run",
        id="damaged, and to be replaced by a correction anyway",
    ),
]


@pytest.mark.parametrize(("traces", "facts", "state", "reason"), CASES)
def test_a_session_stands_where_its_traces_end(
    traces: SessionTraces, facts: dict[str, object], state: State, reason: str
) -> None:
    found = stands(traces, **facts)
    assert (found.state, found.reason) == (state, reason)


def test_a_quarantined_session_names_the_gate_and_its_demands() -> None:
    found = stands(lies(attempt=REFUSED_1), attempt=REFUSED_1)
    assert (found.gate, found.demands) == ("gate-1-raw", ("no codigo stands twice",))
    assert stands(lies(attempt=FAILED), attempt=FAILED).gate == ""


@pytest.mark.parametrize(
    ("traces", "facts", "note"),
    [
        pytest.param(lies(raw=1, published=5), {}, "", id="nothing is amiss"),
        pytest.param(lies(landed=6, raw=1, published=5), {}, UNREAD, id="a payload that nobody has told of"),
        pytest.param(
            lies(landed=6, raw=1, published=5, attempt=REFUSED_1, attempted=7),
            {"attempt": REFUSED_1},
            "what came later was refused: gate-1-raw refused IBOV",
            id="a refused correction",
        ),
        pytest.param(
            lies(raw=6, published=5, attempt=replace(REFUSED_2), attempted=7),
            {"attempt": REFUSED_2, "version": replace(VERSION, fingerprint="f2"), "publication": PUBLICATION},
            "what came later was refused: gate-2-refined refused IBOV",
            id="a correction that gate 2 refused",
        ),
        pytest.param(
            lies(raw=1, published=5, attempt=FAILED),
            {"attempt": FAILED},
            "a later attempt failed: Glue run jr_1 ended FAILED",
            id="an attempt that failed later",
        ),
        pytest.param(
            lies(raw=6, published=5),
            {"version": replace(VERSION, fingerprint="f2"), "publication": PUBLICATION},
            SUPERSEDED,
            id="a correction that is not published",
        ),
    ],
)
def test_what_is_worth_a_look_is_noted(traces: SessionTraces, facts: dict[str, object], note: str) -> None:
    assert stands(traces, **facts).note == note


def test_a_session_that_the_calendar_calls_a_holiday_is_kept_and_flagged() -> None:
    found = session_state(lies(raw=1, published=5), SessionDetails(), CalendarFacts(is_session=False))
    assert (found.state, found.in_calendar, found.note) == (State.PUBLISHED, False, NOT_IN_CALENDAR)


@pytest.mark.parametrize(
    ("calendar", "state"),
    [
        pytest.param(CalendarFacts(), State.MISSING, id="B3 shows a later one"),
        pytest.param(CalendarFacts(is_on_display=True), State.DUE, id="B3 shows it"),
        pytest.param(CalendarFacts(is_before=True), State.BEFORE, id="before the first that there is"),
        pytest.param(CalendarFacts(is_session=False, is_before=True), State.HOLIDAY, id="no trading day"),
    ],
)
def test_of_a_session_of_which_there_is_nothing_the_calendar_tells(calendar: CalendarFacts, state: State) -> None:
    assert session_state(lies(landed=None), SessionDetails(), calendar).state is state


@pytest.mark.parametrize(
    ("traces", "attempt"),
    [
        pytest.param(lies(landed=None), FAILED, id="missing"),
        pytest.param(lies(attempt=FAILED), FAILED, id="landed"),
        pytest.param(lies(attempt=REFUSED_1), REFUSED_1, id="refused"),
    ],
)
def test_the_reason_comes_with_its_time_and_its_report(traces: SessionTraces, attempt: Attempt) -> None:
    found = stands(traces, attempt=attempt)
    assert (found.reason, found.at, found.report) == (attempt.reason, attempt.ended_at, attempt.report)


@pytest.mark.parametrize(("warnings", "note"), [(0, ""), (1, "1 warning"), (3, "3 warnings")])
def test_a_published_session_tells_its_warnings(warnings: int, note: str) -> None:
    published = replace(FAILED, outcome=Outcome.PUBLISHED, reason="")
    found = stands(lies(raw=1, published=5, attempt=published, warnings=warnings))
    assert (found.state, found.warnings, found.note) == (State.PUBLISHED, warnings, note)


@pytest.mark.parametrize(
    ("traces", "settled"),
    [
        pytest.param(lies(raw=1, published=5), True, id="published after its raw file"),
        pytest.param(
            lies(landed=6, raw=1, published=5, attempt=replace(FAILED, outcome=Outcome.PUBLISHED), attempted=7),
            True,
            id="looked at since",
        ),
        pytest.param(lies(raw=1, published=5, attempt=FAILED), False, id="an attempt failed since"),
        pytest.param(lies(raw=5, published=5), False, id="published in its raw file's second"),
        pytest.param(lies(landed=6, raw=1, published=5), False, id="a payload that nobody has told of"),
        pytest.param(lies(raw=1, published=5, attempt=REFUSED_1), False, id="refused"),
        pytest.param(lies(raw=1), False, id="not published"),
    ],
)
def test_only_what_the_listings_do_not_settle_is_read(traces: SessionTraces, *, settled: bool) -> None:
    assert is_settled(traces) is settled


# --- an index ------------------------------------------------------------------------------------------------------------


def of_days(*states: State, reason: str = "") -> tuple[SessionState, ...]:
    return tuple(SessionState("IBOV", date(2025, 6, 2 + day), state, reason) for day, state in enumerate(states))


def status(*states: SessionState, due: date = date(2025, 6, 3)) -> IndexStatus:
    since, until = (states[0].session, states[-1].session) if states else (None, None)
    return IndexStatus("IBOV", since, until, due, showing=due, days=states)


def test_sessions_that_follow_one_another_and_stand_alike_are_one_range() -> None:
    states = of_days(State.PUBLISHED, State.MISSING, State.MISSING, State.PUBLISHED)
    assert [(item.first.state, item.days, item.count) for item in ranges(states)] == [
        (State.PUBLISHED, "2025-06-02", 1),
        (State.MISSING, "2025-06-03 to 2025-06-04", 2),
        (State.PUBLISHED, "2025-06-05", 1),
    ]


def test_sessions_that_are_missing_for_different_reasons_are_two_ranges() -> None:
    one, other = of_days(State.MISSING, State.MISSING)
    assert len(list(ranges([one, replace(other, reason="B3 could not be had")]))) == 2


@pytest.mark.parametrize(
    ("states", "complete", "fresh"),
    [
        pytest.param(of_days(State.PUBLISHED, State.PUBLISHED), True, True, id="all published"),
        pytest.param(of_days(State.MISSING, State.PUBLISHED), False, True, id="a gap"),
        pytest.param(of_days(State.PUBLISHED, State.LANDED), False, False, id="the newest lacks"),
        pytest.param(of_days(State.PUBLISHED), True, False, id="nothing of the day that is due"),
        pytest.param((), False, False, id="nothing at all"),
    ],
)
def test_an_index_is_complete_and_fresh(states: tuple[SessionState, ...], *, complete: bool, fresh: bool) -> None:
    found = status(*states)
    assert (found.complete, found.fresh) == (complete, fresh)


def test_the_headline_counts_and_tells_how_new_the_newest_is() -> None:
    found = status(*of_days(State.PUBLISHED, State.MISSING))
    assert found.headline == (
        "IBOV 2025-06-02 to 2025-06-03: 1 published, 1 missing; newest published 2025-06-02, 2025-06-03 is due"
    )
    assert status().headline.endswith("no sessions; none published, 2025-06-03 is due")
    weekend = replace(status(*of_days(State.PUBLISHED, State.PUBLISHED)), showing=date(2025, 6, 4))
    assert weekend.headline.endswith("newest published 2025-06-03, as due, B3 shows 2025-06-04 already")


def test_a_status_is_told_in_jsons_types() -> None:
    body = replace(status(*of_days(State.PUBLISHED, State.MISSING)), undated=1).to_dict()
    assert body | {"sessions": []} == {
        "index": "IBOV",
        "since": "2025-06-02",
        "until": "2025-06-03",
        "complete": False,
        "fresh": False,
        "newest_published": "2025-06-02",
        "due": "2025-06-03",
        "showing": "2025-06-03",
        "undated_payloads": 1,
        "counts": {"published": 1, "missing": 1},
        "verdicts": {},
        "sessions": [],
    }
