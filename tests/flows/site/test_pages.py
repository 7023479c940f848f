"""The pages: what a person sees in them, without a script, a network, or markup from elsewhere."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from lxml import html

from expectations.contract.outcomes import Outcome
from expectations.gates.gate import CRITICAL, WARNING, Demand
from flows.b3.calendar import sessions_between
from flows.record.state import SessionState, State
from flows.site.facts import Findings, GateFindings, IndexFacts
from flows.site.figures import Figures
from flows.site.pages import (
    index_page,
    overview_page,
    session_key,
    session_page,
    year_key,
    year_page,
)

if TYPE_CHECKING:
    from tests.flows.site.conftest import MakeAttempt, MakeFacts

MONDAY = date(2025, 6, 30)
TUESDAY, WEDNESDAY = MONDAY + timedelta(days=1), MONDAY + timedelta(days=2)
WRITTEN = datetime(2025, 7, 2, 15, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'><a href=javascript:alert(1)>"
ELSEWHERE = re.compile(r"<script|<link|<img|@import|url\(|javascript:|(?:src|href)=\"(?:https?:)?//")


def day(session: date, state: State = State.PUBLISHED, **more: Any) -> SessionState:  # noqa: ANN401 - any of its fields
    return SessionState("IBOV", session, state, **more)


def parsed(page: str) -> html.HtmlElement:
    return html.document_fromstring(page)


def text(page: str) -> str:
    return " ".join(" ".join(parsed(page).xpath("//main//text()")).split())


@pytest.fixture
def two(make_attempt: MakeAttempt, make_facts: MakeFacts, figures: Figures) -> IndexFacts:
    """Monday is published, Tuesday was refused, Wednesday is due."""
    refused = make_attempt(
        TUESDAY, Outcome.QUARANTINED, reason="gate-1-raw refused", gates_passed=(), gate_refused="gate-1-raw"
    )
    return make_facts(
        day(MONDAY),
        day(TUESDAY, State.QUARANTINED, reason="gate-1-raw refused", at=refused.ended_at, report=refused.report),
        day(WEDNESDAY, State.DUE),
        attempts=(make_attempt(MONDAY), refused),
        figures={MONDAY: figures},
    )


class TestIndexPage:
    def test_shows_each_session_s_state_and_leads_to_its_page(self, two: IndexFacts) -> None:
        page = parsed(index_page(two, WRITTEN, root=""))
        cells = {cell.text_content(): cell for cell in page.find_class("day") if cell.getparent().tag == "td"}
        assert {day: cell.get("class").split()[1] for day, cell in cells.items()} == {
            "30": "published",
            "1": "quarantined",
            "2": "due",
        }
        assert cells["30"].get("href") == "ibov/year=2025/month=06/day=30/index.html"
        assert cells["2"].get("href") is None

    def test_links_lead_to_where_the_pages_are_kept(self, two: IndexFacts) -> None:
        links = {link.get("href") for link in parsed(index_page(two, WRITTEN, root="")).iter("a")}
        kept = {year_key("IBOV", 2025), *(session_key("IBOV", day) for day in (MONDAY, TUESDAY))}
        report = "ibov/year=2025/month=07/day=01/20250701T100000000000Z/summary.html"
        assert links == {report, *(key.removeprefix("reports/") for key in kept)}

    def test_counts_what_is_published_and_what_is_not(self, two: IndexFacts) -> None:
        page = text(index_page(two, WRITTEN, root=""))
        assert "Sessions published 1 since 2025-06-30" in page
        assert "Missing 0 nothing is missing" in page
        assert "Quarantined or not finished 1 the last 2025-07-01" in page
        assert "Attempts that went well 50 % of the last 2" in page

    def test_names_each_session_that_is_not_published_with_the_reason_its_time_and_its_report(
        self, two: IndexFacts
    ) -> None:
        (box,) = parsed(index_page(two, WRITTEN, root="")).find_class("attention")
        assert " ".join(box.text_content().split()) == (
            "Not published 2025-07-01 quarantined gate-1-raw refused (2025-07-01 10:01 UTC) report"
        )
        assert [link.get("href") for link in box.iter("a")] == [
            "ibov/year=2025/month=07/day=01/index.html",
            "ibov/year=2025/month=07/day=01/20250701T100000000000Z/summary.html",
        ]

    def test_plots_figures_and_durations(self, two: IndexFacts) -> None:
        page = parsed(index_page(two, WRITTEN, root=""))
        titles = [caption[0].text for caption in page.iter("figcaption")]
        assert titles == [
            "Shares in the index",
            "Weight of the largest",
            "Weight of the five largest",
            "Concentration (Herfindahl-Hirschman)",
            "Duration of the run that published",
        ]
        assert [caption[1].text for caption in page.iter("figcaption")] == ["84", "11.50 %", "38.2 %", "391", "60.5 s"]

    def test_shows_the_last_sessions_and_leads_to_the_years_of_all(self, make_facts: MakeFacts) -> None:
        many = make_facts(*map(day, sessions_between(date(2024, 1, 2), MONDAY)))
        page = parsed(index_page(many, WRITTEN, root="../"))
        assert len(page.find_class("month")) == 12
        assert len(page.xpath("//main/table/tbody/tr")) == 30
        (years,) = page.find_class("years")
        assert [(link.text, link.get("href")) for link in years] == [
            (str(year), year_key("IBOV", year).replace("reports/", "../")) for year in (2025, 2024)
        ]

    def test_of_nothing_is_a_page_all_the_same(self, make_facts: MakeFacts) -> None:
        assert "none yet" in text(index_page(make_facts(), WRITTEN, root=""))

    def test_shows_warnings_where_a_session_has_some(self, make_facts: MakeFacts) -> None:
        (cell,) = parsed(index_page(make_facts(day(MONDAY, warnings=2, note="2 warnings")), WRITTEN, root="")).xpath(
            "//td/span[contains(@class, 'warned')]"
        )
        assert cell.get("title") == "2025-06-30: published: 2 warnings"

    def test_shows_no_session_of_before_the_collection_as_one_of_the_index(self, make_facts: MakeFacts) -> None:
        page = parsed(index_page(make_facts(day(MONDAY, State.BEFORE), day(TUESDAY)), WRITTEN, root=""))
        assert [row[0].text_content() for row in page.xpath("//main/table/tbody/tr")] == ["2025-07-01"]


class TestYearPage:
    def test_shows_every_session_of_the_year_and_leads_to_the_others(self, make_facts: MakeFacts) -> None:
        sessions = sessions_between(date(2024, 1, 2), MONDAY)
        page = parsed(year_page(make_facts(*map(day, sessions)), 2024, WRITTEN))
        of_2024 = [str(session) for session in sessions if session.year == 2024]
        assert [row[0].text_content() for row in page.xpath("//main/table/tbody/tr")] == of_2024[::-1]
        assert len(page.find_class("month")) == 12
        (years,) = page.find_class("years")
        assert [(link.text, link.get("href")) for link in years] == [("2025", "../../ibov/year=2025/index.html")]

    def test_leads_to_its_sessions_and_back_to_the_index(self, two: IndexFacts) -> None:
        links = [link.get("href") for link in parsed(year_page(two, 2025, WRITTEN)).iter("a")]
        assert links[0] == "../../ibov/index.html"
        assert "../../ibov/year=2025/month=06/day=30/index.html" in links


class TestOverview:
    def test_shows_how_each_index_stands_and_leads_to_its_page(self, two: IndexFacts, make_facts: MakeFacts) -> None:
        other = make_facts(day(MONDAY), index="IBXX")
        page = parsed(overview_page([two, other], WRITTEN))
        assert [link.get("href") for link in page.xpath("//h2/a")] == ["ibov/index.html", "ibxx/index.html"]
        assert [[cell.text for cell in strip] for strip in page.find_class("strip")] == [["30", "01", "02"], ["30"]]
        assert "due Session 2025-07-02" in text(overview_page([two], WRITTEN))

    def test_of_nothing_says_so(self) -> None:
        assert "Nothing has been published" in text(overview_page([], WRITTEN))


GATE = GateFindings(
    "gate-1-raw",
    passed=False,
    checked_at=WRITTEN,
    outcomes=(
        Demand(
            "raw.rows", "e", "c", "shares sum to 100", CRITICAL, success=False, observed="99.871", rows=("PETR4 (x=1)",)
        ),
        Demand("raw.rows", "e", "c", "no share moved much", WARNING, success=False, observed="2 rows"),
        Demand("raw.header", "e", "c", "84 rows", CRITICAL, success=True, observed="84"),
    ),
)


class TestSessionPage:
    def page(self, of: IndexFacts, session: date, *gates: GateFindings) -> str:
        found = of.day(session)
        assert found
        return session_page(of, found, Findings("ibov/run/", gates, {"raw.rows": "data-docs/x.html"}), WRITTEN)

    def test_shows_each_demand_with_what_was_observed(self, two: IndexFacts) -> None:
        page = parsed(self.page(two, TUESDAY, GATE))
        rows = [[" ".join(cell.text_content().split()) for cell in row] for row in page.xpath("//table[1]/tbody/tr")][
            :3
        ]
        assert rows == [
            ["✗ not met", "shares sum to 100", "99.871PETR4 (x=1)", "raw.rows"],
            ["! warned", "no share moved much", "2 rows", "raw.rows"],
            ["✓ met", "84 rows", "84", "raw.header"],
        ]
        assert "1 of 3 demands met" in text(self.page(two, TUESDAY, GATE))

    def test_tells_why_the_session_is_not_published(self, two: IndexFacts) -> None:
        (reason,) = parsed(self.page(two, TUESDAY)).find_class("reason")
        assert reason.text == "gate-1-raw refused"

    def test_shows_figures_of_what_is_published_only(self, two: IndexFacts, figures: Figures) -> None:
        assert "Largest 11.500 %" in text(self.page(two, MONDAY))
        assert "Largest" not in text(self.page(two, TUESDAY))

    def test_leads_to_each_attempt_s_report_to_the_data_docs_of_the_last_check_and_back(
        self, make_attempt: MakeAttempt, make_facts: MakeFacts
    ) -> None:
        attempt = make_attempt(MONDAY)
        page = self.page(make_facts(day(MONDAY), attempts=(attempt,)), MONDAY)
        links = [link.get("href") for link in parsed(page).iter("a")]
        up = "../../../../"
        report = attempt.report.partition("/reports/")[2]
        assert links == [f"{up}ibov/index.html", f"{up}ibov/run/data-docs/x.html", f"{up}{report}"]
        assert session_key("IBOV", MONDAY).count("/") == up.count("/") + 1

    def test_shows_where_the_time_of_the_run_that_published_went(self, two: IndexFacts) -> None:
        bars = parsed(self.page(two, MONDAY)).find_class("bar")
        assert [[bar[0].text, bar[2].text] for bar in bars] == [["collect", "0.5 s"], ["etl", "60.0 s"]]

    def test_says_so_when_no_report_of_a_gate_is_kept(self, make_facts: MakeFacts) -> None:
        imported = make_facts(day(MONDAY))
        assert "No report of a gate is kept" in text(session_page(imported, day(MONDAY), None, WRITTEN))


def pages(of: IndexFacts, session: date, findings: Findings) -> list[str]:
    """One page of each kind."""
    found = of.day(session)
    assert found
    return [
        session_page(of, found, findings, WRITTEN),
        year_page(of, session.year, WRITTEN),
        index_page(of, WRITTEN, root=""),
        overview_page([of], WRITTEN),
    ]


def test_pages_need_no_script_and_nothing_from_elsewhere(two: IndexFacts) -> None:
    for page in pages(two, TUESDAY, Findings("ibov/run/", [GATE], {})):
        assert not ELSEWHERE.search(page)
        assert 'name="viewport"' in page


def test_texts_of_unknown_origin_are_shown_as_text(make_attempt: MakeAttempt, make_facts: MakeFacts) -> None:
    attempt = make_attempt(WEDNESDAY, Outcome.FAILED, reason=HOSTILE, steps={HOSTILE: 1.0}, gate_refused=HOSTILE)
    hostile = make_facts(day(MONDAY), day(WEDNESDAY, State.LANDED, reason=HOSTILE, note=HOSTILE), attempts=(attempt,))
    outcome = Demand(HOSTILE, "e", "c", HOSTILE, HOSTILE, success=False, observed=HOSTILE, rows=(HOSTILE,))
    gate = GateFindings(HOSTILE, passed=False, checked_at=WRITTEN, outcomes=(outcome,))
    for page in pages(hostile, WEDNESDAY, Findings("ibov/run/", [gate], {HOSTILE: "x.html"})):
        document = parsed(page)
        assert not [item.tag for item in document.iter("script", "img", "iframe", "object")]
        assert not [name for item in document.iter() for name in item.attrib if name.startswith("on")]
        assert not [link for link in document.iter("a") if link.get("href", "").startswith("javascript")]
        assert "<script>alert(1)</script>" in document.text_content()
