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
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from botocore.retries.standard import ExponentialBackoff
from matrix.bench import OF_TICKERS, World, clients
from matrix.campaign import Campaign
from matrix.cases import CASES, chosen, part_of, unprotected
from matrix.proxy import proxying
from matrix.report import FAILED, SURVIVED, brief
from matrix.state import as_undisturbed, whole_or_nothing

from local.account.client import running_account
from local.account.stages import Stage
from local.b3 import sample
from local.b3 import standin as b3_standin

if TYPE_CHECKING:
    from matrix.bench import Bench
    from matrix.case import Case

    from local.account.client import Account

pytestmark = pytest.mark.account

ROOT = Path(__file__).resolve().parents[2]
BOVESPA = Path(sys.executable).with_name("bovespa")
Note = Callable[[str, object], None]
PARTS = 2
"""Of the whole matrix: one a core, for a case that is late loses its lease."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" not in metafunc.fixturenames:
        return
    whole = metafunc.config.getoption("--whole-matrix", default=False)
    cases = chosen(whole=whole)
    if metafunc.function is test_it_fails_without_its_protection:
        cases = unprotected(cases)
    parts = PARTS if whole else 1
    metafunc.parametrize(
        "case", [pytest.param(case, id=case.id, marks=pytest.mark.xdist_group(part_of(case, parts))) for case in cases]
    )


@pytest.fixture(scope="module")
def world(account: Account) -> Iterator[World]:
    with (
        pytest.MonkeyPatch.context() as patch,
        b3_standin.serving() as stand_in,
        proxying(stand_in.url) as to_b3,
        proxying(account.endpoint_url, account.secret_of) as to_aws,
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
def campaigns() -> dict[str, Campaign]:
    """What is prepared already, by part of the matrix."""
    return {}


@pytest.fixture
def campaign(campaigns: dict[str, Campaign], world: World, request: pytest.FixtureRequest) -> Campaign:
    part = _part(request.node)
    if part not in campaigns:
        campaigns[part] = Campaign(world)
        campaigns[part].prepare(*(_selected(request, part, test) for test in (PROTECTED, UNPROTECTED)))
    return campaigns[part]


def _part(item: pytest.Item) -> str:
    mark = item.get_closest_marker("xdist_group")
    return str(mark.args[0]) if mark else ""


def _selected(request: pytest.FixtureRequest, part: str, test: Callable[..., None]) -> list[Case]:
    """The cases of a part that this run of the tests takes."""
    items = [item for item in request.session.items if item.path == request.path and _part(item) == part]
    return [item.callspec.params["case"] for item in items if item.function is test]  # type: ignore[attr-defined]


def test_it_ends_in_the_undisturbed_state(campaign: Campaign, case: Case, record_property: Note) -> None:
    campaign.judge(case)
    record_property(SURVIVED, case.id)


def test_it_fails_without_its_protection(
    campaign: Campaign, case: Case, monkeypatch: pytest.MonkeyPatch, record_property: Note
) -> None:
    failure = campaign.judge_unprotected(case, monkeypatch)
    assert failure, f"passes without its protection, {case.protection.what}"
    record_property(FAILED, (case.id, brief(failure)))


PROTECTED, UNPROTECTED = test_it_ends_in_the_undisturbed_state, test_it_fails_without_its_protection


@pytest.mark.whole_matrix
@pytest.mark.xdist_group("part-0")
def test_a_process_that_is_killed_at_a_random_instant_is_made_up_for_by_the_next(campaign: Campaign) -> None:
    """The command as a user runs it, and SIGKILL; three lives, then one that ends."""
    bench = campaign.world.bench(OF_TICKERS)
    # Prefect is up: none of a life's seconds go to its start.
    with running_account(campaign.world.account.home, stage=Stage.FLOWS):
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


def test_the_document_has_a_line_for_each_case(pytestconfig: pytest.Config) -> None:
    if pytestconfig.getoption("--write-reliability", default=False):
        pytest.skip("this run writes it")
    lines = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8").splitlines()
    assert [
        case.id for case in CASES if not any(line.startswith(f"| {case.boundary} | {case.fault} |") for line in lines)
    ] == []
