"""A site with whatever its pages may show, in a folder, and a browser to look at it: `make site-check`."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from expectations.contract.keys import AttemptKey, report_prefix
from expectations.contract.names import REPORTS_PREFIX
from expectations.contract.outcomes import Outcome
from expectations.gates.gate import CRITICAL, WARNING, Demand
from flows.b3.calendar import is_session
from flows.language import LANGUAGES
from flows.record.attempt import Attempt
from flows.record.index_status import IndexStatus
from flows.record.state import SessionState, State
from flows.site.addresses import ROOT_KEY, SUMMARY_PAGE, in_language, index_key, session_key, year_key
from flows.site.facts import Findings, GateFindings, IndexFacts
from flows.site.figures import Figures, Holding, figures_of
from flows.site.pages import index_page, overview_page, session_page, year_page
from flows.site.run_report import summary_pages
from local.b3.sample import recorded

if TYPE_CHECKING:
    from playwright.sync_api import Browser

FIRST, LAST, DUE = date(2024, 5, 2), date(2025, 7, 1), date(2025, 7, 2)
GAP = (date(2024, 6, 10), date(2025, 1, 31))
WRITTEN = datetime(2025, 7, 2, 15, tzinfo=UTC)
ERROR = "gate-1-raw refused IBOV 2025-06-24: quantities sum to the header's 91922324686: 91922324700 | " + " | ".join(
    f"no two shares have exchanged their quantities: {number} of 84 rows fail: PETR4" for number in range(20)
)
STATES = {
    date(2025, 6, 24): (State.QUARANTINED, ERROR),
    date(2025, 6, 25): (State.RAW, "no Glue run"),
    date(2025, 6, 26): (State.LANDED, "not parsed"),
    date(2025, 6, 20): (State.ACKNOWLEDGED, "B3's site was down all day"),
    date(2025, 6, 27): (State.MISSING, "B3 could not be had: <timeout>"),
    DUE: (State.DUE, ""),
}
NEEDS = "the browser's tests need Chromium, playwright and axe-core: make site-check"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run nothing here but by `make site-check`, which has installed what is needed."""
    here = Path(__file__).parent
    for item in items if not os.environ.get("BOVESPA_AXE") else ():
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.skip(reason=NEEDS))


def state_of(day: date) -> SessionState:
    if not is_session(day):
        return SessionState("IBOV", day, State.HOLIDAY)
    if GAP[0] <= day <= GAP[1]:
        return SessionState("IBOV", day, State.MISSING)
    state, reason = STATES.get(day, (State.PUBLISHED, ""))
    warnings = 2 if day.day == 13 and state is State.PUBLISHED else 0
    made = attempt_at(day) if reason else None
    return SessionState(
        "IBOV", day, state, reason, at=made and made.ended_at, report=made.report if made else "", warnings=warnings
    )


def attempt_at(day: date, index: str = "IBOV") -> Attempt:
    at = datetime(day.year, day.month, day.day, 12, 5, tzinfo=UTC)
    _, reason = STATES.get(day, (State.PUBLISHED, ""))
    prefix = report_prefix(index, day, at)
    return Attempt(
        *("5f6c3a36-5cf8-4a5e-9d0d-6c2bd4a8a201", "daily", index, at, at + timedelta(seconds=40 + day.day)),
        Outcome.QUARANTINED if reason else Outcome.PUBLISHED,
        day,
        reason,
        rows=0 if reason else 84,
        gates_passed=() if reason else ("gate-1-raw", "gate-2-refined"),
        gate_refused="gate-1-raw" if reason else "",
        cost_usd=None if reason else 0.0147,
        steps={"collect": 0.5, "gate 1": 3.0, "etl": 31.0 + day.day, "gate 2": 4.0, "publish and confirm": 3.1},
        raw="s3://bovespa-raw-data-bucket/raw-data/year=2025/month=06/day=30/ibov_carteira_20250630.parquet",
        report=f"s3://artifacts/{prefix}{SUMMARY_PAGE}",
    )


