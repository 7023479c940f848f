"""A case of the fault matrix: where which fault strikes, what protects from it, and what becomes of the run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import pytest
from matrix.bench import INDEX, OF_MONTHS, OF_TICKERS
from matrix.proxy import Rule
from matrix.state import demand, named

from expectations.contract.keys import ContractError
from expectations.gates.gate import GateRefused
from flows.errors import BovespaError

if TYPE_CHECKING:
    from matrix.bench import Bench, World
    from matrix.proxy import Does
    from matrix.wire import Matches

    from flows.b3.portfolio import Portfolio

EXPECTED = (BovespaError, ContractError, GateRefused)


class Killed(BaseException):
    """Stands for SIGKILL: nothing of the pipeline may catch it."""


class Stage(StrEnum):
    """Which part of the way a case takes. Those without a Glue run of their own share one."""

    COLLECT = "collect"  # B3 to the raw bucket
    PUBLISH = "publish"  # from a finished Glue run to the first publication
    CORRECT = "correct"  # the same, of other figures for a session that is published
    DAILY = "daily"  # the whole way, with a Glue run of its own


class Ends(StrEnum):
    """What becomes of the run that the fault strikes."""

    RECOVERS = "recovers within the run"
    FAILS = "fails and says why; the next run publishes"
    IS_REFUSED = "refused; nothing becomes visible"


Arm = Callable[["Bench"], AbstractContextManager[object]]
Look = Callable[["Bench"], None]


@dataclass(frozen=True)
class Protection:
    """What keeps a fault from doing harm.

    Attributes:
        where: its file.
        what: what it does, in a few words.
        remove: takes it away, as long as the patch lasts.
    """

    where: str
    what: str
    remove: Callable[[pytest.MonkeyPatch, World], None]


@dataclass(frozen=True)
class Case:
    """One line of the matrix.

    Attributes:
        boundary: between what the fault strikes.
        fault: what happens.
        protection: without which the case fails.
        ends: what becomes of the run.
        arm: makes the fault happen within a block.
        stage: which part of the way it needs.
        says: in the reason that the run gives, where it does not recover.
        seen: looks, after the struck run, at what else must hold; raises AssertionError.
        limits: settings of the case, without their prefix.
        then: looks at what must hold in the end, besides the published state.
        uploads: the most versions of the raw file that it may take.
        early: whether its struck run takes so long that it begins before all other cases.
        by_ticker: whether it needs a table with a partition for each share.
        monthly: whether it is about the monthly tables.
        quick: whether every run of the tests takes it.
    """

    boundary: str
    fault: str
    protection: Protection
    ends: Ends
    arm: Arm
    stage: Stage
    says: str = ""
    seen: Look = lambda _: None
    limits: Mapping[str, str] = field(default_factory=dict)
    then: Look = lambda _: None
    uploads: int = 9
    early: bool = False
    by_ticker: bool = False
    monthly: bool = False
    quick: bool = False

    @property
    def index(self) -> str:
        """The index of its session."""
        return OF_TICKERS if self.by_ticker else OF_MONTHS if self.monthly else INDEX

    @property
    def hidden(self) -> bool:
        """Whether its session is not published in the end."""
        return self.ends is Ends.IS_REFUSED

    @property
    def id(self) -> str:
        """A name for tests."""
        return f"{self.boundary}: {self.fault}"


def strike(case: Case, bench: Bench, run: Callable[[], None]) -> None:
    """Run with the fault, hold the run to the end that the case states, and look at what it left.

    Raises:
        AssertionError: it ended otherwise, or left something else.
        Killed, BovespaError, …: it should have recovered.
    """
    bench.limits, bench.uploads = case.limits, case.uploads
    for proxy in (bench.world.aws, bench.world.b3):
        proxy.calls.clear()
    with case.arm(bench):
        if case.ends is Ends.RECOVERS:
            run()
        else:
            _run_to_its_end(case, run)
    case.seen(bench)
    if case.ends is not Ends.RECOVERS:
        named(bench)


def _run_to_its_end(case: Case, run: Callable[[], None]) -> None:
    try:
        run()
    except Killed:
        return
    except EXPECTED as error:
        reason = str(error)
        demand(case.says in reason, f"another reason than {case.says!r}: {reason}")
        demand("\n" not in reason, "the reason has more than one line")
        return
    demand(holds=False, otherwise="the run did not fail")


# --- ways for faults to happen ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fault:
    """A recipe for a rule of a proxy; see `Rule`."""

    matches: Matches
    does: Does
    times: int | None = 1
    after: int = 0

    def rule(self) -> Rule:
        """A fresh rule."""
        return Rule(self.matches, self.does, self.times, self.after)


def at_b3(*faults: Fault) -> Arm:
    """The faults strike calls to B3."""
    return lambda bench: bench.world.b3.having(*(fault.rule() for fault in faults))


def at_aws(*faults: Fault) -> Arm:
    """The faults strike calls to AWS."""
    return lambda bench: bench.world.aws.having(*(fault.rule() for fault in faults))


def both(*arms: Arm) -> Arm:
    """Several at once."""

    @contextmanager
    def arm(bench: Bench) -> Iterator[None]:
        with ExitStack() as stack:
            for item in arms:
                stack.enter_context(item(bench))
            yield

    return arm


def limited(**limits: str) -> Arm:
    """The struck run has limits of its own: settings without their prefix."""

    @contextmanager
    def arm(bench: Bench) -> Iterator[None]:
        before, bench.limits = bench.limits, {**bench.limits, **limits}
        try:
            yield
        finally:
            bench.limits = before

    return arm


def nothing(_: Bench) -> AbstractContextManager[object]:
    """No fault: what is special is what is looked at."""
    return nullcontext()


def b3_shows(change: Callable[[Portfolio], Portfolio]) -> Arm:
    """B3 states another portfolio than the right one."""

    @contextmanager
    def arm(bench: Bench) -> Iterator[None]:
        bench.visible = change(bench.portfolio)
        try:
            yield
        finally:
            bench.visible = None

    return arm


def after(step: str, do: Callable[[Bench], None]) -> Arm:
    """Something happens once the flow has done a step: upload, refine or audit."""

    @contextmanager
    def arm(bench: Bench) -> Iterator[None]:
        bench.after = lambda done: do(bench) if done == step else None
        try:
            yield
        finally:
            bench.after = lambda _: None

    return arm


def stops(_: Bench) -> None:
    """The process ends."""
    raise Killed


def dies(before: str, *, after: int = 0, key: str = "") -> Arm:
    """The process ends before its call of this operation, and makes no call from then on.

    Args:
        after: how many calls of the operation it still makes.
        key: the operation is one on an S3 key that begins so.
    """

    @contextmanager
    def arm(bench: Bench) -> Iterator[None]:
        left, dead = [after], []

        def call(request: Any, event_name: str, **_: object) -> None:  # noqa: ANN401 - botocore's request
            if not dead and event_name.endswith(f".{before}") and f"/{key}" in request.url:
                left[0] -= 1
                dead.extend([True] if left[0] < 0 else [])
            if dead:
                raise Killed

        aws = bench.world.clients
        events = [client.meta.events for client in (aws.s3, aws.glue, aws.athena)]
        for item in events:
            item.register("before-send", call)
        try:
            yield
        finally:
            for item in events:
                item.unregister("before-send", call)

    return arm
