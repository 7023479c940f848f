"""Publishing: invisible until whole, hidden while it is replaced, the same after any interruption."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from expectations.contract.manifest import StagedFile
from expectations.contract.names import DATABASE, HIDDEN_PREFIX, REFINED_BUCKET
from expectations.contract.partitions import partition_prefix
from expectations.contract.tables import REFINED_TABLE, SUMMARY_TABLE, Table, refined_table, summary_table
from flows.errors import AwsError, PublishError, WriteConflict
from flows.lake.catalog import Catalog
from flows.lake.s3 import Bucket, etag_of
from flows.session.publish import Publisher
from flows.session.staging import StagedSession

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client

SESSION = date(2025, 6, 30)
Seen = dict[tuple[str, ...], list[bytes]]


@dataclass
class Account:
    """The refined bucket and the catalog, as an analyst and an operator see them."""

    s3: S3Client
    glue: GlueClient

    def stage(self, tag: str, tickers: Iterable[str], session: date = SESSION, index: str = "IBOV") -> StagedSession:
        """A run's output for a session; every file's content names the run and the ticker."""
        names: list[str | None] = [*tickers] if index == "IBOV" else [None]
        refined = tuple(self._file(refined_table(index), tag, index, session, ticker) for ticker in names)
        summary = (self._file(summary_table(index), tag, index, session, None),)
        return StagedSession(index, session, tag, session, len(names), 1, refined, summary)

    def _file(self, table: Table, tag: str, index: str, session: date, ticker: str | None) -> StagedFile:
        key = f"staging/{tag}/{session}/{table.name}/{ticker}.parquet"
        content = f"{tag} {ticker}".encode()
        self.s3.put_object(Bucket=REFINED_BUCKET, Key=key, Body=content)
        return StagedFile(table.name, index, session, ticker, key, len(content))

    def publisher(self, **doubles: Any) -> Publisher:  # noqa: ANN401
        s3, glue = doubles.get("s3", self.s3), doubles.get("glue", self.glue)
        return Publisher(Bucket(s3, REFINED_BUCKET), Catalog(glue, DATABASE, REFINED_BUCKET))

    def seen(self, table: Table = REFINED_TABLE, session: date = SESSION) -> Seen:
        """What Athena reads: the files at the locations of the session's registered partitions."""
        found: Seen = {}
        day = (str(session.year), str(session.month), str(session.day))
        pages = self.glue.get_paginator("get_partitions").paginate(DatabaseName=DATABASE, TableName=table.name)
        for partition in (partition for page in pages for partition in page["Partitions"]):
            values = tuple(partition["Values"])
            if any(values[start : start + 3] == day for start in (0, 1)):
                prefix = partition["StorageDescriptor"]["Location"].removeprefix(f"s3://{REFINED_BUCKET}/")
                if bodies := [self._body(key) for key in self.keys(prefix)]:
                    found[values] = bodies
        return found

    def tickers(self, session: date = SESSION) -> dict[str, bytes]:
        return {values[3]: bodies[0] for values, bodies in self.seen(session=session).items()}

    def locations(self, table: Table = REFINED_TABLE) -> set[str]:
        found = self.glue.get_partitions(DatabaseName=DATABASE, TableName=table.name)["Partitions"]
        return {partition["StorageDescriptor"]["Location"] for partition in found}

    def partitions(self, table: Table = REFINED_TABLE) -> set[tuple[str, ...]]:
        found = self.glue.get_partitions(DatabaseName=DATABASE, TableName=table.name)["Partitions"]
        return {tuple(partition["Values"]) for partition in found}

    def keys(self, prefix: str) -> list[str]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=REFINED_BUCKET, Prefix=prefix)
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def _body(self, key: str) -> bytes:
        return self.s3.get_object(Bucket=REFINED_BUCKET, Key=key)["Body"].read()


@pytest.fixture
def aws(s3: S3Client, glue: GlueClient) -> Account:
    return Account(s3, glue)


