"""The Glue job's script: raw versions in, staged tables out, a manifest last.

Glue 5.1 (Spark 3.5, Python 3.11) runs it with its arguments on the command line. Whatever a run writes lies below
`staging/<run>/`, where Athena does not look; the manifest, written last, says that the run's output is whole.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import boto3
from pyspark.sql import SparkSession
from pyspark.sql import functions as sf

from expectations.contract import DEFAULT_INDEX, Table, manifest_key, refined_table, staging_prefix, summary_table
from expectations.manifest import Manifest, Source, StagedSession
from glue.arguments import Arguments, read_arguments
from glue.staging import list_output, resolve_sources, stage_input
from glue.tables import input_schema, keep_in_step
from glue.transforms import INDEX, refined, summary, with_partitions

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

WRITERS = 8  # tasks: two G.1X workers have that many cores
SPARK_SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    # Athena reads INT64 timestamps; Spark's default, INT96, is deprecated.
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.sources.partitionColumnTypeInference.enabled": "false",
    "spark.hadoop.mapreduce.fileoutputcommitter.marksuccessfuljobs": "false",
    # A session is 20 KB: more tasks than cores only cost their start.
    "spark.sql.shuffle.partitions": str(WRITERS),
    "spark.sql.adaptive.enabled": "false",
}


def main(argv: Sequence[str]) -> None:
    """Refine the raw versions that the arguments name.

    Raises:
        JobError: they cannot be refined; Glue shows the message as the run's.
    """
    arguments = read_arguments(argv)
    s3, glue = boto3.client("s3"), boto3.client("glue")
    keep_in_step(glue, arguments.database, arguments.refined_bucket)
    sources = resolve_sources(s3, arguments)
    folder = stage_input(s3, arguments, sources)
    sessions = write_tables(start_spark(), folder, arguments, sources)
    manifest = Manifest(arguments.run_id, tuple(sources), tuple(sessions), tuple(list_output(s3, arguments)))
    s3.put_object(
        Bucket=arguments.refined_bucket,
        Key=manifest_key(arguments.run_id),
        Body=manifest.to_json().encode(),
        ContentType="application/json",
    )


def start_spark() -> SparkSession:
    """The Spark session, with the job's settings."""
    builder = SparkSession.builder.appName("bovespa-etl-job")
    for name, value in SPARK_SETTINGS.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def write_tables(
    spark: SparkSession, folder: str, arguments: Arguments, sources: Sequence[Source]
) -> list[StagedSession]:
    """Write the staged files of every table that the sources' indices have.

    Args:
        folder: S3 address of the run's input.

    Returns:
        The row counts of each session.
    """
    rows = refined(spark.read.schema(input_schema()).parquet(folder)).cache()
    groups = summary(rows)
    is_default = sf.col(INDEX) == DEFAULT_INDEX
    # The Ibovespa has tables of its own; any one of the other indices tells theirs.
    indices = {source.index == DEFAULT_INDEX: source.index for source in sources}
    for default, index in indices.items():
        condition = is_default if default else ~is_default
        _write(rows.where(condition), refined_table(index), arguments, len(sources))
        _write(groups.where(condition), summary_table(index), arguments, len(sources))
    return _counts(rows)


def _write(rows: DataFrame, table: Table, arguments: Arguments, sessions: int) -> None:
    names = [column.name for column in table.columns]
    partitions = [column.name for column in table.partitions]
    # One task writes all of a session, so that each partition is one file.
    whole_sessions = with_partitions(rows).repartition(min(sessions, WRITERS), INDEX, "data_pregao")
    ordered = whole_sessions.sortWithinPartitions(*partitions, *names[:2])
    target = f"s3://{arguments.refined_bucket}/{staging_prefix(arguments.run_id)}{table.prefix}"
    ordered.select(*names, *partitions).write.partitionBy(*partitions).mode("overwrite").parquet(target)


def _counts(rows: DataFrame) -> list[StagedSession]:
    group = sf.struct("setor", "classe")
    counted = rows.groupBy(INDEX, "data_pregao").agg(
        sf.count("*").alias("rows"), sf.count_distinct(group).alias("groups")
    )
    return [
        StagedSession(row[INDEX], row["data_pregao"], row["rows"], row["groups"])
        for row in sorted(counted.collect(), key=lambda row: (row[INDEX], row["data_pregao"]))
    ]


if __name__ == "__main__":
    main(sys.argv[1:])
