from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from unittest import mock

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError
from pyspark.sql import DataFrame, SparkSession

from expectations.contract import RAW_BUCKET, REFINED_BUCKET, raw_key
from flows.raw_parquet import RAW_SCHEMA
from glue.arguments import RawVersion
from glue.bovespa_etl_job import start_spark
from glue.tables import input_schema
from local.spark import environment, write_configuration

PAGE = 50  # objects in a page of a listing: smaller than S3's, so that listings of one session have pages


@dataclass
class FolderS3:
    """The calls of S3's client that the job makes, on a folder that Spark reads and writes as `s3://`.

    Versions are kept beside it: as in the account on the laptop, the folder holds what is current.
    """

    root: Path
    versions: dict[tuple[str, str, str], tuple[bytes, datetime]] = field(default_factory=dict)

    def store(self, key: str, body: bytes, stored_at: datetime, bucket: str = RAW_BUCKET) -> RawVersion:
        """Put a new version of an object, as somebody who is not the job."""
        version = RawVersion(bucket, key, f"version-{len(self.versions)}")
        self.versions[bucket, key, version.version_id] = (body, stored_at)
        self._write(bucket, key, body)
        return version

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, ContentType: str) -> None:  # noqa: N803
        self._write(Bucket, Key, Body)

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        path = self.root / Bucket / Key
        if not path.is_file():
            raise ClientError({"Error": {"Code": "NoSuchKey", "Message": "no such key"}}, "GetObject")
        return {"Body": io.BytesIO(path.read_bytes())}

    def head_object(self, *, Bucket: str, Key: str, VersionId: str) -> dict[str, Any]:  # noqa: N803
        return {"LastModified": self._version(Bucket, Key, VersionId, "HeadObject")[1]}

    def copy_object(self, *, Bucket: str, Key: str, CopySource: Mapping[str, str]) -> None:  # noqa: N803
        source = (CopySource["Bucket"], CopySource["Key"], CopySource["VersionId"])
        self._write(Bucket, Key, self._version(*source, "CopyObject")[0])

    def get_paginator(self, operation: str) -> FolderS3:
        assert operation == "list_objects_v2"
        return self

    def paginate(self, *, Bucket: str, Prefix: str) -> Iterator[dict[str, Any]]:  # noqa: N803
        folder = self.root / Bucket
        files = sorted(path for path in (folder / Prefix).rglob("*") if path.is_file())
        found = [{"Key": path.relative_to(folder).as_posix(), "Size": path.stat().st_size} for path in files]
        pages = [found[start : start + PAGE] for start in range(0, len(found), PAGE)]
        yield from ({"Contents": page} for page in pages) if pages else ({},)

    def keys(self, prefix: str) -> list[str]:
        """The keys of the refined bucket below a prefix."""
        return [
            item["Key"] for page in self.paginate(Bucket=REFINED_BUCKET, Prefix=prefix) for item in page["Contents"]
        ]

    def _version(self, bucket: str, key: str, version: str, operation: str) -> tuple[bytes, datetime]:
        if (bucket, key, version) not in self.versions:
            raise ClientError({"Error": {"Code": "NoSuchVersion", "Message": "no such version"}}, operation)
        return self.versions[bucket, key, version]

    def _write(self, bucket: str, key: str, body: bytes) -> None:
        path = self.root / bucket / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)


@pytest.fixture(scope="session")
def s3_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder whose folders are buckets, for Spark too."""
    root = tmp_path_factory.mktemp("s3")
    for bucket in (RAW_BUCKET, REFINED_BUCKET):
        (root / bucket).mkdir()
    return root


@pytest.fixture
def s3(s3_root: Path) -> FolderS3:
    return FolderS3(s3_root)


@pytest.fixture(scope="session")
def spark(s3_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """The job's own Spark session, with the buckets' folders behind `s3://`; one for the whole session."""
    configuration = tmp_path_factory.mktemp("spark") / "conf"
    write_configuration(configuration, s3_root.iterdir())
    with mock.patch.dict(os.environ, environment(configuration, [])):
        session = start_spark()
    yield session
    session.stop()


RawRow = dict[str, Any]
RowMaker = Callable[..., RawRow]


@pytest.fixture(scope="session")
def raw_row() -> RowMaker:
    """A raw row with what a test says of it; the rest is plausible."""

    def make(**given: object) -> RawRow:
        return {
            "codigo": "VALE3",
            "acao": "VALE",
            "tipo": "ON      NM",
            "setor": "Mats Básicos / Mineração",
            "qtde_teorica": 4_168_577_163,
            "participacao_pct": 11.0,
            "data_pregao": date(2025, 6, 30),
            "timestamp_coleta": datetime(2025, 6, 30, 11, tzinfo=UTC),
            **given,
        }

    return make


FrameMaker = Callable[..., DataFrame]


@pytest.fixture(scope="session")
def raw_frame(spark: SparkSession, raw_row: RowMaker) -> FrameMaker:
    """Raw rows as the job reads them: a list of what a test says of each."""

    def make(*rows: Mapping[str, object]) -> DataFrame:
        found = [{"indice": "IBOV", "reference_date": date(2025, 6, 30), **raw_row(**row)} for row in rows]
        return spark.createDataFrame(found, input_schema())

    return make


@pytest.fixture
def upload(s3: FolderS3, raw_row: RowMaker) -> Callable[..., RawVersion]:
    """Stores a raw file, as the flow does, and says which version it is."""

    def store(
        *rows: Mapping[str, object],
        session: date = date(2025, 6, 30),
        index: str = "IBOV",
        stored_at: datetime = datetime(2025, 6, 30, 12, tzinfo=UTC),
    ) -> RawVersion:
        found = [raw_row(**{"data_pregao": session, **row}) for row in rows]
        target = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(found, RAW_SCHEMA), target)
        return s3.store(raw_key(index, session), target.getvalue(), stored_at)

    return store
