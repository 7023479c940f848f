"""What the tests of faults and of hostile input share."""

from __future__ import annotations

from pathlib import Path

import hypothesis
import pytest

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"

pytest.register_assert_rewrite("homes")

# A busy machine must not make a property fail, nor a run leave files behind.
hypothesis.settings.register_profile("faults", deadline=None, database=None)
hypothesis.settings.load_profile("faults")


def pytest_configure(config: pytest.Config) -> None:
    of_worker = hasattr(config, "workerinput")
    if config.getoption("--write-reliability", default=False) and not of_worker:
        from matrix.cases import CASES  # noqa: PLC0415 - other tests of this folder need not import it
        from matrix.report import Results  # noqa: PLC0415

        config.pluginmanager.register(Results(CASES, DOCUMENT))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--whole-matrix", default=False):
        return
    left = [item for item in items if item.get_closest_marker("whole_matrix")]
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in left]


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("faults")
    group.addoption(
        "--whole-matrix", action="store_true", help="all cases of the fault matrix, not only the quick ones"
    )
    group.addoption("--minutes", type=float, default=60, help="how long faults come at random")
    group.addoption("--at-random-seed", type=int, default=0, help="the faults of a run that has told this number")
    group.addoption("--write-reliability", action="store_true", help="write their result into docs/reliability.md")
