"""A lake of the version before is put in order by the next run.

There each month's file lies under a folder of its digest, its predecessor beside it; what it holds stands in the partition's
parameters.
"""

from __future__ import annotations

import hashlib
import io
import json
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pyarrow.parquet as pq
import pytest

from expectations.contract.catalog import storage_descriptor
from expectations.contract.names import DATABASE, HIDDEN_PREFIX, PART_NAME, REFINED_BUCKET
from expectations.contract.partitions import month_key, partition_prefix, partition_values
from expectations.contract.tables import CHANGES_TABLE, HISTORY_TABLE, Table
from flows.history.month_files import CONTENTS, encode
from flows.history.refresh import Refreshed, refresh
from tests.flows.history.published import INDEX, JUL_1, JULY, JUN_2, JUN_3, JUNE, MAY, MAY_30, Account, two, weights
from tests.flows.in_memory import State
from tests.flows.session.test_publish import Killed, Watch

TABLES = (HISTORY_TABLE, CHANGES_TABLE)
SESSIONS = (two(MAY_30), two(JUN_2, "61.000", "39.000"), two(JUN_3, "62.000", "38.000"))
HISTORY = {MAY_30: weights(60, 40), JUN_2: weights(61, 39), JUN_3: weights(62, 38)}
STABLE = [
    f"{table.prefix}indice=IBXX/year=2025/month={month}/{PART_NAME}" for table in TABLES for month in ("05", "06")
]


def take_back(aws: Account, table: Table, month: Any) -> None:  # noqa: ANN401 - a date
    """Leave a month as the version before did."""
    key, folder = month_key(table, INDEX, month), partition_prefix(table, INDEX, month)
    rows = pq.read_table(io.BytesIO(aws.body(key)))
    stated = json.loads(rows.schema.metadata[CONTENTS.encode()])
    body = encode(rows)
    digest = hashlib.sha256(body).hexdigest()[:16]
    aws.put(f"{folder}0123456789abcdef/{PART_NAME}", encode(rows.slice(1)))
    aws.put(f"{folder}{digest}/{PART_NAME}", body)
    aws.s3.delete_object(Bucket=REFINED_BUCKET, Key=key)
    contents = {"made": stated["made"], "sessions": stated["sessions"]}
    point(aws, table, month, f"{folder}{digest}/", json.dumps(contents))


def point(aws: Account, table: Table, month: Any, prefix: str, contents: str) -> None:  # noqa: ANN401 - a date
    values = list(partition_values(table, INDEX, month))
    wanted: Any = {
        "Values": values,
        "StorageDescriptor": storage_descriptor(table, f"s3://{REFINED_BUCKET}/{prefix}"),
        "Parameters": {CONTENTS: contents},
    }
    aws.glue.update_partition(
        DatabaseName=DATABASE, TableName=table.name, PartitionValueList=values, PartitionInput=wanted
    )


def install_former(aws: Account) -> None:
    """May and June as the version before left them."""
    aws.forget(INDEX)
    refresh(aws.pipeline(), INDEX, [aws.publish(item) for item in SESSIONS])
    for table in TABLES:
        for month in (MAY, JUNE):
            take_back(aws, table, month)


def files(aws: Account) -> list[str]:
    return [key for table in TABLES for key in aws.keys(table.prefix)]


def test_it_is_put_in_order_without_reading_anything_back(aws: Account) -> None:
    install_former(aws)
    changes = aws.changes()
    assert len(files(aws)) == 8
    watch = Watch()
    refresh(aws.pipeline(watch), INDEX)
    assert (aws.history(), aws.changes(), files(aws)) == (HISTORY, changes, STABLE)
    read = [request["Key"] for name, request in watch.calls if name == "get_object"]
    assert [key for key in read if not key.startswith(("historico/", "mudancas/"))] == []
    for table in TABLES:
        for partition in aws.glue.get_partitions(DatabaseName=DATABASE, TableName=table.name)["Partitions"]:
            assert partition.get("Parameters", {}) == {}
    assert refresh(aws.pipeline(), INDEX, thorough=True) == Refreshed()


