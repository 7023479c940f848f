"""Whether the monthly tables are what the published sessions make them: each way in which they are not is named."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from expectations.contract.names import PART_NAME, REFINED_BUCKET
from expectations.contract.partitions import month_key, partition_prefix, partition_values
from expectations.contract.tables import CHANGES_TABLE, HISTORY_TABLE, Table
from flows.history.damage import month_damages
from flows.history.refresh import refresh
from tests.flows import in_memory
from tests.flows.history.published import INDEX, JUN_2, JUN_3, JUNE, MAY, MAY_30, Account, two
from tests.flows.history.test_refresh import Before

HISTORY, CHANGES = month_key(HISTORY_TABLE, INDEX, JUNE), month_key(CHANGES_TABLE, INDEX, JUNE)


@pytest.fixture
def published(aws: Account) -> Account:
    """Two months, whose tables are up to date."""
    for session in (MAY_30, JUN_2, JUN_3):
        aws.publish(two(session))
    refresh(aws.pipeline(), INDEX)
    return aws


def gone(key: str) -> Callable[[Account], None]:
    return lambda aws: aws.s3.delete_object(Bucket=REFINED_BUCKET, Key=key) and None


def of_may(table: Table) -> Callable[[Account], None]:
    return lambda aws: aws.put(month_key(table, INDEX, JUNE), aws.body(month_key(table, INDEX, MAY)))


def cut(key: str) -> Callable[[Account], None]:
    return lambda aws: aws.put(key, aws.body(key)[:100])


def rotten(key: str) -> Callable[[Account], None]:
    """A byte of the footer, which no checksum of a page covers, is another under the same ETag."""

    def rot(aws: Account) -> None:
        body = aws.body(key)
        assert body.count(b"parquet-cpp") == 1
        in_memory.rot(REFINED_BUCKET, key, body.replace(b"parquet-cpp", b"parquet-cpq"))

    return rot


def stray(table: Table) -> Callable[[Account], None]:
    return lambda aws: aws.put(partition_prefix(table, INDEX, JUNE) + f"copy-{PART_NAME}", b"odd")


def pointed_to_may(table: Table) -> Callable[[Account], None]:
    values = partition_values(table, INDEX, JUNE)
    return lambda aws: aws.pipeline().lake.catalog.point(table, {values: partition_prefix(table, INDEX, MAY)})


def elsewhere(table: Table) -> str:
    return f"the partition of 2025-06 of {table.name} shows something else than {month_key(table, INDEX, JUNE)}"


DAMAGES = {
    "history gone": (gone(HISTORY), f"{HISTORY} is missing"),
    "changes gone": (gone(CHANGES), f"{CHANGES} is missing"),
    "history cut": (cut(HISTORY), f"{HISTORY} is not of what is published"),
    "changes cut": (cut(CHANGES), f"{CHANGES} is not of what is published"),
    "history rotten": (rotten(HISTORY), f"{HISTORY} is not of what is published"),
    "changes rotten": (rotten(CHANGES), f"{CHANGES} is not of what is published"),
    "history another's": (of_may(HISTORY_TABLE), f"{HISTORY} is not of what is published"),
    "changes another's": (of_may(CHANGES_TABLE), f"{CHANGES} is not of what is published"),
    "history with a stray": (stray(HISTORY_TABLE), elsewhere(HISTORY_TABLE)),
    "changes with a stray": (stray(CHANGES_TABLE), elsewhere(CHANGES_TABLE)),
    "history elsewhere": (pointed_to_may(HISTORY_TABLE), elsewhere(HISTORY_TABLE)),
    "changes elsewhere": (pointed_to_may(CHANGES_TABLE), elsewhere(CHANGES_TABLE)),
}


def test_what_is_up_to_date_is_not_damaged(published: Account) -> None:
    assert month_damages(published.pipeline().lake, INDEX) == {}


@pytest.mark.parametrize(("damage", "said"), DAMAGES.values(), ids=DAMAGES)
def test_what_is_not_is_named_of_its_month_alone(
    published: Account, damage: Callable[[Account], None], said: str
) -> None:
    damage(published)
    assert month_damages(published.pipeline().lake, INDEX) == {JUNE: said}


@pytest.mark.parametrize("key", [HISTORY, CHANGES])
def test_bytes_that_changed_under_their_etag_are_made_again(published: Account, key: str) -> None:
    whole = published.body(key)
    rotten(key)(published)
    refresh(published.pipeline(), INDEX, thorough=True)
    assert month_damages(published.pipeline().lake, INDEX) == {}
    assert published.body(key) == whole


def test_a_month_that_lacks_a_session_or_has_one_too_many_is_not_of_what_is_published(published: Account) -> None:
    both = f"{HISTORY} is not of what is published; {CHANGES} is not of what is published"
    published.unpublish(JUN_3)
    assert month_damages(published.pipeline().lake, INDEX) == {JUNE: both}
    published.publish(two(JUN_3, "50.000", "50.000"))
    assert month_damages(published.pipeline().lake, INDEX) == {JUNE: both}
    refresh(published.pipeline(), INDEX, thorough=True)
    assert month_damages(published.pipeline().lake, INDEX) == {}


def test_a_session_that_comes_while_it_is_looked_is_no_damage(published: Account) -> None:
    """A file that holds it may be listed only where the record is listed after it."""
    days = (date(2025, 6, day) for day in range(4, 30))

    def publish_more() -> None:
        refresh(published.pipeline(), INDEX, [published.publish(two(next(days)))])

    for number in range(10):
        another = Before("list_objects_v2", publish_more, number)
        assert month_damages(published.pipeline(another).lake, INDEX) == {}, f"before listing {number}"
        if not another.has_happened:
            assert number >= 3
            return
    pytest.fail("ten listings")
