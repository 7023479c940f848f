"""The step that publishes: under its lease, confirmed, recorded last, and only what is not outdated."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pandas as pd
import pytest

from expectations.contract.keys import lease_key, manifest_key
from expectations.contract.manifest import Manifest, RawSource, SessionCounts
from expectations.contract.names import HIDDEN_PREFIX, PART_NAME, RAW_BUCKET, REFINED_BUCKET
from expectations.contract.partitions import partition_prefix
from expectations.contract.tables import REFINED_TABLE, SUMMARY_TABLE
from expectations.gates.gate import GateReport
from expectations.gates.refined import StagedOutput
from flows.errors import LeaseLost, PublishError, WriteConflict
from flows.glue_run import GlueRun
from flows.lake import lease
from flows.lake.athena import QueryResult
from flows.lake.connect import Lake
from flows.lake.s3 import Bucket
from flows.session import storage
from flows.session.pipeline import Audited, Pipeline
from flows.session.publish import Publisher
from flows.session.raw_file import RawFacts, encode
from flows.settings import load_settings
from tests.flows.history.published import COLLECTED_AT, portfolio, refined_frame
from tests.flows.session.test_publish import SESSION, Account

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client

    from flows.b3.portfolio import Portfolio
    from flows.session.staging import StagedSession
    from flows.session.storage import Publication, RawVersion

FIRST = portfolio(SESSION, ("ALOS3", 10, "60.000"), ("VALE3", 20, "40.000"), index="IBOV")
SECOND = portfolio(SESSION, ("ALOS3", 10, "55.000"), ("PETR4", 20, "45.000"), index="IBOV")
SUMMARY = pd.DataFrame([{column.name: None for column in SUMMARY_TABLE.columns}])
FILE = partition_prefix(REFINED_TABLE, "IBOV", SESSION, "ALOS3") + PART_NAME


@dataclass
class Athena:
    """Shows of each table what it is to show.

    Attributes:
        meanwhile: happens while the first query is being answered.
    """

    frames: dict[str, pd.DataFrame] = field(default_factory=dict)
    meanwhile: Callable[[], object] = lambda: None
    asked: list[str] = field(default_factory=list)

    def query(self, sql: str) -> QueryResult:
        self.asked.append(sql)
        if len(self.asked) == 1:
            self.meanwhile()
        names, table = re.fullmatch(r"SELECT (.*) FROM (\w+) WHERE .*", sql).groups()  # type: ignore[union-attr]
        frame = self.frames[table][names.split(", ")]
        rows = tuple(
            tuple(None if pd.isna(value) else str(value) for value in row) for row in frame.itertuples(index=False)
        )
        return QueryResult((), (), rows, 0, 0, "")

    def query_each(self, statements: Iterable[str]) -> tuple[QueryResult, ...]:
        return tuple([self.query(sql) for sql in statements])


@dataclass
class Flow:
    """A flow that comes to publish, on an account in memory."""

    aws: Account
    athena: Athena = field(default_factory=Athena)

    @property
    def pipeline(self) -> Pipeline:
        settings = load_settings({})
        none: Any = None
        lake = Lake.of(settings, self.aws.s3, self.aws.glue, none, none)
        # `restore` asks for the run of what is recorded.
        job: Any = SimpleNamespace(run=lambda run_id: GlueRun(run_id, "SUCCEEDED"))
        return Pipeline(settings, replace(lake, athena=cast("Any", self.athena), job=job))

    @property
    def refined(self) -> Bucket:
        return Bucket(self.aws.s3, REFINED_BUCKET)

    @property
    def record(self) -> Publication | None:
        return storage.read_publication(self.refined, "IBOV", SESSION)

    def upload(self, stated: Portfolio) -> tuple[RawVersion, RawFacts]:
        facts = RawFacts.of(stated, COLLECTED_AT, [])
        return storage.upload_raw(Bucket(self.aws.s3, RAW_BUCKET), encode(stated, facts), facts), facts

    def audited(self, stated: Portfolio, version: RawVersion, facts: RawFacts, run_id: str) -> Audited:
        tickers = [item.codigo for item in stated.holdings]
        staged = self.aws.stage(run_id, tickers)
        source = RawSource(RAW_BUCKET, version.key, version.version_id, "IBOV", SESSION, SESSION)
        files = (*staged.refined, *staged.summary)
        manifest = Manifest(run_id, (source,), (SessionCounts("IBOV", SESSION, len(tickers), 1),), files)
        self.refined.put(manifest_key(run_id), manifest.to_json().encode())
        frame = refined_frame(stated)
        self.athena.frames = {REFINED_TABLE.name: frame, SUMMARY_TABLE.name: SUMMARY}
        report = GateReport("gate-2-refined", "IBOV", SESSION, datetime.now(UTC), ())
        return Audited(facts, staged, StagedOutput(frame, SUMMARY, {}, {}), report)

    def publish(self, stated: Portfolio, run_id: str = "jr_1", *, force: bool = False) -> Publication:
        version, facts = self.upload(stated)
        return self.pipeline.publish(version, self.audited(stated, version, facts, run_id), force=force)


@pytest.fixture
def flow(s3: S3Client, glue: GlueClient) -> Flow:
    return Flow(Account(s3, glue))


def shown(flow: Flow) -> dict[str, bytes]:
    return flow.aws.tickers()


def test_what_is_published_is_recorded_with_its_files_and_the_lease_given_back(flow: Flow) -> None:
    record = flow.publish(FIRST)
    assert flow.record == record
    assert (record.rows, record.summary_rows, record.run_id, record.history) == (2, 1, "jr_1", ())
    assert sorted(item.key for item in record.files) == sorted(
        [*flow.aws.keys("refined-data/"), *flow.aws.keys("resumo-data/")]
    )
    assert len(record.files) == 3
    assert shown(flow) == {"ALOS3": b"jr_1 ALOS3", "VALE3": b"jr_1 VALE3"}
    assert len(flow.athena.asked) == 2
    assert flow.aws.keys("leases/") == []


@pytest.mark.parametrize("table", [REFINED_TABLE.name, SUMMARY_TABLE.name])
def test_what_athena_does_not_show_as_audited_is_not_recorded(flow: Flow, table: str) -> None:
    version, facts = flow.upload(FIRST)
    audited = flow.audited(FIRST, version, facts, "jr_1")
    flow.athena.frames[table] = pd.concat([flow.athena.frames[table]] * 2)
    with pytest.raises(PublishError, match=f"{table}: Athena shows"):
        flow.pipeline.publish(version, audited, force=False)
    assert flow.record is None
    assert flow.aws.keys("leases/") == []


def test_what_is_published_as_stated_is_left_alone_unless_it_is_forced(flow: Flow) -> None:
    record = flow.publish(FIRST)
    assert flow.publish(FIRST, "jr_2") == record
    assert shown(flow)["ALOS3"] == b"jr_1 ALOS3"
    assert flow.publish(FIRST, "jr_3", force=True).run_id == "jr_3"
    assert shown(flow)["ALOS3"] == b"jr_3 ALOS3"


def test_what_is_published_as_stated_and_damaged_is_published_again(flow: Flow) -> None:
    flow.publish(FIRST)
    flow.aws.s3.delete_object(Bucket=REFINED_BUCKET, Key=FILE)
    assert flow.publish(FIRST, "jr_2").run_id == "jr_2"
    assert shown(flow)["ALOS3"] == b"jr_2 ALOS3"


def test_a_publication_that_is_damaged_counts_as_none(flow: Flow) -> None:
    record = flow.publish(FIRST)
    facts = RawFacts.of(FIRST, COLLECTED_AT, [])
    assert flow.pipeline.publication(facts) == record
    flow.aws.s3.delete_object(Bucket=REFINED_BUCKET, Key=FILE)
    assert flow.pipeline.publication(facts) is None


def test_a_correction_keeps_which_versions_were_published_before(flow: Flow) -> None:
    first = flow.publish(FIRST)
    second = flow.publish(SECOND, "jr_2")
    assert second.history == first.versions
    assert shown(flow) == {"ALOS3": b"jr_2 ALOS3", "PETR4": b"jr_2 PETR4"}


def test_a_version_that_was_replaced_by_other_figures_meanwhile_is_not_published(flow: Flow) -> None:
    version, facts = flow.upload(FIRST)
    audited = flow.audited(FIRST, version, facts, "jr_1")
    flow.upload(SECOND)
    with pytest.raises(PublishError, match="was replaced by"):
        flow.pipeline.publish(version, audited, force=False)
    assert (flow.record, shown(flow)) == (None, {})


def another_publishes(flow: Flow) -> None:
    """Another flow finds the lease void, takes it over, publishes SECOND, and gives it back."""
    flow.aws.s3.delete_object(Bucket=REFINED_BUCKET, Key=lease_key("IBOV", SESSION))
    other = Flow(flow.aws)
    version, facts = other.upload(SECOND)
    audited = other.audited(SECOND, version, facts, "jr_2")
    other.pipeline.publish(version, audited, force=False)


def test_a_record_that_another_flow_has_put_meanwhile_is_not_written_over(flow: Flow) -> None:
    """Whatever becomes of the lease: S3's own condition holds."""
    flow.athena.meanwhile = lambda: another_publishes(flow)
    with pytest.raises((LeaseLost, WriteConflict)):
        flow.publish(FIRST)
    record = flow.record
    assert record
    assert record.run_id == "jr_2"


