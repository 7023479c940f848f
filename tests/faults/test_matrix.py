"""The fault matrix: whatever strikes at a boundary, the published state is the undisturbed one in the end, or nothing shows.

Each case is also seen to fail when the protection that it tests is removed. `make faults` takes all of them and writes their
table into docs/reliability.md; every other run of the tests takes the quick ones.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from botocore.retries.standard import ExponentialBackoff
from matrix import b3, catalog, etl, flow, s3, trigger
from matrix.bench import World, clients
from matrix.campaign import Campaign
from matrix.case import Stage
from matrix.proxy import proxying
from matrix.report import Results, brief
from matrix.state import as_undisturbed, whole_or_nothing

from local import b3_standin, sample

if TYPE_CHECKING:
    from matrix.bench import Bench
    from matrix.case import Case

    from local.account import Account

pytestmark = pytest.mark.account

ROOT = Path(__file__).resolve().parents[2]
BOVESPA = Path(sys.executable).with_name("bovespa")
CASES = [*b3.CASES, *s3.CASES, *trigger.CASES, *etl.CASES, *catalog.CASES, *flow.CASES]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        whole = metafunc.config.getoption("--whole-matrix", default=False)
        cases = [case for case in CASES if whole or case.quick]
        if metafunc.function is test_it_fails_without_its_protection:
            cases = unprotected(cases)
        metafunc.parametrize("case", cases, ids=[case.id for case in cases])


def unprotected(cases: list[Case]) -> list[Case]:
    """The cases that are seen to fail; those with Glue runs of their own take long, and one of each protection is enough."""
    first: dict[str, Case] = {}
    for case in cases:
        if case.stage is Stage.DAILY:
            first.setdefault(case.protection.what, case)
    return [case for case in cases if case.stage is not Stage.DAILY or case in first.values()]


@pytest.fixture(scope="module")
def world(account: Account) -> Iterator[World]:
    with (
        pytest.MonkeyPatch.context() as patch,
        b3_standin.serving() as stand_in,
        proxying(stand_in.url) as to_b3,
        proxying(account.endpoint_url) as to_aws,
    ):
        # botocore's pauses grow to 20 s: what counts here is that it tries again.
        patch.setattr(ExponentialBackoff, "delay_amount", lambda *_: 0.01)
        for name, value in account.environment().items():
            patch.setenv(name, value)
        eyes = clients()
        patch.setenv("AWS_ENDPOINT_URL", to_aws.url)
        hasty = clients(retries={"mode": "standard", "total_max_attempts": 1})
        yield World(account, to_aws, to_b3, stand_in, clients(), hasty, eyes)


@pytest.fixture(scope="module")
def results(request: pytest.FixtureRequest) -> Iterator[Results]:
    found = Results(CASES)
    yield found
    if request.config.getoption("--write-reliability", default=False):
        found.write(ROOT / "docs" / "reliability.md")


@pytest.fixture(scope="module")
def campaign(results: Results, world: World, request: pytest.FixtureRequest) -> Campaign:
    selected: dict[str, dict[str, Case]] = {}
    for item in request.session.items:
        case = item.callspec.params.get("case") if hasattr(item, "callspec") else None
        if case and item.path == request.path:
            selected.setdefault(item.originalname, {})[case.id] = case
    protected = selected.get(test_it_ends_in_the_undisturbed_state.__name__, {})
    without = selected.get(test_it_fails_without_its_protection.__name__, {})
    prepared = Campaign(world)
    prepared.prepare(list(protected.values()), list(without.values()))
    return prepared


def test_it_ends_in_the_undisturbed_state(campaign: Campaign, results: Results, case: Case) -> None:
    campaign.judge(case)
    results.passed.add(case.id)


def test_it_fails_without_its_protection(
    campaign: Campaign, results: Results, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    failure = campaign.judge_unprotected(case, monkeypatch)
    assert failure, f"passes without its protection, {case.protection.what}"
    results.failures[case.id] = brief(failure)


@pytest.mark.whole_matrix
def test_a_process_that_is_killed_at_a_random_instant_is_made_up_for_by_the_next(campaign: Campaign) -> None:
    """The command as a user runs it, and SIGKILL; three lives, then one that ends."""
    bench = campaign.world.bench(by_ticker=True)
    for _ in range(3):
        seconds = random.SystemRandom().uniform(4, 14)
        killed(bench, seconds)
        whole_or_nothing(bench, bench.portfolio)
    bench.limits = {"etl_reattach_timeout": "20", "lease_timeout": "3"}
    bench.daily()
    as_undisturbed(bench)


def killed(bench: Bench, seconds: float) -> None:
    """`bovespa run --live` in a process of its own, for so long."""
    world = bench.world
    world.stand_in.show(bench.portfolio)
    variables = {
        **os.environ,
        "BOVESPA_HOME": str(world.account.home),
        "B3_BASE_URL": world.stand_in.url,
        "BOVESPA_LEASE_TIMEOUT": "3",
    }
    command = [BOVESPA, "run", "--live", "--collected-at", sample.collected_at(bench.session).isoformat()]
    with subprocess.Popen(
        command, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as process:
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def test_there_are_sixty_cases_each_with_a_name_of_its_own() -> None:
    assert len({case.id for case in CASES}) == len(CASES) >= 60


def test_every_boundary_has_quick_cases() -> None:
    quick = {case.boundary for case in CASES if case.quick}
    assert quick == {case.boundary for case in CASES} - {"Lambda"}  # whose faults each take a Glue run


def test_a_protection_is_in_a_file_that_exists() -> None:
    assert [case.protection.where for case in CASES if not (ROOT / case.protection.where).is_file()] == []


def test_the_document_has_a_line_for_each_case() -> None:
    lines = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8").splitlines()
    assert [
        case.id for case in CASES if not any(line.startswith(f"| {case.boundary} | {case.fault} |") for line in lines)
    ] == []