class Killed(Exception):  # noqa: N818 - what a kill looks like from within
    """The process ends here."""


@dataclass
class Watch:
    """Counts and names the calls of the clients that it wraps, and ends the process after so many of them."""

    allowed: int = 10_000
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def wrap(self, client: object) -> Any:  # noqa: ANN401 - a client
        return Watched(client, self)

    def call(self, name: str, method: Callable[..., Any], **request: Any) -> Any:  # noqa: ANN401
        with self.lock:
            if len(self.calls) >= self.allowed:
                raise Killed
            self.calls.append((name, request))
        return method(**request)

    def names(self) -> list[str]:
        return [name for name, _ in self.calls]


class Watched:
    """A client whose calls go through a watch."""

    def __init__(self, client: Any, watch: Watch) -> None:  # noqa: ANN401
        self._client = client
        self._watch = watch

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        if name == "get_paginator":
            return self._paginator
        return partial(self._watch.call, name, getattr(self._client, name))

    def _paginator(self, name: str) -> Any:  # noqa: ANN401
        watched = Watched(self._client.get_paginator(name), self._watch)
        watched.paginate = partial(self._watch.call, name, watched._client.paginate)
        return watched


def watched(aws: Account, allowed: int = 10_000) -> tuple[Publisher, Watch]:
    watch = Watch(allowed)
    return aws.publisher(s3=watch.wrap(aws.s3), glue=watch.wrap(aws.glue)), watch


class TestFirstPublication:
    def test_shows_each_share_s_file_in_its_partition(self, aws: Account) -> None:
        aws.publisher().publish(aws.stage("run1", ["ALOS3", "ABEV3"]))
        assert aws.seen() == {
            ("2025", "6", "30", "ALOS3"): [b"run1 ALOS3"],
            ("2025", "6", "30", "ABEV3"): [b"run1 ABEV3"],
        }
        assert aws.seen(SUMMARY_TABLE) == {("2025", "6", "30"): [b"run1 None"]}

    def test_puts_the_files_where_the_contract_says(self, aws: Account) -> None:
        aws.publisher().publish(aws.stage("run1", ["ALOS3"]))
        assert aws.keys("refined-data/") == ["refined-data/year=2025/month=06/day=30/acao=ALOS3/part-00000.parquet"]
        assert aws.keys("resumo-data/") == ["resumo-data/year=2025/month=06/day=30/part-00000.parquet"]

    def test_registers_no_partition_before_every_file_is_in_place(self, aws: Account) -> None:
        publisher, watch = watched(aws)
        publisher.publish(aws.stage("run1", ["ALOS3", "ABEV3"]))
        names = watch.names()[: watch.names().index("batch_create_partition")]
        assert names.count("copy_object") == 2
        assert not {"batch_update_partition", "batch_delete_partition", "delete_objects"} & set(names)

    def test_becomes_visible_with_one_call(self, aws: Account) -> None:
        publisher, watch = watched(aws)
        publisher.publish(aws.stage("run1", [f"A{n:03d}3" for n in range(30)]))
        created = [request for name, request in watch.calls if name == "batch_create_partition"]
        assert [len(request["PartitionInputList"]) for request in created] == [30, 1]

    def test_of_another_index_goes_to_the_tables_of_the_other_indices(self, aws: Account) -> None:
        aws.publisher().publish(aws.stage("run1", [], index="IBXX"))
        aws.publisher().publish(aws.stage("run2", [], index="SMLL"))
        assert aws.seen(refined_table("IBXX")) == {
            ("IBXX", "2025", "6", "30"): [b"run1 None"],
            ("SMLL", "2025", "6", "30"): [b"run2 None"],
        }
        assert aws.seen() == {}

    def test_begins_hidden(self, aws: Account) -> None:
        publisher, watch = watched(aws)
        publisher.publish(aws.stage("run1", ["ALOS3", "ABEV3"]))
        created = [request for name, request in watch.calls if name == "batch_create_partition"]
        made = [item["StorageDescriptor"]["Location"] for request in created for item in request["PartitionInputList"]]
        assert made == [f"s3://{REFINED_BUCKET}/{HIDDEN_PREFIX}"] * 3

    def test_tells_what_is_published_now(self, aws: Account) -> None:
        staged = aws.stage("run1", ["ALOS3"])
        published = aws.publisher().publish(staged)
        assert [(item.key, item.size, item.etag) for item in published] == [
            ("refined-data/year=2025/month=06/day=30/acao=ALOS3/part-00000.parquet", 10, etag_of(b"run1 ALOS3")),
            ("resumo-data/year=2025/month=06/day=30/part-00000.parquet", 9, etag_of(b"run1 None")),
        ]

    def test_leaves_the_run_s_staging_for_inspection(self, aws: Account) -> None:
        staged = aws.stage("run1", ["ALOS3"])
        aws.publisher().publish(staged)
        assert staged.refined[0].key in aws.keys("staging/run1/")


