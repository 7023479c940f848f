"""What the flows' tests share: the recorded sample, a small portfolio, and an AWS account in memory."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest
from moto import mock_aws

from expectations.contract import names
from expectations.contract.catalog import table_input
from expectations.contract.statement import Statement
from expectations.contract.tables import TABLES
from flows.b3.portfolio import Holding, Portfolio
from flows.lake.connect import clients
from flows.lake.s3 import Bucket
from local.account.moto_inside import keep_conditions
from local.b3.sample import recorded
from tests.flows import in_memory

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client

# A busy machine must not make a property fail, nor a run leave files behind.
hypothesis.settings.register_profile("bovespa", deadline=None, database=None)
hypothesis.settings.load_profile("bovespa")

BUCKETS = (names.RAW_BUCKET, names.REFINED_BUCKET, names.ARTIFACTS_BUCKET)


@pytest.fixture(scope="session")
def sample() -> Portfolio:
    """The recorded Ibovespa of 2025-06-30."""
    return recorded(date(2025, 6, 30))


@pytest.fixture(scope="session")
def small() -> Portfolio:
    """Three shares in B3's forms: a sector of two parts, a sector of one, none; flags, a level, neither."""
    return Portfolio(
        statement=Statement(
            "IBOV", date(2025, 6, 30), 3, 6_159_059_139, Decimal("100.000"), Decimal("15453473.14801835")
        ),
        source="json",
        holdings=(
            Holding("ALOS3", "ALLOS", "ON  ED  NM", "Financ e Outros / Explor Imóveis", 476_976_044, Decimal("0.509")),
            Holding("ABEV3", "AMBEV S/A", "ON", "Diversos", 4_394_835_131, Decimal("2.732")),
            Holding("BPAC11", "BTGP BANCO", "UNT     N2", None, 1_287_247_964, Decimal("96.759")),
        ),
    )


@pytest.fixture(scope="session")
def eight_o_clock() -> datetime:
    """The instant of collection: 08:00 in São Paulo on the sample's day."""
    return datetime(2025, 6, 30, 11, tzinfo=UTC)


@pytest.fixture(scope="module")
def account() -> Iterator[S3Client]:
    """An AWS account in memory, with the contract's buckets; the raw one keeps versions."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "testing")
        patch.setenv("AWS_DEFAULT_REGION", in_memory.REGION)
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        keep_conditions()
        in_memory.answer_soon()
        with mock_aws():
            client: S3Client = clients(attempts=1)("s3")
            for bucket in BUCKETS:
                client.create_bucket(Bucket=bucket)
            client.put_bucket_versioning(Bucket=names.RAW_BUCKET, VersioningConfiguration={"Status": "Enabled"})
            yield client


@pytest.fixture
def s3(account: S3Client) -> S3Client:
    """S3 with empty buckets; what fails in a test fails at once, without retries."""
    for name in BUCKETS:
        in_memory.put_objects(name)
    return account


@pytest.fixture
def raw(s3: S3Client) -> Bucket:
    """The raw bucket, empty."""
    return Bucket(s3, names.RAW_BUCKET)


@pytest.fixture
def refined(s3: S3Client) -> Bucket:
    """The refined bucket, empty."""
    return Bucket(s3, names.REFINED_BUCKET)


@pytest.fixture
def artifacts(s3: S3Client) -> Bucket:
    """The artifacts bucket, empty."""
    return Bucket(s3, names.ARTIFACTS_BUCKET)


@pytest.fixture(scope="module")
def catalog(account: S3Client) -> tuple[GlueClient, dict[str, Any]]:
    """A catalog with the contract's tables, and those as moto holds them at first."""
    client: GlueClient = clients()("glue")
    client.create_database(DatabaseInput={"Name": names.DATABASE})
    for table in TABLES:
        client.create_table(DatabaseName=names.DATABASE, TableInput=table_input(table, names.REFINED_BUCKET))
    return client, in_memory.tables()


@pytest.fixture
def glue(catalog: tuple[GlueClient, dict[str, Any]]) -> GlueClient:
    """A catalog with the contract's tables and no partitions."""
    client, tables = catalog
    in_memory.put_tables(tables)
    return client
