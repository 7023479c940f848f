"""The fault matrix: whatever strikes at a boundary, the published state is the undisturbed one in the end, or nothing is visible.

Each case is also seen to fail when the protection that it tests is removed. `make faults` takes all of them and writes their table
into docs/reliability.md; every other run of the tests takes the quick ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING


import pytest
from botocore.retries.standard import ExponentialBackoff
from matrix import b3, catalog, flow, s3
from matrix.bench import World, clients
from matrix.campaign import Campaign
from matrix.proxy import proxying

from local import b3_standin

if TYPE_CHECKING:
    from matrix.case import Case

    from local.account import Account

pytestmark = pytest.mark.account

CASES = [*b3.CASES, *s3.CASES, *catalog.CASES, *flow.CASES]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        whole = metafunc.config.getoption("--whole-matrix", default=False)
        cases = [case for case in CASES if whole or case.quick]
        metafunc.parametrize("case", cases, ids=[case.id for case in cases])


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
def campaign(world: World, request: pytest.FixtureRequest) -> Campaign:
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


def test_it_ends_in_the_undisturbed_state(campaign: Campaign, case: Case) -> None:
    campaign.judge(case)


def test_it_fails_without_its_protection(campaign: Campaign, case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    failure = campaign.judge_unprotected(case, monkeypatch)
    assert failure, f"passes without {case.protection.name}"


def test_cases_have_names_of_their_own() -> None:
    assert len({case.id for case in CASES}) == len(CASES)
