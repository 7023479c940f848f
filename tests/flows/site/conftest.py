"""Sessions, attempts and facts as a site meets them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from expectations.contract.keys import AttemptKey, session_path
from expectations.contract.outcomes import Outcome
from flows.record.attempt import Attempt
from flows.record.index_status import IndexStatus
from flows.record.state import SessionState
from flows.site.facts import IndexFacts
from flows.site.figures import Figures, Holding

MakeAttempt = Callable[..., Attempt]
MakeFacts = Callable[..., IndexFacts]


@pytest.fixture
def make_attempt() -> MakeAttempt:
    """An attempt at a session, in the morning of its day, that published it unless something else is said."""

    def make(session: date | None, outcome: Outcome = Outcome.PUBLISHED, **changes: Any) -> Attempt:  # noqa: ANN401
        at = datetime.combine(session or date(2025, 7, 2), datetime.min.time().replace(hour=10), UTC)
        folder = f"ibov/{session_path(session) if session else 'undated'}/{at:%Y%m%dT%H%M%S%fZ}/"
        failed = outcome is Outcome.FAILED
        values: dict[str, Any] = {
            "execution": "run",
            "flow": "daily",
            "index": "IBOV",
            "started_at": at,
            "ended_at": at.replace(minute=1),
            "outcome": outcome,
            "session": session,
            "reason": "it went wrong" if failed else "",
            "rows": 0 if failed else 84,
            "steps": {"collect": 0.5, "etl": 60.0},
            "gates_passed": () if failed else ("gate-1-raw", "gate-2-refined"),
            "report": f"s3://bovespa-artifacts-bucket/reports/{folder}summary.html",
        }
        return Attempt(**values | changes)

    return make


@pytest.fixture
def make_facts() -> MakeFacts:
    """An index's facts of the states of its days and of the attempts at them."""

    def make(
        *days: SessionState,
        attempts: tuple[Attempt, ...] = (),
        figures: dict[date, Figures] | None = None,
        holdings: dict[date, tuple[Holding, ...]] | None = None,
        index: str = "IBOV",
    ) -> IndexFacts:
        rows: defaultdict[date, list[Attempt]] = defaultdict(list)
        keys: defaultdict[date, list[AttemptKey]] = defaultdict(list)
        for attempt in attempts:
            if attempt.session:
                rows[attempt.session].append(attempt)
                key = AttemptKey("IBOV", attempt.session, attempt.outcome, attempt.ended_at, attempt.warnings, "key")
                keys[attempt.session].append(key)
        first, last = (days[0].session, days[-1].session) if days else (None, None)
        due = last or date(2025, 7, 2)
        return IndexFacts(IndexStatus(index, first, last, due, due, days), keys, rows, figures or {}, holdings or {})

    return make


@pytest.fixture
def figures() -> Figures:
    return Figures(84, 11.5, 38.25, 391.0)
