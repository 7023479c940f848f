"""The Hadoop file system that is `s3://` here, `local.glue.file_system`, as Spark uses it."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import SparkSession


@pytest.fixture(scope="module")
def bucket(s3_root: Path) -> Path:
    (s3_root / "bucket").mkdir()
    return s3_root / "bucket"


def test_what_spark_writes_is_below_the_buckets_folder_and_is_read_back(spark: SparkSession, bucket: Path) -> None:
    rows = spark.createDataFrame([("VALE3", 1), ("PETR4", 2)], "codigo string, n int")

    rows.repartition(1).write.partitionBy("codigo").mode("overwrite").parquet("s3://bucket/a/b/")

    folders = sorted(path.name for path in (bucket / "a/b").iterdir() if path.is_dir())
    assert folders == ["codigo=PETR4", "codigo=VALE3"]
    assert not list(bucket.rglob("*.crc"))
    read = spark.read.parquet("s3://bucket/a/b/")
    assert sorted(tuple(row) for row in read.select("codigo", "n").collect()) == [("PETR4", 2), ("VALE3", 1)]
    assert all(name.startswith("s3://bucket/a/b/codigo=") for name in read.inputFiles())


def test_one_object_is_read_by_its_key(spark: SparkSession, bucket: Path) -> None:
    (bucket / "text").write_text("a\nb\n")

    assert [row.value for row in spark.read.text("s3://bucket/text").collect()] == ["a", "b"]


def test_a_bucket_that_is_made_later_is_seen(spark: SparkSession, s3_root: Path) -> None:
    (s3_root / "later").mkdir()
    (s3_root / "later" / "text").write_text("c\n")

    assert spark.read.text("s3://later/text").count() == 1


@pytest.mark.parametrize(
    ("address", "problem"),
    [("s3://bucket/nothing", "Path does not exist"), ("s3://none/text", "The specified bucket does not exist: none")],
)
def test_what_is_not_there_is_said(spark: SparkSession, address: str, problem: str) -> None:
    with pytest.raises(Exception, match=problem):
        spark.read.text(address).count()


def test_yarns_settings_are_not_looked_through_for_every_file(spark: SparkSession) -> None:
    configuration = spark.sparkContext._jsc.hadoopConfiguration()  # type: ignore[union-attr]
    assert configuration.get("mapreduce.job.reduces") == "1"
    assert configuration.get("yarn.resourcemanager.hostname") is None
