from __future__ import annotations

import textwrap
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from local.account.access import AccountAccess
from local.account.client import Account
from local.account.home import Home
from local.account.moto_inside import forget_buckets
from local.account.provisioned import Provisioned
from local.account.state import AccountState
from local.glue.catalog import GlueCatalog
from local.glue.partitions import Partitions
from local.provision.clients import Clients, administrator
from local.provision.program import connect, provision
from local.rights.keys import HomeKeys
from local.s3.archive import Archive
from local.s3.events import Outbox
from local.s3.mirror import Mirror
from local.s3.objects import ObjectStore

PARQUET = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").create()


@pytest.fixture
def state(home: Home) -> AccountState:
    return AccountState(home.state)


@pytest.fixture
def access() -> AccountAccess:
    """To an account that does not answer."""
    return AccountAccess("http://127.0.0.1:1", "sa-east-1", HomeKeys(bytes(32)))


@pytest.fixture
def mirror(home: Home) -> Mirror:
    return Mirror(home.mirror, home.scratch)


@dataclass
class Disk:
    """What is left of an account when its process is gone, and how the next process finds it."""

    home: Home

    def open(self) -> ObjectStore:
        """S3 as a process that has just started finds it, with its two buckets declared."""
        forget_buckets()
        state = AccountState(self.home.state)
        mirror = Mirror(self.home.mirror, self.home.scratch)
        store = ObjectStore(
            "aws", "123456789012", state=state, mirror=mirror, archive=Archive(state, mirror), outbox=Outbox(state)
        )
        store.create_bucket("versioned", "sa-east-1")
        store.put_bucket_versioning("versioned", "Enabled")
        store.create_bucket("plain", "sa-east-1")
        store.commit()
        return store


@pytest.fixture
def disk(home: Home) -> Iterator[Disk]:
    yield Disk(home)
    forget_buckets()


@pytest.fixture
def store(disk: Disk) -> ObjectStore:
    return disk.open()


@pytest.fixture
def catalog(state: AccountState) -> GlueCatalog:
    made = GlueCatalog(state)
    made.ensure_database("default")
    return made


@pytest.fixture
def partitions(state: AccountState, catalog: GlueCatalog) -> Partitions:
    return Partitions(state, catalog)


@pytest.fixture
def table_input() -> dict[str, Any]:
    """A table of shares by day and ticker."""
    return {
        "Name": "shares",
        "TableType": "EXTERNAL_TABLE",
        "PartitionKeys": [{"Name": "day", "Type": "int"}, {"Name": "ticker", "Type": "string"}],
        "StorageDescriptor": {
            "Location": "s3://plain/shares/",
            "Columns": [
                {"Name": "name", "Type": "string", "Comment": "The company's name"},
                {"Name": "quantity", "Type": "bigint"},
                {"Name": "weight", "Type": "double"},
            ],
            "SerdeInfo": {"SerializationLibrary": PARQUET},
        },
    }


def _partition_input(day: int, ticker: str, location: str | None) -> dict[str, Any]:
    where = location or f"s3://plain/shares/day={day:02}/ticker={ticker}/"
    return {"Values": [str(day), ticker], "StorageDescriptor": {"Location": where}}


@dataclass
class Shares:
    """The table `default.shares`, and the files that lie where its partitions say."""

    catalog: GlueCatalog
    partitions: Partitions
    mirror: Mirror

    def add(self, day: int, ticker: str, *, registered: bool = True, **columns: object) -> Path:
        """Write one partition's file, and register the partition."""
        folder = self.mirror.root / "plain" / "shares" / f"day={day:02}" / f"ticker={ticker}"
        folder.mkdir(parents=True, exist_ok=True)
        row = columns or {"name": ticker.lower(), "quantity": day * 100, "weight": 0.5}
        file = folder / "part-00000.parquet"
        pq.write_table(pa.table({name: [value] for name, value in row.items()}), file)
        if registered:
            self.register(day, ticker)
        return file

    def register(self, day: int, ticker: str, location: str | None = None) -> None:
        request = {
            "DatabaseName": "default",
            "TableName": "shares",
            "PartitionInput": _partition_input(day, ticker, location),
        }
        self.partitions.operations()["AWSGlue.CreatePartition"](request)


@pytest.fixture
def shares(catalog: GlueCatalog, partitions: Partitions, mirror: Mirror, table_input: dict[str, Any]) -> Shares:
    request = {"DatabaseName": "default", "TableInput": table_input}
    catalog.operations()["AWSGlue.CreateTable"](request)
    return Shares(catalog, partitions, mirror)


Eventually = Callable[[Callable[[], object]], None]


@pytest.fixture(scope="session")
def eventually() -> Eventually:
    """Waits until a condition holds."""

    def wait(condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + 30
        while not condition():
            assert time.monotonic() < deadline, "never came true"
            time.sleep(0.02)

    return wait


@pytest.fixture(scope="session")
def clients(account: Account) -> Callable[[str], Any]:
    """boto3 clients of the running account, by service."""
    session: Any = boto3.Session(*account.keys(), region_name=account.region)

    @cache
    def client(service: str) -> Any:  # noqa: ANN401 - each service's is another
        return session.client(service, endpoint_url=account.endpoint_url)

    return client


Provision = Callable[[str], None]


@pytest.fixture(scope="session")
def provision_clients(account: Account) -> Clients:
    provisioned = Provisioned(administrator(account.access))
    return connect(account.access, lambda _, bucket: "without-permission" not in bucket, provisioned)


@pytest.fixture
def provisioned(provision_clients: Clients, tmp_path: Path) -> Provision:
    """Provisions the running account with one more program, given as its source."""

    def run(source: str) -> None:
        program = tmp_path / "__main__.py"
        program.write_text("import pulumi\nimport pulumi_aws as aws\n" + textwrap.dedent(source), encoding="utf-8")
        provision(program, provision_clients)

    return run
