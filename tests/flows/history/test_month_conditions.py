"""A month's file is read, and removed, only as it was listed; its partition goes before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from expectations.contract.partitions import month_key
from expectations.contract.tables import HISTORY_TABLE
from flows.errors import WriteConflict
from flows.history.month_files import Month, MonthlyTable
from flows.history.refresh import refresh
from tests.flows.history.published import INDEX, JUN_2, JUNE, Account, two
from tests.flows.session.test_publish import Killed, Watch

if TYPE_CHECKING:
    from flows.lake.s3 import ObjectSummary

KEY = month_key(HISTORY_TABLE, INDEX, JUNE)


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
