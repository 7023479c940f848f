"""The daily run against its floors and the query after it: wall time, the flow's memory, what is asked of AWS, and its cost."""

from __future__ import annotations

import json
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp

from benchmarks import lab
from benchmarks.measure import Plan, clock, interleaved, python
from benchmarks.report import Part, ReportTable, Target, number, ratio
from expectations.queries.saved import QUERIES
from flows.cost.bill import ESTIMATE_USD
from flows.cost.prices import ATHENA_MINIMUM_MEGABYTES, REGIONS, Price, Prices
from flows.glue_run import MINIMUM_SECONDS
from local.account.access import prefect_auth
from local.account.client import running_account
from local.account.home import Home
from local.prefect_.server import PrefectServer
from local.rights.keys import HomeKeys
from local.rights.privileges import read_trail

_LIBRARIES = "import prefect, great_expectations.expectations, pandas, pyarrow.parquet, boto3, exchange_calendars"
# The command itself; the last line is the highest memory that it needed.
_BOVESPA = "import atexit, benchmarks.measure as m, flows.cli.main as c; atexit.register(lambda: print(m.memory_mib())); c.main()"
SERVER, LIBRARIES, START = "Prefect's server", "the flow's libraries", "Spark's start, a session"
_INDICES = 6  # that docs/history.md names
WHOLE, COLD, NEXT = "the daily run", "a cold query", "the next query"


@dataclass(slots=True)
class DailyBenchmark:
    """The runs.

    Attributes:
        homes: of each daily run.
        sessions: of one daily run.
        steps: of each daily run, seconds by step over all sessions.
        peaks: of each daily run, the flow's highest memory in MiB.
        asked: by the last one for one session, by `role/service:Action`.
    """

    folder: Path
    homes: list[Path] = field(default_factory=list)
    sessions: int = 0
    steps: list[Counter[str]] = field(default_factory=list)
    peaks: list[float] = field(default_factory=list)
    asked: dict[str, float] = field(default_factory=dict)

    def whole(self) -> float:
        """Seconds of a daily run in a new home."""
        self.homes.append(Path(mkdtemp(dir=self.folder)))
        seconds, output = self._bovespa("run", "--json")
        body, _, peak = output.rstrip().rpartition("\n")
        sessions = json.loads(body)["sessions"]
        self.sessions = len(sessions)
        self.steps.append(sum((Counter(session["steps"]) for session in sessions), Counter()))
        self.peaks.append(float(peak))
        trail = [f"{entry.role}/{entry.call.action}" for entry in read_trail(Home(self.homes[-1]).trail)]
        calls = flow_calls(trail, self.sessions)
        self.asked = {name: times / self.sessions for name, times in sorted(calls.items())}
        return seconds

    def query(self) -> float:
        """Seconds of a query in the home of the last run."""
        return self._bovespa("query", QUERIES[0].sql)[0]

    def next_query(self) -> float:
        """The same while somebody keeps the account up, which has answered one by now."""
        with running_account(self.homes[-1]):
            self.query()
            return self.query()

    def server(self) -> float:
        """Seconds until Prefect's server answers in a new home."""
        seconds = list[float]()
        with clock(seconds):
            home = Home(Path(mkdtemp(dir=self.folder))).create()
            server = PrefectServer(home, prefect_auth(HomeKeys.make(home.secret)))
            server.wait()
        server.stop()
        return seconds[0]

    def _bovespa(self, *arguments: str) -> tuple[float, str]:
        # The account ends with its last command, so that a cold query is one.
        variables = {"BOVESPA_HOME": str(self.homes[-1]), "BOVESPA_KEEP_UP": "0"}
        return python(["-c", _BOVESPA, *arguments], variables)


def flow_calls(trail: Sequence[str], sessions: int) -> Counter[str]:
    """What was asked for by the flows of so many sessions, the last call of each of which is its metrics.

    After them the command asks its user's three queries, beside what prices say, which has metrics of its own.
    """
    ends = [place for place, call in enumerate(trail) if call.endswith("cloudwatch:PutMetricData")]
    return Counter(trail[: ends[sessions - 1] + 1])


