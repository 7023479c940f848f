"""Where a case of the fault matrix takes place: a session of its own on the account on the laptop, behind two proxies."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cache, partial
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import boto3
from botocore.config import Config
from matrix import state
from matrix.proxy import Proxy

from expectations.contract.names import RAW_BUCKET
from expectations.gates import gate
from flows.b3.calendar import is_session
from flows.history.refresh import fresh_rows, refresh
from flows.lake.connect import Lake, connect
from flows.session import etl, staging, storage
from flows.session.batch_runs import BatchRuns
from flows.session.pipeline import Collected, Pipeline
from flows.session.publish import Publisher
from flows.session.raw_file import RawFacts, encode
from flows.session.storage import Publication
from flows.settings import Settings, load_settings
from local.b3 import sample

if TYPE_CHECKING:
    from flows.b3.portfolio import Portfolio
    from flows.glue_run import GlueRun
    from flows.session.staging import StagedSession
    from flows.session.storage import RawVersion
    from local.account.client import Account
    from local.b3.standin import StandIn

_FIRST_DAY = date(2023, 1, 2)
_READ_TIMEOUT = 3.0  # seconds; production waits a minute

# Limits that let a fault be over within seconds. The lease's is longer than any publication here takes.
_LIMITS = {
    "b3_connect_timeout": "1",
    "b3_call_timeout": "2",
    "b3_backoff": "0.01",
    "etl_reattach_timeout": "0",
    "lease_timeout": "20",
}


def trading_days() -> Iterator[date]:
    """Trading days from 2023 on."""
    day = _FIRST_DAY
    while True:
        if is_session(day):
            yield day
        day += timedelta(days=1)


@cache
def smaller(index: str, shares: int) -> Portfolio:
    """A portfolio of so many of the recorded shares: as few as gate 1 finds plausible of the index, for it is quicker."""
    recorded = sample.recorded(sample.SESSIONS[0])
    *holdings, last = recorded.holdings[:shares]
    rest = recorded.statement.total_share - sum(item.participacao_pct for item in holdings)
    holdings.append(replace(last, participacao_pct=rest))
    # In the order of B3's answer: the last digit of a mean depends on it.
    holdings.sort(key=lambda item: (item.setor or "", item.codigo))
    total = sum(item.qtde_teorica for item in holdings)
    stated = recorded.restated(index=index, total_records=len(holdings), total_quantity=total)
    return replace(stated, holdings=tuple(holdings))


INDEX = "IBLV"
OF_TICKERS = "IBOV"  # whose table has a partition for each share
OF_MONTHS = "IFNC"  # of which no other case leaves anything, so that its monthly tables are whole
_SHARES = {INDEX: 28, OF_TICKERS: 60, OF_MONTHS: 24}


@dataclass(frozen=True)
class Clients:
    """The flows' own way into the account, and the clients that it is made of."""

    lake: Lake

    @property
    def s3(self) -> Any:  # noqa: ANN401 - boto3's
        """That of all buckets."""
        return self.lake.raw.client

    @property
    def glue(self) -> Any:  # noqa: ANN401 - boto3's
        """That of the catalog and of the job."""
        return self.lake.catalog.client

    @property
    def athena(self) -> Any:  # noqa: ANN401 - boto3's
        """That of queries."""
        return self.lake.athena.client


def clients(**changed: Any) -> Clients:  # noqa: ANN401 - botocore's settings
    """The flows' own clients, with a shorter patience, and what else is changed of their configuration."""
    with patch("botocore.config.Config", lambda **given: Config(**{**given, "read_timeout": _READ_TIMEOUT, **changed})):
        return Clients(connect(load_settings({})))


@dataclass
class World:
    """The account with all that is in front of it, for all cases.

    Attributes:
        aws, b3: the proxies.
        clients: the flows' clients, whose calls go through the proxy.
        hasty: clients of the same place that try every call once.
        eyes: clients that see the account as it is.
        runs: the Glue run of each raw version that was refined in a batch.
        known: rows of an undisturbed session, by its kind and table.
        undo: gives back what protections were removed in the account.
        undisturbed: sessions to which nothing happened, one of each kind: see `Bench.kind`.
    """

    account: Account
    aws: Proxy
    b3: Proxy
    stand_in: StandIn
    clients: Clients
    hasty: Clients
    eyes: Clients
    runs: dict[str, GlueRun] = field(default_factory=dict)
    days: Iterator[date] = field(default_factory=trading_days)
    known: dict[tuple[str, str], list[tuple[str | None, ...]]] = field(default_factory=dict)
    undo: ExitStack = field(default_factory=ExitStack)
    undisturbed: dict[str, Bench] = field(default_factory=dict)

    def bench(self, index: str = INDEX) -> Bench:
        """A place for another case: a session of an index of `_SHARES`."""
        return Bench(self, sample.as_of(next(self.days), smaller(index, _SHARES[index])))

    def client(self, service: str) -> Any:  # noqa: ANN401 - any of boto3's
        """The administrator's client of a service."""
        account = self.account
        return boto3.client(service, endpoint_url=account.endpoint_url, region_name=account.region)  # type: ignore[call-overload]

    def refine(self, versions: Sequence[RawVersion]) -> None:
        """Refine raw versions, all of them in one Glue run."""
        if not versions:
            return
        lake = self.eyes.lake
        run = etl.wait_for_end(lake.job, BatchRuns(lake.artifacts, lake.job, 0).start(versions), 240)
        self.runs |= {version.version_id: run for version in versions}

    @contextmanager
    def unnoticed(self) -> Iterator[None]:
        """Uploads within the block start nothing: S3 has nobody to tell of them."""
        notified = self.eyes.s3.get_bucket_notification_configuration(Bucket=RAW_BUCKET)
        notified.pop("ResponseMetadata", None)  # type: ignore[misc]
        change = partial(self.eyes.s3.put_bucket_notification_configuration, Bucket=RAW_BUCKET)
        change(NotificationConfiguration={})
        try:
            yield
        finally:
            change(NotificationConfiguration=notified)


