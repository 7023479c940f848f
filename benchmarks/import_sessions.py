"""Imports many sessions from CSV files on the account on the laptop, and holds what is published to the files, cell by cell.

    .venv/bin/python -m benchmarks.import_sessions --sessions 250 --kills 3

The import runs as the user runs it, `bovespa import`, in a process that is killed (SIGKILL) at random instants and run again.
Every session's file is the recorded sample with weights and quantities of its own. The end is one line of JSON, or an error.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import lab
from benchmarks.lab import shares_in_athena
from benchmarks.sessions import Cells, csv_files, portfolios, stated


@dataclass(frozen=True)
class Wrong(Exception):  # noqa: N818 - what was found
    """The published state is not the files'."""

    problem: str


def run_import(folder: Path, home: Path, seconds: float | None) -> subprocess.CompletedProcess[str] | None:
    """Run the command; None when it was killed after so many seconds."""
    command = [str(Path(sys.executable).with_name("bovespa")), "import", str(folder), "--json"]
    environment = {**os.environ, "BOVESPA_HOME": str(home)}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own command
    try:
        output, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.communicate()
        return None
    return subprocess.CompletedProcess(command, process.returncode, output)


def published(home: Path) -> tuple[Cells, list[dict[str, str]]]:
    """What Athena shows of every session, and the Glue runs' states and arguments."""
    with lab.opened(home) as place:
        job = place.settings.glue_job_name
        pages = place.aws.glue.get_paginator("get_job_runs").paginate(JobName=job)
        runs = [{"state": run["JobRunState"], **run["Arguments"]} for page in pages for run in page["JobRuns"]]
        return shares_in_athena(place), runs


def differences(expected: Cells, shown: Cells) -> Iterator[str]:
    """What is published otherwise than its file says."""
    for session, rows in expected.items():
        if shown.get(session) != rows:
            yield f"{session}: {len(shown.get(session, {}))} rows, {len(rows)} stated, or other figures"
    if strange := shown.keys() - expected.keys():
        yield f"sessions that no file has: {sorted(strange)}"


def measure(sessions: int, kills: int, seed: int, folder: Path) -> dict[str, object]:
    """Import, kill, import again; compare.

    Raises:
        Wrong: the published state is not the files', or took another number of Glue runs.
    """
    files, home = folder / "files", folder / "home"
    files.mkdir()
    given = portfolios(sessions)
    csv_files(files, given)
    chance = random.Random(seed)  # noqa: S311 - instants, no secrets
    began, killed_after = time.monotonic(), []
    for _ in range(kills):
        after = chance.uniform(5, 60 + sessions / 2)
        if run_import(files, home, after) is None:
            killed_after.append(round(after, 1))
    last = run_import(files, home, None)
    seconds = time.monotonic() - began
    if last is None or last.returncode:
        raise Wrong(
            f"the import ended with code {last.returncode if last else None}: {last.stdout[-2000:] if last else ''}"
        )
    shown, runs = published(home)
    if problems := list(differences(stated(given), shown)):
        raise Wrong("; ".join(problems[:5]))
    # A run that was live when the account's last user was killed died with the account, and is done again.
    succeeded = [run for run in runs if run["state"] == "SUCCEEDED"]
    if len(succeeded) != 1 or (not kills and len(runs) != 1):
        raise Wrong(f"{len(runs)} Glue runs, {len(succeeded)} of them succeeded")
    counts = json.loads(last.stdout)["counts"]
    return {
        "sessions": sessions,
        "seconds": round(seconds, 1),
        "killed_after": killed_after,
        "counts": counts,
        "runs": runs,
    }


def main() -> None:
    """Read the command line, measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=250)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        found = measure(given.sessions, given.kills, given.seed, Path(folder))
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
