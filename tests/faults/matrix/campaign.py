"""The cases taken through the pipeline, phase by phase, so that all of them share two Glue runs.

First everything is collected, where cases of that boundary are struck; then one Glue run refines all sessions; then earlier
versions are published and corrections collected, which a second run refines. From there each case is struck and judged alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError
from matrix.case import EXPECTED, Case, Ends, Killed, Stage, strike
from matrix.deployed import await_run, stop_runs
from matrix.state import as_undisturbed, nothing_visible, whole_or_nothing

from flows.lake.calls import PARALLEL_SESSIONS

if TYPE_CHECKING:
    import pytest
    from matrix.bench import Bench, World

    from flows.b3.portfolio import Portfolio

SEEN_TO_FAIL = (AssertionError, Killed, BotoCoreError, ClientError, *EXPECTED)
"""How a case fails whose protection was removed; anything else is a mistake of the removal's."""


def corrected(portfolio: Portfolio) -> Portfolio:
    """Other figures of the session: one share has another code, two are gone and their figures a third one's."""
    first, second, third, renamed, *rest = portfolio.holdings
    heir = replace(
        first,
        qtde_teorica=first.qtde_teorica + second.qtde_teorica + third.qtde_teorica,
        participacao_pct=first.participacao_pct + second.participacao_pct + third.participacao_pct,
    )
    holdings = (heir, replace(renamed, codigo="NOVO3"), *rest)
    return replace(portfolio.restated(total_records=len(holdings)), holdings=holdings)


@dataclass
class Campaign:
    """The cases of a run of the tests, prepared as far as they may be together.

    Attributes:
        benches: where each case takes place.
        unprotected: the same without the case's protection.
        failed: what went wrong with a case before its own turn.
        early: cases that are being struck already.
    """

    world: World
    benches: dict[str, Bench] = field(default_factory=dict)
    unprotected: dict[str, Bench] = field(default_factory=dict)
    failed: dict[str, BaseException] = field(default_factory=dict)
    early: dict[str, tuple[Bench, Future[None]]] = field(default_factory=dict)
    _pool: ThreadPoolExecutor = field(default_factory=ThreadPoolExecutor)

    def begin(self, cases: Sequence[Case]) -> None:
        """Let cases that take their time be struck beside all others, out of their faults' reach."""
        for case in cases:
            bench = replace(self.world, clients=self.world.eyes).bench()
            self.early[case.id] = (bench, self._pool.submit(strike, case, bench, bench.daily))
            await_run(bench)

    def prepare(self, cases: Sequence[Case], without: Sequence[Case]) -> None:
        """Take the cases, and those that are to fail without their protection, as far as they go together."""
        self.begin([case for case in cases if case.early])
        shared = [case for case in cases if case.stage is not Stage.DAILY]
        later = [case for case in without if case.stage in (Stage.PUBLISH, Stage.CORRECT)]
        self.benches, self.unprotected = self._places(shared), self._places(later)
        kinds = {(case.index, case.stage is Stage.CORRECT) for case in (*cases, *without)}
        undisturbed = {kind: self.world.bench(kind[0]) for kind in kinds}
        with self.world.unnoticed():
            for case in shared:
                self._collect(case)
        for bench in (*undisturbed.values(), *self.unprotected.values()):
            bench.upload()
        self._refine([*undisturbed.values(), *self.benches.values(), *self.unprotected.values()])
        corrections = {case.id for case in (*shared, *later) if case.stage is Stage.CORRECT}
        places = [*self.benches.items(), *self.unprotected.items()]
        self._correct(
            [bench for id_, bench in places if id_ in corrections]
            + [bench for (_, corrects), bench in undisturbed.items() if corrects]
        )
        for bench in undisturbed.values():
            bench.publish()
        self.world.undisturbed = {bench.kind: bench for bench in undisturbed.values()}
        self._publish_collected([case for case in shared if case.stage is Stage.COLLECT])

    def _places(self, cases: Sequence[Case]) -> dict[str, Bench]:
        return {case.id: self.world.bench(case.index) for case in cases}

    def _refine(self, benches: Sequence[Bench]) -> None:
        self.world.refine([bench.version for bench in benches if bench.version])

    def _collect(self, case: Case) -> None:
        bench = self.benches[case.id]
        if case.stage is not Stage.COLLECT:
            bench.upload()
            return
        with self._noted(case):
            collect(case, bench)

    def _correct(self, benches: Sequence[Bench]) -> None:
        """Publish the sessions, and have other figures of them refined."""
        for bench in benches:
            bench.publish_unseen()
            bench.earlier, bench.before = bench.version, bench.portfolio
            bench.portfolio = corrected(bench.portfolio)
            bench.upload()
        self._refine(benches)

    def _publish_collected(self, cases: Sequence[Case]) -> None:
        """Publish what cases of the collection have brought; like a batch, several at a time."""

        def publish(case: Case) -> None:
            with self._noted(case):
                self.benches[case.id].publish()

        with ThreadPoolExecutor(PARALLEL_SESSIONS) as pool:
            list(pool.map(publish, (case for case in cases if case.id not in self.failed)))

    @contextmanager
    def _noted(self, case: Case) -> Iterator[None]:
        try:
            yield
        except (Exception, Killed) as error:  # noqa: BLE001 - told by the case's own test
            self.failed[case.id] = error

    def judge(self, case: Case) -> None:
        """Strike the case and hold what is there afterwards to the undisturbed state.

        Raises:
            AssertionError: it is not.
        """
        if case.id in self.failed:
            raise self.failed[case.id]
        if case.stage is Stage.COLLECT:
            as_undisturbed(self.benches[case.id])
        elif case.id in self.early:
            bench, struck = self.early[case.id]
            take(case, bench, struck.result)
        else:
            take(case, self.benches.get(case.id) or self.world.bench())

    def judge_unprotected(self, case: Case, patch: pytest.MonkeyPatch) -> BaseException | None:
        """How the case fails without its protection; None where it does not."""
        bench = self.unprotected.get(case.id) or self.world.bench()
        with self.world.undo:
            case.protection.remove(patch, self.world)
            try:
                if case.stage is Stage.COLLECT:
                    with self.world.unnoticed():
                        collect(case, bench)
                else:
                    take(case, bench)
            except SEEN_TO_FAIL as failure:
                return failure
            finally:
                stop_runs(bench)
        return None


def collect(case: Case, bench: Bench) -> None:
    """Collect with the fault and, where that fails, again without."""
    strike(case, bench, bench.collect)
    if case.ends is Ends.FAILS:
        bench.collect()
    case.then(bench)


def take(case: Case, bench: Bench, struck: Callable[[], None] | None = None) -> None:
    """Publish with the fault and, where that fails, again without; then the state must be the undisturbed one.

    Args:
        struck: waits for the run with the fault, where that has begun already.
    """
    run = bench.daily if case.stage is Stage.DAILY else bench.publish
    (struck or partial(strike, case, bench, run))()
    seen = whole_or_nothing(bench, bench.portfolio, *([bench.before] if bench.before else []))
    if case.ends is Ends.IS_REFUSED:
        nothing_visible(bench, seen)
        return
    if case.ends is Ends.FAILS:
        run()
    as_undisturbed(bench, seen if case.ends is Ends.RECOVERS else None)
    case.then(bench)
