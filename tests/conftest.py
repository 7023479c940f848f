"""For all tests: the account on the laptop, started once, and which of them one worker takes."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from xdist.scheduler import LoadFileScheduling

if TYPE_CHECKING:
    from xdist.remote import Producer

    from local.account.client import Account


# What tests import stays: to look through it every 700 objects, Python's own way, takes an eighth of their time.
gc.set_threshold(20_000, 20, 20)
# What the tests read is English, whatever language their user speaks; their child processes inherit it.
os.environ.pop("BOVESPA_LANG", None)
os.environ["LANGUAGE"] = "en"
# What a test starts ends with it.
os.environ["BOVESPA_KEEP_UP"] = "0"


@pytest.fixture(scope="session")
def account(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[Account]:
    """A running account in a home of its own, provisioned by the project's Pulumi program; one for the whole session."""
    from local.account.client import running_account  # noqa: PLC0415 - tests that need no account need not import it
    from local.account.stages import Stage  # noqa: PLC0415

    # The command line starts Prefect where it needs it; of the whole fault matrix one part does, at its end.
    stage = Stage.WORK if pytestconfig.getoption("--whole-matrix", default=False) else Stage.FLOWS
    with running_account(tmp_path_factory.mktemp("account"), stage=stage) as running:
        yield running


class ByFile(LoadFileScheduling):
    """A file's tests go to one worker; so do a folder's that share what takes long to start: an account, Spark."""

    _SHARED = ("tests/clients/", "tests/glue/")

    def _split_scope(self, nodeid: str) -> str:
        return next((folder for folder in self._SHARED if nodeid.startswith(folder)), super()._split_scope(nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling | None:
    """By file, where the files are what is distributed."""
    return ByFile(config, log) if config.getoption("dist") == "loadfile" else None