class TestReplacing:
    @pytest.fixture(autouse=True)
    def before(self, aws: Account) -> None:
        """A share is renamed between the runs, as NTCO3 was."""
        aws.publisher().publish(aws.stage("run1", ["ALOS3", "NTCO3"]))

    def test_shows_the_new_files_only(self, aws: Account) -> None:
        aws.publisher().publish(aws.stage("run2", ["ALOS3", "NATU3"]))
        assert aws.tickers() == {"ALOS3": b"run2 ALOS3", "NATU3": b"run2 NATU3"}
        assert aws.seen(SUMMARY_TABLE) == {("2025", "6", "30"): [b"run2 None"]}

    def test_leaves_neither_partition_nor_file_of_a_share_that_is_gone(self, aws: Account) -> None:
        aws.publisher().publish(aws.stage("run2", ["ALOS3", "NATU3"]))
        assert {values[3] for values in aws.partitions()} == {"ALOS3", "NATU3"}
        assert [key.split("acao=")[1] for key in aws.keys("refined-data/")] == [
            "ALOS3/part-00000.parquet",
            "NATU3/part-00000.parquet",
        ]

    def test_with_no_share_in_common_shows_the_new_files_only(self, aws: Account) -> None:
        aws.publisher().publish(aws.stage("run2", ["VALE3"]))
        assert aws.tickers() == {"VALE3": b"run2 VALE3"}

    def test_hides_first_and_shows_last_with_one_call_each(self, aws: Account) -> None:
        publisher, watch = watched(aws)
        publisher.publish(aws.stage("run2", ["ALOS3", "NATU3"]))
        of_refined = watch.calls[: watch.names().index("get_partitions", 1)]
        changes = [(name, request) for name, request in of_refined if not name.startswith(("get", "list"))]
        names = [name for name, _ in changes]
        assert (names[0], names[-1]) == ("batch_update_partition", "batch_update_partition")
        assert names.count("batch_update_partition") == 2
        assert locations(changes[0][1]) == {f"s3://{REFINED_BUCKET}/{HIDDEN_PREFIX}"}
        assert {location.split("acao=")[1] for location in locations(changes[-1][1])} == {"ALOS3/", "NATU3/"}

    def test_hides_at_a_prefix_without_files(self, aws: Account) -> None:
        aws.publisher().publish(aws.stage("run2", ["ALOS3"]))
        assert aws.keys(HIDDEN_PREFIX) == []

    def test_removes_files_that_nobody_registered(self, aws: Account) -> None:
        stray = partition_prefix(REFINED_TABLE, "IBOV", SESSION, "ALOS3") + "part-00001.parquet"
        aws.s3.put_object(Bucket=REFINED_BUCKET, Key=stray, Body=b"stray")
        aws.publisher().publish(aws.stage("run2", ["ALOS3"]))
        assert aws.seen() == {("2025", "6", "30", "ALOS3"): [b"run2 ALOS3"]}

    def test_leaves_other_sessions_as_they_are(self, aws: Account) -> None:
        for other in (SESSION - timedelta(days=27), SESSION + timedelta(days=1)):
            aws.publisher().publish(aws.stage("other", ["ALOS3"], session=other))
        aws.publisher().publish(aws.stage("run2", ["NATU3"]))
        for other in (SESSION - timedelta(days=27), SESSION + timedelta(days=1)):
            assert aws.tickers(other) == {"ALOS3": b"other ALOS3"}

    def test_by_the_same_run_again_changes_nothing(self, aws: Account) -> None:
        before = (aws.seen(), aws.partitions(), aws.keys("refined-data/"))
        aws.publisher().publish(aws.stage("run1", ["ALOS3", "NTCO3"]))
        assert (aws.seen(), aws.partitions(), aws.keys("refined-data/")) == before

    def test_takes_glue_s_batches_of_100_and_25(self, aws: Account) -> None:
        many = [f"A{n:03d}3" for n in range(101)]
        publisher, watch = watched(aws)
        publisher.publish(aws.stage("run2", many))
        publisher.publish(aws.stage("run3", many[:1]))
        assert set(aws.tickers()) == set(many[:1])
        sizes = {
            name: max(len(request[entries]) for called, request in watch.calls if called == name)
            for name, entries in (
                ("batch_create_partition", "PartitionInputList"),
                ("batch_update_partition", "Entries"),
                ("batch_delete_partition", "PartitionsToDelete"),
            )
        }
        assert sizes == {"batch_create_partition": 100, "batch_update_partition": 100, "batch_delete_partition": 25}


