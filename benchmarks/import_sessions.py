"""Imports many sessions from CSV files on the account on the laptop, and holds what is published to the files, cell by cell.

    .venv/bin/python benchmarks/import_sessions.py --sessions 250 --kills 3

The import runs as the user runs it, `bovespa import`, in a process that is killed (SIGKILL) at random instants and run again.
Every session's file is the recorded sample with weights and quantities of its own. The end is one line of JSON, or an error.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from flows.athena import run_query
from flows.aws import connect
from flows.portfolio import Portfolio
from flows.sessions import is_session
from flows.settings import load_settings
from local import sample
from local.account import running_account
from local.b3_formats import csv_download

FIRST_DAY = date(2023, 1, 2)


@dataclass(frozen=True)
class Wrong(Exception):  # noqa: N818 - what was found
    """The published state is not the files'."""

    problem: str


def trading_days(count: int) -> list[date]:
    """The first trading days from 2023 on."""
    days: list[date] = []
    day = FIRST_DAY
    while len(days) < count:
        days += [day] if is_session(day) else []
        day += timedelta(days=1)
    return days


def varied(session: date, seed: int) -> Portfolio:
    """The recorded portfolio with figures of the session's own, and totals that agree."""
    chance = random.Random(seed)  # noqa: S311 - figures, no secrets
    recorded = sample.recorded(sample.SESSIONS[0])
    rows = list(recorded.holdings)
    for _ in range(20):
        one, other = chance.sample(range(len(rows)), 2)
        moved = Decimal(chance.randint(1, 20)) / 1000
        if rows[other].participacao_pct > moved:
            rows[one] = replace(rows[one], participacao_pct=rows[one].participacao_pct + moved)
            rows[other] = replace(rows[other], participacao_pct=rows[other].participacao_pct - moved)
    rows = [replace(row, qtde_teorica=row.qtde_teorica + chance.randint(0, 9999)) for row in rows]
    total = sum(row.qtde_teorica for row in rows)
    return replace(recorded, session=session, holdings=tuple(rows), total_quantity=total)


def write_files(folder: Path, portfolios: list[Portfolio]) -> None:
    """The downloads, every third one as people's copies are."""
    for number, portfolio in enumerate(portfolios):
        content = base64.b64decode(csv_download(portfolio))
        if number % 3 == 1:
            content = content.decode("latin-1").replace("\r\n", "\n").encode()
        if number % 6 == 2:  # noqa: PLR2004 - a sixth of them
            content = content.split(b"\r\n", 1)[1]
        (folder / f"IBOVDia_{portfolio.session:%d-%m-%y}.csv").write_bytes(content)


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


def published(home: Path) -> tuple[dict[date, dict[str, tuple[float, float]]], list[dict[str, str]]]:
    """What Athena shows of every session, and the Glue runs' states and arguments."""
    with running_account(home) as account:
        os.environ.update(account.environment())
        aws, settings = connect(), load_settings({})
        result = run_query(
            aws.athena,
            "SELECT data_pregao, codigo, quantidade_teorica_acoes, percentual_participacao_ibov "
            "FROM bovespa_refined_data",
            workgroup=settings.workgroup,
            database=settings.database,
            timeout=600,
        )
        pages = aws.glue.get_paginator("get_job_runs").paginate(JobName=settings.glue_job_name)
        runs = [{"state": run["JobRunState"], **run["Arguments"]} for page in pages for run in page["JobRuns"]]
    shown: dict[date, dict[str, tuple[float, float]]] = {}
    for session, code, quantity, share in result.rows:
        rows = shown.setdefault(date.fromisoformat(str(session)), {})
        if code in rows:
            raise Wrong(f"{session}: {code} stands twice")
        rows[str(code)] = (float(str(quantity)), float(str(share)))
    return shown, runs


def differences(portfolios: list[Portfolio], shown: dict[date, dict[str, tuple[float, float]]]) -> Iterator[str]:
    """What is published otherwise than its file says."""
    for portfolio in portfolios:
        stated = {row.codigo: (float(row.qtde_teorica), float(row.participacao_pct)) for row in portfolio.holdings}
        if shown.get(portfolio.session) != stated:
            yield f"{portfolio.session}: {len(shown.get(portfolio.session, {}))} rows, {len(stated)} stated, or other figures"
    if strange := shown.keys() - {portfolio.session for portfolio in portfolios}:
        yield f"sessions that no file has: {sorted(strange)}"


def measure(sessions: int, kills: int, seed: int, folder: Path) -> dict[str, object]:
    """Import, kill, import again; compare.

    Raises:
        Wrong: the published state is not the files', or took another number of Glue runs.
    """
    files, home = folder / "files", folder / "home"
    files.mkdir()
    portfolios = [varied(day, number) for number, day in enumerate(trading_days(sessions))]
    write_files(files, portfolios)
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
    if problems := list(differences(portfolios, shown)):
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
