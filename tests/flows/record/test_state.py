"""Where a session stands, by what was seen and read of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from expectations.contract.ledger import AttemptKey, AttemptState
from flows.record.attempt import Attempt
from flows.record.sightings import Sighting
from flows.record.state import (
    HOLIDAY,
    SUPERSEDED,
    UNREAD,
    Details,
    IndexStatus,
    Standing,
    State,
    is_settled,
    ranges,
    standing,
)
from flows.session.etl import GlueRun
from flows.session.storage import Publication, RawVersion

SESSION = date(2025, 6, 30)
EIGHT = datetime(2025, 6, 30, 11, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

VERSION = RawVersion("raw", "raw-data/x.parquet", "v1", EIGHT, "f1", has_sectors=True)
PUBLICATION = Publication("IBOV", "2025-06-30", "2025-06-30T11:05:00", "f1", True, "v1", "jr_1", 84, 30)  # noqa: FBT003
REFUSED_1 = Attempt(
    *("run", "daily", "IBOV", SESSION, EIGHT, EIGHT, AttemptState.QUARANTINED, "gate-1-raw refused IBOV"),
    gate_refused="gate-1-raw",
    demands_refused="no codigo stands twice",
)
REFUSED_2 = replace(REFUSED_1, reason="gate-2-refined refused IBOV", gate_refused="gate-2-refined", raw_version_id="v1")
FAILED = replace(REFUSED_1, state=AttemptState.FAILED, reason="Glue run jr_1 ended FAILED", gate_refused=None)


def at(minutes: int) -> datetime:
    return EIGHT + minutes * MINUTE


def seen(
    *, landed: int | None = 0, raw: int | None = None, published: int | None = None, attempt: Attempt | None = None,
    attempted: int = 9,
) -> Sighting:  # fmt: skip
    """What was stored so many minutes after eight."""
    key = AttemptKey("IBOV", SESSION, attempt.state, EIGHT, "key") if attempt else None
    return Sighting(
        "IBOV",
        SESSION,
        payloads=("landing/x",) if landed is not None else (),
        landed_at=None if landed is None else at(landed),
        raw_at=None if raw is None else at(raw),
        published_at=None if published is None else at(published),
        attempts=(key,) if key else (),
        attempted_at=at(attempted) if key else None,
    )


def stands(sighting: Sighting, **known: object) -> Standing:
    return standing(sighting, Details(**known), in_calendar=True)  # type: ignore[arg-type]


CASES = [
    pytest.param(seen(landed=None), {}, State.MISSING, "", id="nothing"),
    pytest.param(seen(landed=None), {"attempt": FAILED}, State.MISSING, FAILED.reason, id="nothing, tried in vain"),
    pytest.param(seen(), {}, State.LANDED, "not parsed", id="landed"),
    pytest.param(seen(attempt=FAILED), {"attempt": FAILED}, State.LANDED, FAILED.reason, id="landed, failed"),
    pytest.param(seen(attempt=REFUSED_1), {"attempt": REFUSED_1}, State.QUARANTINED, REFUSED_1.reason, id="gate 1"),
    pytest.param(
        seen(landed=10, attempt=REFUSED_1), {"attempt": REFUSED_1}, State.LANDED, REFUSED_1.reason, id="landed since"
    ),
    pytest.param(seen(raw=1), {"version": VERSION}, State.RAW, "no Glue run", id="raw"),
    pytest.param(
        seen(raw=1),
        {"version": VERSION, "run": GlueRun("jr_1", "RUNNING", "", 0, None)},
        State.RAW,
        "Glue run jr_1 is RUNNING",
        id="raw, being refined",
    ),
    pytest.param(
        seen(raw=1, attempt=FAILED), {"version": VERSION, "attempt": FAILED}, State.RAW, FAILED.reason, id="Glue failed"
    ),
    pytest.param(
        seen(raw=10, attempt=FAILED),
        {"version": VERSION, "attempt": FAILED},
        State.RAW,
        "no Glue run",
        id="a raw file that came after the failure",
    ),
    pytest.param(seen(raw=1), {"version": VERSION, "staged": True}, State.STAGED, "not audited", id="staged"),
    pytest.param(
        seen(raw=1, attempt=REFUSED_2),
        {"version": VERSION, "staged": True, "attempt": REFUSED_2},
        State.QUARANTINED,
        REFUSED_2.reason,
        id="gate 2",
    ),
    pytest.param(
        seen(raw=10, attempt=REFUSED_2),
        {"version": replace(VERSION, version_id="v2"), "attempt": REFUSED_2},
        State.RAW,
        "no Glue run",
        id="another version than gate 2 refused",
    ),
    pytest.param(
        seen(raw=1, attempt=REFUSED_1),
        {"version": VERSION, "attempt": REFUSED_1},
        State.RAW,
        "no Glue run",
        id="a raw file that passed, whatever gate 1 refused later",
    ),
    pytest.param(seen(raw=1, published=5), {}, State.PUBLISHED, "", id="published"),
    pytest.param(
        seen(raw=6, published=5),
        {"version": replace(VERSION, version_id="v2"), "publication": PUBLICATION},
        State.PUBLISHED,
        "",
        id="published, and uploaded again",
    ),
    pytest.param(
        seen(raw=6, published=5),
        {"version": replace(VERSION, fingerprint="f2"), "publication": PUBLICATION},
        State.RAW,
        "no Glue run",
        id="published, and corrected",
    ),
    pytest.param(
        seen(raw=6, published=5),
        {"version": replace(VERSION, fingerprint="f2")},
        State.RAW,
        "no Glue run",
        id="published by a record that cannot be read",
    ),
]


@pytest.mark.parametrize(("sighting", "known", "state", "reason"), CASES)
def test_a_session_stands_where_its_traces_end(
    sighting: Sighting, known: dict[str, object], state: State, reason: str
) -> None:
    found = stands(sighting, **known)
    assert (found.state, found.reason) == (state, reason)


def test_a_quarantined_session_names_the_gate_and_its_demands() -> None:
    found = stands(seen(attempt=REFUSED_1), attempt=REFUSED_1)
    assert (found.gate, found.demands) == ("gate-1-raw", "no codigo stands twice")
    assert stands(seen(attempt=FAILED), attempt=FAILED).gate == ""


@pytest.mark.parametrize(
    ("sighting", "known", "note"),
    [
        pytest.param(seen(raw=1, published=5), {}, "", id="nothing is amiss"),
        pytest.param(seen(landed=6, raw=1, published=5), {}, UNREAD, id="a payload that nobody has told of"),
        pytest.param(
            seen(landed=6, raw=1, published=5, attempt=REFUSED_1, attempted=7),
            {"attempt": REFUSED_1},
            "what came later was refused: gate-1-raw refused IBOV",
            id="a refused correction",
        ),
        pytest.param(
            seen(raw=6, published=5, attempt=replace(REFUSED_2), attempted=7),
            {"attempt": REFUSED_2, "version": replace(VERSION, fingerprint="f2"), "publication": PUBLICATION},
            "what came later was refused: gate-2-refined refused IBOV",
            id="a correction that gate 2 refused",
        ),
        pytest.param(
            seen(raw=6, published=5),
            {"version": replace(VERSION, fingerprint="f2"), "publication": PUBLICATION},
            SUPERSEDED,
            id="a correction that is not published",
        ),
    ],
)
def test_what_is_worth_a_look_is_noted(sighting: Sighting, known: dict[str, object], note: str) -> None:
    assert stands(sighting, **known).note == note


def test_a_session_that_the_calendar_calls_a_holiday_is_kept_and_flagged() -> None:
    found = standing(seen(raw=1, published=5), Details(), in_calendar=False)
    assert (found.state, found.in_calendar, found.note) == (State.PUBLISHED, False, HOLIDAY)


@pytest.mark.parametrize(
    ("sighting", "settled"),
    [
        pytest.param(seen(raw=1, published=5), True, id="published after its raw file"),
        pytest.param(seen(landed=6, raw=1, published=5, attempt=FAILED, attempted=7), True, id="looked at since"),
        pytest.param(seen(raw=5, published=5), False, id="published in its raw file's second"),
        pytest.param(seen(landed=6, raw=1, published=5), False, id="a payload that nobody has told of"),
        pytest.param(seen(raw=1, published=5, attempt=REFUSED_1), False, id="refused"),
        pytest.param(seen(raw=1), False, id="not published"),
    ],
)
def test_only_what_the_listings_do_not_settle_is_read(sighting: Sighting, *, settled: bool) -> None:
    assert is_settled(sighting) is settled


# --- an index ------------------------------------------------------------------------------------------------------------


def of_days(*states: State, reason: str = "") -> tuple[Standing, ...]:
    return tuple(Standing("IBOV", date(2025, 6, 2 + day), state, reason) for day, state in enumerate(states))


def status(*standings: Standing, due: date = date(2025, 6, 3)) -> IndexStatus:
    since, until = (standings[0].session, standings[-1].session) if standings else (None, None)
    return IndexStatus("IBOV", since, until, due, showing=due, standings=standings)


def test_sessions_that_follow_one_another_and_stand_alike_are_one_range() -> None:
    standings = of_days(State.PUBLISHED, State.MISSING, State.MISSING, State.PUBLISHED)
    assert [(item.first.state, item.days, item.count) for item in ranges(standings)] == [
        (State.PUBLISHED, "2025-06-02", 1),
        (State.MISSING, "2025-06-03 to 2025-06-04", 2),
        (State.PUBLISHED, "2025-06-05", 1),
    ]


def test_sessions_that_are_missing_for_different_reasons_are_two_ranges() -> None:
    one, other = of_days(State.MISSING, State.MISSING)
    assert len(list(ranges([one, replace(other, reason="B3 could not be had")]))) == 2


@pytest.mark.parametrize(
    ("standings", "complete", "fresh"),
    [
        pytest.param(of_days(State.PUBLISHED, State.PUBLISHED), True, True, id="all published"),
        pytest.param(of_days(State.MISSING, State.PUBLISHED), False, True, id="a gap"),
        pytest.param(of_days(State.PUBLISHED, State.LANDED), False, False, id="the newest lacks"),
        pytest.param(of_days(State.PUBLISHED), True, False, id="nothing of the day that is due"),
        pytest.param((), False, False, id="nothing at all"),
    ],
)
def test_an_index_is_complete_and_fresh(standings: tuple[Standing, ...], *, complete: bool, fresh: bool) -> None:
    found = status(*standings)
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
        "sessions": [],
    }