def locations(request: dict[str, Any]) -> set[str]:
    return {entry["PartitionInput"]["StorageDescriptor"]["Location"] for entry in request["Entries"]}


class TestKilled:
    def test_before_any_call_of_a_first_publication_shows_nothing_or_all_and_ends_the_same(self, aws: Account) -> None:
        tickers = {"ALOS3": b"run ALOS3", "ABEV3": b"run ABEV3"}
        publisher, watch = watched(aws)
        publisher.publish(aws.stage("run", tickers))
        assert len(watch.calls) >= 9
        for allowed in range(len(watch.calls)):
            session = SESSION + timedelta(days=allowed + 1)
            staged = aws.stage("run", tickers, session=session)
            with pytest.raises(Killed):
                watched(aws, allowed)[0].publish(staged)
            assert aws.tickers(session) in ({}, tickers), f"killed after {allowed} calls"
            aws.publisher().publish(staged)
            assert aws.tickers(session) == tickers, f"killed after {allowed} calls"
            assert list(aws.seen(SUMMARY_TABLE, session).values()) == [[b"run None"]]

    def test_before_any_call_of_a_replacement_shows_old_new_or_nothing_and_ends_the_same(self, aws: Account) -> None:
        states = [aws.stage("run1", ["ALOS3", "NTCO3"]), aws.stage("run2", ["ALOS3", "NATU3"])]
        rows = [
            {item.ticker: f"{staged.run_id} {item.ticker}".encode() for item in staged.refined} for staged in states
        ]
        aws.publisher().publish(states[0])
        publisher, watch = watched(aws)
        publisher.publish(states[1])
        assert len(watch.calls) >= 14
        for allowed in range(len(watch.calls)):
            old, new = (allowed + 1) % 2, allowed % 2  # what one round published, the next replaces
            with pytest.raises(Killed):
                watched(aws, allowed)[0].publish(states[new])
            assert aws.tickers() in ({}, rows[old], rows[new]), f"killed after {allowed} calls"
            aws.publisher().publish(states[new])
            assert aws.tickers() == rows[new], f"killed after {allowed} calls"
            assert {values[3] for values in aws.partitions()} == set(rows[new])
            assert len(aws.keys("refined-data/")) == 2

    def test_publication_is_not_taken_up_where_another_run_replaces_it(self, aws: Account) -> None:
        with pytest.raises(Killed):
            watched(aws, 3)[0].publish(aws.stage("run1", ["ALOS3", "NTCO3"]))
        aws.publisher().publish(aws.stage("run2", ["NATU3"]))
        assert aws.tickers() == {"NATU3": b"run2 NATU3"}
        assert len(aws.keys("refined-data/")) == 1


