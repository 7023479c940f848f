"""The site's pages: what the templates need, computed, and the templates rendered."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from expectations.contract.outcomes import FRESHLY_PUBLISHED, Outcome
from flows.record.state import SessionState, State
from flows.site import charts
from flows.site.addresses import ROOT_KEY, index_key, report_key, session_key, year_key
from flows.site.calendar import CalendarMonth, FoldedMonths, legend_of, months_of, newest
from flows.site.cards import Trust, trust_of
from flows.site.figures import sectors_of
from flows.site.lists import Row, lacking_rows, session_rows
from flows.site.render import Frame, render

if TYPE_CHECKING:
    from flows.language import Language
    from flows.record.attempt import Attempt
    from flows.site.charts import Chart
    from flows.site.facts import Findings, IndexFacts
    from flows.site.figures import Figures, Holding, Sector

# Of an index's page, which is written with each run; years have pages of their own.
MAX_SESSIONS = 30
MAX_MONTHS = 12
MAX_TRENDS = 24
"""Months of the trends."""

_MAX_LACKING = 8
_RECENT = 21  # sessions, about a month
_LARGEST = 10


@dataclass(frozen=True, slots=True)
class Composition:
    """What an index is made of in a session.

    Attributes:
        largest: the heaviest shares; `rest` the others.
        weight: of the largest together, in percent.
        level: the index's closing level of the session before, in points, computed; None where the prices are not known.
    """

    session: date
    largest: Sequence[Holding]
    rest: Sequence[Holding]
    sectors: Sequence[Sector]
    weight: float
    level: float | None = None

    @property
    def shares(self) -> int:
        """How many shares it holds."""
        return len(self.largest) + len(self.rest)


@dataclass(frozen=True, slots=True)
class SessionsView:
    """What a page shows of many sessions of an index.

    Attributes:
        headline: the page's, where `now` is not its matter.
        now: what the newest published session is made of; None where that is not known, or not the page's matter.
        links: to the sessions' pages; `years` to those of the years.
        reports: to the reports of the attempts that are the reasons why sessions are not published.
        more: how many sessions that are not published are left out.
        legend: what the months' days look like that is to be explained.
    """

    title: str
    headline: str
    now: Composition | None
    trust: Trust | None
    lacking: Sequence[Row]
    more: int
    months: Sequence[CalendarMonth | FoldedMonths]
    legend: Collection[str]
    charts: Sequence[Chart]
    rows: Sequence[Row]
    links: Mapping[date, str]
    reports: Mapping[date, str]
    years: Mapping[int, str]


def overview_page(indices: Sequence[IndexFacts], language: Language, written: datetime) -> str:
    """The page over all indices."""
    frame = Frame(ROOT_KEY, (), language, written)
    found = [
        (facts, composition(facts), trust_of(facts, language), list(reversed(facts.sessions[:_RECENT])))
        for facts in indices
    ]
    pages = {facts.index: frame.to(index_key(facts.index)) for facts in indices}
    return render("overview.html.j2", frame, indices=found, pages=pages)


def index_page(facts: IndexFacts, language: Language, written: datetime, key: str = "") -> str:
    """The page over an index's last sessions, which leads to the earlier ones.

    Args:
        key: where it lies; by default in the index's folder.
    """
    here = key or index_key(facts.index)
    frame = Frame(here, () if here == ROOT_KEY else _crumbs(), language, written)
    sessions, lacking = facts.sessions, lacking_rows(facts, facts.sessions)
    months = newest(months_of(facts.status.days), MAX_MONTHS)
    view = SessionsView(
        title=facts.index,
        headline=facts.index,
        now=composition(facts),
        trust=trust_of(facts, language),
        lacking=lacking[:_MAX_LACKING],
        more=sum(row.count for row in lacking[_MAX_LACKING:]),
        months=months,
        legend=legend_of(months),
        charts=_charts(facts, sessions, language),
        rows=session_rows(facts, sessions)[:MAX_SESSIONS],
        links=_links(facts, facts.status.days, frame),
        reports=_reports(facts.status.days, frame),
        years={year: frame.to(year_key(facts.index, year)) for year in facts.years},
    )
    return render("sessions.html.j2", frame, view=view)


def year_page(facts: IndexFacts, year: int, language: Language, written: datetime) -> str:
    """The page over all sessions of an index's year."""
    frame = Frame(year_key(facts.index, year), _crumbs(facts.index), language, written)
    days = [day for day in facts.status.days if day.session.year == year]
    sessions = [day for day in facts.sessions if day.session.year == year]
    months, expected = months_of(days), [day for day in facts.expected if day.session.year == year]
    title = language.tr("{} in {}").format(facts.index, year)
    published = language.written(f"{sum(day.state is State.PUBLISHED for day in expected):,}")
    headline = language.tr("{}: {} of {} published").format(
        title, published, language.counted(len(expected), "session")
    )
    view = SessionsView(
        title=title,
        headline=headline,
        now=None,
        trust=None,
        lacking=lacking_rows(facts, sessions),
        more=0,
        months=months,
        legend=legend_of(months),
        charts=_charts(facts, sessions, language),
        rows=session_rows(facts, sessions),
        links=_links(facts, days, frame),
        reports=_reports(days, frame),
        years={other: frame.to(year_key(facts.index, other)) for other in facts.years if other != year},
    )
    return render("sessions.html.j2", frame, view=view)


