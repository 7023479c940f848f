"""The Glue job's script: raw versions in, staged tables out, a manifest last.

Glue 5.1 (Spark 3.5, Python 3.11) runs it with its arguments on the command line. Whatever a run writes lies below
`staging/<run>/`, where Athena does not look; the manifest, written last, says that the run's output is whole.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from expectations.contract.manifest import Manifest, RawSource, SessionCounts
from glue.arguments import Arguments, read_arguments
from glue.clients import glue_client, s3_client
from glue.run import begin, finish
from glue.transforms import refined, summary
from glue.writing import by_session, write_tables

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client
    from pyspark.sql import DataFrame


def main(argv: Sequence[str]) -> None:
    """Refine the raw versions that the arguments name.

    Raises:
        JobError: they cannot be refined; Glue shows the message as the run's.
    """
    refine(read_arguments(argv), s3_client(), glue_client())


def refine(arguments: Arguments, s3: S3Client, glue: GlueClient) -> Manifest:
    """Refine raw versions into the run's staging prefix.

    Returns:
        The manifest, as it was written.

    Raises:
        JobError: they cannot be refined.
    """
    sources, raw = begin(arguments, s3, glue)
    return finish(arguments, s3, sources, stage_tables(raw, arguments, sources))


def stage_tables(raw: DataFrame, arguments: Arguments, sources: Sequence[RawSource]) -> list[SessionCounts]:
    """The Spark part of a run: raw rows in, the staged files of every table out.

    Returns:
        The row counts of each session.

    Raises:
        JobError: a raw file cannot be read, or holds other rows than those of its key's session.
    """
    # The one shuffle of a run.
    rows = by_session(refined(raw), len(sources))
    return write_tables(rows, summary(rows), arguments, sources)


if __name__ == "__main__":
    main(sys.argv[1:])
