"""An account in which sessions get published, and what an analyst sees of the monthly tables, for their tests."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from expectations.contract.catalog import storage_descriptor, table_input
from expectations.contract.keys import lease_key, published_key
from expectations.contract.names import DATABASE, PART_NAME, REFINED_BUCKET
from expectations.contract.partitions import partition_prefix, partition_values
from expectations.contract.statement import Statement
from expectations.contract.tables import CHANGES_TABLE, HISTORY_TABLE, Table, refined_table
from flows.b3.portfolio import Holding, Portfolio
from flows.history.refresh import FreshRows
from flows.history.rows import SessionFacts, audited_rows
from flows.lake.connect import Lake
from flows.session import storage
from flows.session.pipeline import Pipeline
from flows.session.raw_file import RawFacts, encode
from flows.session.storage import Publication
from flows.settings import load_settings
from tests.flows.session.test_publish import Watch

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client

INDEX = "IBXX"
MAY_28, MAY_29, MAY_30 = date(2025, 5, 28), date(2025, 5, 29), date(2025, 5, 30)
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
    statement = Statement(index, session, len(holdings), total, Decimal("100.000"), Decimal(divisor))
    return Portfolio(statement, "json", holdings)


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
            "origem": "json",
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
        s3.meta = self.s3.meta
        settings = load_settings({})
        return Pipeline(settings, Lake.of(settings, s3, glue, athena, cloudwatch))

    def publish(self, stated: Portfolio, run: str = "jr_1") -> FreshRows:
        """Leave what publishing a session leaves: raw file, refined files, partitions, and last the record."""
        facts = RawFacts.of(stated, COLLECTED_AT, [])
        version = storage.upload_raw(self.pipeline().lake.raw, encode(stated, facts), facts)
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
        storage.write_publication(self.pipeline().lake.refined, record)
        return FreshRows(record, audited_rows(frame, stated.session, SessionFacts.of(facts)))

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

    def give_lease_back(self, index: str, session: date) -> None:
        self.s3.delete_object(Bucket=REFINED_BUCKET, Key=lease_key(index, session))

    def forget(self, index: str) -> None:
        """Begin anew, with nothing published."""
        for table in (HISTORY_TABLE, CHANGES_TABLE, refined_table(index)):
            self.glue.delete_table(DatabaseName=DATABASE, Name=table.name)
            self.glue.create_table(DatabaseName=DATABASE, TableInput=table_input(table, REFINED_BUCKET))
        for key in self.keys(""):
            self.s3.delete_object(Bucket=REFINED_BUCKET, Key=key)

    def put(self, key: str, body: bytes) -> None:
        self.s3.put_object(Bucket=REFINED_BUCKET, Key=key, Body=body)

    def body(self, key: str) -> bytes:
        return self.s3.get_object(Bucket=REFINED_BUCKET, Key=key)["Body"].read()

    def unpublish(self, session: date) -> None:
        self.s3.delete_object(Bucket=REFINED_BUCKET, Key=published_key(INDEX, session))

    def rows(self, table: Table, index: str = INDEX) -> list[dict[str, Any]]:
        """What Athena reads: whatever lies at the locations of the registered partitions."""
        found: list[dict[str, Any]] = []
        for location in self.locations(table, index).values():
            for key in self.keys(location.removeprefix(f"s3://{REFINED_BUCKET}/")):
                found += pq.read_table(io.BytesIO(self.body(key))).to_pylist()
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


def two(session: date, first: str = "60.000", second: str = "40.000", **of: str) -> Portfolio:
    """ABEV3 and VALE3 with their weights."""
    return portfolio(session, ("ABEV3", 10, first), ("VALE3", 20, second), **of)


def weights(first: float, second: float) -> dict[str, float]:
    return {"ABEV3": first, "VALE3": second}
