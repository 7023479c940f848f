"""The Spark side of a run: its input as refined rows, and the staged files of every table."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from py4j.protocol import Py4JJavaError  # type: ignore[import-untyped]  # py4j has no types
from pyspark.sql import SparkSession
from pyspark.sql import functions as sf

from expectations.contract.keys import staging_prefix
from expectations.contract.manifest import RawSource, SessionCounts
from expectations.contract.names import DEFAULT_INDEX, GLUE_JOB_NAME
from expectations.contract.tables import Table, refined_table, summary_table
from expectations.queries.transformations import INDEX, SESSION
from glue.arguments import Arguments
from glue.errors import JobError
from glue.tables import input_schema
from glue.transforms import with_partitions

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
    # Compiling a query takes longer than interpreting it does on so few rows.
    "spark.sql.codegen.wholeStage": "false",
}


def start_spark() -> SparkSession:
    """The Spark session, with the job's settings; one that is there already is given them."""
    builder = SparkSession.builder.appName(GLUE_JOB_NAME)
    for name, value in SPARK_SETTINGS.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def read_input(spark: SparkSession, folder: str) -> DataFrame:
    """The raw rows below the S3 address of a run's input, each with its index and reference date."""
    return spark.read.schema(input_schema()).parquet(folder)


def by_session(rows: DataFrame, sessions: int) -> DataFrame:
    """The same rows, all of a session in one task, which counts it, sums it up and writes it."""
    return rows.repartition(min(sessions, WRITERS), INDEX, SESSION)


def write_tables(
    rows: DataFrame, groups: DataFrame, arguments: Arguments, sources: Sequence[RawSource]
) -> list[SessionCounts]:
    """Write the staged files of every table that the sources' indices have.

    Args:
        rows: the run's refined rows, by session.
        groups: their summary, by session.

    Returns:
        The row counts of each session.

    Raises:
        JobError: a raw file cannot be read, or holds other rows than those of its key's session.
    """
    rows.cache()
    try:
        sessions = _counts(rows)
        _refuse_other_sessions(sources, sessions)
        # The Ibovespa has tables of its own; any one of the other indices tells theirs.
        indices = {source.index == DEFAULT_INDEX: source.index for source in sources}
        writes: list[tuple[DataFrame, Table]] = []
        for default, index in indices.items():
            of_tables = (sf.col(INDEX) == DEFAULT_INDEX) == default
            writes.append((rows.where(of_tables), refined_table(index)))
            writes.append((groups.where(of_tables), summary_table(index)))
        with ThreadPoolExecutor(len(writes)) as pool:
            # A table's tasks take the cores that another's last ones leave.
            begun = [pool.submit(_write, frame, table, arguments) for frame, table in writes]
            for written in begun:
                written.result()
    finally:
        rows.unpersist()
    return sessions


def _counts(rows: DataFrame) -> list[SessionCounts]:
    group = sf.struct("setor", "classe")
    counts = rows.groupBy(INDEX, SESSION).agg(sf.count("*").alias("rows"), sf.count_distinct(group).alias("groups"))
    try:
        found = counts.collect()
    except Py4JJavaError as error:
        raise JobError(f"raw files: {_first_cause(error)}") from error
    return sorted(
        (SessionCounts(row[INDEX], row[SESSION], row["rows"], row["groups"]) for row in found),
        key=lambda session: (session.index, str(session.session)),  # a null session is refused by its name, later
    )


def _first_cause(error: Py4JJavaError) -> str:
    # Spark's own message is a page: that a stage failed, and in it, in Java's words, why.
    cause = error.java_exception
    while cause.getCause() is not None:
        cause = cause.getCause()
    return str(cause.getMessage()).strip().partition("\n")[0]


def _refuse_other_sessions(sources: Sequence[RawSource], sessions: Sequence[SessionCounts]) -> None:
    stated = {(source.index, source.session): source for source in sources}
    found = {(session.index, session.session) for session in sessions}
    for key, source in stated.items():
        if key not in found:
            raise JobError(f"s3://{source.bucket}/{source.key}: no rows of {source.index} {source.session}")
    if others := sorted(found - stated.keys(), key=str):
        index, session = others[0]
        raise JobError(f"raw files: rows of {index} {session}, a session that none of their keys states")


def _write(rows: DataFrame, table: Table, arguments: Arguments) -> None:
    names = [column.name for column in table.columns]
    partitions = [column.name for column in table.partitions]
    # Sorted, a task has one file open at a time, and the same rows are the same file.
    ordered = with_partitions(rows).sortWithinPartitions(*partitions, *names[:2])
    target = f"s3://{arguments.refined_bucket}/{staging_prefix(arguments.run_id)}{table.prefix}"
    ordered.select(*names, *partitions).write.partitionBy(*partitions).mode("overwrite").parquet(target)
