"""One Spark session with `s3://` on a folder, and an AWS account in memory that shows what Spark wrote there."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import hypothesis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from botocore.session import Session, get_session
from moto import mock_aws
from pyspark.sql import DataFrame, SparkSession

from expectations.contract.names import DATABASE, RAW_BUCKET, REFINED_BUCKET
from flows.session.raw_file import RAW_SCHEMA
from glue import clients
from glue.tables import input_schema
from glue.writing import start_spark
from local.glue.spark import environment, write_configuration

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client

# A busy machine must not make a property fail, nor a run leave files behind.
hypothesis.settings.register_profile("bovespa", deadline=None, database=None)
hypothesis.settings.load_profile("bovespa")

SESSION = date(2025, 6, 30)
COLLECTED_AT = datetime(2025, 6, 30, 11, tzinfo=UTC)  # 08:00 in São Paulo

RawRow = dict[str, Any]


def raw_row(**given: object) -> RawRow:
    """A raw row with what a test says of it; the rest is plausible."""
    return {
        "codigo": "VALE3",
        "acao": "VALE",
        "tipo": "ON      NM",
        "setor": "Mats Básicos / Mineração",
        "qtde_teorica": 4_168_577_163,
        "participacao_pct": 11.0,
        "data_pregao": SESSION,
        "timestamp_coleta": COLLECTED_AT,
        **given,
    }


# --- Spark ---------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def s3_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder whose folders are the buckets that Spark sees."""
    root = tmp_path_factory.mktemp("s3")
    for bucket in (RAW_BUCKET, REFINED_BUCKET):
        (root / bucket).mkdir()
    return root


@pytest.fixture(scope="session")
def spark(s3_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """The job's own Spark session, on the settings, the Java and the file system of the account on the laptop."""
    configuration = tmp_path_factory.mktemp("spark") / "conf"
    write_configuration(configuration, s3_root)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment(configuration, []).items():
            patch.setenv(name, value)
        session = start_spark()
    yield session
    session.stop()


RawFrame = Callable[..., DataFrame]


@pytest.fixture(scope="session")
def raw_frame(spark: SparkSession) -> RawFrame:
    """Raw rows as the job reads them, from what a test says of each."""

    def make(*rows: Mapping[str, object]) -> DataFrame:
        found = [{"indice": "IBOV", "reference_date": SESSION, "origem": "json", **raw_row(**row)} for row in rows]
        return spark.createDataFrame(found, input_schema())

    return make


# --- files ---------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def raw_file() -> Callable[..., bytes]:
    """A raw file, as the flow writes it, of what a test says of each row."""

    def encode(*rows: Mapping[str, object], schema: pa.Schema = RAW_SCHEMA) -> bytes:
        target = io.BytesIO()
        pq.write_table(pa.Table.from_pylist([raw_row(**row) for row in rows], schema), target)
        return target.getvalue()

    return encode


# --- AWS -----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Aws:
    """An account in memory, with the contract's buckets and database; its raw bucket keeps versions.

    Spark knows nothing of it and works on a folder. So what boto3 copies into a bucket is written to the folder too, and what
    lies in the folder is put into the bucket before boto3 lists it. `calls` are the S3 calls that were made, in order.
    """

    s3: S3Client
    glue: GlueClient
    root: Path
    calls: list[tuple[str, str]]

    def connect(self, session: Session) -> None:
        """Have the clients of a session, which the job makes, work on bucket and folder."""
        session.register("provide-client-params.s3.*", self._before)
        session.register("after-call.s3.CopyObject", self._after_copy)

    def _before(self, params: dict[str, Any], context: dict[str, Any], event_name: str, **_: object) -> None:
        operation = event_name.rpartition(".")[2]
        self.calls.append((operation, params.get("Key", params.get("Prefix", ""))))
        context["target"] = (params["Bucket"], params.get("Key"))
        if operation == "ListObjectsV2":
            self._put_files(params["Bucket"], params["Prefix"])

    def _after_copy(self, context: dict[str, Any], **_: object) -> None:
        bucket, key = context["target"]
        path = self.root / bucket / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.s3.get_object(Bucket=bucket, Key=key)["Body"].read())

    def _put_files(self, bucket: str, prefix: str) -> None:
        folder = self.root / bucket
        for path in (folder / prefix).rglob("*"):
            if path.is_file():
                self.s3.put_object(Bucket=bucket, Key=path.relative_to(folder).as_posix(), Body=path.read_bytes())


@pytest.fixture(scope="module")
def aws(s3_root: Path) -> Iterator[Aws]:
    # moto has an environment of its own, which is put back only if nothing else is undone after it.
    with mock_aws(), pytest.MonkeyPatch.context() as patch:
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "testing")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setattr(boto3, "DEFAULT_SESSION", None)  # the job's client of Glue would have another's credentials
        own = boto3.Session()
        account = Aws(own.client("s3"), own.client("glue"), s3_root, [])
        for bucket in (RAW_BUCKET, REFINED_BUCKET):
            account.s3.create_bucket(Bucket=bucket)
        account.s3.put_bucket_versioning(Bucket=RAW_BUCKET, VersioningConfiguration={"Status": "Enabled"})
        account.glue.create_database(DatabaseInput={"Name": DATABASE})
        of_the_job = get_session()
        patch.setattr(clients, "get_session", lambda: of_the_job)
        account.connect(of_the_job)
        yield account