class Refusing(Watched):
    """Glue that carries out a batch but for its last entry, which it refuses with a code."""

    def __init__(self, client: GlueClient, method: str, entries: str, code: str = "InternalServiceException") -> None:
        super().__init__(client, Watch())
        self._method, self._entries, self._code = method, entries, code

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return self._refuse if name == self._method else super().__getattr__(name)

    def _refuse(self, **request: Any) -> dict[str, Any]:  # noqa: ANN401
        done = request[self._entries][:-1]
        if done:
            getattr(self._client, self._method)(**request | {self._entries: done})
        return {"Errors": [{"PartitionValues": ["x"], "ErrorDetail": {"ErrorCode": self._code}}]}


class TestPartialFailure:
    def test_of_a_creation_shows_nothing_and_a_second_run_all(self, aws: Account) -> None:
        staged = aws.stage("run1", ["ALOS3", "ABEV3"])
        refusing = Refusing(aws.glue, "batch_create_partition", "PartitionInputList")
        with pytest.raises(PublishError, match="creating partitions of bovespa_refined_data: 1 refused"):
            aws.publisher(glue=refusing).publish(staged)
        assert aws.seen() == {}
        aws.publisher().publish(staged)
        assert set(aws.tickers()) == {"ALOS3", "ABEV3"}

    def test_of_hiding_leaves_the_earlier_version_whole_and_a_second_run_replaces_it(self, aws: Account) -> None:
        aws.publisher().publish(aws.stage("run1", ["ALOS3", "ABEV3"]))
        staged = aws.stage("run2", ["ALOS3", "ABEV3"])
        with pytest.raises(PublishError, match="updating partitions of bovespa_refined_data: 1 refused"):
            aws.publisher(glue=Refusing(aws.glue, "batch_update_partition", "Entries")).publish(staged)
        assert aws.tickers() == {"ALOS3": b"run1 ALOS3", "ABEV3": b"run1 ABEV3"}
        aws.publisher().publish(staged)
        assert aws.tickers() == {"ALOS3": b"run2 ALOS3", "ABEV3": b"run2 ABEV3"}

    def test_of_showing_leaves_no_part_of_the_session_visible(self, aws: Account) -> None:
        class RefusingToShow(Refusing):
            def _refuse(self, **request: Any) -> dict[str, Any]:  # noqa: ANN401
                locations = {entry["PartitionInput"]["StorageDescriptor"]["Location"] for entry in request["Entries"]}
                if all("hidden" in location for location in locations):
                    return dict(aws.glue.batch_update_partition(**request))
                return super()._refuse(**request)

        staged = aws.stage("run1", ["ALOS3", "ABEV3"])
        with pytest.raises(PublishError, match="updating partitions of bovespa_refined_data: 1 refused"):
            aws.publisher(glue=RefusingToShow(aws.glue, "batch_update_partition", "Entries")).publish(staged)
        assert aws.seen() == {}
        assert aws.locations() == {f"s3://{REFINED_BUCKET}/{HIDDEN_PREFIX}"}

    def test_of_a_withdrawal_leaves_the_session_whole(self, aws: Account) -> None:
        aws.publisher().publish(aws.stage("run1", ["ALOS3", "ABEV3"]))
        refusing = Refusing(aws.glue, "batch_update_partition", "Entries")
        with pytest.raises(PublishError, match="updating partitions of bovespa_refined_data: 1 refused"):
            aws.publisher(glue=refusing).withdraw("IBOV", SESSION)
        assert aws.tickers() == {"ALOS3": b"run1 ALOS3", "ABEV3": b"run1 ABEV3"}

    def test_of_a_deletion_keeps_the_session_hidden_and_a_second_run_shows_it(self, aws: Account) -> None:
        aws.publisher().publish(aws.stage("run1", ["ALOS3", "ABEV3"]))
        staged = aws.stage("run2", ["ALOS3"])
        with pytest.raises(PublishError, match="deleting partitions of bovespa_refined_data: 1 refused"):
            aws.publisher(glue=Refusing(aws.glue, "batch_delete_partition", "PartitionsToDelete")).publish(staged)
        assert aws.seen() == {}
        aws.publisher().publish(staged)
        assert aws.tickers() == {"ALOS3": b"run2 ALOS3"}

    def test_is_none_where_a_partition_was_gone_already(self, aws: Account) -> None:
        aws.publisher().publish(aws.stage("run1", ["ALOS3", "ABEV3"]))
        gone = Refusing(aws.glue, "batch_delete_partition", "PartitionsToDelete", "EntityNotFoundException")
        aws.publisher(glue=gone).publish(aws.stage("run2", ["ALOS3"]))
        assert aws.tickers() == {"ALOS3": b"run2 ALOS3"}

    def test_of_deleting_files_keeps_the_session_hidden(self, aws: Account) -> None:
        class Full(Watched):
            def delete_object(self, **_: Any) -> None:  # noqa: ANN401
                raise ClientError({"Error": {"Code": "InternalError", "Message": "x"}}, "DeleteObject")

        aws.publisher().publish(aws.stage("run1", ["ALOS3", "ABEV3"]))
        with pytest.raises(
            AwsError, match=r"deleting s3://.*/refined-data/year=2025/month=06/day=30/acao=ABEV3/.*InternalError"
        ):
            aws.publisher(s3=Full(aws.s3, Watch())).publish(aws.stage("run2", ["ALOS3"]))
        assert aws.seen() == {}

    def test_is_an_error_of_aws_when_a_table_is_missing(self, aws: Account) -> None:
        aws.glue.delete_table(DatabaseName=DATABASE, Name=REFINED_TABLE.name)
        with pytest.raises(AwsError, match=r"reading partitions of bovespa_refined_data: .*EntityNotFoundException"):
            aws.publisher().publish(aws.stage("run1", ["ALOS3"]))

    def test_is_an_error_of_aws_when_a_staged_file_is_missing_and_shows_nothing(self, aws: Account) -> None:
        staged = aws.stage("run1", ["ALOS3", "ABEV3"])
        aws.s3.delete_object(Bucket=REFINED_BUCKET, Key=staged.refined[1].key)
        with pytest.raises(
            AwsError, match=r"copying s3://.*/staging/run1/.* to s3://.*ABEV3/part-00000\.parquet: .*NoSuchKey"
        ):
            aws.publisher().publish(staged)
        assert aws.seen() == {}


