"""The monthly tables equal what is published, whoever published it, whenever it was killed."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import replace
from datetime import date
from random import random
from threading import Timer
from time import sleep
from typing import TYPE_CHECKING, Any, cast

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from expectations.contract.catalog import storage_descriptor
from expectations.contract.keys import lease_key, monthly_lease_key, published_key, raw_key
from expectations.contract.names import DATABASE, HIDDEN_PREFIX, PART_NAME, RAW_BUCKET, REFINED_BUCKET
from expectations.contract.partitions import partition_prefix, partition_values
from expectations.contract.tables import CHANGES_TABLE, HISTORY_TABLE, Table, refined_table
from flows.errors import AwsError, PublishError, WriteConflict
from flows.history.month_files import CONTENTS, Month, MonthlyTable, encode
from flows.history.refresh import FreshRows, Refreshed, refresh
from flows.history.rows import PublishedRows
from flows.lake import lease
from flows.lake.catalog import Catalog
from flows.lake.lease import session_lease
from flows.session import storage
from tests.flows.history.published import (
    INDEX,
    JUL_1,
    JULY,
    JUN_2,
    JUN_3,
    JUN_30,
    JUNE,
    MAY,
    MAY_28,
    MAY_29,
    MAY_30,
    Account,
    portfolio,
    two,
    weights,
)
from tests.flows.in_memory import State
from tests.flows.session.test_publish import Killed, Watch, Watched

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client


def spoilt(_: bytes) -> bytes:
    """No Parquet."""
    return b"PAR1 no more"


def nothing(_: bytes) -> bytes:
    """An object without content."""
    return b""


def emptied(body: bytes) -> bytes:
    """The same columns and statement, without rows, or with one more where there were none."""
    rows = pq.read_table(io.BytesIO(body))
    metadata = {CONTENTS: rows.schema.metadata[CONTENTS.encode()].decode()}
    return encode(rows.slice(1), metadata) if rows.num_rows else nothing(body)


def of_other_rules(body: bytes) -> bytes:
    """Made by an earlier version of columns or rules."""
    rows = pq.read_table(io.BytesIO(body))
    stated = json.loads(rows.schema.metadata[CONTENTS.encode()])
    return encode(rows, {CONTENTS: json.dumps(stated | {"made": "older.1"})})


def without_statement(body: bytes) -> bytes:
    """The rows, written by somebody else."""
    return encode(pq.read_table(io.BytesIO(body)))


def not_json(body: bytes) -> bytes:
    """A statement of no use."""
    return encode(pq.read_table(io.BytesIO(body)), {CONTENTS: "[]"})


class TestASession:
    def test_that_was_published_is_in_the_history_as_it_was_audited(self, aws: Account) -> None:
        fresh = aws.publish(two(JUN_2))
        done = refresh(aws.pipeline(), INDEX, [fresh])
        assert aws.rows(HISTORY_TABLE) == fresh.rows.to_pylist()
        assert done.history == [JUNE]

    def test_that_nobody_fresh_is_read_back_to_the_same_rows(self, aws: Account) -> None:
        fresh = aws.publish(two(JUN_2))
        refresh(aws.pipeline(), INDEX)
        assert aws.rows(HISTORY_TABLE) == fresh.rows.to_pylist()

    def test_of_the_ibovespa_is_read_back_from_its_files_by_share(self, aws: Account) -> None:
        fresh = aws.publish(two(JUN_2, index="IBOV"))
        refresh(aws.pipeline(), "IBOV")
        assert aws.rows(HISTORY_TABLE, "IBOV") == fresh.rows.to_pylist()
        assert aws.rows(HISTORY_TABLE) == []

    def test_has_its_day_its_ticker_and_b3s_divisor(self, aws: Account) -> None:
        refresh(aws.pipeline(), INDEX, [aws.publish(two(JUN_2, divisor="15453473.14801835"))])
        row = aws.rows(HISTORY_TABLE)[0]
        assert (row["acao"], row["codigo"], row["day"], row["redutor"]) == ("ABEV3", "ABEV3", 2, 15453473.14801835)

    def test_is_the_recorded_publication_whatever_a_publisher_has_at_hand(self, aws: Account) -> None:
        outdated = aws.publish(two(JUN_2, "60.000", "40.000"))
        aws.publish(two(JUN_2, "70.000", "30.000"), run="jr_2")
        refresh(aws.pipeline(), INDEX, [outdated])
        assert aws.history() == {JUN_2: weights(70, 30)}

    def test_that_is_published_again_takes_the_place_of_what_it_was(self, aws: Account) -> None:
        refresh(aws.pipeline(), INDEX, [aws.publish(two(JUN_2)), aws.publish(two(JUN_3))])
        refresh(aws.pipeline(), INDEX, [aws.publish(two(JUN_2, "70.000", "30.000"), run="jr_2")])
        assert aws.history() == {JUN_2: weights(70, 30), JUN_3: weights(60, 40)}

    def test_whose_record_is_gone_is_gone(self, aws: Account) -> None:
        refresh(aws.pipeline(), INDEX, [aws.publish(two(day)) for day in (MAY_30, JUN_2, JUN_3)])
        aws.unpublish(JUN_2)
        aws.unpublish(MAY_30)
        refresh(aws.pipeline(), INDEX, thorough=True)
        assert aws.history() == {JUN_3: weights(60, 40)}
        assert [MAY in aws.locations(table) for table in (HISTORY_TABLE, CHANGES_TABLE)] == [False, False]
        assert [key for key in aws.keys("") if "month=05/part" in key] == []
        aws.publish(two(MAY_30))
        refresh(aws.pipeline(), INDEX)
        assert aws.history() == {MAY_30: weights(60, 40), JUN_3: weights(60, 40)}

    def test_of_another_index_lies_apart(self, aws: Account) -> None:
        refresh(aws.pipeline(), INDEX, [aws.publish(two(JUN_2))])
        refresh(aws.pipeline(), "SMLL", [aws.publish(two(JUN_2, "70.000", "30.000", index="SMLL"))])
        assert aws.history() == {JUN_2: weights(60, 40)}
        assert aws.history("SMLL") == {JUN_2: weights(70, 30)}


class TestAMonth:
    def test_is_one_sorted_file_in_which_a_shares_sessions_lie_together(self, aws: Account) -> None:
        refresh(aws.pipeline(), INDEX, [aws.publish(two(day)) for day in (JUN_30, JUN_2, JUN_3)])
        assert aws.keys("historico/") == ["historico/indice=IBXX/year=2025/month=06/part-00000.parquet"]
        assert aws.keys("mudancas/") == ["mudancas/indice=IBXX/year=2025/month=06/part-00000.parquet"]
        order = [(row["acao"], row["data_pregao"]) for row in aws.rows(HISTORY_TABLE)]
        assert order == [(code, day) for code in ("ABEV3", "VALE3") for day in (JUN_2, JUN_3, JUN_30)]

    def test_of_a_batch_is_written_once(self, aws: Account) -> None:
        fresh = [aws.publish(two(day)) for day in (MAY_29, MAY_30, JUN_2, JUN_3, JUN_30, JUL_1)]
        watch = Watch()
        refresh(aws.pipeline(watch), INDEX, fresh)
        written = [request["Key"].split("/")[0] for name, request in watch.calls if name == "put_object"]
        assert [written.count(name) for name in ("historico", "mudancas")] == [3, 3]
        assert aws.history().keys() == {MAY_29, MAY_30, JUN_2, JUN_3, JUN_30, JUL_1}

    def test_of_several_publishers_at_once_loses_none_of_their_sessions(self, aws: Account) -> None:
        fresh = [aws.publish(two(day)) for day in (JUN_2, JUN_3, JUN_30)]
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(lambda item: refresh(aws.pipeline(), INDEX, [item]), fresh))
        assert aws.history().keys() == {JUN_2, JUN_3, JUN_30}
        assert refresh(aws.pipeline(), INDEX) == Refreshed()

    def test_is_registered_once_and_stays_where_it_is(self, aws: Account) -> None:
        refresh(aws.pipeline(), INDEX, [aws.publish(two(JUN_2))])
        before = aws.locations(HISTORY_TABLE), aws.keys("historico/"), aws.keys("mudancas/")
        watch = Watch()
        refresh(aws.pipeline(watch), INDEX, [aws.publish(two(JUN_3))])
        assert (aws.locations(HISTORY_TABLE), aws.keys("historico/"), aws.keys("mudancas/")) == before
        assert {name for name in watch.names() if "partition" in name} == {"get_partitions"}

    def test_that_is_as_it_should_be_costs_a_few_listings_and_no_change(self, aws: Account) -> None:
        fresh = [aws.publish(two(day)) for day in (MAY_30, JUN_2)]
        sleep(1.1)  # S3 tells whole seconds
        refresh(aws.pipeline(), INDEX, fresh)
        watch = Watch()
        assert refresh(aws.pipeline(watch), INDEX) == Refreshed()
        assert sorted(watch.names()) == ["get_partitions"] * 2 + ["list_objects_v2"] * 3

    def test_that_was_stored_in_the_second_of_a_record_is_read_and_not_changed(self, aws: Account) -> None:
        refresh(aws.pipeline(), INDEX, [aws.publish(two(day)) for day in (MAY_30, JUN_2)])
        watch = Watch()
        assert refresh(aws.pipeline(watch), INDEX, thorough=True) == Refreshed()
        assert set(watch.names()) == {"get_partitions", "list_objects_v2", "get_object"}

    def test_takes_few_calls_to_get_one_more_session(self, aws: Account) -> None:
        refresh(aws.pipeline(), INDEX, [aws.publish(two(day)) for day in (MAY_30, JUN_2)])
        fresh = aws.publish(two(JUN_3))
        watch = Watch()
        refresh(aws.pipeline(watch), INDEX, [fresh])
        assert len(watch.calls) <= 16, watch.names()

    @pytest.mark.parametrize("thorough", [False, True])
    def test_whose_file_is_gone_is_made_again(self, aws: Account, *, thorough: bool) -> None:
        refresh(aws.pipeline(), INDEX, [aws.publish(two(day)) for day in (JUN_2, JUN_3)])
        before = aws.history(), aws.changes()
        for key in (*aws.keys("historico/"), *aws.keys("mudancas/")):
            aws.s3.delete_object(Bucket=REFINED_BUCKET, Key=key)
        refresh(aws.pipeline(), INDEX, thorough=thorough)
        assert (aws.history(), aws.changes()) == before

    @pytest.mark.parametrize("table", [HISTORY_TABLE, CHANGES_TABLE])
    @pytest.mark.parametrize("thorough", [False, True])
    def test_whose_partition_is_gone_or_points_elsewhere_is_shown_again(
        self, aws: Account, table: Table, *, thorough: bool
    ) -> None:
        other = ("61.000", "39.000")
        refresh(
            aws.pipeline(),
            INDEX,
            [aws.publish(item) for item in (two(MAY_29), two(MAY_30, *other), two(JUN_2), two(JUN_3, *other))],
        )
        before = aws.history(), aws.changes()
        aws.pipeline().lake.catalog.point(table, {partition_values(table, INDEX, JUNE): HIDDEN_PREFIX})
        aws.pipeline().lake.catalog.delete(table, [partition_values(table, INDEX, MAY)])
        assert (aws.history(), aws.changes()) != before
        refresh(aws.pipeline(), INDEX, thorough=thorough)
        assert (aws.history(), aws.changes()) == before

    @pytest.mark.parametrize("table", [HISTORY_TABLE, CHANGES_TABLE])
    @pytest.mark.parametrize("spoil", [spoilt, nothing, emptied, of_other_rules, without_statement, not_json])
    def test_whose_file_is_spoilt_is_found_by_a_look_into_it_and_made_again(
        self, aws: Account, table: Table, spoil: Callable[[bytes], bytes]
    ) -> None:
        refresh(aws.pipeline(), INDEX, [aws.publish(two(day)) for day in (MAY_30, JUN_2)])
        before = aws.history(), aws.changes()
        for key in aws.keys(table.prefix):
            aws.put(key, spoil(aws.body(key)))
        done = refresh(aws.pipeline(), INDEX, thorough=True)
        assert done.history == ([MAY, JUNE] if table is HISTORY_TABLE else [])
        assert (aws.history(), aws.changes()) == before
        assert refresh(aws.pipeline(), INDEX, thorough=True) == Refreshed()

    def test_whose_file_is_unreadable_is_made_again_when_it_gets_a_session(self, aws: Account) -> None:
        refresh(aws.pipeline(), INDEX, [aws.publish(two(JUN_2))])
        (key,) = aws.keys("historico/")
        aws.s3.put_object(Bucket=REFINED_BUCKET, Key=key, Body=b"PAR1 no more")
        refresh(aws.pipeline(), INDEX, [aws.publish(two(JUN_3))])
        assert aws.history() == {JUN_2: weights(60, 40), JUN_3: weights(60, 40)}

    def test_states_which_publications_it_holds_in_its_own_metadata(self, aws: Account) -> None:
        refresh(aws.pipeline(), INDEX, [aws.publish(two(JUN_2))])
        record = aws.s3.head_object(Bucket=REFINED_BUCKET, Key=published_key(INDEX, JUN_2))
        for key in (*aws.keys("historico/"), *aws.keys("mudancas/")):
            stated = json.loads(pq.read_metadata(io.BytesIO(aws.body(key))).metadata[b"bovespa.contents"])
            assert stated["sessions"] == {"2025-06-02": record["ETag"].strip('"')}
            assert stated["made"].endswith(".1")
        (partition,) = aws.glue.get_partitions(DatabaseName=DATABASE, TableName=HISTORY_TABLE.name)["Partitions"]
        assert partition.get("Parameters", {}) == {}

    def test_holds_the_bytes_of_its_rows_whatever_order_its_sessions_came_in(self, aws: Account) -> None:
        fresh = {day: aws.publish(two(day)) for day in (JUN_2, JUN_3, JUN_30)}
        refresh(aws.pipeline(), INDEX, [*fresh.values()])
        (key,) = aws.keys("historico/")
        at_once = aws.body(key)
        aws.s3.delete_object(Bucket=REFINED_BUCKET, Key=key)
        for day in (JUN_30, JUN_2, JUN_3):
            aws.unpublish(day)
        for day in (JUN_3, JUN_30, JUN_2):
            refresh(aws.pipeline(), INDEX, [aws.publish(two(day))])
        assert pq.read_table(io.BytesIO(aws.body(key))).equals(pq.read_table(io.BytesIO(at_once)))
        assert aws.body(key)[: len(at_once) // 2] == at_once[: len(at_once) // 2]


class TestARecordThatWasRemoved:
    def test_is_not_told_by_listings_and_is_found_by_a_look_into_the_files(self, aws: Account) -> None:
        fresh = [aws.publish(two(day)) for day in (MAY_30, JUN_2, JUN_3)]
        sleep(1.1)  # S3 tells whole seconds
        refresh(aws.pipeline(), INDEX, fresh)
        aws.unpublish(JUN_2)
        assert refresh(aws.pipeline(), INDEX) == Refreshed()
        done = refresh(aws.pipeline(), INDEX, thorough=True)
        assert (done.history, sorted(done.changes)) == ([JUNE], [JUN_3])
        assert aws.history().keys() == {MAY_30, JUN_3}

    def test_is_found_where_it_was_the_months_only_one(self, aws: Account) -> None:
        fresh = [aws.publish(two(MAY_30)), aws.publish(two(JUN_2, "61.000", "39.000")), aws.publish(two(JUL_1))]
        sleep(1.1)  # S3 tells whole seconds
        refresh(aws.pipeline(), INDEX, fresh)
        aws.unpublish(JUN_2)
        refresh(aws.pipeline(), INDEX)
        assert aws.history().keys() == {MAY_30, JUL_1}
        assert aws.changes() == set()
        assert sorted(aws.locations(CHANGES_TABLE)) == sorted(aws.locations(HISTORY_TABLE)) == [MAY, JULY]
        assert [key for key in aws.keys("") if "month=06/part" in key] == []


class TestChanges:
    def test_are_against_the_session_before_in_another_month_too(self, aws: Account) -> None:
        refresh(aws.pipeline(), INDEX, [aws.publish(two(MAY_30)), aws.publish(two(JUN_2, "61.000", "39.000"))])
        assert aws.changes() == {
            ("2025-05-30", "2025-06-02", "participacao", "ABEV3"),
            ("2025-05-30", "2025-06-02", "participacao", "VALE3"),
        }

    def test_of_the_first_session_are_none(self, aws: Account) -> None:
        done = refresh(aws.pipeline(), INDEX, [aws.publish(two(JUN_2))])
        assert (aws.changes(), done.changes) == (set(), {})
        assert refresh(aws.pipeline(), INDEX) == Refreshed()

    def test_are_reported_to_who_published_the_session(self, aws: Account) -> None:
        refresh(aws.pipeline(), INDEX, [aws.publish(two(JUN_2))])
        renamed = portfolio(JUN_3, ("ABEV3", 11, "60.000"), ("VALE3", 20, "40.000"))
        done = refresh(aws.pipeline(), INDEX, [aws.publish(renamed)])
        assert [(change.mudanca, change.acao) for change in done.changes[JUN_3]] == [("quantidade", "ABEV3")]

    def test_of_the_next_session_are_made_again_when_one_is_put_in_between(self, aws: Account) -> None:
        last = portfolio(JUN_3, ("ABEV3", 10, "60.000"), ("WEGE3", 5, "40.000"))
        refresh(aws.pipeline(), INDEX, [aws.publish(two(MAY_30)), aws.publish(last)])
        assert ("2025-05-30", "2025-06-03", "entrou", "WEGE3") in aws.changes()
        between = portfolio(JUN_2, ("ABEV3", 10, "60.000"), ("WEGE3", 5, "40.000"))
        refresh(aws.pipeline(), INDEX, [aws.publish(between)])
        assert aws.changes() == {
            ("2025-05-30", "2025-06-02", "entrou", "WEGE3"),
            ("2025-05-30", "2025-06-02", "saiu", "VALE3"),
        }

    def test_of_the_next_month_are_made_again_when_its_session_before_is_another(self, aws: Account) -> None:
        refresh(aws.pipeline(), INDEX, [aws.publish(two(MAY_29)), aws.publish(two(JUN_2))])
        done = refresh(aws.pipeline(), INDEX, [aws.publish(two(MAY_30, "61.000", "39.000"))])
        assert {(before, after) for before, after, *_ in aws.changes()} == {
            ("2025-05-29", "2025-05-30"),
            ("2025-05-30", "2025-06-02"),
        }
        assert done.history == [MAY]

    def test_of_a_far_month_stay_untouched(self, aws: Account) -> None:
        refresh(aws.pipeline(), INDEX, [aws.publish(two(MAY_29)), aws.publish(two(MAY_30)), aws.publish(two(JUL_1))])
        watch = Watch()
        refresh(aws.pipeline(watch), INDEX, [aws.publish(two(MAY_28))])
        written = [request["Key"] for name, request in watch.calls if name == "put_object"]
        assert not any("month=07" in key for key in written)


class Before(Watch):
    """A watch that does something before a call of a name, once or always."""

    def __init__(self, name: str, do: Callable[[], object], skipped: int = 0, *, always: bool = False) -> None:
        super().__init__()
        self.name, self.do, self.skipped, self.always = name, do, skipped, always
        self.has_happened = False

    def call(self, name: str, method: Callable[..., Any], **request: Any) -> Any:  # noqa: ANN401
        if name == self.name and (self.always or not self.has_happened):
            self.skipped -= 1
            if self.skipped < 0:
                self.has_happened = True
                self.do()
        return super().call(name, method, **request)


def published_twice(aws: Account) -> Iterable[FreshRows]:
    """What the killed runs start from: May and June, one session of which is replaced, and July put behind them."""
    refresh(aws.pipeline(), INDEX, [aws.publish(two(day)) for day in (MAY_30, JUN_2, JUN_3)])
    yield aws.publish(two(JUN_3, "70.000", "30.000"), run="jr_2")
    yield aws.publish(two(JUL_1, "71.000", "29.000"), run="jr_2")


class TestKilled:
    def test_before_any_call_shows_the_old_month_or_the_next_one_and_ends_the_same(self, aws: Account) -> None:
        fresh = list(published_twice(aws))
        old, before = aws.history(), State.now()
        watch = Watch()
        refresh(aws.pipeline(watch), INDEX, fresh)
        new, changes, calls = aws.history(), aws.changes(), len(watch.calls)
        assert old[JUN_3] != new[JUN_3]
        for allowed in range(calls):
            before.put_back()
            with pytest.raises(Killed):
                refresh(aws.pipeline(Watch(allowed)), INDEX, fresh)
            visible = aws.history()
            assert {day: visible[day] for day in old} in (old, {day: new[day] for day in old}), f"after {allowed} calls"
            assert visible.get(JUL_1) in (None, new[JUL_1])
            aws.pass_time()
            refresh(aws.pipeline(), INDEX)
            assert (aws.history(), aws.changes()) == (new, changes), f"after {allowed} calls"
            assert refresh(aws.pipeline(), INDEX) == Refreshed()

    def test_leaves_no_file_behind_for_longer_than_the_next_run(self, aws: Account) -> None:
        stray = partition_prefix(HISTORY_TABLE, INDEX, JUN_2) + "0123456789abcdef/" + PART_NAME
        refresh(aws.pipeline(), INDEX, [aws.publish(two(JUN_2))])
        aws.put(stray, b"of a run that was killed")
        refresh(aws.pipeline(), INDEX)
        assert stray not in aws.keys("historico/")
        assert aws.history() == {JUN_2: weights(60, 40)}

    @pytest.mark.parametrize("thorough", [False, True])
    def test_while_a_month_is_removed_leaves_what_the_next_run_completes(self, aws: Account, *, thorough: bool) -> None:
        refresh(aws.pipeline(), INDEX, [aws.publish(two(day)) for day in (MAY_30, JUN_2, JUL_1)])
        aws.unpublish(JUN_2)
        before = State.now()
        for allowed in range(100):
            before.put_back()
            watch = Watch(allowed)
            with suppress(Killed):
                refresh(aws.pipeline(watch), INDEX, thorough=thorough)
            aws.pass_time()
            refresh(aws.pipeline(), INDEX, thorough=thorough)
            assert aws.history().keys() == {MAY_30, JUL_1}, f"after {allowed} calls"
            assert {(before, after) for before, after, *_ in aws.changes()} <= {("2025-05-30", "2025-07-01")}
            assert sorted(aws.locations(CHANGES_TABLE)) == [MAY, JULY], f"after {allowed} calls"
            if len(watch.calls) < allowed:
                break
        else:
            pytest.fail("a hundred calls")


class TestTwoFlowsAtOnce:
    """One has listed what there is, and the other writes before it does."""

    def test_lose_nothing(self, aws: Account) -> None:
        refresh(aws.pipeline(), INDEX, [aws.publish(two(JUN_2))])
        first, second = aws.publish(two(JUN_3)), aws.publish(two(JUN_30))
        other = Before("put_object", lambda: refresh(aws.pipeline(), INDEX, [second]))
        done = refresh(aws.pipeline(other), INDEX, [first])
        assert other.has_happened
        assert aws.history().keys() == {JUN_2, JUN_3, JUN_30}
        assert (done.changes.keys() >= {JUN_3}, refresh(aws.pipeline(), INDEX, thorough=True)) == (True, Refreshed())

    def test_lose_nothing_where_the_month_is_new_to_both(self, aws: Account) -> None:
        first, second = aws.publish(two(JUN_2)), aws.publish(two(JUN_3))
        other = Before("put_object", lambda: refresh(aws.pipeline(), INDEX, [second]))
        refresh(aws.pipeline(other), INDEX, [first])
        assert other.has_happened
        assert aws.history().keys() == {JUN_2, JUN_3}

    @pytest.mark.parametrize("prefix", ["historico/", "mudancas/"])
    @pytest.mark.parametrize("before", [[MAY_30, JUN_2], [MAY_30]], ids=["over a file", "of a new month"])
    def test_show_what_the_other_has_put_though_the_first_is_killed_by_its_own_put(
        self, aws: Account, before: list[date], prefix: str
    ) -> None:
        refresh(aws.pipeline(), INDEX, [aws.publish(two(session)) for session in before])
        first = aws.publish(two(JUN_3, "70.000", "30.000"))
        watch = Watch()

        def put_and_die(key: str) -> None:
            if key.startswith(prefix) and watch.allowed > 1000:
                refresh(aws.pipeline(), INDEX, [aws.publish(two(JUN_30, "71.000", "29.000"))])
                watch.allowed = len(watch.calls) + 1

        class Dying(Watched):
            def put_object(self, **request: Any) -> Any:  # noqa: ANN401
                put_and_die(request["Key"])
                return watch.call("put_object", aws.s3.put_object, **request)

        lake = aws.pipeline(watch).lake
        dying = replace(lake, refined=replace(lake.refined, client=cast("S3Client", Dying(aws.s3, watch))))
        with pytest.raises(Killed):
            refresh(replace(aws.pipeline(), lake=dying), INDEX, [first])
        assert watch.allowed < 1000
        assert aws.history().keys() == {*before, JUN_3, JUN_30}
        assert ("2025-06-03", "2025-06-30", "participacao", "ABEV3") in aws.changes()

    def test_do_not_take_back_what_the_other_has_put_in_between_two_listings(self, aws: Account) -> None:
        refresh(aws.pipeline(), INDEX, [aws.publish(two(JUN_2))])

        def publish_more() -> None:
            refresh(aws.pipeline(), INDEX, [aws.publish(two(JUN_30))])

        class Seeing(Before):
            def call(self, name: str, method: Callable[..., Any], **request: Any) -> Any:  # noqa: ANN401
                answer = super().call(name, method, **request)
                if name == "put_object" and self.has_happened:
                    seen.append(JUN_30 in aws.history())
                return answer

        seen: list[bool] = []
        for number in range(4):  # three at first, and one once a month was written
            first = aws.publish(two(JUN_3, f"{60 + number}.000", f"{40 - number}.000"), run=f"jr_{number}")
            other = Seeing("list_objects_v2", publish_more, number)
            refresh(aws.pipeline(other), INDEX, [first])
            assert other.has_happened
            assert aws.history().keys() == {JUN_2, JUN_3, JUN_30}
            assert all(seen), f"JUN_30 was gone for a while: it came before listing {number}"
            aws.unpublish(JUN_30)
            refresh(aws.pipeline(), INDEX, thorough=True)

    def test_take_up_a_session_whose_publisher_was_killed_while_the_month_was_written(self, aws: Account) -> None:
        first = aws.publish(two(JUN_2))
        other = Before("put_object", lambda: aws.publish(two(JUN_3)))
        refresh(aws.pipeline(other), INDEX, [first])
        assert other.has_happened
        assert aws.history().keys() == {JUN_2, JUN_3}

    def test_leave_a_month_that_one_removes_and_the_other_fills(self, aws: Account) -> None:
        refresh(aws.pipeline(), INDEX, [aws.publish(two(day)) for day in (MAY_30, JUN_2)])
        aws.unpublish(JUN_2)
        for name in ("batch_delete_partition", "delete_object"):
            with ThreadPoolExecutor() as pool:

                def publish_more(pool: ThreadPoolExecutor = pool) -> None:
                    # It waits for the lease of the first one, so that it ends when that one has ended.
                    pool.submit(refresh, aws.pipeline(), INDEX, [aws.publish(two(JUN_3))])

                other = Before(name, publish_more)
                refresh(aws.pipeline(other), INDEX, thorough=True)
            assert other.has_happened
            assert aws.history().keys() == {MAY_30, JUN_3}
            aws.unpublish(JUN_3)

    def test_give_up_by_name_where_the_file_is_another_all_the_time(
        self, aws: Account, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)
        fresh = aws.publish(two(JUN_2))
        refresh(aws.pipeline(), INDEX, [fresh])
        (key,) = aws.keys("historico/")
        restless = Before("get_object", lambda: aws.put(key, str(random()).encode()), always=True)
        with pytest.raises(WriteConflict, match=f"{key}: somebody else has written it meanwhile"):
            refresh(aws.pipeline(restless), INDEX, [fresh])


class TestWhatCannotBe:
    def test_files_that_are_not_those_of_the_record_are_named_and_all_else_is_brought_up_to_date(
        self, aws: Account
    ) -> None:
        broken = aws.publish(two(JUN_2))
        storage.write_publication(aws.pipeline().lake.refined, replace(broken.record, rows=3))
        fresh = aws.publish(two(JUN_3))
        with pytest.raises(
            PublishError, match=r"IBXX 2025-06-02: 2 rows are published where the record says 3: bovespa r"
        ):
            refresh(aws.pipeline(), INDEX, [fresh])
        assert aws.history() == {JUN_3: weights(60, 40)}

    def test_a_session_that_is_hidden_while_it_is_replaced_is_not_taken_for_an_empty_one(self, aws: Account) -> None:
        aws.publish(two(JUN_2))
        table = refined_table(INDEX)
        values = list(partition_values(table, INDEX, JUN_2))
        hidden: Any = {
            "Values": values,
            "StorageDescriptor": storage_descriptor(table, f"s3://{REFINED_BUCKET}/{HIDDEN_PREFIX}"),
        }
        aws.glue.update_partition(
            DatabaseName=DATABASE, TableName=table.name, PartitionValueList=values, PartitionInput=hidden
        )
        with pytest.raises(PublishError, match="0 rows are published where the record says 2"):
            refresh(aws.pipeline(), INDEX)
        assert aws.history() == {}

    def test_a_file_that_is_no_parquet_is_named(self, aws: Account) -> None:
        aws.publish(two(JUN_2))
        key = partition_prefix(refined_table(INDEX), INDEX, JUN_2) + PART_NAME
        aws.s3.put_object(Bucket=REFINED_BUCKET, Key=key, Body=b"no parquet")
        with pytest.raises(PublishError, match=f"{key}: not a file of refined rows"):
            refresh(aws.pipeline(), INDEX)

    def test_a_raw_version_that_is_gone_is_named(self, aws: Account) -> None:
        published = aws.publish(two(JUN_2))
        key = raw_key(INDEX, JUN_2)
        aws.s3.delete_object(Bucket=RAW_BUCKET, Key=key, VersionId=published.record.raw_version_id)
        with pytest.raises(
            PublishError, match=f"{key}: version {published.record.raw_version_id}.* is gone: bovespa r"
        ):
            refresh(aws.pipeline(), INDEX)

    def test_a_session_that_is_being_published_is_waited_for(self, aws: Account) -> None:
        aws.publish(two(JUN_2))
        with session_lease(aws.pipeline().lake.refined, INDEX, JUN_2, 30), ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(refresh, aws.pipeline(), INDEX)
            assert wait([waiting], 0.5).done == set()
            aws.unpublish(JUN_2)
            aws.give_lease_back(INDEX, JUN_2)
            assert waiting.result(20) == Refreshed()
        assert aws.history() == {}

    def test_a_session_is_read_back_under_its_lease(self, aws: Account) -> None:
        aws.publish(two(JUN_2))
        read = []

        class Reading:
            def __getattr__(self, name: str) -> Any:  # noqa: ANN401
                return getattr(aws.s3, name)

            def get_object(self, **request: Any) -> Any:  # noqa: ANN401
                if request["Key"].startswith(refined_table(INDEX).prefix):
                    read.append(aws.keys(lease_key(INDEX, JUN_2)))
                return aws.s3.get_object(**request)

        lake = aws.pipeline().lake
        reading = replace(lake, refined=replace(lake.refined, client=cast("S3Client", Reading())))
        refresh(replace(aws.pipeline(), lake=reading), INDEX)
        assert read == [[lease_key(INDEX, JUN_2)]]

    def test_a_session_that_was_read_while_another_may_have_replaced_it_is_read_again(
        self, aws: Account, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        aws.publish(two(JUN_2))
        of, looks, real = PublishedRows.of, list[float](), lease.elapsed

        def stand_still(rows: PublishedRows, record: storage.Publication) -> pa.Table:
            looks.append(3600.0)
            if len(looks) == 1:
                aws.put(lease_key(INDEX, JUN_2), b"of one that replaces the session's files")
                Timer(0.3, aws.give_lease_back, (INDEX, JUN_2)).start()
            return of(rows, record)

        monkeypatch.setattr(lease, "elapsed", lambda: real() + sum(looks[:1]))
        monkeypatch.setattr(PublishedRows, "of", stand_still)
        refresh(aws.pipeline(), INDEX)
        assert len(looks) == 2
        assert aws.history() == {JUN_2: weights(60.0, 40.0)}

    @pytest.mark.parametrize(
        "other",
        [("ABEV3", 10, "61.000"), ("ABEV3", 11, "60.000"), ("ABEV4", 10, "60.000")],
        ids=["weight", "quantity", "ticker"],
    )
    def test_other_figures_than_the_record_s_are_named_though_they_are_as_many(
        self, aws: Account, other: tuple[str, int, str]
    ) -> None:
        earlier = aws.publish(two(JUN_2))
        aws.unpublish(JUN_2)
        aws.publish(portfolio(JUN_2, other, ("VALE3", 20, "40.000")), run="jr_2")
        storage.write_publication(aws.pipeline().lake.refined, earlier.record)
        with pytest.raises(
            PublishError, match="IBXX 2025-06-02: other figures are published than the record says: bov"
        ):
            refresh(aws.pipeline(), INDEX)
        assert aws.history() == {}

    def test_a_table_that_is_not_there_is_an_error_of_aws(self, aws: Account) -> None:
        aws.glue.delete_table(DatabaseName=DATABASE, Name=HISTORY_TABLE.name)
        with pytest.raises(AwsError, match=r"partitions of bovespa_historico: .*EntityNotFoundException"):
            refresh(aws.pipeline(), INDEX)

    @pytest.mark.parametrize("method", ["batch_create_partition", "batch_update_partition", "batch_delete_partition"])
    def test_a_partition_that_the_catalog_refuses_is_no_success(self, aws: Account, method: str) -> None:
        class Refusing:
            def __getattr__(self, name: str) -> Any:  # noqa: ANN401
                return self._refuse if name == method else getattr(aws.glue, name)

            def _refuse(self, **_: Any) -> dict[str, Any]:  # noqa: ANN401
                return {"Errors": [{"ErrorDetail": {"ErrorCode": "InternalServiceException"}}]}

        fresh = aws.publish(two(JUN_2))
        if method != "batch_create_partition":
            refresh(aws.pipeline(), INDEX, [fresh])
            aws.pipeline().lake.catalog.point(
                HISTORY_TABLE, {partition_values(HISTORY_TABLE, INDEX, JUNE): HIDDEN_PREFIX}
            )
        if method == "batch_delete_partition":
            aws.unpublish(JUN_2)
        before = aws.history()
        lake = aws.pipeline().lake
        refusing = replace(lake, catalog=replace(lake.catalog, client=cast("GlueClient", Refusing())))
        with pytest.raises(PublishError, match="partitions of bovespa_historico: 1 refused"):
            refresh(replace(aws.pipeline(), lake=refusing), INDEX, [fresh])
        assert aws.history() == before


class TestPartitions:
    """Glue has no conditional writes: who changes the months' partitions holds the lease of the monthly tables."""

    @pytest.mark.parametrize("method", ["batch_create_partition", "batch_update_partition", "batch_delete_partition"])
    def test_are_changed_under_the_lease_of_the_monthly_tables(self, aws: Account, method: str) -> None:
        held: list[list[str]] = []

        class Noting:
            def __getattr__(self, name: str) -> Any:  # noqa: ANN401
                if name == method:
                    held.append(aws.keys(monthly_lease_key(INDEX)))
                return getattr(aws.glue, name)

        fresh = aws.publish(two(JUN_2))
        if method != "batch_create_partition":
            refresh(aws.pipeline(), INDEX, [fresh])
            aws.pipeline().lake.catalog.point(
                HISTORY_TABLE, {partition_values(HISTORY_TABLE, INDEX, JUNE): HIDDEN_PREFIX}
            )
        if method == "batch_delete_partition":
            aws.unpublish(JUN_2)
        lake = aws.pipeline().lake
        noting = replace(lake, catalog=replace(lake.catalog, client=cast("GlueClient", Noting())))
        refresh(replace(aws.pipeline(), lake=noting), INDEX, [fresh] if method != "batch_delete_partition" else [])
        assert held
        assert all(held)
        assert aws.keys("leases/") == []

    def test_are_not_changed_by_one_that_was_overtaken(self, aws: Account, monkeypatch: pytest.MonkeyPatch) -> None:
        fresh = aws.publish(two(JUN_2))
        months, real, slept = MonthlyTable.months, lease.elapsed, list[float]()

        def stand_still(table: MonthlyTable) -> dict[date, Month]:
            found = months(table)
            if aws.keys(monthly_lease_key(INDEX)) and not slept:
                slept.append(3600.0)
                aws.put(monthly_lease_key(INDEX), b"of another")
                Timer(
                    0.3, aws.s3.delete_object, (), {"Bucket": REFINED_BUCKET, "Key": monthly_lease_key(INDEX)}
                ).start()
                created.clear()
            return found

        create, created = Catalog.create, list[bytes]()

        def noted(catalog: Catalog, table: Table, prefixes: Any, **given: bool) -> None:  # noqa: ANN401
            create(catalog, table, prefixes, **given)
            created.append(aws.body(monthly_lease_key(INDEX)))

        monkeypatch.setattr(lease, "elapsed", lambda: real() + sum(slept))
        monkeypatch.setattr(MonthlyTable, "months", stand_still)
        monkeypatch.setattr(Catalog, "create", noted)
        refresh(aws.pipeline(), INDEX, [fresh])
        assert slept
        assert len(created) == 2  # of each table
        assert b"of another" not in created  # none by the one that stood still
        assert aws.history() == {JUN_2: weights(60.0, 40.0)}

    def test_of_a_month_that_came_back_meanwhile_are_left(self, aws: Account, monkeypatch: pytest.MonkeyPatch) -> None:
        refresh(aws.pipeline(), INDEX, [aws.publish(two(JUN_2))])
        aws.unpublish(JUN_2)
        enter, back = lease.Lease.take, list[FreshRows]()

        def with_another_before(taken: lease.Lease) -> bool:
            if taken.key == monthly_lease_key(INDEX) and not back:
                back.append(aws.publish(two(JUN_2, "61.000"), run="jr_2"))
                refresh(aws.pipeline(), INDEX, back)
            return enter(taken)

        monkeypatch.setattr(lease.Lease, "take", with_another_before)
        refresh(aws.pipeline(), INDEX)
        assert back
        assert aws.history() == {JUN_2: weights(61.0, 40.0)}
