"""What is made once for an installation, for Glue runs to start sooner: `python -m local.installation.prepare`.

The classes to keep are those that the job itself uses: its Spark part refines a session of the recorded sample in a process of
its own, on folders that stand for the buckets.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from expectations.contract.keys import raw_key
from expectations.contract.manifest import RawSource
from expectations.contract.names import RAW_BUCKET, REFINED_BUCKET
from flows.cli.console import Screen
from glue.arguments import Arguments
from glue.staging import input_folder, input_prefix
from local.b3 import sample
from local.glue import spark
from local.glue.file_system import FileSystemError, compiled_file_system
from local.installation import class_archive

_RUN = "prepare"
_SESSION = sample.SESSIONS[0]
_SOURCE = RawSource(RAW_BUCKET, raw_key(sample.INDEX, _SESSION), "", sample.INDEX, _SESSION, _SESSION)


def main() -> None:
    """Make what is missing; an archive that cannot be made is done without.

    Raises:
        SystemExit: there is no Java that works.
    """
    screen, began = Screen(as_json=False), time.monotonic()
    java_home = spark.java_home()
    try:
        file_system = compiled_file_system(java_home)
    except FileSystemError as error:
        screen.fail(str(error))
        raise SystemExit(1) from error
    if class_archive.find(java_home, file_system):
        return
    try:
        with screen.busy(
            "Preparing Java for Spark, once: a run of the job, and an archive of the classes that it loads"
        ):
            class_archive.make(java_home, file_system, _start)
    except (subprocess.CalledProcessError, OSError) as error:
        screen.say(f"Done without, so Spark takes some seconds longer to start: {error}")
        return
    screen.say(f"Prepared in {time.monotonic() - began:.0f} s: Spark starts sooner from now on")


def _start(java_options: Sequence[str]) -> None:
    """Refine a session with these Java options, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        buckets = Path(folder) / "s3"
        _put_input(buckets / REFINED_BUCKET)
        configuration = Path(folder) / "conf"
        spark.write_configuration(configuration, buckets)
        with (configuration / "spark-defaults.conf").open("a", encoding="utf-8") as settings:
            settings.write(f"spark.driver.extraJavaOptions {' '.join(java_options)}\n")
        environment = {**os.environ, **spark.environment(configuration, [])}
        # Its output is read to the end: only then has Java ended, too.
        subprocess.run(
            [sys.executable, "-m", "local.installation.prepare", "refine"],
            check=True,
            capture_output=True,
            env=environment,
        )


def _put_input(refined: Path) -> None:
    from flows.session.raw_file import RawFacts, encode  # noqa: PLC0415 - pyarrow, where it is needed

    portfolio = sample.recorded(_SESSION)
    facts = RawFacts.of(portfolio, sample.collected_at(_SESSION), [])
    folder = refined / input_folder(_RUN, _SOURCE)
    folder.mkdir(parents=True)
    (folder / "raw.parquet").write_bytes(encode(portfolio, facts))


def refine() -> None:
    """The Spark part of the job."""
    from glue.bovespa_etl_job import stage_tables  # noqa: PLC0415 - pyspark, where it is needed
    from glue.writing import read_input, start_spark  # noqa: PLC0415

    raw = read_input(start_spark(), f"s3://{REFINED_BUCKET}/{input_prefix(_RUN)}")
    stage_tables(raw, Arguments(_RUN, REFINED_BUCKET, "", None, None, None), [_SOURCE])


if __name__ == "__main__":
    refine() if sys.argv[1:] else main()