class TestBesideOtherSessions:
    """Of the same table: another day, and another index of the same day."""

    OTHERS = (("IBXX", SESSION), ("SMLL", SESSION + timedelta(days=1)))

    @pytest.fixture(autouse=True)
    def before(self, aws: Account) -> None:
        for index, session in self.OTHERS:
            aws.publisher().publish(aws.stage("other", [], session=session, index=index))

    def others(self, aws: Account) -> list[Seen]:
        tables = (refined_table("SMLL"), summary_table("SMLL"))
        found = [aws.seen(table, session) for table in tables for _, session in self.OTHERS]
        return [{values: bodies for values, bodies in item.items() if b"other None" in bodies} for item in found]

    def test_what_is_shown_is_this_session_s_alone(self, aws: Account) -> None:
        staged = aws.stage("run1", [], index="SMLL")
        aws.publisher().publish(staged)
        assert aws.publisher().shows(staged)

    def test_what_is_not_there_is_not_shown(self, aws: Account) -> None:
        staged = aws.stage("run1", [], index="SMLL")
        aws.publisher().publish(staged)
        aws.s3.delete_object(Bucket=REFINED_BUCKET, Key=staged.refined[0].key)
        assert not aws.publisher().shows(staged)

    def test_replacing_and_withdrawing_touches_no_other(self, aws: Account) -> None:
        before = self.others(aws)
        assert [len(item) for item in before] == [1, 1, 1, 1]
        for tag in ("run1", "run2"):
            aws.publisher().publish(aws.stage(tag, [], index="SMLL"))
            assert self.others(aws) == before
        assert aws.publisher().withdraw("SMLL", SESSION) == 2
        assert self.others(aws) == before
        assert aws.publisher().withdraw("SMLL", SESSION) == 0


