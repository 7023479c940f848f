"""The Glue job's script: raw versions in, staged tables out, a manifest last.

Glue 5.1 (Spark 3.5, Python 3.11) runs it with its arguments on the command line. Whatever a run writes lies below
`staging/<run>/`, where Athena does not look; the manifest, written last, says that the run's output is whole.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import boto3

from expectations.manifest import Manifest
from glue.arguments import Arguments, read_arguments
from glue.run import begin, finish
from glue.transforms import refined, summary
from glue.writing import by_session, read_input, start_spark, write_tables

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
    with ThreadPoolExecutor(1) as pool:
        # S3 copies the input while Java starts.
        begun = pool.submit(begin, arguments, s3, glue)
        spark = start_spark()
        sources, folder = begun.result()
    # The one shuffle of a run.
    rows = by_session(refined(read_input(spark, folder)), len(sources))
    return finish(arguments, s3, sources, write_tables(rows, summary(rows), arguments, sources))


if __name__ == "__main__":
    main(sys.argv[1:])
