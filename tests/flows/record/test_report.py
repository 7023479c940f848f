"""An attempt as Markdown: a summary that reads well anywhere, whatever texts it holds."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.contract.outcomes import Outcome
from expectations.gates.gate import CRITICAL, WARNING, Demand, GateReport
from flows.record.attempt import Attempt
from flows.record.markdown import escaped
from flows.record.report import attempt_markdown

STARTED = datetime(2025, 6, 30, 8, 0, 1, 250_000, tzinfo=timezone(timedelta(hours=-3)))
MET = Demand(
    "raw.rows", "expect_x", "codigo", "no codigo stands twice", CRITICAL, success=True, observed="0 of 84 rows"
)
BROKEN = Demand(
    *("raw.rows", "expect_y", "qtde_teorica", "every quantity is positive", CRITICAL),
    success=False,
    observed="1 of 84 rows",
    rows=("PETR4 (qtde_teorica=-2)",),
    unexpected=1,
)
ODD = replace(BROKEN, demand="every acao is a trading name", severity=WARNING)


def gate(*demands: Demand) -> GateReport:
    return GateReport("gate-1-raw", "IBOV", date(2025, 6, 30), datetime(2025, 6, 30, 11, tzinfo=UTC), demands)


@pytest.fixture
def published() -> Attempt:
    return Attempt(
        execution="run-1",
        flow="daily",
        index="IBOV",
        started_at=STARTED,
        ended_at=STARTED,
        session=date(2025, 6, 30),
        outcome=Outcome.PUBLISHED,
        rows=84,
        run_id="jr_1",
        raw="s3://raw/x.parquet",
        steps={"collect": 0.512, "gate 1": 1.0},
    ).with_gates([gate(MET, ODD)])


@pytest.fixture
def failed() -> Attempt:
    why = "B3's answer, header.date: missing"
    return Attempt("run-1", "daily", "IBOV", STARTED, STARTED, Outcome.FAILED, reason=why)


def rows_of(markdown: str) -> list[list[str]]:
    """The cells of every table row."""
    lines = re.split(r"\r\n|\r|\n", markdown)  # what ends a line in Markdown
    rows = [line for line in lines if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows]


class TestMarkdown:
    def test_begins_with_the_headline(self, published: Attempt) -> None:
        assert attempt_markdown(published).startswith("# IBOV 2025-06-30: published, 84 rows\n")

    def test_tells_session_rows_raw_file_run_and_start(self, published: Attempt) -> None:
        assert rows_of(attempt_markdown(published))[2:7] == [
            ["Session", "2025-06-30"],
            ["Rows", "84"],
            ["Raw file", "s3://raw/x.parquet"],
            ["Glue run", "jr_1"],
            ["Started", "2025-06-30 11:00:01 UTC"],
        ]

    def test_of_a_stale_answer_notes_what_was_expected(self, published: Attempt) -> None:
        note = "B3 still shows 2025-06-27, 2025-06-30 expected"
        stale = replace(published, outcome=Outcome.STALE, reason=note)
        assert ["Note", note] in rows_of(attempt_markdown(stale))

    def test_shows_each_demand_of_each_gate_and_the_rows_that_failed(self, published: Attempt) -> None:
        markdown = attempt_markdown(published.with_gates([gate(MET, BROKEN)]))
        assert "## gate-1-raw: refused" in markdown
        assert ["no codigo stands twice", "critical", "met", "0 of 84 rows"] in rows_of(markdown)
        assert [
            *("every quantity is positive", "critical", "**not met**", "1 of 84 rows: PETR4 (qtde_teorica=-2)"),
        ] in rows_of(markdown)

    def test_shows_how_long_each_step_took(self, published: Attempt) -> None:
        assert rows_of(attempt_markdown(published))[-2:] == [["collect", "0.51"], ["gate 1", "1.00"]]

    def test_shows_where_what_it_has_left_lies(self, published: Attempt) -> None:
        page = "s3://artifacts/reports/ibov/year=2025/month=06/day=30/x/summary.html"
        assert f"- summary: `{page}`" in attempt_markdown(replace(published, report=page))

    def test_of_a_failed_run_is_complete_too(self, failed: Attempt) -> None:
        assert ["Raw file", "none"] in rows_of(attempt_markdown(failed))

    @given(st.text())
    def test_keeps_any_text_inside_its_cell(self, text: str) -> None:
        attempt = Attempt("run-1", "daily", "IBOV", STARTED, STARTED, Outcome.FAILED, reason=text)
        attempt = attempt.with_gates([gate(replace(BROKEN, demand=text, observed=text, rows=(text,)))])
        assert {len(row) for row in rows_of(attempt_markdown(attempt))} <= {2, 4}

    @pytest.mark.parametrize("text", ["<script>", "<img src=x>", "**<b>", "a|b", "`x`", "a\nb", "a\r\nb"])
    def test_lets_no_text_of_unknown_origin_become_markup(self, published: Attempt, text: str) -> None:
        odd = published.with_gates([gate(replace(BROKEN, demand=text, observed=text, rows=(text,)))])
        markdown = attempt_markdown(odd)
        assert "<" not in markdown
        assert {len(row) for row in rows_of(markdown)} == {2, 4}

    @given(st.text())
    def test_escaped_text_is_one_line_without_markup(self, text: str) -> None:
        assert not re.search(r"[<>`\n]|(?<!\\)\|", escaped(text))
