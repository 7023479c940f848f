"""The monthly tables equal what is published, whoever published it, whenever it was killed."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from threading import Thread
from typing import TYPE_CHECKING, Any, cast

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.flows.session.test_publish import Killed, Watch

from expectations.contract.catalog import storage_descriptor, table_input
from expectations.contract.keys import monthly_lease_key, partition_prefix, partition_values, published_key
from expectations.contract.names import DATABASE, PART_NAME, RAW_BUCKET, REFINED_BUCKET
from expectations.contract.tables import CHANGES_TABLE, HISTORY_TABLE, Table, refined_table
from flows.b3.portfolio import Holding, Portfolio
from flows.errors import AwsError, PublishError
from flows.history.derived import Derived, Offer, ensure_derived
from flows.history.rows import audited_rows
from flows.lake.clients import Aws
from flows.lake.lease import lease
from flows.session import storage
from flows.session.pipeline import Pipeline
from flows.session.publish import HIDDEN_PREFIX
from flows.session.raw_file import RawFacts, encode
from flows.session.storage import Publication
from flows.settings import load_settings

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client

INDEX = "IBXX"
MAY_29, MAY_30 = date(2025, 5, 29), date(2025, 5, 30)
JUN_2, JUN_3, JUN_30 = date(2025, 6, 2), date(2025, 6, 3), date(2025, 6, 30)
JUL_1 = date(2025, 7, 1)
MAY, JUNE, JULY = date(2025, 5, 1), date(2025, 6, 1), date(2025, 7, 1)
COLLECTED_AT = datetime(2025, 6, 30, 11, tzinfo=UTC)


def portfolio(session: date, *shares: tuple[str, int, str], index: str = INDEX, divisor: str = "100.5") -> Portfolio:
    """A portfolio of tickers, quantities and weights."""
    holdings = tuple(
        Holding(code, code[:4], "ON      NM", "Diversos", quantity, Decimal(weight))
        for code, quantity, weight in shares
    )
    total = sum(holding.qtde_teorica for holding in holdings)
    return Portfolio(index, session, "json", holdings, len(holdings), total, Decimal("100.000"), Decimal(divisor))


def refined_frame(stated: Portfolio) -> pd.DataFrame:
    """The refined rows of a portfolio, as gate 2 has read them."""
    return pd.DataFrame(
        {
            "codigo": [holding.codigo for holding in stated.holdings],
            "nome_acao": [holding.acao for holding in stated.holdings],
            "tipo": "ON NM",
            "classe": "ON",
            "segmento_listagem": "NM",
            "eventos": None,
            "setor": "Diversos",
            "subsetor": None,
            "quantidade_teorica_acoes": [float(holding.qtde_teorica) for holding in stated.holdings],
            "percentual_participacao_ibov": [float(holding.participacao_pct) for holding in stated.holdings],
            "data_pregao": stated.session,
            "timestamp_coleta": pd.Timestamp(COLLECTED_AT),
            "dias_desde_coleta": pd.array([0] * len(stated.holdings), "int32"),
            "file_ticker": [holding.codigo for holding in stated.holdings],
        }
    )


@dataclass
class Account:
    """An account in which sessions get published, and what an analyst sees of the monthly tables."""

    s3: S3Client
    glue: GlueClient

    def pipeline(self, watch: Watch | None = None) -> Pipeline:
        athena, cloudwatch = cast("AthenaClient", None), cast("CloudWatchClient", None)
        s3, glue = (watch.wrap(self.s3), watch.wrap(self.glue)) if watch else (self.s3, self.glue)
        return Pipeline(load_settings({}), Aws(s3, glue, athena, cloudwatch))

    def publish(self, stated: Portfolio, run: str = "jr_1") -> Offer:
        """Leave what publishing a session leaves: raw file, refined files, partitions, and last the record."""
        facts = RawFacts.of(stated, COLLECTED_AT, [])
        version = storage.upload_raw(self.s3, RAW_BUCKET, encode(stated, facts), facts)
        frame = refined_frame(stated)
        table = refined_table(stated.index)
        tickers = [*frame["codigo"]] if stated.index == "IBOV" else [None]
        for ticker in tickers:
            rows = frame[frame["codigo"] == ticker] if ticker else frame
            self._publish_file(table, stated, ticker, rows.drop(columns="file_ticker"))
        record = Publication(
            index=stated.index,
            session=stated.session.isoformat(),
            published_at="2025-06-30T11:05:00+00:00",
            fingerprint=facts.fingerprint,
            has_sectors=True,
            raw_version_id=version.version_id,
            run_id=run,
            rows=len(frame),
            summary_rows=1,
        )
        storage.write_publication(self.s3, REFINED_BUCKET, record)
        return Offer(record, audited_rows(frame, stated.session, stated.divisor))

    def _publish_file(self, table: Table, stated: Portfolio, ticker: str | None, rows: pd.DataFrame) -> None:
        prefix = partition_prefix(table, stated.index, stated.session, ticker)
        sink = io.BytesIO()
        pq.write_table(pa.Table.from_pandas(rows, preserve_index=False), sink)
        self.s3.put_object(Bucket=REFINED_BUCKET, Key=prefix + PART_NAME, Body=sink.getvalue())
        values = list(partition_values(table, stated.index, stated.session, ticker))
        self.glue.batch_create_partition(
            DatabaseName=DATABASE,
            TableName=table.name,
            PartitionInputList=[
                {"Values": values, "StorageDescriptor": storage_descriptor(table, f"s3://{REFINED_BUCKET}/{prefix}")}
            ],
        )

    def pass_time(self) -> None:
        """What a killed run still held is void by now."""
        for key in self.keys("leases/"):
            self.s3.delete_object(Bucket=REFINED_BUCKET, Key=key)

    def unpublish(self, session: date) -> None:
        self.s3.delete_object(Bucket=REFINED_BUCKET, Key=published_key(INDEX, session))

    def rows(self, table: Table, index: str = INDEX) -> list[dict[str, Any]]:
        """What Athena reads: whatever lies at the locations of the registered partitions."""
        found: list[dict[str, Any]] = []
        for location in self.locations(table, index).values():
            for key in self.keys(location.removeprefix(f"s3://{REFINED_BUCKET}/")):
                body = self.s3.get_object(Bucket=REFINED_BUCKET, Key=key)["Body"].read()
                found += pq.read_table(io.BytesIO(body)).to_pylist()
        return found

    def locations(self, table: Table, index: str = INDEX) -> dict[date, str]:
        pages = self.glue.get_paginator("get_partitions").paginate(DatabaseName=DATABASE, TableName=table.name)
        return {
            date(int(item["Values"][1]), int(item["Values"][2]), 1): item["StorageDescriptor"]["Location"]
            for page in pages
            for item in page["Partitions"]
            if item["Values"][0] == index
        }

    def keys(self, prefix: str) -> list[str]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=REFINED_BUCKET, Prefix=prefix)
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def history(self, index: str = INDEX) -> dict[date, dict[str, float]]:
        """Weights by session and ticker."""
        found: dict[date, dict[str, float]] = {}
        for row in self.rows(HISTORY_TABLE, index):
            of_session = found.setdefault(row["data_pregao"], {})
            assert row["acao"] not in of_session
            of_session[row["acao"]] = row["percentual_participacao_ibov"]
        return found

    def changes(self, index: str = INDEX) -> set[tuple[str, str, str, str]]:
        """Which share changed how, from which session to which."""
        return {
            (str(row["pregao_anterior"]), str(row["data_pregao"]), row["mudanca"], row["acao"])
            for row in self.rows(CHANGES_TABLE, index)
        }


@pytest.fixture
def aws(s3: S3Client, glue: GlueClient) -> Account:
    return Account(s3, glue)


def two(session: date, first: str = "60.000", second: str = "40.000", **of: str) -> Portfolio:
    """ABEV3 and VALE3 with their weights."""
    return portfolio(session, ("ABEV3", 10, first), ("VALE3", 20, second), **of)


def weights(first: float, second: float) -> dict[str, float]:
    return {"ABEV3": first, "VALE3": second}


class TestASession:
    def test_that_was_published_is_in_the_history_as_it_was_offered(self, aws: Account) -> None:
        offered = aws.publish(two(JUN_2))
        done = ensure_derived(aws.pipeline(), INDEX, [offered])
        assert aws.rows(HISTORY_TABLE) == offered.rows.to_pylist()
        assert done.history == [JUNE]

    def test_that_nobody_offers_is_read_back_to_the_same_rows(self, aws: Account) -> None:
        offered = aws.publish(two(JUN_2))
        ensure_derived(aws.pipeline(), INDEX)
        assert aws.rows(HISTORY_TABLE) == offered.rows.to_pylist()

    def test_of_the_ibovespa_is_read_back_from_its_files_by_share(self, aws: Account) -> None:
        offered = aws.publish(two(JUN_2, index="IBOV"))
        ensure_derived(aws.pipeline(), "IBOV")
        assert aws.rows(HISTORY_TABLE, "IBOV") == offered.rows.to_pylist()
        assert aws.rows(HISTORY_TABLE) == []

    def test_has_its_day_its_ticker_and_b3s_divisor(self, aws: Account) -> None:
        ensure_derived(aws.pipeline(), INDEX, [aws.publish(two(JUN_2, divisor="15453473.14801835"))])
        row = aws.rows(HISTORY_TABLE)[0]
        assert (row["acao"], row["codigo"], row["day"], row["redutor"]) == ("ABEV3", "ABEV3", 2, 15453473.14801835)

    def test_is_the_recorded_publication_whatever_is_offered(self, aws: Account) -> None:
        outdated = aws.publish(two(JUN_2, "60.000", "40.000"))
        aws.publish(two(JUN_2, "70.000", "30.000"), run="jr_2")
        ensure_derived(aws.pipeline(), INDEX, [outdated])
        assert aws.history() == {JUN_2: weights(70, 30)}

    def test_that_is_published_again_takes_the_place_of_what_it_was(self, aws: Account) -> None:
        ensure_derived(aws.pipeline(), INDEX, [aws.publish(two(JUN_2)), aws.publish(two(JUN_3))])
        ensure_derived(aws.pipeline(), INDEX, [aws.publish(two(JUN_2, "70.000", "30.000"), run="jr_2")])
        assert aws.history() == {JUN_2: weights(70, 30), JUN_3: weights(60, 40)}

    def test_whose_record_is_gone_is_gone(self, aws: Account) -> None:
        ensure_derived(aws.pipeline(), INDEX, [aws.publish(two(day)) for day in (MAY_30, JUN_2, JUN_3)])
        aws.unpublish(JUN_2)
        aws.unpublish(MAY_30)
        ensure_derived(aws.pipeline(), INDEX)
        assert aws.history() == {JUN_3: weights(60, 40)}
        assert aws.locations(HISTORY_TABLE)[MAY] == f"s3://{REFINED_BUCKET}/{HIDDEN_PREFIX}"
        aws.publish(two(MAY_30))
        ensure_derived(aws.pipeline(), INDEX)
        assert aws.history() == {MAY_30: weights(60, 40), JUN_3: weights(60, 40)}

    def test_of_another_index_lies_apart(self, aws: Account) -> None:
        ensure_derived(aws.pipeline(), INDEX, [aws.publish(two(JUN_2))])
        ensure_derived(aws.pipeline(), "SMLL", [aws.publish(two(JUN_2, "70.000", "30.000", index="SMLL"))])
        assert aws.history() == {JUN_2: weights(60, 40)}
        assert aws.history("SMLL") == {JUN_2: weights(70, 30)}


class TestAMonth:
    def test_is_one_sorted_file_in_which_a_shares_sessions_lie_together(self, aws: Account) -> None:
        ensure_derived(aws.pipeline(), INDEX, [aws.publish(two(day)) for day in (JUN_30, JUN_2, JUN_3)])
        (key,) = aws.keys("historico/")
        assert key.startswith("historico/indice=IBXX/year=2025/month=06/")
        order = [(row["acao"], row["data_pregao"]) for row in aws.rows(HISTORY_TABLE)]
        assert order == [(code, day) for code in ("ABEV3", "VALE3") for day in (JUN_2, JUN_3, JUN_30)]

    def test_of_a_batch_is_written_once(self, aws: Account) -> None:
        offers = [aws.publish(two(day)) for day in (MAY_29, MAY_30, JUN_2, JUN_3, JUN_30, JUL_1)]
        watch = Watch()
        ensure_derived(aws.pipeline(watch), INDEX, offers)
        written = [request["Key"].split("/")[0] for name, request in watch.calls if name == "put_object"]
        assert [written.count(name) for name in ("historico", "mudancas")] == [3, 3]
        assert aws.history().keys() == {MAY_29, MAY_30, JUN_2, JUN_3, JUN_30, JUL_1}

    def test_of_several_publishers_at_once_loses_none_of_their_sessions(self, aws: Account) -> None:
        offers = [aws.publish(two(day)) for day in (JUN_2, JUN_3, JUN_30)]
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(lambda item: ensure_derived(aws.pipeline(), INDEX, [item]), offers))
        assert aws.history().keys() == {JUN_2, JUN_3, JUN_30}
        assert ensure_derived(aws.pipeline(), INDEX) == Derived()

    def test_keeps_the_file_that_was_just_replaced_for_who_reads_it_and_none_before_it(self, aws: Account) -> None:
        seen = []
        for day in (JUN_2, JUN_3, JUN_30):
            ensure_derived(aws.pipeline(), INDEX, [aws.publish(two(day))])
            seen.append(aws.locations(HISTORY_TABLE)[JUNE].removeprefix(f"s3://{REFINED_BUCKET}/") + PART_NAME)
        assert sorted(aws.keys("historico/")) == sorted(seen[1:])

    def test_that_is_as_it_should_be_costs_a_few_questions_and_no_change(self, aws: Account) -> None:
        ensure_derived(aws.pipeline(), INDEX, [aws.publish(two(day)) for day in (MAY_30, JUN_2)])
        watch = Watch()
        assert ensure_derived(aws.pipeline(watch), INDEX) == Derived()
        assert sorted(watch.names()) == ["get_partitions"] * 2 + ["list_objects_v2"] * 3

    def test_takes_few_calls_to_get_one_more_session(self, aws: Account) -> None:
        ensure_derived(aws.pipeline(), INDEX, [aws.publish(two(day)) for day in (MAY_30, JUN_2)])
        offered = aws.publish(two(JUN_3))
        watch = Watch()
        ensure_derived(aws.pipeline(watch), INDEX, [offered])
        assert len(watch.calls) <= 16, watch.names()

    def test_whose_file_is_gone_is_made_again(self, aws: Account) -> None:
        ensure_derived(aws.pipeline(), INDEX, [aws.publish(two(day)) for day in (JUN_2, JUN_3)])
        before = aws.history(), aws.changes()
        for key in (*aws.keys("historico/"), *aws.keys("mudancas/")):
            aws.s3.delete_object(Bucket=REFINED_BUCKET, Key=key)
        ensure_derived(aws.pipeline(), INDEX)
        assert (aws.history(), aws.changes()) == before

    def test_whose_file_is_unreadable_is_made_again_when_it_gets_a_session(self, aws: Account) -> None:
        ensure_derived(aws.pipeline(), INDEX, [aws.publish(two(JUN_2))])
        (key,) = aws.keys("historico/")
        aws.s3.put_object(Bucket=REFINED_BUCKET, Key=key, Body=b"PAR1 no more")
        ensure_derived(aws.pipeline(), INDEX, [aws.publish(two(JUN_3))])
        assert aws.history() == {JUN_2: weights(60, 40), JUN_3: weights(60, 40)}

    @pytest.mark.parametrize("stated", ["{}", "[]", "no json", '{"made":"older","sessions":{"2025-06-02":"x"}}'])
    def test_that_does_not_say_what_it_holds_or_was_made_by_other_rules_is_made_again(
        self, aws: Account, stated: str
    ) -> None:
        ensure_derived(aws.pipeline(), INDEX, [aws.publish(two(JUN_2))])
        partition: Any = aws.glue.get_partitions(DatabaseName=DATABASE, TableName=HISTORY_TABLE.name)["Partitions"][0]
        kept = {name: partition[name] for name in ("Values", "StorageDescriptor")}
        aws.glue.update_partition(
            DatabaseName=DATABASE,
            TableName=HISTORY_TABLE.name,
            PartitionValueList=partition["Values"],
            PartitionInput={**kept, "Parameters": {"bovespa.contents": stated}},
        )
        assert ensure_derived(aws.pipeline(), INDEX).history == [JUNE]
        assert ensure_derived(aws.pipeline(), INDEX).history == []

    def test_states_which_publications_it_holds(self, aws: Account) -> None:
        ensure_derived(aws.pipeline(), INDEX, [aws.publish(two(JUN_2))])
        partition: Any = aws.glue.get_partitions(DatabaseName=DATABASE, TableName=HISTORY_TABLE.name)["Partitions"][0]
        record = aws.s3.head_object(Bucket=REFINED_BUCKET, Key=published_key(INDEX, JUN_2))
        assert json.loads(partition["Parameters"]["bovespa.contents"])["sessions"] == {
            "2025-06-02": record["ETag"].strip('"')
        }


class TestChanges:
    def test_are_against_the_session_before_in_another_month_too(self, aws: Account) -> None:
        ensure_derived(aws.pipeline(), INDEX, [aws.publish(two(MAY_30)), aws.publish(two(JUN_2, "61.000", "39.000"))])
        assert aws.changes() == {
            ("2025-05-30", "2025-06-02", "participacao", "ABEV3"),
            ("2025-05-30", "2025-06-02", "participacao", "VALE3"),
        }

    def test_of_the_first_session_are_none(self, aws: Account) -> None:
        done = ensure_derived(aws.pipeline(), INDEX, [aws.publish(two(JUN_2))])
        assert (aws.changes(), done.changes) == (set(), {})
        assert ensure_derived(aws.pipeline(), INDEX) == Derived()

    def test_are_told_to_who_published_the_session(self, aws: Account) -> None:
        ensure_derived(aws.pipeline(), INDEX, [aws.publish(two(JUN_2))])
        renamed = portfolio(JUN_3, ("ABEV3", 11, "60.000"), ("VALE3", 20, "40.000"))
        done = ensure_derived(aws.pipeline(), INDEX, [aws.publish(renamed)])
        assert [(change.mudanca, change.acao) for change in done.changes[JUN_3]] == [("quantidade", "ABEV3")]

    def test_of_the_next_session_are_made_again_when_one_is_put_in_between(self, aws: Account) -> None:
        last = portfolio(JUN_3, ("ABEV3", 10, "60.000"), ("WEGE3", 5, "40.000"))
        ensure_derived(aws.pipeline(), INDEX, [aws.publish(two(MAY_30)), aws.publish(last)])
        assert ("2025-05-30", "2025-06-03", "entrou", "WEGE3") in aws.changes()
        between = portfolio(JUN_2, ("ABEV3", 10, "60.000"), ("WEGE3", 5, "40.000"))
        ensure_derived(aws.pipeline(), INDEX, [aws.publish(between)])
        assert aws.changes() == {
            ("2025-05-30", "2025-06-02", "entrou", "WEGE3"),
            ("2025-05-30", "2025-06-02", "saiu", "VALE3"),
        }

    def test_of_the_next_month_are_made_again_when_its_session_before_is_another(self, aws: Account) -> None:
        ensure_derived(aws.pipeline(), INDEX, [aws.publish(two(MAY_29)), aws.publish(two(JUN_2))])
        done = ensure_derived(aws.pipeline(), INDEX, [aws.publish(two(MAY_30, "61.000", "39.000"))])
        assert {(before, after) for before, after, *_ in aws.changes()} == {
            ("2025-05-29", "2025-05-30"),
            ("2025-05-30", "2025-06-02"),
        }
        assert done.history == [MAY]

    def test_of_a_far_month_stay_untouched(self, aws: Account) -> None:
        ensure_derived(aws.pipeline(), INDEX, [aws.publish(two(MAY_30)), aws.publish(two(JUL_1))])
        july = aws.locations(CHANGES_TABLE)[JULY]
        ensure_derived(aws.pipeline(), INDEX, [aws.publish(two(MAY_29))])
        assert aws.locations(CHANGES_TABLE)[JULY] == july


def published_twice(aws: Account) -> Iterable[Offer]:
    """What the killed runs start from: May and June, one session of which is replaced, and July put behind them."""
    ensure_derived(aws.pipeline(), INDEX, [aws.publish(two(day)) for day in (MAY_30, JUN_2, JUN_3)])
    yield aws.publish(two(JUN_3, "70.000", "30.000"), run="jr_2")
    yield aws.publish(two(JUL_1, "71.000", "29.000"), run="jr_2")


class TestKilled:
    def test_before_any_call_shows_the_old_month_or_the_next_one_and_ends_the_same(self, aws: Account) -> None:
        offers = list(published_twice(aws))
        old = aws.history()
        watch = Watch()
        ensure_derived(aws.pipeline(watch), INDEX, offers)
        new, changes, calls = aws.history(), aws.changes(), len(watch.calls)
        assert old[JUN_3] != new[JUN_3]
        for allowed in range(calls):
            self._forget(aws)
            list(published_twice(aws))
            with pytest.raises(Killed):
                ensure_derived(aws.pipeline(Watch(allowed)), INDEX, offers)
            shown = aws.history()
            assert {day: shown[day] for day in old} in (old, {day: new[day] for day in old}), f"after {allowed} calls"
            assert shown.get(JUL_1) in (None, new[JUL_1])
            aws.pass_time()
            ensure_derived(aws.pipeline(), INDEX)
            assert (aws.history(), aws.changes()) == (new, changes), f"after {allowed} calls"
            assert ensure_derived(aws.pipeline(), INDEX) == Derived()

    def _forget(self, aws: Account) -> None:
        for table in (HISTORY_TABLE, CHANGES_TABLE, refined_table(INDEX)):
            aws.glue.delete_table(DatabaseName=DATABASE, Name=table.name)
            aws.glue.create_table(DatabaseName=DATABASE, TableInput=table_input(table, REFINED_BUCKET))
        for key in aws.keys(""):
            aws.s3.delete_object(Bucket=REFINED_BUCKET, Key=key)

    def test_leaves_no_file_behind_for_longer_than_the_next_replacement(self, aws: Account) -> None:
        stray = partition_prefix(HISTORY_TABLE, INDEX, JUN_2) + "0123456789abcdef/" + PART_NAME
        ensure_derived(aws.pipeline(), INDEX, [aws.publish(two(JUN_2))])
        aws.s3.put_object(Bucket=REFINED_BUCKET, Key=stray, Body=b"of a run that was killed")
        assert aws.history() == {JUN_2: weights(60, 40)}
        ensure_derived(aws.pipeline(), INDEX, [aws.publish(two(JUN_3))])
        assert stray not in aws.keys("historico/")


class TestWhatCannotBe:
    def test_files_that_are_not_those_of_the_record_are_named_and_all_else_is_brought_up_to_date(
        self, aws: Account
    ) -> None:
        broken = aws.publish(two(JUN_2))
        storage.write_publication(aws.s3, REFINED_BUCKET, replace(broken.record, rows=3))
        offered = aws.publish(two(JUN_3))
        with pytest.raises(
            PublishError, match=r"IBXX 2025-06-02: 2 rows are published where the record says 3: bovespa r"
        ):
            ensure_derived(aws.pipeline(), INDEX, [offered])
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
            ensure_derived(aws.pipeline(), INDEX)
        assert aws.history() == {}

    def test_a_file_that_is_no_parquet_is_named(self, aws: Account) -> None:
        aws.publish(two(JUN_2))
        key = partition_prefix(refined_table(INDEX), INDEX, JUN_2) + PART_NAME
        aws.s3.put_object(Bucket=REFINED_BUCKET, Key=key, Body=b"no parquet")
        with pytest.raises(PublishError, match=f"{key}: not a file of refined rows"):
            ensure_derived(aws.pipeline(), INDEX)

    def test_another_keeper_is_waited_for(self, aws: Account) -> None:
        offered = aws.publish(two(JUN_2))
        with lease(aws.s3, REFINED_BUCKET, monthly_lease_key(INDEX), 30, "keeping"):
            waiting = Thread(target=ensure_derived, args=(aws.pipeline(), INDEX, [offered]))
            waiting.start()
            waiting.join(0.3)
            assert waiting.is_alive()
            assert aws.history() == {}
        waiting.join(20)
        assert aws.history() == {JUN_2: weights(60, 40)}

    def test_a_table_that_is_not_there_is_an_error_of_aws(self, aws: Account) -> None:
        aws.glue.delete_table(DatabaseName=DATABASE, Name=HISTORY_TABLE.name)
        with pytest.raises(
            AwsError, match=r"bringing the monthly tables of IBXX up to date: .*EntityNotFoundException"
        ):
            ensure_derived(aws.pipeline(), INDEX)

    @pytest.mark.parametrize("method", ["batch_create_partition", "batch_update_partition"])
    def test_a_partition_that_the_catalog_refuses_is_no_success(self, aws: Account, method: str) -> None:
        class Refusing:
            def __getattr__(self, name: str) -> Any:  # noqa: ANN401
                return self._refuse if name == method else getattr(aws.glue, name)

            def _refuse(self, **_: Any) -> dict[str, Any]:  # noqa: ANN401
                return {"Errors": [{"ErrorDetail": {"ErrorCode": "InternalServiceException"}}]}

        if method == "batch_update_partition":
            ensure_derived(aws.pipeline(), INDEX, [aws.publish(two(JUN_2))])
        offered = aws.publish(two(JUN_3))
        before = aws.history()
        pipeline = aws.pipeline()
        refusing = Pipeline(pipeline.settings, replace(pipeline.aws, glue=cast("GlueClient", Refusing())))
        with pytest.raises(PublishError, match="bovespa_historico, IBXX 2025-06: the catalog refused the partition"):
            ensure_derived(refusing, INDEX, [offered])
        assert aws.history() == before
