"""The real program, run once under Pulumi's own test monitor; what it declares is recorded."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from infrastructure.recording import Declared, Deployment, record, record_complete, record_program

__all__ = ["Declared", "Deploy", "Deployment"]

Deploy = Callable[..., Deployment]


@pytest.fixture(scope="session")
def deploy() -> Deploy:
    """Runs the project's program, or another one, with the settings that are given."""

    def run(program: Callable[[], object] | None = None, **settings: str) -> Deployment:
        return record(program, settings) if program else record_program(**settings)

    return run


@pytest.fixture(scope="session")
def deployed(deploy: Deploy) -> Deployment:
    """What the program declares where a stack states no settings."""
    return deploy()


@pytest.fixture(scope="session")
def complete() -> Deployment:
    """What it declares where a stack wants every optional part."""
    return record_complete()
