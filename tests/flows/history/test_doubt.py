"""Which months may be outdated: whatever a run could have left behind is doubted, and no more than that."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.history.doubt import Listings, doubtful_changes, doubtful_history
from flows.history.month_files import Month
from flows.lake.s3 import ObjectSummary

MONTHS = [date(2025, number, 1) for number in range(1, 8)]
START = datetime(2025, 8, 1, tzinfo=UTC)

instants = st.integers(0, 20).map(lambda seconds: START + timedelta(seconds=seconds))
stored = instants.map(lambda instant: ObjectSummary("key", 1, '"etag"', instant))
months = st.builds(Month, st.none() | stored)
tables = st.dictionaries(st.sampled_from(MONTHS), months)
records = st.dictionaries(st.sampled_from(MONTHS), st.dictionaries(st.sampled_from(MONTHS), stored, min_size=1))


def listed(seconds: int) -> ObjectSummary:
    return ObjectSummary("key", 1, '"etag"', START + timedelta(seconds=seconds))


def built(history: list[int], changes: list[int]) -> Listings:
    """Months from January on, each with a record of second ten and files of the given seconds."""
    return Listings(
        history={month: Month(listed(second)) for month, second in zip(MONTHS, history, strict=False)},
        changes={month: Month(listed(second)) for month, second in zip(MONTHS, changes, strict=False)},
        records={month: {month: listed(10)} for month, _ in zip(MONTHS, history, strict=False)},
    )


@given(tables, tables, records, st.sets(st.sampled_from(MONTHS)))
def test_a_month_is_not_doubted_only_where_its_file_is_newer_than_each_of_its_records(
    history: dict[date, Month],
    changes: dict[date, Month],
    recorded: dict[date, dict[date, ObjectSummary]],
    fresh: set[date],
) -> None:
    listings = Listings(history, changes, recorded)
    doubtful = doubtful_history(listings, fresh)
    for month in set(listings.months) - doubtful:
        file = history[month].file
        assert file is not None
        assert month not in fresh
        assert recorded[month]
        assert all(record.stored_at < file.stored_at for record in recorded[month].values())


@given(tables, tables, records)
def test_changes_are_doubted_with_their_own_history_and_with_the_month_before(
    history: dict[date, Month], changes: dict[date, Month], recorded: dict[date, dict[date, ObjectSummary]]
) -> None:
    listings = Listings(history, changes, recorded)
    of_history = doubtful_history(listings, ())
    doubtful = doubtful_changes(listings, of_history)
    order = listings.months
    assert of_history <= doubtful <= set(order)
    for month in of_history - {order[-1] if order else None}:
        assert order[order.index(month) + 1] in doubtful


def test_nothing_is_doubted_where_each_file_came_after_its_records() -> None:
    listings = built([11, 11, 11], [12, 12, 12])
    assert (doubtful_history(listings, ()), doubtful_changes(listings, ())) == (set(), set())


def test_a_file_of_the_second_of_a_record_is_doubted() -> None:
    assert doubtful_history(built([11, 10, 11], [12, 12, 12]), ()) == {MONTHS[1]}


def test_changes_of_the_second_of_their_history_are_not_doubted_for_they_are_put_right_after_it() -> None:
    assert doubtful_changes(built([11, 12, 11], [11, 12, 12]), ()) == set()


def test_changes_that_are_older_than_their_history_are_doubted_and_those_of_the_next_month() -> None:
    assert doubtful_changes(built([11, 14, 11, 11], [12, 12, 12, 12]), ()) == {MONTHS[1], MONTHS[2]}


def test_a_month_with_files_and_no_record_is_doubted_and_the_changes_of_the_next_one() -> None:
    found = built([11, 11, 11], [12, 12, 12])
    left = Listings({MONTHS[0]: found.history[MONTHS[0]], MONTHS[2]: found.history[MONTHS[2]]}, found.changes, {
        month: records for month, records in found.records.items() if month != MONTHS[1]
    })  # fmt: skip
    doubtful = doubtful_history(left, ())
    assert (doubtful, doubtful_changes(left, doubtful)) == ({MONTHS[1]}, {MONTHS[1], MONTHS[2]})


def test_changes_are_doubted_where_their_history_is_whatever_the_listings_say() -> None:
    assert doubtful_changes(built([11, 11, 11], [12, 12, 12]), {MONTHS[0]}) == {MONTHS[0], MONTHS[1]}


def test_changes_that_are_not_newer_than_their_records_are_doubted() -> None:
    found = built([9, 9, 9], [9, 12, 12])
    assert doubtful_changes(found, ()) == {MONTHS[0], MONTHS[1]}


@pytest.mark.parametrize("history", [{}, {MONTHS[0]: Month()}], ids=["no month", "no file"])
def test_changes_are_not_older_than_a_history_that_is_not_there(history: dict[date, Month]) -> None:
    found = built([11], [12])
    assert doubtful_changes(Listings(history, found.changes, found.records), ()) == set()


@pytest.mark.parametrize("changes", [{}, {MONTHS[0]: Month()}], ids=["no month", "no file"])
def test_changes_that_are_not_there_are_doubted(changes: dict[date, Month]) -> None:
    found = built([11], [12])
    assert doubtful_changes(Listings(found.history, changes, found.records), ()) == {MONTHS[0]}
