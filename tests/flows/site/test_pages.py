"""The pages: what a person sees in them, in each language, without a script, a network, or markup from elsewhere."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from lxml import html

from expectations.contract.outcomes import Outcome
from expectations.gates.gate import CRITICAL, WARNING, Demand
from flows.b3.calendar import sessions_between
from flows.language import ENGLISH, LANGUAGES, PORTUGUESE, Language
from flows.record.state import SessionState, State
from flows.site.addresses import ROOT_KEY, in_language, index_key, session_key, way, year_key
from flows.site.facts import Findings, GateFindings, IndexFacts
from flows.site.figures import Figures, Holding
from flows.site.pages import attempt_page, index_page, overview_page, session_page, year_page

if TYPE_CHECKING:
    from tests.flows.site.conftest import MakeAttempt, MakeFacts

MONDAY = date(2025, 6, 30)
TUESDAY, WEDNESDAY = MONDAY + timedelta(days=1), MONDAY + timedelta(days=2)
WRITTEN = datetime(2025, 7, 2, 15, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'><a href=javascript:alert(1)>"
ELSEWHERE = re.compile(r"<script|<link|<img|@import|url\(|javascript:|(?:src|href)=\"(?:https?:)?//")
REPORT = "ibov/year=2025/month=07/day=01/20250701T100000000000Z/summary.html"
FOLDER = "reports/ibov/year=2025/month=06/day=30/20250630T100000000000Z/"
HOLDINGS = (
    Holding("VALE3", "VALE", "ON", "Mats Básicos", 60.5, 4_394_835_131),
    Holding("PETR4", "PETROBRAS", "PN", "", 39.5, 91_922_324_686),
)


def day(session: date, state: State = State.PUBLISHED, **more: Any) -> SessionState:  # noqa: ANN401 - any of its fields
    return SessionState("IBOV", session, state, **more)


def root_page(facts: IndexFacts, language: Language = ENGLISH) -> str:
    return index_page(facts, language, WRITTEN, ROOT_KEY)


def parsed(page: str) -> html.HtmlElement:
    return html.document_fromstring(page)


def text(page: str) -> str:
    return " ".join(" ".join(parsed(page).xpath("//main//text()")).split())


def headings(page: str, level: int = 2) -> list[str]:
    return [" ".join(item.text_content().split()) for item in parsed(page).iter(f"h{level}")]


def session_rows(page: str) -> list[list[str]]:
    rows = parsed(page).xpath("//main/table/tbody/tr")
    return [[" ".join(cell.text_content().split()) for cell in row] for row in rows]


def links(page: str) -> list[str]:
    return [link.get("href", "") for link in parsed(page).xpath("//main//a")]


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
        holdings={MONDAY: HOLDINGS},
    )


class TestIndexPage:
    def test_begins_with_what_the_index_is_made_of_now(self, two: IndexFacts) -> None:
        page = root_page(two)
        assert headings(page, 1) == ["IBOV: 2 shares"]
        shares, sectors = parsed(page).find_class("made-of")
        assert [[cell.text_content() for cell in row] for row in shares.iter("tr")][1:] == [
            ["VALE3", "VALE ON", "", "60.500"],
            ["PETR4", "PETROBRAS PN", "", "39.500"],
        ]
        assert [row[0].text_content() for row in sectors.iter("tr")][1:] == ["Mats Básicos", "not stated"]

    def test_of_many_shares_says_how_much_the_ten_largest_make_up(self, make_facts: MakeFacts) -> None:
        shares = tuple(Holding(f"AAAA{number}", "A", "ON", "", 100 / 16, 1.0) for number in range(16))
        page = root_page(make_facts(day(MONDAY), holdings={MONDAY: shares}))
        assert headings(page, 1) == ["IBOV: 10 of 16 shares make up 62.5 %"]
        assert "The other 6 shares" in [link.text for link in parsed(page).iter("a")]

    def test_then_says_whether_it_can_be_trusted_then_shows_the_calendar_before_the_lists(
        self, two: IndexFacts
    ) -> None:
        assert headings(root_page(two)) == [
            *("! 1 of 2 sessions not published", "Calendar", "Not published", "Trends", "Sessions")
        ]

    def test_shows_each_session_s_state_and_leads_to_its_page(self, two: IndexFacts) -> None:
        page = parsed(root_page(two))
        cells = {cell.text_content(): cell for cell in page.find_class("day") if cell.getparent().tag == "td"}
        assert {day: cell.get("class").split()[1] for day, cell in cells.items()} == {
            "30": "published",
            "1": "quarantined",
            "2": "due",
        }
        assert cells["30"].get("href") == "ibov/year=2025/month=06/day=30/index.html"
        assert cells["2"].get("href") is None

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_links_lead_to_where_the_pages_of_its_language_are_kept(self, two: IndexFacts, language: Language) -> None:
        kept = {year_key("IBOV", 2025), *(session_key("IBOV", day) for day in (MONDAY, TUESDAY)), f"reports/{REPORT}"}
        assert set(links(root_page(two, language))) == {
            in_language(key, language).removeprefix("reports/") for key in kept
        }

    def test_counts_what_is_published_and_what_is_not(self, two: IndexFacts) -> None:
        page = text(root_page(two))
        assert "Published 1 session since 2025-06-30" in page
        assert "Missing 0 sessions nothing is missing" in page
        assert "Refused or not finished 1 session the last 2025-07-01" in page
        assert "Attempts that went well 50 % of the last 2" in page

    def test_names_each_session_that_is_not_published_with_the_reason_its_time_and_its_report(
        self, two: IndexFacts
    ) -> None:
        (box,) = parsed(root_page(two)).find_class("attention")
        assert " ".join(box.text_content().split()) == (
            "2025-07-01 quarantined gate-1-raw refused (2025-07-01 10:01 UTC) report"
        )
        assert [link.get("href") for link in box.iter("a")] == ["ibov/year=2025/month=07/day=01/index.html", REPORT]

    def test_plots_figures_and_durations(self, two: IndexFacts) -> None:
        page = parsed(root_page(two))
        titles = [caption[0].text for caption in page.iter("figcaption")]
        assert titles == [
            "Shares in the index",
            "Weight of the largest",
            "Weight of the five largest",
            "Concentration (Herfindahl-Hirschman)",
            "Duration of the run that published",
        ]
        assert [caption[1].text for caption in page.iter("figcaption")] == ["84", "11.50 %", "38.2 %", "391", "60.5 s"]

    def test_a_long_run_of_missing_sessions_is_one_row_and_one_line_of_the_calendar(
        self, make_facts: MakeFacts
    ) -> None:
        missing = [day(session, State.MISSING) for session in sessions_between(WEDNESDAY, date(2026, 11, 27))]
        page = root_page(make_facts(day(MONDAY), day(TUESDAY), *missing))
        assert session_rows(page)[0] == [f"2025-07-02 to 2026-11-27 · {len(missing)} sessions", "missing"]
        assert [row[0] for row in session_rows(page)[1:]] == ["2025-07-01", "2025-06-30"]
        (folded,) = parsed(page).find_class("folded")
        assert folded.text_content().split()[:5] == ["August", "2025", "to", "November", "2026"]
        captions = [item.text_content() for item in parsed(page).xpath("//div[@class='month']//caption")]
        assert captions == ["July 2025", "June 2025"]
        assert f"514 days before {date(2026, 11, 27)}" in text(page)

    def test_shows_the_last_sessions_and_leads_to_the_years_of_all(self, make_facts: MakeFacts) -> None:
        page = index_page(make_facts(*map(day, sessions_between(date(2024, 1, 2), MONDAY))), ENGLISH, WRITTEN)
        assert len(parsed(page).find_class("month")) == 12
        assert len(session_rows(page)) == 30
        (years,) = parsed(page).find_class("years")
        assert [(link.text, link.get("href")) for link in years] == [
            (str(year), way(index_key("IBOV"), year_key("IBOV", year))) for year in (2025, 2024)
        ]

    def test_of_nothing_is_a_page_all_the_same(self, make_facts: MakeFacts) -> None:
        assert "Nothing is published yet" in text(root_page(make_facts()))

    def test_shows_warnings_where_a_session_has_some(self, make_facts: MakeFacts) -> None:
        page = root_page(make_facts(day(MONDAY, warnings=2, note="2 warnings")))
        (cell,) = parsed(page).xpath("//td/a[contains(@class, 'warned')]")
        assert cell.get("title") == "2025-06-30: published: 2 warnings"

    def test_shows_no_session_of_before_the_collection_as_one_of_the_index(self, make_facts: MakeFacts) -> None:
        page = root_page(make_facts(day(MONDAY, State.BEFORE), day(TUESDAY)))
        assert [row[0] for row in session_rows(page)] == ["2025-07-01"]

    def test_a_session_that_was_only_imported_has_a_page_to_lead_to(self, make_facts: MakeFacts) -> None:
        page = root_page(make_facts(day(MONDAY), day(TUESDAY, State.MISSING)))
        assert links(page)[0] == "ibov/year=2025/month=06/day=30/index.html"
        assert not [link for link in links(page) if "month=07" in link]


class TestYearPage:
    def test_shows_every_session_of_the_year_and_leads_to_the_others(self, make_facts: MakeFacts) -> None:
        sessions = sessions_between(date(2024, 1, 2), MONDAY)
        page = year_page(make_facts(*map(day, sessions)), 2024, ENGLISH, WRITTEN)
        of_2024 = [str(session) for session in sessions if session.year == 2024]
        assert headings(page, 1) == [f"IBOV in 2024: {len(of_2024)} of {len(of_2024)} sessions published"]
        assert [row[0] for row in session_rows(page)] == of_2024[::-1]
        assert len(parsed(page).find_class("month")) == 12
        (years,) = parsed(page).find_class("years")
        assert [(link.text, link.get("href")) for link in years] == [("2025", "../year=2025/index.html")]

    def test_leads_to_its_sessions_and_back_to_the_index(self, two: IndexFacts) -> None:
        page = year_page(two, 2025, ENGLISH, WRITTEN)
        crumbs = [link.get("href") for link in parsed(page).xpath("//header/nav[1]/a")]
        assert crumbs == ["../../index.html", "../index.html"]
        assert "month=06/day=30/index.html" in links(page)


class TestOverview:
    def test_shows_what_each_index_is_made_of_how_it_stands_and_leads_to_its_page(
        self, two: IndexFacts, make_facts: MakeFacts
    ) -> None:
        page = overview_page([two, make_facts(day(MONDAY), index="IBXX")], ENGLISH, WRITTEN)
        assert [link.get("href") for link in parsed(page).xpath("//h2/a")] == ["ibov/index.html", "ibxx/index.html"]
        days = [[cell.text for cell in strip.find_class("day")] for strip in parsed(page).find_class("strip")]
        assert days == [["30", "1", "2"], ["30"]]
        assert [item.text_content().split()[0] for item in parsed(page).find_class("tickers")[0]] == ["VALE3", "PETR4"]
        assert headings(page, 3) == [
            "! 1 of 2 sessions not published",
            "✓ Complete: every session from 2025-06-30 to 2025-06-30 is published",
        ]

    def test_of_nothing_says_so_and_what_to_run(self) -> None:
        assert "Nothing is published yet Collect a session first: bovespa run" in text(
            overview_page([], ENGLISH, WRITTEN)
        )


GATE = GateFindings(
    "gate-1-raw",
    passed=False,
    checked_at=WRITTEN,
    outcomes=(
        Demand("raw.rows", "e", "c", "no share moved much", WARNING, success=False, observed="2 rows"),
        Demand("raw.header", "e", "c", "84 rows", CRITICAL, success=True, observed="84"),
        Demand(
            *("raw.rows", "e", "c", "quantities sum to 91922324686", CRITICAL),
            success=False,
            observed="91922324700",
            rows=("PETR4 (x=1)",),
            unexpected=3,
        ),
    ),
)


class TestSessionPage:
    def page(self, of: IndexFacts, session: date, *gates: GateFindings, language: Language = ENGLISH) -> str:
        found = of.day(session)
        assert found
        return session_page(of, found, Findings(FOLDER, gates, {"raw.rows": "data-docs/x.html"}), language, WRITTEN)

    def test_shows_each_demand_with_what_was_observed_the_unmet_first(self, two: IndexFacts) -> None:
        page = self.page(two, TUESDAY, GATE)
        rows = parsed(page).xpath("//table[contains(@class, 'demands')]/tbody/tr")
        assert [[" ".join(cell.text_content().split()) for cell in row] for row in rows] == [
            ["✗ not met", "quantities sum to 91,922,324,686", "91,922,324,700PETR4 (x=1)and 2 more", "raw.rows"],
            ["! warned", "no share moved much", "2 rows", "raw.rows"],
            ["✓ met", "84 rows", "84", "raw.header"],
        ]
        assert "Gate 1, the raw file: refused, 2 of 3 demands not met" in headings(page)

    def test_writes_numbers_as_its_language_does(self, two: IndexFacts) -> None:
        page = text(self.page(two, TUESDAY, GATE, language=PORTUGUESE))
        assert "91.922.324.700" in page
        assert "Gate 1, o arquivo bruto: recusou: 2 de 3 exigências sem atender" in page

    def test_tells_why_the_session_is_not_published(self, two: IndexFacts) -> None:
        page = self.page(two, TUESDAY)
        (reason,) = parsed(page).find_class("reason")
        assert reason.text_content().strip() == "gate-1-raw refused"
        assert links(page)[0] == "20250701T100000000000Z/summary.html"

    def test_shows_what_is_published_only(self, two: IndexFacts, figures: Figures) -> None:
        monday, tuesday = self.page(two, MONDAY), self.page(two, TUESDAY)
        assert "Largest 11.500 %" in text(monday)
        assert "2 shares" in headings(monday)
        assert "Largest" not in text(tuesday)

    def test_shows_each_share_s_points_of_the_level_at_the_close_before_where_prices_tell_it(
        self, make_attempt: MakeAttempt, make_facts: MakeFacts
    ) -> None:
        asked = make_attempt(MONDAY, verdict="verificada", level=138_854.6)
        page = self.page(make_facts(day(MONDAY), attempts=(asked,), holdings={MONDAY: HOLDINGS}), MONDAY)
        shares, sectors = parsed(page).find_class("made-of")
        assert [row[-1].text_content() for row in shares.iter("tr")] == ["Points", "84,007", "54,848"]
        assert [row[-1].text_content() for row in sectors.iter("tr")] == ["Points", "84,007", "54,848"]
        assert "at the close of the session before, 138,854.60, computed of B3's closing prices" in text(page)

    def test_says_nothing_of_points_without_prices(self, two: IndexFacts) -> None:
        assert "Points" not in text(self.page(two, MONDAY))

    def test_leads_to_each_attempt_s_report_to_the_data_docs_of_the_last_check_and_back(
        self, make_attempt: MakeAttempt, make_facts: MakeFacts
    ) -> None:
        page = self.page(make_facts(day(MONDAY), attempts=(make_attempt(MONDAY),)), MONDAY)
        run = "20250630T100000000000Z/"
        assert links(page) == [f"{run}data-docs/x.html", f"{run}summary.html"]
        crumbs = [link.get("href") for link in parsed(page).xpath("//header/nav[1]/a")]
        assert crumbs == ["../../../../index.html", "../../../index.html", "../../index.html"]

    def test_shows_where_the_time_of_the_run_that_published_went(self, two: IndexFacts) -> None:
        bars = parsed(self.page(two, MONDAY)).find_class("bar")
        assert [[bar[0].text, bar[2].text] for bar in bars] == [["Collecting", "0.5 s"], ["Glue job", "60.0 s"]]

    def test_says_so_when_no_report_of_a_gate_is_kept(self, make_facts: MakeFacts) -> None:
        page = session_page(make_facts(day(MONDAY)), day(MONDAY), None, ENGLISH, WRITTEN)
        assert "No report of a gate is kept" in text(page)


class TestAttemptPage:
    def page(self, make_attempt: MakeAttempt, reason: str, session: date | None = MONDAY) -> str:
        attempt = make_attempt(session, Outcome.FAILED, reason=reason)
        return attempt_page(f"{FOLDER}summary.html", attempt, Findings(FOLDER, [GATE], {}), ENGLISH, WRITTEN)

    def test_has_a_short_headline_and_the_whole_error_folded_away(self, make_attempt: MakeAttempt) -> None:
        error = "Glue run failed: " + "org.apache.spark.SparkException: Job aborted; " * 50
        page = self.page(make_attempt, error)
        assert headings(page, 1) == ["IBOV 2025-06-30: failed"]
        (shown, whole) = parsed(page).xpath("//div[@class='reason']//p")
        assert len(shown.text) < 200
        assert whole.text == error
        assert whole.getparent().tag == "details"

    def test_leads_back_to_the_session_its_year_the_index_and_the_first_page(self, make_attempt: MakeAttempt) -> None:
        crumbs = parsed(self.page(make_attempt, "x")).xpath("//header/nav[1]/a")
        assert [(link.text, link.get("href")) for link in crumbs] == [
            ("Pipeline Bovespa", "../../../../../index.html"),
            ("IBOV", "../../../../index.html"),
            ("2025", "../../../index.html"),
            ("2025-06-30", "../index.html"),
        ]

    def test_of_an_attempt_that_never_knew_its_session_leads_to_the_index(self, make_attempt: MakeAttempt) -> None:
        page = self.page(make_attempt, "B3 could not be had", None)
        assert headings(page, 1) == ["IBOV session unknown: failed"]
        assert len(parsed(page).xpath("//header/nav[1]/a")) == 2


def pages(of: IndexFacts, session: date, findings: Findings, language: Language = ENGLISH) -> list[str]:
    """One page of each kind."""
    found = of.day(session)
    assert found
    return [
        session_page(of, found, findings, language, WRITTEN),
        attempt_page(f"{FOLDER}summary.html", of.attempts[session][-1], findings, language, WRITTEN),
        year_page(of, session.year, language, WRITTEN),
        index_page(of, language, WRITTEN),
        overview_page([of], language, WRITTEN),
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_need_no_script_and_nothing_from_elsewhere(two: IndexFacts, language: Language) -> None:
    for page in pages(two, TUESDAY, Findings(FOLDER, [GATE], {}), language):
        assert not ELSEWHERE.search(page)
        assert 'name="viewport"' in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_page_leads_to_itself_in_the_other_language(two: IndexFacts, language: Language) -> None:
    (other,) = [item for item in LANGUAGES if item != language]
    for page in pages(two, TUESDAY, Findings(FOLDER, [GATE], {}), language):
        (switch,) = parsed(page).xpath("//header//a[@hreflang]")
        assert (switch.get("hreflang"), switch.text) == (other.code, other.name)
        assert parsed(page).get("lang") == {"en": "en", "pt": "pt-BR"}[language.code]
        assert re.fullmatch(
            r"(index|summary)\.html" if other == ENGLISH else r"(index|summary)\.pt\.html", switch.get("href")
        )


def test_texts_of_unknown_origin_are_shown_as_text(make_attempt: MakeAttempt, make_facts: MakeFacts) -> None:
    attempt = make_attempt(WEDNESDAY, Outcome.FAILED, reason=HOSTILE, steps={HOSTILE: 1.0}, gate_refused=HOSTILE)
    hostile = make_facts(
        day(MONDAY),
        day(WEDNESDAY, State.LANDED, reason=HOSTILE, note=HOSTILE),
        attempts=(attempt,),
        holdings={MONDAY: (Holding(HOSTILE, HOSTILE, HOSTILE, HOSTILE, 100.0, 1.0),)},
    )
    outcome = Demand(HOSTILE, "e", "c", HOSTILE, HOSTILE, success=False, observed=HOSTILE, rows=(HOSTILE,))
    gate = GateFindings(HOSTILE, passed=False, checked_at=WRITTEN, outcomes=(outcome,))
    for page in pages(hostile, WEDNESDAY, Findings(FOLDER, [gate], {HOSTILE: "x.html"})):
        document = parsed(page)
        assert not [item.tag for item in document.iter("script", "img", "iframe", "object")]
        assert not [name for item in document.iter() for name in item.attrib if name.startswith("on")]
        assert not [link for link in document.iter("a") if link.get("href", "").startswith("javascript")]
        assert "<script>alert(1)</script>" in document.text_content()
