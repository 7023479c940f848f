"""What every run begins and ends with, whichever form the job has."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from expectations.contract.keys import manifest_key
from expectations.contract.manifest import Manifest, RawSource, SessionCounts
from glue.arguments import Arguments
from glue.staging import list_output, resolve_sources, stage_input
from glue.tables import keep_in_step
from glue.writing import read_input, start_spark

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client
    from pyspark.sql import DataFrame


def begin(arguments: Arguments, s3: S3Client, glue: GlueClient) -> tuple[list[RawSource], DataFrame]:
    """Bring the tables in step, and read exactly the raw versions that the arguments name.

    Returns:
        The versions, and their rows, each with its index and reference date.

    Raises:
        JobError: they cannot be refined.
    """
    with ThreadPoolExecutor(1) as pool:
        # S3 copies the input while Java starts.
        staged = pool.submit(_stage, arguments, s3, glue)
        spark = start_spark()
        sources, folder = staged.result()
    return sources, read_input(spark, folder)


def _stage(arguments: Arguments, s3: S3Client, glue: GlueClient) -> tuple[list[RawSource], str]:
    keep_in_step(glue, arguments.database, arguments.refined_bucket)
    sources = resolve_sources(s3, arguments)
    return sources, stage_input(s3, arguments, sources)


def finish(
    arguments: Arguments, s3: S3Client, sources: Sequence[RawSource], sessions: Sequence[SessionCounts]
) -> Manifest:
    """Say what the run has written: the manifest, whose presence says that the output is whole.

    Returns:
        The manifest, as it was written.

    Raises:
        JobError: the output is not what a run may write.
    """
    manifest = Manifest(arguments.run_id, tuple(sources), tuple(sessions), tuple(list_output(s3, arguments)))
    s3.put_object(
        Bucket=arguments.refined_bucket,
        Key=manifest_key(arguments.run_id),
        Body=manifest.to_json().encode(),
        ContentType="application/json",
    )
    return manifest