def test_a_flow_that_was_overtaken_writes_no_more_and_leaves_what_the_other_published(
    flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, slept = lease.elapsed, [0.0]

    def stands_still() -> None:
        another_publishes(flow)
        slept.append(flow.pipeline.settings.lease_timeout)
        # What was on the wire at that instant arrives late.
        flow.refined.put(partition_prefix(REFINED_TABLE, "IBOV", SESSION, "VALE3") + PART_NAME, b"late")

    monkeypatch.setattr(lease, "elapsed", lambda: clock() + sum(slept))
    flow.athena.meanwhile = stands_still
    with pytest.raises(LeaseLost, match="another has taken the session over"):
        flow.publish(FIRST)
    assert flow.record
    assert flow.record.run_id == "jr_2"
    assert shown(flow) == {"ALOS3": b"jr_2 ALOS3", "PETR4": b"jr_2 PETR4"}
    assert len(flow.aws.keys("refined-data/")) == 2
    assert flow.aws.keys("leases/") == []


def hide(flow: Flow) -> None:
    """A call of a flow that was overtaken reaches Glue after another has published."""
    catalog = flow.pipeline.lake.catalog
    catalog.point(REFINED_TABLE, dict.fromkeys(catalog.partitions(REFINED_TABLE, ""), HIDDEN_PREFIX))


def copy_to_a_new_key(flow: Flow) -> None:
    """A copy to a key that the other's version does not have: no condition of S3 stands in its way."""
    flow.refined.put(partition_prefix(REFINED_TABLE, "IBOV", SESSION, "VALE3") + PART_NAME, b"late")


@pytest.mark.parametrize("late", [hide, copy_to_a_new_key])
@pytest.mark.parametrize("stood", [0.0, 3600.0], ids=["by S3's condition", "by its lease"])
def test_what_was_on_the_wire_when_it_was_overtaken_is_made_good_however_it_learns_of_it(
    flow: Flow, late: Callable[[Flow], None], stood: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, slept = lease.elapsed, [0.0]
    monkeypatch.setattr(lease, "elapsed", lambda: clock() + sum(slept))

    def stands_still() -> None:
        another_publishes(flow)
        slept.append(stood)
        late(flow)

    flow.athena.meanwhile = stands_still
    with pytest.raises(LeaseLost if stood else WriteConflict):
        flow.publish(FIRST)
    assert shown(flow) == {"ALOS3": b"jr_2 ALOS3", "PETR4": b"jr_2 PETR4"}
    assert len(flow.aws.keys("refined-data/")) == 2


@pytest.mark.parametrize("at", [1, 2], ids=["before the first table", "before the second table"])
def test_a_flow_that_is_overtaken_before_it_changes_a_table_leaves_nothing_to_be_made_good(
    flow: Flow, at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, slept, looks, replaced = lease.elapsed, [0.0], list[bool](), list[object]()
    shows, replace_table = Publisher.shows, Publisher._replace
    monkeypatch.setattr(lease, "elapsed", lambda: clock() + sum(slept))

    def noted(publisher: Publisher, staged: StagedSession) -> bool:
        looks.append(shows(publisher, staged))
        return looks[-1]

    def stands_still(publisher: Publisher, *given: Any) -> Any:  # noqa: ANN401
        replaced.append(given)
        if len(replaced) == at:
            another_publishes(flow)
            slept.append(3600.0)
        return replace_table(publisher, *given)

    monkeypatch.setattr(Publisher, "shows", noted)
    monkeypatch.setattr(Publisher, "_replace", stands_still)
    with pytest.raises(LeaseLost):
        flow.publish(FIRST)
    assert looks == [True]
    assert shown(flow) == {"ALOS3": b"jr_2 ALOS3", "PETR4": b"jr_2 PETR4"}


def test_the_same_figures_that_were_uploaded_again_meanwhile_are_no_correction(flow: Flow) -> None:
    version, facts = flow.upload(FIRST)
    audited = flow.audited(FIRST, version, facts, "jr_1")
    assert flow.upload(FIRST)[0].version_id != version.version_id
    assert flow.pipeline.publish(version, audited, force=False).raw_version_id == version.version_id