def measure(plan: Plan) -> list[Part]:
    """Run it, its floors and its queries, in turns."""
    bench = DailyBenchmark(plan.folder)
    with lab.opened(plan.folder / "home") as place:
        runs = {
            SERVER: bench.server,
            LIBRARIES: lambda: python(["-c", _LIBRARIES])[0],
            START: lambda: place.run(lab.START, {})[1],
            WHOLE: bench.whole,
            COLD: bench.query,
            NEXT: bench.next_query,
        }
        seconds = interleaved(plan.rounds, runs)
    return [part(seconds, bench), cost(bench.asked)]


def part(seconds: dict[str, float], bench: DailyBenchmark) -> Part:
    """The figures; `seconds` is the median of each run, by its name."""
    spark = bench.sessions * seconds[START]
    floor = seconds[SERVER] + seconds[LIBRARIES] + spark
    steps = {name: statistics.median(of[name] for of in bench.steps) for name in bench.steps[0]}
    outside = seconds[WHOLE] - sum(steps.values())
    rows: list[tuple[str | float, ...]] = [
        *((name, taken, spark if name == "etl" else "") for name, taken in steps.items()),
        ("the account, imports, queries", outside, floor - spark),
        ("**all**", seconds[WHOLE], f"{number(floor)} ({ratio(seconds[WHOLE], floor)})"),
    ]
    peak = number(statistics.median(bench.peaks))
    said = f"Seconds of a run of {bench.sessions} sessions, whose flow needed {peak} MiB at most."
    tables = (
        ReportTable(said, ("Step", "Measured", "Floor"), rows),
        ReportTable("Floors and queries.", ("What", "Seconds"), list(seconds.items())),
        ReportTable("What each role asks for one session.", ("Role and action", "Requests"), list(bench.asked.items())),
    )
    targets = (
        Target("The daily run against the sum of its floors", seconds[WHOLE] / floor, 1.5, "x"),
        Target("A cold `bovespa query`", seconds[COLD], 4, "s"),
        Target("The next one", seconds[NEXT], 1, "s"),
    )
    return Part("daily", "The daily run", tables, targets)


def cost(asked: Mapping[str, float]) -> Part:
    """What a session costs in each region that has prices, with either execution of a Glue run, and as one of several."""
    targets = list[Target]()
    for prices in REGIONS.values():
        shared = (f", of {_INDICES} indices in one run", prices.glue, _INDICES)
        for kind, glue, sessions in (("", prices.glue, 1), (", flexible", prices.glue_flex, 1), shared):
            usd, name = session_usd(asked, prices, glue, sessions), f"{prices.region}{kind}"
            month = usd * 21 / float(sum(ESTIMATE_USD.values()))
            targets.append(Target(f"A session in {name}", usd, 0.02, "USD"))
            targets.append(Target(f"A month of 21 in {name}, against the user's estimate", month, 1 / 3, "x"))
    return Part("cost", "Cost in AWS", (), tuple(targets))


def session_usd(asked: Mapping[str, float], prices: Prices, glue: Price, sessions: int = 1) -> float:
    """US dollars of one of so many sessions, whose Glue run lasts the billed minute on two workers of one DPU each."""

    def total(*actions: str, role: str = "") -> float:
        found = {name: name.partition("/") for name in asked if name.startswith(role)}
        return sum(asked[name] for name, (_, _, action) in found.items() if action.startswith(actions))

    writes = total("s3:PutObject", "s3:ListBucket")
    # Glue's committer uploads a file in parts: begin, one part, complete.
    committed = 2 * total("s3:PutObject", role="etl")
    priced = (
        (glue, 2 * MINIMUM_SECONDS / 3600 / sessions),
        (prices.s3_write, writes + committed),
        (prices.s3_read, total("s3:") - writes),
        (prices.athena, total("athena:StartQueryExecution") * ATHENA_MINIMUM_MEGABYTES / 1024**2),
        (prices.lambda_request, 1),
        (prices.lambda_compute, 0.5),
    )
    # https://aws.amazon.com/glue/pricing/ (a request beyond the first million a month), …/cloudwatch/pricing/ (PutMetricData)
    beside = total("glue:") * 1e-6 + total("cloudwatch:", "logs:") * 1e-5
    return beside + sum(float(price.usd) * quantity for price, quantity in priced)
