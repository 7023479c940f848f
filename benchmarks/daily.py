"""The daily run: wall time by step against the floor of its parts, what it asks of AWS, and its memory."""

from __future__ import annotations

import json
import statistics
from collections import Counter
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from tempfile import mkdtemp

from benchmarks import lab
from benchmarks.measure import Ended, Plan, clock, interleaved, python
from benchmarks.report import Part, Table, Target, number, ratio
from local.account.home import Home
from local.prefect_.server import PrefectServer, prefect_auth
from local.rights.keys import HomeKeys
from local.rights.privileges import read_trail

_LIBRARIES = (
    "import prefect, great_expectations.expectations, pandas, pyarrow.parquet, boto3, exchange_calendars, typer"
)
_START = "benchmark-start"
CALLS = "calls/"
"""How the facts that are requests of a session begin; the role and the action follow."""

_HOW = """\
`bovespa run` in a home of its own: the account starts, the recorded sample's two sessions go the whole way, three queries are
shown. The *floor* of a part is what remains when nothing of this project is in it: Prefect's server alone until it answers; the
libraries of the flow, imported; for each session a Glue run that starts Spark and does nothing. The account's start holds
Prefect's server, moto and provisioning; libraries are imported meanwhile. Requests are those of the account's trail, by role."""


@dataclass(frozen=True, slots=True)
class Run:
    """One `bovespa run`: its end, seconds by step over all sessions, and what each role asked, by action."""

    ended: Ended
    sessions: int
    steps: dict[str, float]
    calls: Counter[tuple[str, str]]


def measure(plan: Plan) -> list[Part]:
    """Run it, and its floors, in turns."""
    plan.tell("the daily run and the floors of its parts")
    homes, runs = count(), list[Run]()

    def whole() -> float:
        runs.append(run(plan.folder / f"home-{next(homes)}"))
        return runs[-1].ended.seconds

    with lab.opened(plan.folder / "home") as place:
        place.deploy(_START, Path(__file__).with_name("jobs") / "start_spark.py")
        floors = interleaved(
            plan.rounds,
            {
                "Prefect's server": lambda: prefect_start(plan.folder),
                "the flow's libraries": lambda: python(["-c", _LIBRARIES]).seconds,
                "Spark's start, a session": lambda: place.run(_START, {}).seconds,
            },
        )
    interleaved(plan.rounds, {"whole": whole})
    return [_part(floors, runs)]


def run(home: Path) -> Run:
    """One run in a new home.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    ended = python(["-m", "flows.cli.main", "run", "--json"], {"BOVESPA_HOME": str(home)})
    sessions = json.loads(ended.output)["sessions"]
    steps: Counter[str] = Counter()
    for session in sessions:
        steps.update(session["seconds"])
    calls = Counter((entry.role, entry.call.action) for entry in read_trail(Home(home).trail))
    return Run(ended, len(sessions), dict(steps), calls)


def prefect_start(folder: Path) -> float:
    """Seconds until Prefect's server answers in a new home."""
    seconds = list[float]()
    with clock(seconds):
        home = Home(Path(mkdtemp(dir=folder))).create()
        server = PrefectServer(home, prefect_auth(HomeKeys.make(home.secret)))
        server.wait()
    server.stop()
    return seconds[0]


def _part(floors: dict[str, float], runs: list[Run]) -> Part:
    sessions = runs[0].sessions
    total = statistics.median(run.ended.seconds for run in runs)
    steps = {name: statistics.median(run.steps[name] for run in runs) for name in runs[0].steps}
    start = floors["Spark's start, a session"]
    floor = sum(floors.values()) + (sessions - 1) * start
    rows = [(name, number(seconds), "") for name, seconds in steps.items()]
    rows[[name for name, *_ in rows].index("etl")] = ("etl", number(steps["etl"]), number(sessions * start))
    outside = total - sum(steps.values())
    rows.append(("the account, imports, queries", number(outside), number(floor - sessions * start)))
    rows.append(("**all**", number(total), f"{number(floor)} ({ratio(total, floor)})"))
    by_step = Table(f"Seconds of a run of {sessions} sessions.", ("Step", "Measured", "Floor"), tuple(rows))
    parts = Table("Floors.", ("Part", "Seconds"), tuple((name, number(value)) for name, value in floors.items()))
    calls = runs[-1].calls
    asked = Table(
        "What each role asks for one session.",
        ("Role", "Action", "Requests"),
        tuple((role, action, number(times / sessions)) for (role, action), times in sorted(calls.items())),
    )
    why = "the work itself is in no floor: provisioning, the job's queries in a fresh JVM, the gates, Data Docs, the reports"
    targets = (Target("The daily run against the sum of its floors", total / floor, 1.3, "x", why=why),)
    facts = {f"{CALLS}{role}/{action}": times / sessions for (role, action), times in calls.items()}
    peak = max(run.ended.peak_mib for run in runs)
    return Part("daily", "The daily run", _HOW, (by_step, parts, asked), targets, {**facts, "daily_peak_mib": peak})
