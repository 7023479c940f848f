"""Publishing: sessions a second, and what is asked of AWS for one."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from benchmarks import lab, query
from benchmarks.lab import shares_in_athena
from benchmarks.measure import Plan, clock
from benchmarks.report import Part, Table, Target, number
from benchmarks.sessions import portfolios, stated, trading_days
from flows.backfill.batch import Batch, Outcome

_MOST = 250  # sessions of a run of this benchmark: the account on the laptop answers from one process
_CONSTANT = 40  # requests of a session that do not grow with its shares

_HOW = """\
The sessions of a Glue run that has ended are audited (gate 2, all files read back), published, confirmed through Athena and
recorded by `flows.backfill.batch.Batch`, as an import and a replay do it, in one publish of so many sessions. Requests are
counted in boto3's clients, retries included. What takes the time here is Python's: Great Expectations and boto3 in this process,
and the account's, which answers; in AWS the latter is not there."""


@dataclass(frozen=True, slots=True)
class Size:
    """One publish of so many sessions."""

    sessions: int
    shares: int
    seconds: float
    requests: Counter[str]

    @property
    def a_share(self) -> int:
        """Requests that come once for every share."""
        return sum(count // self.shares for count in self.requests.values())

    @property
    def constant(self) -> float:
        """Requests of a session beyond those."""
        return (self.requests.total() - self.a_share * self.shares) / self.sessions


def measure(plan: Plan) -> list[Part]:
    """Publish each size of the plan, one after the other, in one account; then ask Athena for what is published."""
    sizes = [size for size in plan.sizes if size <= _MOST]
    with lab.opened(plan.folder / "home") as place:
        found, first = [], 0
        for size in sizes:
            plan.tell(f"publishing {size} sessions")
            found.append(publish(place, first, size))
            first += size
        plan.tell("queries")
        queries = query.measure(place, trading_days(first), plan.rounds)
    return [_part(found), queries]


def publish(place: lab.Lab, first: int, count: int) -> Size:
    """Publish sessions that are not published yet.

    Raises:
        ValueError: a session failed, or Athena shows other rows than were stated.
    """
    given = portfolios(first + count)[first:]
    versions = place.upload(given)
    place.refine(versions)
    place.requests.take()
    seconds = list[float]()
    with clock(seconds):
        results = Batch(place.pipeline).take(versions)
    requests = place.requests.take()
    if failed := [result for result in results if result.outcome is not Outcome.PUBLISHED]:
        raise ValueError(f"{len(failed)} sessions failed, the first: {failed[0].reason}")
    sessions = {item.session for item in given}
    if {day: rows for day, rows in shares_in_athena(place).items() if day in sessions} != stated(given):
        raise ValueError("Athena shows other rows than were stated")
    return Size(count, sum(len(item.holdings) for item in given), seconds[0], requests)


def _part(found: list[Size]) -> Part:
    last = found[-1]
    overview = Table(
        "One publish of so many sessions.",
        ("Sessions", "Seconds", "Sessions/s", "Requests a session", "of them a share", "and beside"),
        tuple(
            (
                f"{size.sessions:,}",
                number(size.seconds),
                number(size.sessions / size.seconds),
                number(size.requests.total() / size.sessions),
                number(size.a_share),
                number(size.constant),
            )
            for size in found
        ),
    )
    operations = Table(
        f"By operation, for one of {last.sessions} sessions.",
        ("Operation", "Requests a session"),
        tuple((name, number(count / last.sessions)) for name, count in sorted(last.requests.items())),
    )
    targets = (
        Target("Publishing: requests a share", last.a_share, 2, "requests"),
        Target("Publishing: requests a session beside those", last.constant, _CONSTANT, "requests"),
    )
    facts = {"publish_session": last.seconds / last.sessions}
    return Part("publish", "Publishing", _HOW, (overview, operations), targets, facts)