def session_page(
    facts: IndexFacts, day: SessionState, findings: Findings | None, language: Language, written: datetime
) -> str:
    """The page of one session, with the findings of the gates that checked it last."""
    frame = Frame(session_key(facts.index, day.session), _crumbs(facts.index, day.session.year), language, written)
    attempts = facts.attempts.get(day.session, ())
    newest_attempt = attempts[-1] if attempts else None
    last = next((item for item in reversed(attempts) if item.outcome in FRESHLY_PUBLISHED), newest_attempt)
    return render(
        "session.html.j2",
        frame,
        index=facts.index,
        day=day,
        report=_report(day.report, frame),
        figures=facts.figures.get(day.session) if day.state is State.PUBLISHED else None,
        now=composition(facts, day.session) if day.state is State.PUBLISHED else None,
        findings=findings,
        attempts=[(attempt, _report(attempt.report, frame)) for attempt in reversed(attempts)],
        bars=charts.bars(tuple(last.steps.items())) if last else (),
        asked=_asked(attempts) if day.verdict else None,
        rebuilt_from=last.reason if last and last.outcome is Outcome.REBUILT else "",
    )


def _asked(attempts: Sequence[Attempt]) -> Attempt | None:
    """The newest attempt that asked prices."""
    return next((attempt for attempt in reversed(attempts) if attempt.verdict), None)


def attempt_page(key: str, attempt: Attempt, findings: Findings, language: Language, written: datetime) -> str:
    """The page of one run: what it did, what the gates found, and why it failed.

    Args:
        key: where it lies.
    """
    session = attempt.session
    frame = Frame(key, _crumbs(attempt.index, session.year if session else None, session), language, written)
    return render(
        "attempt.html.j2",
        frame,
        attempt=attempt,
        findings=findings,
        bars=charts.bars(tuple(attempt.steps.items())),
    )


def composition(facts: IndexFacts, session: date | None = None) -> Composition | None:
    """What an index is made of; None where it is not known.

    Args:
        session: by default the newest that is published.
    """
    wanted = session or facts.status.newest_published
    holdings = facts.holdings.get(wanted, ()) if wanted else ()
    if not holdings or wanted is None:
        return None
    largest = holdings[:_LARGEST]
    weight = sum(item.weight for item in largest)
    asked = _asked(facts.attempts.get(wanted, ()))
    return Composition(
        wanted, largest, holdings[_LARGEST:], sectors_of(holdings), weight, asked.level if asked else None
    )


def _crumbs(index: str = "", year: int | None = None, session: date | None = None) -> Sequence[tuple[str, str]]:
    """The pages above one, from the first page down."""
    return [
        ("Pipeline Bovespa", ROOT_KEY),
        *([(index, index_key(index))] if index else []),
        *([(str(year), year_key(index, year))] if year else []),
        *([(str(session), session_key(index, session))] if session else []),
    ]


def _report(address: str, frame: Frame) -> str:
    """The way to an attempt's report; empty where it left none."""
    key = report_key(address)
    return frame.to(key) if key else ""


def _reports(days: Sequence[SessionState], frame: Frame) -> dict[date, str]:
    return {day.session: _report(day.report, frame) for day in days if day.report}


def _links(facts: IndexFacts, days: Sequence[SessionState], frame: Frame) -> dict[date, str]:
    return {day.session: frame.to(session_key(facts.index, day.session)) for day in days if facts.has_page(day)}


def _charts(facts: IndexFacts, sessions: Sequence[SessionState], language: Language) -> list[Chart]:
    tr = language.tr
    published = sorted(day.session for day in sessions if day.state is State.PUBLISHED)
    kept = [(session, facts.figures[session]) for session in published if session in facts.figures]
    made = ((session, _publishing(facts.attempts.get(session, ()))) for session in published)
    durations = [(session, sum(attempt.steps.values())) for session, attempt in made if attempt]

    def plot(title: str, unit: str, value: Callable[[Figures], float], digits: int) -> Chart | None:
        return charts.chart(title, unit, [(session, value(figures)) for session, figures in kept], digits)

    found = (
        plot(tr("Shares in the index"), "", lambda item: item.shares, 0),
        plot(tr("Weight of the largest"), "%", lambda item: item.largest, 2),
        plot(tr("Weight of the five largest"), "%", lambda item: item.five, 1),
        plot(tr("Concentration (Herfindahl-Hirschman)"), "", lambda item: item.hhi, 0),
        charts.chart(tr("Duration of the run that published"), "s", durations, 1),
    )
    return [chart for chart in found if chart]


def _publishing(attempts: Sequence[Attempt]) -> Attempt | None:
    """The last attempt that published the session and recorded its steps."""
    found = (item for item in reversed(attempts) if item.outcome in FRESHLY_PUBLISHED and item.steps)
    return next(found, None)
