"""What a run leaves for people: a summary that reads well without network, the gates' reports, Data Docs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from flows.record.reports import ALREADY_PUBLISHED, PUBLISHED, STALE, Summary, escaped, publish_reports, reports_prefix
from hypothesis import given
from hypothesis import strategies as st

from expectations.contract.keys import ContractError
from expectations.contract.names import ARTIFACTS_BUCKET
from expectations.gates.gate import CRITICAL, WARNING, GateReport, Outcome
from flows.errors import AwsError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

STARTED = datetime(2025, 6, 30, 8, 0, 1, 250_000, tzinfo=timezone(timedelta(hours=-3)))
PREFIX = "reports/ibov/year=2025/month=06/day=30/"
MET = Outcome(
    "raw.rows", "expect_x", "codigo", "no codigo stands twice", CRITICAL, success=True, observed="0 of 84 rows"
)
BROKEN = Outcome(
    *("raw.rows", "expect_y", "qtde_teorica", "every quantity is positive", CRITICAL),
    success=False,
    observed="1 of 84 rows",
    rows=("PETR4 (qtde_teorica=-2)",),
    unexpected=1,
)
ODD = replace(BROKEN, demand="every acao is a trading name", severity=WARNING)


def gate(*outcomes: Outcome) -> GateReport:
    return GateReport("gate-1-raw", "IBOV", date(2025, 6, 30), datetime(2025, 6, 30, 11, tzinfo=UTC), outcomes)


@pytest.fixture
def published() -> Summary:
    return Summary(
        index="IBOV",
        started_at=STARTED,
        session=date(2025, 6, 30),
        outcome=PUBLISHED,
        rows=84,
        run_id="jr_1",
        raw="s3://raw/x.parquet",
        seconds={"collect": 0.512, "gate 1": 1.0},
        gates=[gate(MET, ODD)],
    )


@pytest.fixture
def failed() -> Summary:
    return Summary("IBOV", STARTED, error="B3's answer, header.date: missing")


class TestHeadline:
    def test_of_a_published_session_counts_its_rows(self, published: Summary) -> None:
        assert published.headline == "IBOV 2025-06-30: published, 84 rows"

    def test_of_a_session_that_was_published_already_says_so(self, published: Summary) -> None:
        published.outcome = ALREADY_PUBLISHED
        assert published.headline == "IBOV 2025-06-30: already published, 84 rows"

    def test_of_a_stale_answer_says_what_was_expected(self, published: Summary) -> None:
        published.outcome, published.note = STALE, "B3 still shows 2025-06-27, 2025-06-30 expected"
        assert published.headline.endswith(": stale, 84 rows: B3 still shows 2025-06-27, 2025-06-30 expected")
        assert published.reason == published.note
        assert ["Note", published.note] in rows_of(published.to_markdown())

    def test_of_a_failed_run_tells_why(self, failed: Summary) -> None:
        assert failed.headline == "IBOV (session unknown): failed: B3's answer, header.date: missing"

    def test_of_a_run_that_did_not_come_to_an_end_is_a_failure(self) -> None:
        assert "failed" in Summary("IBOV", STARTED).headline


class TestDict:
    def test_holds_json_s_types_only_and_the_gates_in_short(self, published: Summary) -> None:
        body = published.to_dict()
        assert json.loads(json.dumps(body)) == body
        assert (body["session"], body["outcome"], body["rows"]) == ("2025-06-30", "published", 84)
        assert body["gates"] == [
            {
                "gate": "gate-1-raw",
                "passed": True,
                "verdict": "gate-1-raw passed IBOV 2025-06-30: 2 expectations, 1 warnings",
                "warnings": 1,
            }
        ]

    def test_of_a_failed_run_has_no_session(self, failed: Summary) -> None:
        assert failed.to_dict()["session"] is None


def rows_of(markdown: str) -> list[list[str]]:
    """The cells of every table row."""
    lines = re.split(r"\r\n|\r|\n", markdown)  # what ends a line in Markdown
    rows = [line for line in lines if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows]


class TestMarkdown:
    def test_begins_with_the_headline(self, published: Summary) -> None:
        assert published.to_markdown().startswith("# IBOV 2025-06-30: published, 84 rows\n")

    def test_tells_session_rows_raw_file_run_and_start(self, published: Summary) -> None:
        assert rows_of(published.to_markdown())[2:7] == [
            ["Session", "2025-06-30"],
            ["Rows", "84"],
            ["Raw file", "s3://raw/x.parquet"],
            ["Glue run", "jr_1"],
            ["Started", "2025-06-30 11:00:01 UTC"],
        ]

    def test_shows_each_demand_of_each_gate_and_the_rows_that_failed(self, published: Summary) -> None:
        published.gates = [gate(MET, BROKEN)]
        markdown = published.to_markdown()
        assert "## gate-1-raw: refused" in markdown
        assert ["no codigo stands twice", "critical", "met", "0 of 84 rows"] in rows_of(markdown)
        assert [
            *("every quantity is positive", "critical", "**not met**", "1 of 84 rows: PETR4 (qtde_teorica=-2)"),
        ] in rows_of(markdown)

    def test_shows_how_long_each_step_took(self, published: Summary) -> None:
        assert rows_of(published.to_markdown())[-2:] == [["collect", "0.51"], ["gate 1", "1.00"]]

    def test_of_a_failed_run_is_complete_too(self, failed: Summary) -> None:
        assert ["Raw file", "none"] in rows_of(failed.to_markdown())

    @given(st.text())
    def test_keeps_any_text_inside_its_cell(self, text: str) -> None:
        summary = Summary(
            "IBOV", STARTED, error=text, gates=[gate(replace(BROKEN, demand=text, observed=text, rows=(text,)))]
        )
        assert {len(row) for row in rows_of(summary.to_markdown())} <= {2, 4}

    @pytest.mark.parametrize("text", ["<script>", "<img src=x>", "**<b>", "a|b", "`x`", "a\nb", "a\r\nb"])
    def test_lets_no_text_of_unknown_origin_become_markup(self, published: Summary, text: str) -> None:
        published.gates = [gate(replace(BROKEN, demand=text, observed=text, rows=(text,)))]
        markdown = published.to_markdown()
        assert "<" not in markdown
        assert {len(row) for row in rows_of(markdown)} == {2, 4}

    @given(st.text())
    def test_escaped_text_is_one_line_without_markup(self, text: str) -> None:
        assert not re.search(r"[<>`\n]|(?<!\\)\|", escaped(text))


class TestKeeping:
    def kept(self, s3: S3Client) -> dict[str, bytes]:
        found = s3.list_objects_v2(Bucket=ARTIFACTS_BUCKET).get("Contents", [])
        return {item["Key"]: s3.get_object(Bucket=ARTIFACTS_BUCKET, Key=item["Key"])["Body"].read() for item in found}

    def test_puts_everything_below_a_prefix_of_the_run_s_own(self, s3: S3Client, published: Summary) -> None:
        publish_reports(s3, ARTIFACTS_BUCKET, published)
        prefix = reports_prefix(published)
        assert prefix.startswith(PREFIX)
        names = {key.removeprefix(prefix) for key in self.kept(s3)}
        assert {"summary.md", "summary.json", "gate-1-raw.json", "data-docs/index.html"} <= names

    def test_links_lead_to_what_was_kept(self, s3: S3Client, published: Summary) -> None:
        links = publish_reports(s3, ARTIFACTS_BUCKET, published)
        keys = {f"s3://{ARTIFACTS_BUCKET}/{key}" for key in self.kept(s3)}
        assert set(links) == {"summary", "data docs"}
        assert set(links.values()) <= keys
        assert published.links == links

    def test_the_summaries_say_the_same(self, s3: S3Client, published: Summary) -> None:
        publish_reports(s3, ARTIFACTS_BUCKET, published)
        kept = self.kept(s3)
        prefix = reports_prefix(published)
        assert json.loads(kept[f"{prefix}summary.json"]) == published.to_dict()
        assert kept[f"{prefix}summary.md"].decode().startswith(published.to_markdown())
        assert json.loads(kept[f"{prefix}gate-1-raw.json"])["passed"] is True

    def test_the_summary_s_page_needs_no_network(self, s3: S3Client, published: Summary) -> None:
        publish_reports(s3, ARTIFACTS_BUCKET, published)
        page = self.kept(s3)[f"{reports_prefix(published)}summary.html"].decode()
        assert "no codigo stands twice" in page
        assert "84" in page
        assert not re.search(r"<script|<link|src=|href=\"(https?:)?//|url\(|@import", page)

    def test_a_failed_run_without_gates_leaves_its_summary(self, s3: S3Client, failed: Summary) -> None:
        links = publish_reports(s3, ARTIFACTS_BUCKET, failed)
        assert set(links) == {"summary"}
        assert all(key.startswith("reports/ibov/undated/") for key in self.kept(s3))
        assert any(b"header.date: missing" in body for body in self.kept(s3).values())

    def test_two_runs_of_one_session_do_not_overwrite_each_other(self, published: Summary) -> None:
        later = replace(published, started_at=STARTED + timedelta(microseconds=1))
        assert reports_prefix(later) != reports_prefix(published)

    def test_pages_are_served_as_pages(self, s3: S3Client, published: Summary) -> None:
        publish_reports(s3, ARTIFACTS_BUCKET, published)
        head: Callable[[str], str] = lambda name: s3.head_object(  # noqa: E731 - a name for a long call
            Bucket=ARTIFACTS_BUCKET, Key=reports_prefix(published) + name
        )["ContentType"]
        assert head("data-docs/index.html") == "text/html; charset=utf-8"
        assert head("summary.json") == "application/json; charset=utf-8"

    def test_that_fails_is_an_error_of_aws(self, s3: S3Client, failed: Summary) -> None:
        with pytest.raises(
            AwsError, match=r"keeping the reports s3://no-such-bucket/reports/ibov/undated/.*NoSuchBucket"
        ):
            publish_reports(s3, "no-such-bucket", failed)

    def test_an_index_that_is_no_code_names_no_folder(self) -> None:
        with pytest.raises(ContractError):
            reports_prefix(Summary("../x", STARTED))
