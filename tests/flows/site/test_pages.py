"""The pages: what a person sees in them, without a script, a network, or markup from elsewhere."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from lxml import html

from expectations.contract.keys import ContractError
from expectations.gates.gate import CRITICAL, WARNING, Outcome
from flows.b3.calendar import sessions_between
from flows.record.reports import FAILED
from flows.site.chronicle import Chronicle, Run, Verdict
from flows.site.figures import Figures
from flows.site.history import History
from flows.site.pages import (
    Checked,
    GateView,
    index_page,
    overview_page,
    session_key,
    session_page,
    year_key,
    year_page,
)
from flows.site.status import read_status, status_of

if TYPE_CHECKING:
    from tests.flows.site.conftest import MakeRun

MONDAY = date(2025, 6, 30)
TUESDAY, WEDNESDAY = MONDAY + timedelta(days=1), MONDAY + timedelta(days=2)
WRITTEN = datetime(2025, 7, 2, 15, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'><a href=javascript:alert(1)>"
ELSEWHERE = re.compile(r"<script|<link|<img|@import|url\(|javascript:|(?:src|href)=\"(?:https?:)?//")


def history(*runs: Run, published: tuple[date, ...] = (), figures: dict[date, Figures] | None = None) -> History:
    return History.of(Chronicle("IBOV", runs, figures or {}), frozenset(published), WEDNESDAY)


def shown(page: str) -> html.HtmlElement:
    return html.document_fromstring(page)


def text(page: str) -> str:
    return " ".join(" ".join(shown(page).xpath("//main//text()")).split())


@pytest.fixture
def two(make_run: MakeRun, figures: Figures) -> History:
    """Monday is published, Tuesday was refused, Wednesday is due."""
    refused = make_run(
        TUESDAY, outcome=FAILED, error="gate-1-raw refused", gates=(Verdict("gate-1-raw", passed=False, warnings=0),)
    )
    return history(make_run(MONDAY), refused, published=(MONDAY,), figures={MONDAY: figures})


class TestHistory:
    def test_ends_today(self, make_run: MakeRun) -> None:
        assert [day.day for day in history(make_run(MONDAY), published=(MONDAY,)).days] == [MONDAY, TUESDAY, WEDNESDAY]

    def test_of_recorded_answers_alone_ends_with_the_last_of_them(self, make_run: MakeRun) -> None:
        recorded = make_run(MONDAY, recorded_at=datetime(2025, 6, 30, 11, tzinfo=UTC), started_at=WRITTEN)
        assert [day.day for day in history(recorded, published=(MONDAY,)).days] == [MONDAY]

    def test_of_imported_sessions_alone_ends_with_the_last_of_them(self) -> None:
        assert [day.day for day in history(published=(MONDAY, TUESDAY)).days] == [MONDAY, TUESDAY]

    def test_of_nothing_has_no_days(self) -> None:
        assert history().days == []


class TestIndexPage:
    def test_shows_each_session_s_state_and_leads_to_its_page(self, two: History) -> None:
        page = shown(index_page(two, WRITTEN, root=""))
        cells = {cell.text_content(): cell for cell in page.find_class("day") if cell.getparent().tag == "td"}
        assert {day: cell.get("class").split()[1] for day, cell in cells.items()} == {
            "30": "published",
            "1": "quarantined",
            "2": "due",
        }
        assert cells["30"].get("href") == "ibov/year=2025/month=06/day=30/index.html"
        assert cells["2"].get("href") is None

    def test_links_lead_to_where_the_pages_are_kept(self, two: History) -> None:
        links = {link.get("href") for link in shown(index_page(two, WRITTEN, root="")).iter("a")}
        kept = {year_key("IBOV", 2025), *(session_key("IBOV", day) for day in (MONDAY, TUESDAY))}
        assert links == {key.removeprefix("reports/") for key in kept}

    def test_counts_what_is_published_and_what_is_not(self, two: History) -> None:
        page = text(index_page(two, WRITTEN, root=""))
        assert "Sessions published 1 since 2025-06-30" in page
        assert "Missing 0 nothing is missing" in page
        assert "Quarantined or failed 1 the last 2025-07-01" in page
        assert "Runs that went well 50 % of the last 2" in page

    def test_names_each_session_that_is_not_published_with_the_reason(self, two: History) -> None:
        (box,) = shown(index_page(two, WRITTEN, root="")).find_class("attention")
        assert " ".join(box.text_content().split()) == "Not published 2025-07-01 quarantined gate-1-raw refused"

    def test_plots_figures_and_durations(self, two: History) -> None:
        page = shown(index_page(two, WRITTEN, root=""))
        titles = [caption[0].text for caption in page.iter("figcaption")]
        assert titles == [
            "Shares in the index",
            "Weight of the largest",
            "Weight of the five largest",
            "Concentration (Herfindahl-Hirschman)",
            "Duration of the run that published",
        ]
        assert [caption[1].text for caption in page.iter("figcaption")] == ["84", "11.50 %", "38.2 %", "391", "60.5 s"]

    def test_shows_the_last_sessions_and_leads_to_the_years_of_all(self) -> None:
        days = tuple(sessions_between(date(2024, 1, 2), MONDAY))
        many = history(published=days)
        page = shown(index_page(many, WRITTEN, root="../"))
        assert len(page.find_class("month")) == 12
        assert len(page.xpath("//main/table/tbody/tr")) == 30
        (years,) = page.find_class("years")
        assert [(link.text, link.get("href")) for link in years] == [
            (str(year), year_key("IBOV", year).replace("reports/", "../")) for year in (2025, 2024)
        ]

    def test_of_nothing_is_a_page_all_the_same(self) -> None:
        assert "none yet" in text(index_page(history(), WRITTEN, root=""))


class TestYearPage:
    def test_shows_every_session_of_the_year_and_leads_to_the_others(self) -> None:
        days = sessions_between(date(2024, 1, 2), MONDAY)
        page = shown(year_page(history(published=tuple(days)), 2024, WRITTEN))
        of_2024 = [str(day) for day in days if day.year == 2024]
        assert [row[0].text_content() for row in page.xpath("//main/table/tbody/tr")] == of_2024[::-1]
        assert len(page.find_class("month")) == 12
        (years,) = page.find_class("years")
        assert [(link.text, link.get("href")) for link in years] == [("2025", "../../ibov/year=2025/index.html")]

    def test_leads_to_its_sessions_and_back_to_the_index(self, two: History) -> None:
        links = [link.get("href") for link in shown(year_page(two, 2025, WRITTEN)).iter("a")]
        assert links[0] == "../../ibov/index.html"
        assert "../../ibov/year=2025/month=06/day=30/index.html" in links


class TestOverview:
    def test_shows_how_each_index_stands_and_leads_to_its_page(self, two: History) -> None:
        other = History.of(Chronicle("IBXX"), frozenset({MONDAY}), WEDNESDAY)
        page = shown(overview_page([status_of(two), status_of(other)], WRITTEN))
        assert [link.get("href") for link in page.xpath("//h2/a")] == ["ibov/index.html", "ibxx/index.html"]
        assert [[cell.text for cell in strip] for strip in page.find_class("strip")] == [["30", "01", "02"], ["30"]]
        assert "due Session 2025-07-02" in text(overview_page([status_of(two)], WRITTEN))

    def test_a_status_is_json_and_back(self, two: History) -> None:
        assert read_status(status_of(two).to_json().encode()) == status_of(two)

    @pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"cards": [], "recent": [1]}'])
    def test_what_is_no_status_is_refused(self, body: bytes) -> None:
        with pytest.raises(ContractError, match="not a status"):
            read_status(body)

    def test_of_nothing_says_so(self) -> None:
        assert "Nothing has been collected" in text(overview_page([], WRITTEN))


GATE = GateView(
    "gate-1-raw",
    passed=False,
    checked_at=WRITTEN,
    outcomes=(
        Outcome(
            "raw.rows", "e", "c", "shares sum to 100", CRITICAL, success=False, observed="99.871", rows=("PETR4 (x=1)",)
        ),
        Outcome("raw.rows", "e", "c", "no share moved much", WARNING, success=False, observed="2 rows"),
        Outcome("raw.header", "e", "c", "84 rows", CRITICAL, success=True, observed="84"),
    ),
)


class TestSessionPage:
    def page(self, of: History, day: date, *gates: GateView) -> str:
        found = of.day(day)
        assert found
        return session_page(of, found, Checked("ibov/run/", gates, {"raw.rows": "data-docs/x.html"}), WRITTEN)

    def test_shows_each_demand_with_what_was_observed(self, two: History) -> None:
        page = shown(self.page(two, TUESDAY, GATE))
        rows = [[" ".join(cell.text_content().split()) for cell in row] for row in page.xpath("//table[1]/tbody/tr")][
            :3
        ]
        assert rows == [
            ["✗ not met", "shares sum to 100", "99.871PETR4 (x=1)", "raw.rows"],
            ["! warned", "no share moved much", "2 rows", "raw.rows"],
            ["✓ met", "84 rows", "84", "raw.header"],
        ]
        assert "1 of 3 demands met" in text(self.page(two, TUESDAY, GATE))

    def test_tells_why_the_session_is_not_published(self, two: History) -> None:
        (reason,) = shown(self.page(two, TUESDAY)).find_class("reason")
        assert reason.text == "gate-1-raw refused"

    def test_shows_figures_of_what_is_published_only(self, two: History, figures: Figures) -> None:
        assert "Largest 11.500 %" in text(self.page(two, MONDAY))
        assert "Largest" not in text(self.page(two, TUESDAY))

    def test_leads_to_each_run_s_summary_to_the_data_docs_of_the_last_check_and_back(self, make_run: MakeRun) -> None:
        run = make_run(MONDAY)
        links = [link.get("href") for link in shown(self.page(history(run), MONDAY)).iter("a")]
        up = "../../../../"
        assert links == [f"{up}ibov/index.html", f"{up}ibov/run/data-docs/x.html", f"{up}{run.folder}summary.html"]
        assert session_key("IBOV", MONDAY).count("/") == up.count("/") + 1

    def test_shows_where_the_time_of_the_run_that_published_went(self, two: History) -> None:
        bars = shown(self.page(two, MONDAY)).find_class("bar")
        assert [[bar[0].text, bar[2].text] for bar in bars] == [["collect", "0.5 s"], ["etl", "60.0 s"]]

    def test_says_so_when_no_run_checked_the_session(self) -> None:
        imported = history(published=(MONDAY,))
        day = imported.day(MONDAY)
        assert day
        assert "No run of the flow has checked this session" in text(session_page(imported, day, None, WRITTEN))


def pages(of: History, day: date, checked: Checked) -> list[str]:
    """One page of each kind."""
    found = of.day(day)
    assert found
    return [
        session_page(of, found, checked, WRITTEN),
        year_page(of, day.year, WRITTEN),
        index_page(of, WRITTEN, root=""),
        overview_page([status_of(of)], WRITTEN),
    ]


def test_pages_need_no_script_and_nothing_from_elsewhere(two: History) -> None:
    for page in pages(two, TUESDAY, Checked("ibov/run/", [GATE], {})):
        assert not ELSEWHERE.search(page)
        assert 'name="viewport"' in page


def test_texts_of_unknown_origin_are_shown_as_text(make_run: MakeRun) -> None:
    run = make_run(WEDNESDAY, outcome=FAILED, error=HOSTILE, seconds={HOSTILE: 1.0})
    hostile = history(run, published=(MONDAY,))
    outcome = Outcome(HOSTILE, "e", "c", HOSTILE, HOSTILE, success=False, observed=HOSTILE, rows=(HOSTILE,))
    gate = GateView(HOSTILE, passed=False, checked_at=WRITTEN, outcomes=(outcome,))
    for page in pages(hostile, WEDNESDAY, Checked("ibov/run/", [gate], {HOSTILE: "x.html"})):
        document = shown(page)
        assert not [item.tag for item in document.iter("script", "img", "iframe", "object")]
        assert not [name for item in document.iter() for name in item.attrib if name.startswith("on")]
        assert not [link for link in document.iter("a") if link.get("href", "").startswith("javascript")]
        assert "<script>alert(1)</script>" in document.text_content()
