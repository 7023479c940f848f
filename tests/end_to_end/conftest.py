from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from expectations.contract.ledger import LEDGER_TABLE
from expectations.contract.tables import TABLES
from expectations.gates.gate import require
from flows.lake.athena import QueryResult
from flows.lake.calls import batches
from flows.lake.catalog import Catalog
from flows.lake.connect import Lake, connect
from flows.session.pipeline import Pipeline
from flows.session.storage import Publication
from flows.settings import load_settings
from local.b3 import sample
from local.b3 import standin as b3_standin

if TYPE_CHECKING:
    from flows.b3.portfolio import Portfolio
    from local.account.client import Account


@pytest.fixture(scope="session")
def provisioned() -> set[tuple[str, str]]:
    """Keys and versions of what provisioning put into the account that a worker's files share; known from the first file on."""
    return set()


@pytest.fixture(scope="module")
def account(account: Account, provisioned: set[tuple[str, str]]) -> Account:
    """An account that holds nothing of the files before, in whatever order a worker takes them."""
    buckets = _buckets(account)
    if not provisioned:
        provisioned.update(stored for bucket in buckets for stored in _stored(bucket))
    for bucket in buckets:
        for batch in batches(set(_stored(bucket)) - provisioned, 1000):
            bucket.delete_objects(Delete={"Objects": [{"Key": key, "VersionId": version} for key, version in batch]})
    settings = load_settings({})
    glue = _session(account).client("glue", endpoint_url=account.endpoint_url)
    catalog = Catalog(glue, settings.database, settings.refined_bucket)
    for table in (*TABLES, LEDGER_TABLE):
        catalog.delete(table, catalog.partitions(table, ""))
    return account


def _session(account: Account) -> Any:  # noqa: ANN401 - boto3's
    return boto3.Session(*account.keys(), region_name=account.region)


def _buckets(account: Account) -> list[Any]:
    s3 = _session(account).resource("s3", endpoint_url=account.endpoint_url)
    return [s3.Bucket(name) for name in load_settings({}).buckets]


def _stored(bucket: Any) -> list[tuple[str, str]]:  # noqa: ANN401 - boto3's
    return [(item.object_key, item.id) for item in bucket.object_versions.all()]


@pytest.fixture(scope="module")
def lake(account: Account) -> Iterator[Lake]:
    """The account as the flows reach it, whose environment is this process's from here on."""
    before = dict(os.environ)
    os.environ.update(account.environment())
    yield connect(load_settings({}))
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def stand_in() -> Iterator[b3_standin.StandIn]:
    with b3_standin.serving() as serving:
        yield serving


@dataclass(frozen=True)
class Operator:
    """Somebody who runs the steps of the daily flow, one after the other, as the flow does."""

    pipeline: Pipeline
    stand_in: b3_standin.StandIn

    def run(
        self, portfolio: Portfolio, *, force: bool = False, after: Callable[[str], None] = lambda _: None
    ) -> Publication:
        """Run all steps; `after` is called with each step's name once it is done, and may raise as a kill would."""
        self.stand_in.show(portfolio)
        collected = self.pipeline.collect(portfolio.index, collected_at(portfolio.session))
        after("collect")
        if not force and (found := self.pipeline.publication(collected.facts)):
            return found
        require(self.pipeline.check_raw(collected))
        version = self.pipeline.upload(collected, force=force)
        after("upload")
        _, staged = self.pipeline.refine(version)
        after("refine")
        audited = self.pipeline.audit(version, staged)
        require(audited.report)
        after("audit")
        publication = self.pipeline.publish(version, audited, force=force)
        after("publish")
        return publication

    def query(self, sql: str) -> QueryResult:
        return self.pipeline.lake.athena.query(sql)

    def published(self, session: date) -> list[tuple[str | None, ...]]:
        """What Athena shows of a session of the Ibovespa, without what tells one collection from another."""
        where = f"year = {session.year} AND month = {session.month} AND day = {session.day}"
        columns = (
            "acao, codigo, nome_acao, tipo, eventos, setor, quantidade_teorica_acoes, percentual_participacao_ibov"
        )
        return sorted(self.query(f"SELECT {columns} FROM bovespa_refined_data WHERE {where}").rows, key=str)

    def landing(self) -> set[str]:
        return {item.key for item in self.pipeline.lake.raw.objects("landing/")}


def collected_at(session: date) -> datetime:
    """08:00 in São Paulo on the session's day."""
    return sample.collected_at(session)


@pytest.fixture
def operator(lake: Lake, stand_in: b3_standin.StandIn) -> Operator:
    return Operator(Pipeline(load_settings({"B3_BASE_URL": stand_in.url}), lake), stand_in)
