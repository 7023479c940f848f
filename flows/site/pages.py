"""The site's pages: what the templates need, computed, and the templates rendered.

Every text is escaped by the template engine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import TYPE_CHECKING

from expectations.contract.keys import check_index, session_path
from expectations.contract.names import REPORTS_PREFIX
from expectations.contract.outcomes import FRESHLY_PUBLISHED, Outcome
from flows.record.state import MEANINGS, State
from flows.site import charts
from flows.site.calendar import CalendarMonth, months_of
from flows.site.cards import Card, cards_of

if TYPE_CHECKING:
    from jinja2 import Environment

    from flows.record.attempt import Attempt
    from flows.record.state import SessionState
    from flows.site.charts import Chart
    from flows.site.facts import Findings, IndexFacts
    from flows.site.figures import Figures

ROOT_KEY = f"{REPORTS_PREFIX}index.html"

# Of an index's page, which is written with each run; years have pages of their own.
MAX_SESSIONS = 30
MAX_MONTHS = 12
MAX_TRENDS = 24
"""Months of the trends."""

_MAX_LACKING = 8
_RECENT = 21  # sessions, about a month


@dataclass(frozen=True, slots=True)
class Row:
    """A session in the list of sessions."""

    day: SessionState
    figures: Figures | None
    checked: Attempt | None


@dataclass(frozen=True, slots=True)
class SessionsView:
    """What a page shows of many sessions of an index.

    Attributes:
        up: the page above it, by its name; None of the first.
        latest: the latest session, where the page is up to date.
        links: to the sessions' pages; `years` to those of the years.
        reports: to the reports of the attempts that are the reasons why sessions are not published.
    """

    title: str
    up: tuple[str, str] | None
    latest: SessionState | None
    cards: Sequence[Card]
    lacking: Sequence[SessionState]
    months: Sequence[CalendarMonth]
    charts: Sequence[Chart]
    rows: Sequence[Row]
    links: Mapping[date, str]
    reports: Mapping[date, str]
    years: Mapping[int, str]


def index_key(index: str) -> str:
    """The key of an index's page."""
    return f"{REPORTS_PREFIX}{check_index(index).lower()}/index.html"


def year_key(index: str, year: int) -> str:
    """The key of the page of an index's year."""
    return f"{REPORTS_PREFIX}{check_index(index).lower()}/year={year:04}/index.html"


def session_key(index: str, session: date) -> str:
    """The key of a session's page."""
    return f"{REPORTS_PREFIX}{check_index(index).lower()}/{session_path(session)}/index.html"


def overview_page(indices: Sequence[IndexFacts], written: datetime) -> str:
    """The page over all indices."""
    return _render(
        "overview.html.j2",
        indices=[(facts, cards_of(facts), list(reversed(facts.sessions[:_RECENT]))) for facts in indices],
        pages={facts.index: _link("", index_key(facts.index)) for facts in indices},
        written=written,
    )


def index_page(facts: IndexFacts, written: datetime, root: str) -> str:
    """The page over an index's last sessions, which leads to the earlier ones.

    Args:
        root: the way from the page's folder to `reports/`.
    """
    sessions = facts.sessions
    months = months_of(facts.status.days)
    view = SessionsView(
        title=facts.index,
        up=("All indices", f"{root}index.html") if root else None,
        latest=sessions[0] if sessions else None,
        cards=cards_of(facts),
        lacking=facts.lacking[:_MAX_LACKING],
        months=months[:MAX_MONTHS],
        charts=_charts(facts, sessions),
        rows=[_row(day, facts) for day in sessions[:MAX_SESSIONS]],
        links=_links(facts, facts.status.days, root),
        reports=_reports(facts.status.days, root),
        years={year: _link(root, year_key(facts.index, year)) for year in facts.years},
    )
    return _render("sessions.html.j2", view=view, meanings=MEANINGS, written=written)


