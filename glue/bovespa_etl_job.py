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

from expectations.contract import manifest_key
from expectations.manifest import Manifest
from glue.arguments import Arguments, read_arguments
from glue.staging import list_output, resolve_sources, stage_input
from glue.tables import keep_in_step
from glue.writing import SPARK_SETTINGS, write_tables

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client


def main(argv: Sequence[str]) -> None:
    """Refine the raw versions that the arguments name.

    Raises:
        JobError: they cannot be refined; Glue shows the message as the run's.
    """
    refine(read_arguments(argv), boto3.client("s3"), boto3.client("glue"))


def refine(arguments: Arguments, s3: S3Client, glue: GlueClient) -> Manifest:
    """Refine raw versions into the run's staging prefix.

    Returns:
        The manifest, as it was written.

    Raises:
        JobError: they cannot be refined.
    """
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
    return manifest


def start_spark() -> SparkSession:
    """The Spark session, with the job's settings."""
    builder = SparkSession.builder.appName("bovespa-etl-job")
    for name, value in SPARK_SETTINGS.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


if __name__ == "__main__":
    main(sys.argv[1:])
