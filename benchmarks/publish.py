"""Publishing many sessions at once: sessions a second, memory, and what is asked of AWS for one; Athena must show every cell."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import partial

from benchmarks import lab, query
from benchmarks.measure import Plan, clock, forget_peak, interleaved, memory_mib
from benchmarks.report import Part, ReportTable, Target, number
from benchmarks.sessions import portfolios, stated, trading_days
from expectations.contract.outcomes import Outcome
from flows.backfill.batch import Batch
from flows.record.attempt import IMPORT, FlowRun

_FLOW_RUN = FlowRun("benchmark", IMPORT)


@dataclass(frozen=True, slots=True)
class Published:
    """One publish of so many sessions."""

    sessions: int
    shares: int
    seconds: float
    requests: Counter[str]
    peak_mib: float

    @property
    def a_share(self) -> int:
        """Requests that come once for every share."""
        return sum(count // self.shares for count in self.requests.values())

    def row(self, seconds: float) -> tuple[float, ...]:
        """The row of the table; its last but one is the requests of a session beside those for its shares."""
        requests = self.requests.total()
        beside = (requests - self.a_share * self.shares) / self.sessions
        each = requests / self.sessions
        return self.sessions, seconds, self.sessions / seconds, each, self.a_share, beside, self.peak_mib


@dataclass(slots=True)
class PublishBenchmark:
    """Publishes in one account, ever other sessions.

    Attributes:
        published: sessions that are by now.
        last: by size, its last publish.
    """

    place: lab.Lab
    published: int = 0
    last: dict[int, Published] = field(default_factory=dict)

    def publish(self, count: int) -> float:
        """Seconds to publish so many sessions that are not published yet; one that fails, or differs, is a `ValueError`."""
        given = portfolios(count, self.published)
        self.published += count
        versions = self.place.upload(given)
        self.place.refine(versions)
        self.place.asked.clear()
        forget_peak()
        seconds = list[float]()
        with clock(seconds):
            attempts = Batch(self.place.pipeline, _FLOW_RUN).take(versions)
        requests, peak = self.place.asked.copy(), memory_mib()
        if failed := [attempt for attempt in attempts if attempt.outcome is not Outcome.PUBLISHED]:
            raise ValueError(f"{len(failed)} sessions failed, the first: {failed[0].headline}")
        expected, found = stated(given), self.place.shares_in_athena()
        if {day: found.get(day) for day in expected} != expected:
            raise ValueError("Athena shows other rows than were stated")
        self.last[count] = Published(count, sum(map(len, expected.values())), seconds[0], requests, peak)
        return seconds[0]


def measure(plan: Plan) -> list[Part]:
    """Publish each size of the plan, in turns, in one account; then ask Athena for what is published."""
    with lab.opened(plan.folder / "home") as place:
        bench, seconds = PublishBenchmark(place), dict[str, float]()
        for rounds in dict.fromkeys((plan.rounds, 1)):
            runs = {str(size): partial(bench.publish, size) for size in plan.sizes if plan.rounds_of(size) == rounds}
            seconds |= interleaved(rounds, runs)
        queries = query.measure(place, trading_days(bench.published), plan.rounds)
        account = place.account_mib()
    found = [bench.last[size] for size in plan.sizes]
    return [part(found, [seconds[str(size)] for size in plan.sizes], account), queries]


def part(found: list[Published], seconds: list[float], account_mib: float) -> Part:
    """The figures; targets are of the largest size, against the first and against the one before.

    Args:
        seconds: the median of each size.
        account_mib: what the account's process holds at the end.
    """
    last, before, largest = found[-1], found[-2:][0], seconds[-1]
    alone, of = seconds[0] / found[0].sessions, f"{last.sessions} sessions"
    head = ("Sessions", "Seconds", "Sessions/s", "Requests a session", "of them a share", "and beside", "Peak, MiB")
    said = f"One publish of so many sessions. The account's process held {number(account_mib)} MiB at the end."
    overview = ReportTable(said, head, [size.row(taken) for size, taken in zip(found, seconds, strict=True)])
    operations = ReportTable(
        f"By operation, for one of {of}.",
        ("Operation", "Requests a session"),
        [(name, count / last.sessions) for name, count in sorted(last.requests.items())],
    )
    grown = last.peak_mib / (before.peak_mib or 1)
    targets = (
        Target(f"{of} in one publish", last.sessions / largest, 2.5, "sessions/s", at_most=False),
        Target(f"A session of {of} against a session alone", largest / last.sessions / alone, 0.5, "x"),
        Target("Requests a share", last.a_share, 2, "requests"),
        Target("Requests a session beside those", last.row(largest)[-2], 40, "requests"),
        Target(f"Peak memory of {of} against that of {before.sessions}", grown, 1.3, "x"),
        Target("The account's process at the end", account_mib, 500, "MiB"),
    )
    return Part("publish", "Publishing", (overview, operations), targets)