@dataclass
class Bench:
    """One session, and who takes it through the steps of the daily flow.

    Attributes:
        portfolio: what B3 states of the session.
        shown: what B3 shows now, where that is something else.
        limits: settings of this case, without their prefix.
        collected: the last collection.
        version: the raw version that is worked on.
        earlier, before: the raw version and the portfolio that it corrects, if it does.
        uploads: the most versions of the raw file that there may be.
        after: called with the name of each step of the whole way once it is done.
        notes: what an injected fault wants to remember.
    """

    world: World
    portfolio: Portfolio
    visible: Portfolio | None = None
    limits: Mapping[str, str] = field(default_factory=dict)
    collected: Collected | None = None
    version: RawVersion | None = None
    earlier: RawVersion | None = None
    before: Portfolio | None = None
    publication: Publication | None = None
    uploads: int = 9
    after: Callable[[str], None] = lambda _: None
    notes: dict[str, Any] = field(default_factory=dict)

    @property
    def session(self) -> date:
        """The case's session."""
        return self.portfolio.session

    @property
    def kind(self) -> str:
        """What sessions with the same figures have in common."""
        return f"{self.portfolio.index}{' corrected' if self.before else ''}"

    @property
    def settings(self) -> Settings:
        """The flows' settings."""
        limits = {f"BOVESPA_{name.upper()}": value for name, value in {**_LIMITS, **self.limits}.items()}
        return load_settings({"B3_BASE_URL": self.world.b3.url, **limits})

    @property
    def pipeline(self) -> Pipeline:
        """The flow's steps, on the clients that go through the proxy."""
        settings, lake = self.settings, self.world.clients.lake
        return Pipeline(settings, replace(lake, athena=replace(lake.athena, timeout=settings.query_timeout)))

    def collect(self) -> None:
        """B3 to the raw bucket, as the flow does it; no further where the session is published as B3 states it."""
        pipeline = self.pipeline
        self.world.stand_in.show(self.visible or self.portfolio)
        self.collected = pipeline.collect(self.portfolio.index, sample.collected_at(self.session))
        self.publication = pipeline.publication(self.collected.facts)
        if self.publication:
            return
        gate.require(pipeline.check_raw(self.collected))
        self.version = pipeline.upload(self.collected, force=False)

    def upload(self) -> None:
        """A raw file of what B3 states, as of a collection that nothing has disturbed; it starts no Glue run."""
        at = sample.collected_at(self.session)
        facts = RawFacts.of(self.portfolio, at, ["landing/undisturbed.json.gz"])
        self.version = storage.upload_raw(self.world.eyes.lake.raw, encode(self.portfolio, facts), facts, of_batch=True)

    def publish_unseen(self) -> None:
        """Publish what the batch left, past gate 2 and Athena, as the version that a correction replaces."""
        assert self.version is not None
        lake, staged, version = self.world.eyes.lake, self.staged(), self.version
        Publisher(lake.refined, lake.catalog).publish(staged)
        record = Publication(
            self.portfolio.index,
            self.session.isoformat(),
            version.stored_at.isoformat(),
            version.fingerprint,
            version.has_sectors,
            version.version_id,
            staged.run_id,
            staged.rows,
            staged.summary_rows,
        )
        storage.write_publication(lake.refined, record)

    def staged(self) -> StagedSession:
        """What the batch's Glue run left of the session, as a batch reads it."""
        assert self.version is not None
        lake = self.world.clients.lake
        run = etl.wait_for_end(lake.job, self.world.runs[self.version.version_id], 5)
        manifest = etl.read_manifest(lake.refined, run)
        return staging.staged_session(manifest, self.portfolio.index, self.session, self.version.version_id)

    def publish(self) -> None:
        """Gate 2 and publication of what the batch's Glue run left; then the monthly tables, of an index that has some."""
        assert self.version is not None
        pipeline, staged = self.pipeline, self.staged()
        audited = pipeline.audit(self.version, staged)
        gate.require(audited.report)
        self.publication = pipeline.publish(self.version, audited, force=False)
        if self.portfolio.index == OF_MONTHS:
            refresh(pipeline, OF_MONTHS, fresh_rows(self.publication, audited))

    def daily(self) -> None:
        """All steps, with a Glue run of the session's own, which S3's event starts; as the flow does them."""
        pipeline = self.pipeline
        self.collect()
        if self.publication:
            return
        assert self.version is not None
        uploads = len(state.raw_versions(self))
        state.demand(uploads <= self.uploads, f"{uploads} versions of the raw file")
        self.after("upload")
        _, staged = pipeline.refine(self.version)
        self.after("refine")
        audited = pipeline.audit(self.version, staged)
        gate.require(audited.report)
        self.after("audit")
        self.publication = pipeline.publish(self.version, audited, force=False)