def findings_of(attempt: Attempt) -> Findings:
    met = Demand(
        "raw.rows", "e", "codigo", "no codigo stands twice", CRITICAL, success=True, observed="0 of 84 rows fail"
    )
    unmet = Demand(
        *("raw.header", "e", "qtde_teorica", "quantities sum to the header's 91922324686", CRITICAL),
        success=False,
        observed="91922324700",
        rows=("PETR4 (qtde_teorica=4566445852)", "<b>VALE3</b>"),
        unexpected=12,
    )
    odd = Demand(
        "raw.rows", "e", "acao", "every acao is a trading name", WARNING, success=False, observed="1 of 84 rows"
    )
    folder = attempt.report.partition("/artifacts/")[2].removesuffix(SUMMARY_PAGE)
    refused = bool(attempt.gate_refused)
    first = GateFindings("gate-1-raw", not refused, attempt.ended_at, (met, odd, *([unmet] if refused else [])))
    second = GateFindings("gate-2-refined", passed=True, checked_at=attempt.ended_at, outcomes=(met,))
    return Findings(folder, [first] if refused else [first, second], {"raw.rows": "data-docs/x.html"})


def holdings() -> tuple[Holding, ...]:
    found = [
        Holding(
            item.codigo,
            item.acao,
            item.tipo[:4].strip(),
            (item.setor or "").split("/")[0].strip(),
            float(item.participacao_pct),
            item.qtde_teorica,
        )
        for item in recorded(date(2025, 6, 30)).holdings
    ]
    return tuple(sorted(found, key=lambda item: -item.weight))


def facts_of(index: str, first: date) -> IndexFacts:
    days = [state_of(first + timedelta(days=number)) for number in range((DUE - first).days + 1)]
    weekdays = tuple(day for day in days if day.session.weekday() < 5)
    there = [
        day.session
        for day in weekdays
        if day.state is not State.HOLIDAY and (day.state is not State.MISSING or day.reason)
    ]
    attempts = {session: (attempt_at(session, index),) for session in there if session != DUE}
    keys = {
        session: (AttemptKey(index, session, rows[0].outcome, rows[0].ended_at, 0, "key"),)
        for session, rows in attempts.items()
    }
    weights = [item.weight for item in holdings()]
    figures: dict[date, Figures] = {
        session: figures_of([weights[0] + (number % 7) / 30, *weights[1:]]) for number, session in enumerate(attempts)
    }
    status = IndexStatus(index, first, DUE, LAST, DUE, weekdays)
    return IndexFacts(status, keys, attempts, figures, {LAST: holdings(), date(2025, 6, 24): holdings()})


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages of two indices, one with whatever may go wrong, in every language."""
    ibov, ibxx = facts_of("IBOV", FIRST), facts_of("IBXX", date(2025, 6, 30))
    files: dict[str, bytes] = {}
    for language in LANGUAGES:
        made = {ROOT_KEY: overview_page([ibov, ibxx], language, WRITTEN)}
        made |= {index_key(facts.index): index_page(facts, language, WRITTEN) for facts in (ibov, ibxx)}
        made |= {f"{REPORTS_PREFIX}none/index.html": overview_page([], language, WRITTEN)}
        made |= {year_key("IBOV", year): year_page(ibov, year, language, WRITTEN) for year in (2024, 2025)}
        for session in (LAST, date(2025, 6, 24), date(2025, 6, 27), DUE):
            day, tried = ibov.day(session), ibov.attempts.get(session, ())
            assert day
            found = findings_of(tried[0]) if tried else None
            made[session_key("IBOV", session)] = session_page(ibov, day, found, language, WRITTEN)
        files |= {in_language(key, language): page.encode() for key, page in made.items()}
    for session in (LAST, date(2025, 6, 24)):
        found = findings_of(ibov.attempts[session][0])
        pages = summary_pages(found.folder, ibov.attempts[session][0], found, WRITTEN)
        files |= {found.folder + name: page for name, page in pages.items()}
    folder = tmp_path_factory.mktemp("site")
    for key, page in files.items():
        path = folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(page)
    return folder


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A Chromium that asks nobody for anything."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - only `make site-check` has installed it

    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu", *quiet])
        yield opened
        opened.close()
