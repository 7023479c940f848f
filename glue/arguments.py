"""The job's arguments, as Glue passes them on the command line."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import date
from typing import NoReturn

from glue.errors import JobError


@dataclass(frozen=True, slots=True)
class RawObjectVersion:
    """One raw object version to refine."""

    bucket: str
    key: str
    version_id: str


@dataclass(frozen=True, slots=True)
class Arguments:
    """What one run is to do.

    Attributes:
        run_id: Glue's id of the run; its output lies below `staging/<run>/`.
        refined_bucket: bucket of the staging output.
        database: the catalog's database.
        version: the one raw version, from the Lambda; None where `raw_list` names many.
        raw_list: S3 address of a JSON list of raw versions; None where `version` names one.
        reference_date: date that `dias_desde_coleta` counts to; None for the date on which each version was stored.
    """

    run_id: str
    refined_bucket: str
    database: str
    version: RawObjectVersion | None
    raw_list: str | None
    reference_date: date | None


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise JobError(f"job arguments: {message}")


def read_arguments(argv: Sequence[str]) -> Arguments:
    """The arguments on the command line; Glue's own ones, which the job does not need, are passed over.

    Raises:
        JobError: an argument is missing or cannot be.
    """
    parser = _Parser(add_help=False, allow_abbrev=False)
    for name in ("JOB_RUN_ID", "refined_bucket", "database"):
        parser.add_argument(f"--{name}", required=True)
    for name in ("raw_bucket", "raw_key", "raw_version_id", "raw_list", "reference_date"):
        parser.add_argument(f"--{name}")
    given, _ = parser.parse_known_args(argv)
    one = (given.raw_bucket, given.raw_key, given.raw_version_id)
    if bool(given.raw_list) == any(one) or (any(one) and not all(one)):
        raise JobError(
            "job arguments: either --raw_list, or --raw_bucket with --raw_key and --raw_version_id, is needed"
        )
    return Arguments(
        run_id=given.JOB_RUN_ID,
        refined_bucket=given.refined_bucket,
        database=given.database,
        version=RawObjectVersion(*one) if all(one) else None,
        raw_list=given.raw_list,
        reference_date=_date(given.reference_date) if given.reference_date else None,
    )


def read_raw_list(text: str | bytes) -> list[RawObjectVersion]:
    """A list of raw versions: JSON, each with `bucket`, `key` and `version_id`.

    Raises:
        JobError: the text is not such a list, or the list is empty.
    """
    try:
        versions = [RawObjectVersion(**item) for item in json.loads(text)]
    except (RecursionError, TypeError, ValueError) as error:
        raise JobError(f"raw list: not a JSON list of bucket, key and version_id ({error})") from error
    if not versions:
        raise JobError("raw list: empty")
    if odd := [
        version for version in versions if not all(isinstance(value, str) and value for value in astuple(version))
    ]:
        raise JobError(f"raw list: {odd[0]!r} where bucket, key and version_id must be texts")
    return versions


def _date(text: str) -> date:
    try:
        # fromisoformat also takes 20250630 and 2025-W27-1.
        found = date.fromisoformat(text)
    except ValueError as error:
        raise JobError(f"--reference_date {text!r}: expected YYYY-MM-DD") from error
    if found.isoformat() != text:
        raise JobError(f"--reference_date {text!r}: expected YYYY-MM-DD")
    return found