def year_page(facts: IndexFacts, year: int, written: datetime) -> str:
    """The page over all sessions of an index's year."""
    root = "../../"
    days = [day for day in facts.status.days if day.session.year == year]
    sessions = [day for day in facts.sessions if day.session.year == year]
    view = SessionsView(
        title=f"{facts.index} in {year}",
        up=(facts.index, _link(root, index_key(facts.index))),
        latest=None,
        cards=(),
        lacking=[day for day in facts.lacking if day.session.year == year],
        months=months_of(days),
        charts=_charts(facts, sessions),
        rows=[_row(day, facts) for day in sessions],
        links=_links(facts, days, root),
        reports=_reports(days, root),
        years={other: _link(root, year_key(facts.index, other)) for other in facts.years if other != year},
    )
    return _render("sessions.html.j2", view=view, meanings=MEANINGS, written=written)


def session_page(facts: IndexFacts, day: SessionState, findings: Findings | None, written: datetime) -> str:
    """The page of one session, with the findings of the gates that checked it last."""
    root = "../../../../"
    attempts = facts.attempts.get(day.session, ())
    newest = attempts[-1] if attempts else None
    last = next((item for item in reversed(attempts) if item.outcome in FRESHLY_PUBLISHED), newest)
    return _render(
        "session.html.j2",
        index=facts.index,
        up=_link(root, index_key(facts.index)),
        day=day,
        figures=facts.figures.get(day.session) if day.state is State.PUBLISHED else None,
        gates=findings.gates if findings else (),
        docs={name: f"{root}{findings.folder}{path}" for name, path in findings.docs.items()} if findings else {},
        attempts=[(attempt, _report(attempt.report, root)) for attempt in reversed(attempts)],
        bars=charts.bars(tuple(last.steps.items())) if last else (),
        meanings=MEANINGS,
        asked=_asked(attempts) if day.verdict else None,
        rebuilt_from=last.reason if last else "",
        is_rebuilt=last is not None and last.outcome is Outcome.REBUILT,
        written=written,
    )


def _asked(attempts: Sequence[Attempt]) -> Attempt | None:
    """The newest attempt that asked prices."""
    return next((attempt for attempt in reversed(attempts) if attempt.verdict), None)


def _report(address: str, root: str) -> str:
    """The way to an attempt's report; empty where it left none."""
    _, found, path = address.partition(f"/{REPORTS_PREFIX}")
    return root + path if found else ""


def _reports(days: Sequence[SessionState], root: str) -> dict[date, str]:
    return {day.session: _report(day.report, root) for day in days if day.report}


def _link(root: str, key: str) -> str:
    return root + key.removeprefix(REPORTS_PREFIX)


def _links(facts: IndexFacts, days: Sequence[SessionState], root: str) -> dict[date, str]:
    found = (day.session for day in days if facts.attempted.get(day.session))
    return {session: _link(root, session_key(facts.index, session)) for session in found}


def _row(day: SessionState, facts: IndexFacts) -> Row:
    published = day.state is State.PUBLISHED
    return Row(day, facts.figures.get(day.session) if published else None, facts.checked(day.session))


def _charts(facts: IndexFacts, sessions: Sequence[SessionState]) -> list[Chart]:
    published = sorted(day.session for day in sessions if day.state is State.PUBLISHED)
    kept = [(session, facts.figures[session]) for session in published if session in facts.figures]
    made = ((session, _publishing(facts.attempts.get(session, ()))) for session in published)
    durations = [(session, sum(attempt.steps.values())) for session, attempt in made if attempt]

    def plot(title: str, unit: str, value: Callable[[Figures], float], digits: int) -> Chart | None:
        return charts.chart(title, unit, [(session, value(figures)) for session, figures in kept], digits)

    found = (
        plot("Shares in the index", "", lambda item: item.shares, 0),
        plot("Weight of the largest", "%", lambda item: item.largest, 2),
        plot("Weight of the five largest", "%", lambda item: item.five, 1),
        plot("Concentration (Herfindahl-Hirschman)", "", lambda item: item.hhi, 0),
        charts.chart("Duration of the run that published", "s", durations, 1),
    )
    return [chart for chart in found if chart]


def _publishing(attempts: Sequence[Attempt]) -> Attempt | None:
    """The last attempt that published the session and recorded its steps."""
    found = (item for item in reversed(attempts) if item.outcome in FRESHLY_PUBLISHED and item.steps)
    return next(found, None)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 - only where a page is written

    return Environment(
        loader=PackageLoader("flows.site"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _render(template: str, **values: object) -> str:
    return _environment().get_template(template).render(width=charts.WIDTH, height=charts.HEIGHT, **values)