class TestBesideAnother:
    """S3's own conditions, whatever becomes of the lease."""

    @pytest.mark.parametrize("ticker", ["AAAA3", "DDDD3"], ids=["over a file that was listed", "to a new key"])
    def test_a_file_that_another_put_after_the_listing_is_not_copied_over(self, aws: Account, ticker: str) -> None:
        self._conflicts(aws, "CopyObject", ticker)

    def test_a_stray_file_that_another_put_again_after_the_listing_is_not_deleted(self, aws: Account) -> None:
        self._conflicts(aws, "DeleteObject", "BBBB3")

    def _conflicts(self, aws: Account, operation: str, ticker: str) -> None:
        key = f"{partition_prefix(REFINED_TABLE, 'IBOV', SESSION, ticker)}part-00000.parquet"
        aws.publisher().publish(aws.stage("run1", ["AAAA3", "BBBB3"]))
        staged = aws.stage("run2", ["AAAA3", "DDDD3"])

        def another(params: dict[str, Any], **_: object) -> None:
            if params["Key"] == key:
                aws.s3.put_object(Bucket=REFINED_BUCKET, Key=key, Body=b"another's")

        event = f"before-parameter-build.s3.{operation}"
        aws.s3.meta.events.register(event, another)
        try:
            with pytest.raises(WriteConflict, match=f"{key}: somebody else has written it meanwhile"):
                aws.publisher().publish(staged)
        finally:
            aws.s3.meta.events.unregister(event, another)
        assert aws._body(key) == b"another's"
        assert aws.seen() == {}


class TestWithdrawing:
    def test_takes_both_tables_files_away_and_leaves_their_partitions_hidden(self, aws: Account) -> None:
        aws.publisher().publish(aws.stage("run1", ["AAAA3", "BBBB3"]))
        assert aws.publisher().withdraw("IBOV", SESSION) == 3
        assert (aws.seen(), aws.seen(SUMMARY_TABLE)) == ({}, {})
        assert aws.keys("refined-data/") + aws.keys("resumo-data/") == []
        assert len(aws.partitions()) == 2
        assert aws.publisher().withdraw("IBOV", SESSION) == 0

    def test_before_any_call_of_it_the_session_is_shown_whole_or_not_at_all(self, aws: Account) -> None:
        whole = {"AAAA3": b"run1 AAAA3", "BBBB3": b"run1 BBBB3"}
        for allowed in range(100):
            aws.publisher().publish(aws.stage("run1", [*whole]))
            publisher, _ = watched(aws, allowed)
            try:
                publisher.withdraw("IBOV", SESSION)
            except Killed:
                assert aws.tickers() in (whole, {}), f"after {allowed} calls"
                aws.publisher().withdraw("IBOV", SESSION)
                assert aws.keys("refined-data/") + aws.keys("resumo-data/") == []
            else:
                assert allowed >= 8
                return
        pytest.fail("it never ended")
