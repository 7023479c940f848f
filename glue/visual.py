"""What the nodes of custom code do in the job's visual form: they read and write as the script does.

A node of Glue Studio reads and writes one fixed place, but a run of this pipeline refines one version of a raw file, and
writes below its own staging prefix; neither is known before the run. The transformations are nodes of their own, by which
these two are joined.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from expectations.contract.manifest import Manifest
from expectations.queries.transformations import REFINED, SUMMARY, Step
from glue.arguments import read_arguments
from glue.clients import glue_client, s3_client
from glue.errors import JobError
from glue.run import begin, finish
from glue.staging import resolve_sources
from glue.writing import by_session, write_tables

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def read_versions(argv: Sequence[str]) -> DataFrame:
    """The rows of the raw versions that the run's arguments name, each with its index and reference date.

    Raises:
        JobError: they cannot be refined.
    """
    _, raw = begin(read_arguments(argv), s3_client(), glue_client())
    return raw


def write_staging(argv: Sequence[str], frames: Sequence[DataFrame]) -> Manifest:
    """Stage the refined rows and their summary, which come in any order and are known by their columns; a manifest last.

    Raises:
        JobError: a frame is neither, or its rows cannot be staged.
    """
    arguments, s3 = read_arguments(argv), s3_client()
    sources = resolve_sources(s3, arguments)
    rows, groups = (by_session(_rows_of(step, frames), len(sources)) for step in (REFINED, SUMMARY))
    return finish(arguments, s3, sources, write_tables(rows, groups, arguments, sources))


def _rows_of(step: Step, frames: Sequence[DataFrame]) -> DataFrame:
    found = [frame for frame in frames if set(frame.columns) == set(step.columns)]
    if len(found) != 1:
        raise JobError(f"{len(found)} inputs with the columns of {step.name!r} ({step.title}): expected one")
    return found[0]