def test_it_gets_the_session_that_was_just_published_too(aws: Account) -> None:
    install_former(aws)
    refresh(aws.pipeline(), INDEX, [aws.publish(two(JUL_1))])
    assert aws.history() == HISTORY | {JUL_1: weights(60, 40)}
    assert sorted(aws.locations(CHANGES_TABLE)) == [MAY, JUNE, JULY]


def test_a_session_whose_published_files_are_gone_stays(aws: Account) -> None:
    install_former(aws)
    for key in aws.keys("refined-indices/"):
        aws.s3.delete_object(Bucket=REFINED_BUCKET, Key=key)
    refresh(aws.pipeline(), INDEX)
    assert aws.history() == HISTORY


def test_a_session_whose_record_was_removed_is_gone(aws: Account) -> None:
    install_former(aws)
    aws.unpublish(JUN_3)
    refresh(aws.pipeline(), INDEX)
    assert aws.history() == {day: HISTORY[day] for day in (MAY_30, JUN_2)}


@pytest.mark.parametrize("stated", ["{}", "[]", "no json", '{"made":"older.1","sessions":{"2025-06-02":"x"}}'])
def test_a_month_that_does_not_say_what_it_holds_is_made_from_what_is_published(aws: Account, stated: str) -> None:
    install_former(aws)
    location = aws.locations(HISTORY_TABLE)[JUNE].removeprefix(f"s3://{REFINED_BUCKET}/")
    point(aws, HISTORY_TABLE, JUNE, location, stated)
    refresh(aws.pipeline(), INDEX)
    assert (aws.history(), files(aws)) == (HISTORY, STABLE)


def test_a_month_that_was_hidden_because_nothing_of_it_is_published_leaves_the_catalog(aws: Account) -> None:
    install_former(aws)
    aws.unpublish(MAY_30)
    for table in TABLES:
        point(aws, table, MAY, HIDDEN_PREFIX, '{"made":"","sessions":{}}')
    refresh(aws.pipeline(), INDEX)
    assert [sorted(aws.locations(table)) for table in TABLES] == [[JUNE], [JUNE]]
    assert files(aws) == [key for key in STABLE if "month=06" in key]


def test_whoever_reads_sees_every_row_once_wherever_the_run_is_killed(aws: Account) -> None:
    install_former(aws)
    changes, before = sorted(map(str, aws.rows(CHANGES_TABLE))), State.now()
    for allowed in range(200):
        watch = Watch(allowed)
        with suppress(Killed):
            refresh(aws.pipeline(watch), INDEX)
        aws.pass_time()
        assert aws.history() == HISTORY, f"after {allowed} calls"
        assert sorted(map(str, aws.rows(CHANGES_TABLE))) == changes, f"after {allowed} calls"
        by_prefix = {
            str(row) for key in aws.keys("historico/") for row in pq.read_table(io.BytesIO(aws.body(key))).to_pylist()
        }
        assert len(by_prefix) == 6, f"after {allowed} calls"
        aws.pass_time()
        refresh(aws.pipeline(), INDEX)
        assert (aws.history(), files(aws)) == (HISTORY, STABLE), f"after {allowed} calls"
        assert sorted(map(str, aws.rows(CHANGES_TABLE))) == changes, f"after {allowed} calls"
        if len(watch.calls) < allowed:
            return
        before.put_back()
    pytest.fail("two hundred calls")


def test_two_runs_at_once_put_it_in_order(aws: Account) -> None:
    install_former(aws)

    others: list[Future[Refreshed]] = []

    class Between(Watch):
        def call(self, name: str, *arguments: Any, **request: Any) -> Any:  # noqa: ANN401
            if name in ("batch_update_partition", "delete_objects"):
                # It waits for the lease of the first one, so that it ends when that one has ended.
                others.append(pool.submit(refresh, aws.pipeline(), INDEX))
            answer = super().call(name, *arguments, **request)
            assert aws.history() == HISTORY, f"after {name}"
            return answer

    with ThreadPoolExecutor() as pool:
        refresh(aws.pipeline(Between()), INDEX)
        assert others
        for other in others:
            other.result(timeout=60)
    assert (aws.history(), files(aws)) == (HISTORY, STABLE)
