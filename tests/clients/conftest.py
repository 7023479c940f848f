"""One account for all clients, with a session in the refined table and in the history, read through views, too."""

from __future__ import annotations

import importlib
import io
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from expectations.contract.names import DATABASE
from expectations.contract.partitions import partition_prefix, partition_values
from expectations.contract.tables import HISTORY_TABLE, REFINED_TABLE, Table
from flows.lake.athena import Athena
from flows.session.arrow import arrow_schema
from flows.settings import Settings, load_settings
from local.account.client import running_account
from local.account.stages import Stage

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client

    from local.account.client import Account

CLIENTS = ("awscli", "awswrangler", "duckdb", "polars", "pyathena", "s3fs", "sqlalchemy")
if os.environ.get("BOVESPA_CLIENTS"):
    # `make clients` has installed them all: a missing one is a mistake, where it is elsewhere none.
    for client in CLIENTS:
        importlib.import_module(client)
    assert os.environ.get("BOVESPA_DBT"), "dbt has a virtual environment of its own: BOVESPA_DBT says where it is"

INDEX = "IBOV"
SESSION = date(2025, 6, 30)
SHARES = (
    ("VALE3", "VALE", "ON NM", 11.25),
    ("PETR4", "PETROBRAS", "PN N2", 6.5),
    ("ITUB4", "ITAUUNIBANCO", "PN N1", 8.125),
)
QUERIES = {
    "history": f"SELECT acao, percentual_participacao_ibov FROM bovespa_historico WHERE indice = '{INDEX}' ORDER BY acao",
    "refined": "SELECT acao, data_pregao, timestamp_coleta FROM bovespa_refined_data WHERE year = 2025 ORDER BY acao",
    "view": f"SELECT acao, setor FROM bovespa_dez_maiores WHERE indice = '{INDEX}' ORDER BY acao",
}


@dataclass(frozen=True)
class Lake:
    """What the clients read, and what Athena says of it."""

    account: Account
    s3: S3Client
    glue: GlueClient
    athena: AthenaClient
    settings: Settings
    queries: Mapping[str, str]

    @property
    def endpoint(self) -> str:
        return self.account.endpoint_url

    @property
    def folder(self) -> Path:
        """The refined bucket as a folder."""
        return self.account.home / "s3" / self.settings.refined_bucket

    def url(self, prefix: str) -> str:
        return f"s3://{self.settings.refined_bucket}/{prefix}"

    def files(self, prefix: str) -> list[str]:
        """The addresses of a table's files."""
        listed = self.s3.list_objects_v2(Bucket=self.settings.refined_bucket, Prefix=prefix)["Contents"]
        return [self.url(found["Key"]) for found in listed]

    @property
    def month(self) -> str:
        """The address of the history's one file."""
        (address,) = self.files(HISTORY_TABLE.prefix)
        return address

    def rows(self, sql: str) -> list[tuple[str | None, ...]]:
        """Athena's own answer."""
        return list(Athena(self.athena, self.settings.workgroup, DATABASE, timeout=60).query(sql).rows)

    def put(self, table: Table, prefix: str, values: list[str], rows: list[dict[str, Any]]) -> None:
        """A file of a table, and the partition that it is."""
        content = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(rows, schema=arrow_schema(table.columns)), content)
        key = f"{prefix}part-00000.parquet"
        self.s3.put_object(Bucket=self.settings.refined_bucket, Key=key, Body=content.getvalue())
        described = self.glue.get_table(DatabaseName=DATABASE, Name=table.name)["Table"]["StorageDescriptor"]
        self.glue.create_partition(
            DatabaseName=DATABASE,
            TableName=table.name,
            PartitionInput={"Values": values, "StorageDescriptor": {**described, "Location": self.url(prefix)}},
        )


def row(ticker: str, name: str, tipo: str, weight: float) -> dict[str, Any]:
    return {
        "acao": ticker,
        "codigo": ticker,
        "nome_acao": name,
        "tipo": tipo,
        "classe": tipo[:2],
        "segmento_listagem": tipo[3:],
        "eventos": None,
        "setor": "Financeiro" if ticker == "ITUB4" else None,
        "subsetor": None,
        "quantidade_teorica_acoes": weight * 1e8,
        "percentual_participacao_ibov": weight,
        "data_pregao": SESSION,
        "timestamp_coleta": datetime(2025, 6, 30, 11, 0, 5, 123_000, tzinfo=UTC),
        "dias_desde_coleta": 0,
        "redutor": 16_000_000.5,
        "origem": "json",
        "day": SESSION.day,
    }


@pytest.fixture(scope="session")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """An account of the clients' own, in which nothing else is."""
    with running_account(tmp_path_factory.mktemp("clients"), stage=Stage.WORK) as found:
        yield found


@pytest.fixture(scope="module", autouse=True)
def environment(account: Account) -> Iterator[None]:
    """The account's environment is this process's, as the clients find it; not that of the tests after theirs."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in account.environment().items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="session")
def lake(account: Account) -> Lake:
    """The account with its session."""
    session = boto3.Session(*account.keys(), region_name=account.region)
    of = partial(session.client, endpoint_url=account.endpoint_url)
    found = Lake(account, of("s3"), of("glue"), of("athena"), load_settings({}), QUERIES)
    for share in SHARES:
        found.put(
            REFINED_TABLE,
            partition_prefix(REFINED_TABLE, INDEX, SESSION, share[0]),
            list(partition_values(REFINED_TABLE, INDEX, SESSION, share[0])),
            [row(*share)],
        )
    found.put(
        HISTORY_TABLE,
        partition_prefix(HISTORY_TABLE, INDEX, SESSION),
        list(partition_values(HISTORY_TABLE, INDEX, SESSION)),
        [row(*share) for share in SHARES],
    )
    return found


@pytest.fixture(scope="session")
def expected(lake: Lake) -> Callable[[str], list[tuple[str | None, ...]]]:
    """Athena's rows of one of the queries."""
    return lambda name: lake.rows(QUERIES[name])


@pytest.fixture(scope="session")
def eventually() -> Callable[[Callable[[], object]], None]:
    """Waits until a condition holds."""

    def wait(condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + 30
        while not condition():
            assert time.monotonic() < deadline, "never came true"
            time.sleep(0.05)

    return wait
