from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis
import pytest

# A busy machine must not make a property fail, nor a run leave files behind.
hypothesis.settings.register_profile("bovespa", deadline=None, database=None)
hypothesis.settings.load_profile("bovespa")

Event = dict[str, Any]


@pytest.fixture(scope="session")
def event() -> Callable[[str], Event]:
    """An event of `events/`, in the form in which S3 sends it, by its file's name."""
    folder = Path(__file__).parent / "events"

    def read(name: str) -> Event:
        found: Event = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        return found

    return read
