"""Fixtures for all tests: the account on the laptop, started once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from local.account.client import Account


# What the tests read is English, whatever language their user speaks; their child processes inherit it.
os.environ.pop("BOVESPA_LANG", None)
os.environ["LANGUAGE"] = "en"
# What a test starts ends with it.
os.environ["BOVESPA_KEEP_UP"] = "0"


@pytest.fixture(scope="session")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """A running account in a home of its own, provisioned by the project's Pulumi program; one for the whole session."""
    from local.account.client import running_account  # noqa: PLC0415 - tests that need no account need not import it

    with running_account(tmp_path_factory.mktemp("account")) as running:
        yield running
