"""Runs and chronicles as a site meets them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from expectations.contract.keys import session_path
from flows.record.reports import FAILED, PUBLISHED
from flows.site.chronicle import Run, Verdict
from flows.site.figures import Figures

MakeRun = Callable[..., Run]


@pytest.fixture
def make_run() -> MakeRun:
    """A run of a session, in the morning of its day, that published it unless something else is said."""

    def make(session: date | None, **changes: Any) -> Run:  # noqa: ANN401 - any field of a run
        started_at = changes.pop("started_at", None) or datetime.combine(
            session or date(2025, 7, 2), datetime.min.time().replace(hour=10), UTC
        )
        failed = changes.get("outcome") == FAILED
        values: dict[str, Any] = {
            "folder": f"ibov/{session_path(session) if session else 'undated'}/{started_at:%Y%m%dT%H%M%S%fZ}/",
            "started_at": started_at,
            "recorded_at": None,
            "session": session,
            "outcome": PUBLISHED,
            "error": "it went wrong" if failed else "",
            "note": "",
            "rows": 0 if failed else 84,
            "run_id": "" if failed else "jr_1",
            "seconds": {"collect": 0.5, "etl": 60.0},
            "gates": ()
            if failed
            else (Verdict("gate-1-raw", passed=True, warnings=0), Verdict("gate-2-refined", passed=True, warnings=0)),
        }
        return Run(**values | changes)

    return make


@pytest.fixture
def figures() -> Figures:
    return Figures(84, 11.5, 38.25, 391.0)
