"""A month's file is read, and removed, only as it was listed; its partition goes before it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from expectations.contract.names import REFINED_BUCKET
from expectations.contract.partitions import month_key, moving_prefix, partition_prefix, partition_values
from expectations.contract.tables import HISTORY_TABLE
from flows.errors import WriteConflict
from flows.history.month_files import Month, MonthlyTable
from flows.history.refresh import refresh
from tests.flows.history.published import INDEX, JUN_2, JUNE, Account, two
from tests.flows.session.test_publish import Killed, Watch

if TYPE_CHECKING:
    from flows.lake.s3 import ObjectSummary

KEY = month_key(HISTORY_TABLE, INDEX, JUNE)
PREFIX = partition_prefix(HISTORY_TABLE, INDEX, JUNE)


def table(aws: Account, watch: Watch | None = None) -> MonthlyTable:
    lake = aws.pipeline(watch).lake
    return MonthlyTable(lake.refined, lake.catalog, HISTORY_TABLE, INDEX)


@pytest.fixture
def june(aws: Account) -> Month:
    """The month as it was listed."""
    refresh(aws.pipeline(), INDEX, [aws.publish(two(JUN_2))])
    return table(aws).months()[JUNE]


def file(month: Month) -> ObjectSummary:
    assert month.file
    return month.file


def test_another_file_than_was_listed_is_not_read(aws: Account, june: Month) -> None:
    assert table(aws).read(file(june)).sessions == table(aws).sessions(file(june)) != {}
    aws.put(KEY, b"another's")
    for read in (table(aws).read, table(aws).sessions):
        with pytest.raises(WriteConflict, match=f"{KEY}: somebody else has written it meanwhile"):
            read(file(june))


def test_another_file_than_was_listed_is_not_removed(aws: Account, june: Month) -> None:
    aws.put(KEY, b"another's")
    with pytest.raises(WriteConflict):
        table(aws).remove({JUNE: june})
    assert aws.body(KEY) == b"another's"


def test_a_month_goes_from_the_catalog_first_so_that_no_partition_shows_nothing(aws: Account, june: Month) -> None:
    with pytest.raises(Killed):
        table(aws, Watch(1)).remove({JUNE: june})
    assert (aws.locations(HISTORY_TABLE), aws.keys(KEY)) == ({}, [KEY])
    table(aws).remove({JUNE: june})
    assert aws.keys("historico/") == []


def test_a_month_is_listed_with_its_file_its_partition_and_whatever_else_lies_there(aws: Account, june: Month) -> None:
    strays = tuple(f"{PREFIX}{name}" for name in ("a/b.parquet", "z.txt"))
    for key in strays:
        aws.put(key, b"stray")
    assert table(aws).months() == {JUNE: Month(june.file, PREFIX, strays)}
    assert table(aws).listed() == {JUNE: Month(june.file, None, strays)}


def test_a_month_without_a_file_is_listed_by_its_partition(aws: Account, june: Month) -> None:
    aws.s3.delete_object(Bucket=REFINED_BUCKET, Key=file(june).key)
    assert table(aws).months() == {JUNE: Month(None, PREFIX)}


def test_a_month_of_another_index_is_none_of_this_one(aws: Account, june: Month) -> None:
    refresh(aws.pipeline(), "SMLL", [aws.publish(two(JUN_2, index="SMLL"))])
    assert table(aws).months() == {JUNE: june}


def test_a_month_is_in_order_where_its_partition_shows_its_file_and_nothing_else(aws: Account, june: Month) -> None:
    made = table(aws)
    assert made.is_in_order(JUNE, june)
    assert not made.is_in_order(JUNE, replace(june, strays=("a",)))
    assert not made.is_in_order(JUNE, replace(june, points_to=None))


def test_a_file_is_put_over_the_one_that_was_listed_only(aws: Account, june: Month) -> None:
    content = table(aws).read(file(june))
    aws.put(KEY, b"another's")
    for over in (file(june), None):
        with pytest.raises(WriteConflict):
            table(aws).put(JUNE, content, over)
    assert aws.body(KEY) == b"another's"


def test_a_file_says_what_it_is_and_what_it_is_made_from(aws: Account, june: Month) -> None:
    head = aws.s3.head_object(Bucket=REFINED_BUCKET, Key=file(june).key)
    assert head["ContentType"] == "application/vnd.apache.parquet"
    ((day, etag),) = table(aws).sessions(file(june)).items()
    made = table(aws).made
    assert head["Metadata"]["contents"] == f'{{"made":"{made}","rows":2,"sessions":{{"{day}":"{etag}"}}}}'


def test_a_month_that_is_shown_from_a_folder_within_its_own_is_shown_from_a_copy_while_that_is_removed(
    aws: Account, june: Month
) -> None:
    old = f"{PREFIX}versao=1/"
    aws.put(f"{old}part.parquet", b"old")
    table(aws).catalog.point(HISTORY_TABLE, {partition_values(HISTORY_TABLE, INDEX, JUNE): old})
    watch = Watch()
    table(aws, watch).show(table(aws).months())
    moving = moving_prefix(HISTORY_TABLE, INDEX, JUNE)
    told = [(name, *sorted(re.findall(rf"{moving}|{old}|{PREFIX}", str(request)))) for name, request in watch.calls]
    assert [name for name, *_ in told] == [
        *("copy_object", "batch_update_partition", "delete_objects", "batch_update_partition")
    ]
    assert [moving in of for _, *of in told] == [True, True, False, False]
    assert old in told[2]
    assert table(aws).months() == {JUNE: june}


def test_a_partition_that_another_has_made_meanwhile_is_no_error(aws: Account, june: Month) -> None:
    table(aws).show({JUNE: replace(june, points_to=None)})
    assert table(aws).months() == {JUNE: june}
