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
from flows.record.reports import PUBLISHED
from flows.site import charts
from flows.site.calendar import MEANINGS, Day, Month, State, months_of
from flows.site.status import Card, Status, cards_of

if TYPE_CHECKING:
    from jinja2 import Environment

    from expectations.gates.gate import Outcome
    from flows.site.charts import Chart
    from flows.site.chronicle import Chronicle, Run, Verdict
    from flows.site.figures import Figures
    from flows.site.history import History

ROOT_KEY = f"{REPORTS_PREFIX}index.html"

# Of an index's page, which is written with each run; years have pages of their own.
_SHOWN_MONTHS = 12
_SHOWN_SESSIONS = 30
_SHOWN_UNKEPT = 8
_SHOWN_TRENDS = 504  # sessions, about two years


@dataclass(frozen=True, slots=True)
class GateView:
    """A gate's findings as a page shows them."""

    gate: str
    passed: bool
    checked_at: datetime
    outcomes: tuple[Outcome, ...]

    @property
    def met(self) -> int:
        """How many demands were met."""
        return sum(outcome.success for outcome in self.outcomes)


@dataclass(frozen=True, slots=True)
class Checked:
    """What the gates found in the run that checked a session last.

    Attributes:
        folder: of the run's reports, below `reports/`.
        docs: the Data Docs' pages below the folder, by the check that they show.
    """

    folder: str
    gates: Sequence[GateView]
    docs: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Row:
    """A session in the list of sessions."""

    day: Day
    figures: Figures | None
    gates: tuple[Verdict, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class SessionsView:
    """What a page shows of many sessions of an index.

    Attributes:
        up: the page above it, by its name; None of the first.
        latest: the latest session, where the page is up to date.
        links: to the sessions' pages; `years` to those of the years.
    """

    title: str
    up: tuple[str, str] | None
    latest: Day | None
    cards: Sequence[Card]
    unkept: Sequence[Day]
    months: Sequence[Month]
    charts: Sequence[Chart]
    rows: Sequence[Row]
    links: Mapping[date, str]
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


def overview_page(statuses: Sequence[Status], written: datetime) -> str:
    """The page over all indices."""
    pages = {status.index: _link("", index_key(status.index)) for status in statuses}
    return _render("overview.html.j2", statuses=statuses, pages=pages, written=written)


def index_page(history: History, written: datetime, root: str) -> str:
    """The page over an index's last sessions, which leads to the earlier ones.

    Args:
        root: the way from the page's folder to `reports/`.
    """
    sessions = history.sessions
    view = SessionsView(
        title=history.index,
        up=("All indices", f"{root}index.html") if root else None,
        latest=sessions[0] if sessions else None,
        cards=cards_of(history),
        unkept=history.unkept[:_SHOWN_UNKEPT],
        months=months_of(history.days)[:_SHOWN_MONTHS],
        charts=_charts(history.chronicle, sessions[:_SHOWN_TRENDS]),
        rows=[_row(day, history.chronicle) for day in sessions[:_SHOWN_SESSIONS]],
        links=_links(history.index, history.days, root),
        years={year: _link(root, year_key(history.index, year)) for year in history.years},
    )
    return _render("sessions.html.j2", view=view, meanings=MEANINGS, written=written)


def year_page(history: History, year: int, written: datetime) -> str:
    """The page over all sessions of an index's year."""
    root = "../../"
    days = [day for day in history.days if day.day.year == year]
    sessions = [day for day in history.sessions if day.day.year == year]
    view = SessionsView(
        title=f"{history.index} in {year}",
        up=(history.index, _link(root, index_key(history.index))),
        latest=None,
        cards=(),
        unkept=[day for day in history.unkept if day.day.year == year],
        months=months_of(days),
        charts=_charts(history.chronicle, sessions),
        rows=[_row(day, history.chronicle) for day in sessions],
        links=_links(history.index, days, root),
        years={other: _link(root, year_key(history.index, other)) for other in history.years if other != year},
    )
    return _render("sessions.html.j2", view=view, meanings=MEANINGS, written=written)


def session_page(history: History, day: Day, checked: Checked | None, written: datetime) -> str:
    """The page of one session, with the findings of the gates that checked it last."""
    root = "../../../../"
    last = next((run for run in reversed(day.runs) if run.outcome == PUBLISHED), day.runs[-1] if day.runs else None)
    return _render(
        "session.html.j2",
        index=history.index,
        up=_link(root, index_key(history.index)),
        day=day,
        figures=history.chronicle.figures.get(day.day) if day.state == State.PUBLISHED else None,
        gates=checked.gates if checked else (),
        docs={name: f"{root}{checked.folder}{path}" for name, path in checked.docs.items()} if checked else {},
        runs=tuple(reversed(day.runs)),
        root=root,
        bars=charts.bars(tuple(last.seconds.items())) if last else (),
        meanings=MEANINGS,
        written=written,
    )


def _link(root: str, key: str) -> str:
    return root + key.removeprefix(REPORTS_PREFIX)


def _links(index: str, days: Sequence[Day], root: str) -> dict[date, str]:
    return {day.day: _link(root, session_key(index, day.day)) for day in days if day.runs}


def _row(day: Day, chronicle: Chronicle) -> Row:
    checked = next((run for run in reversed(day.runs) if run.gates), None)
    published = day.state == State.PUBLISHED
    return Row(
        day=day,
        figures=chronicle.figures.get(day.day) if published else None,
        gates=checked.gates if checked else (),
        seconds=checked.duration if checked else 0.0,
    )


def _charts(chronicle: Chronicle, sessions: Sequence[Day]) -> list[Chart]:
    published = sorted(day.day for day in sessions if day.state == State.PUBLISHED)
    kept = [(day, chronicle.figures[day]) for day in published if day in chronicle.figures]
    runs: dict[date, Run] = {run.session: run for run in chronicle.runs if run.session and run.outcome == PUBLISHED}
    durations = [(day, runs[day].duration) for day in published if day in runs]

    def plot(title: str, unit: str, value: Callable[[Figures], float], digits: int) -> Chart | None:
        return charts.chart(title, unit, [(day, value(figures)) for day, figures in kept], digits)

    found = (
        plot("Shares in the index", "", lambda item: item.shares, 0),
        plot("Weight of the largest", "%", lambda item: item.largest, 2),
        plot("Weight of the five largest", "%", lambda item: item.five, 1),
        plot("Concentration (Herfindahl-Hirschman)", "", lambda item: item.hhi, 0),
        charts.chart("Duration of the run that published", "s", durations, 1),
    )
    return [chart for chart in found if chart]


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
