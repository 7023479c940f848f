"""What an attempt leaves for people: pages that read without a network, a summary, the gates' reports, Data Docs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from expectations.contract.keys import ContractError, report_prefix
from expectations.contract.outcomes import Outcome
from expectations.gates.gate import CRITICAL, Demand, GateReport
from flows.errors import AwsError
from flows.lake.s3 import Bucket
from flows.record.attempt import Attempt
from flows.record.report import attempt_markdown
from flows.site.addresses import SUMMARY_PAGE
from flows.site.run_report import publish_report, with_report

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

STARTED = datetime(2025, 6, 30, 8, 0, 1, 250_000, tzinfo=timezone(timedelta(hours=-3)))
PREFIX = "reports/ibov/year=2025/month=06/day=30/"
MET = Demand(
    "raw.rows", "expect_x", "codigo", "no codigo stands twice", CRITICAL, success=True, observed="0 of 84 rows"
)


@pytest.fixture
def published() -> Attempt:
    gate = GateReport("gate-1-raw", "IBOV", date(2025, 6, 30), datetime(2025, 6, 30, 11, tzinfo=UTC), (MET,))
    return Attempt(
        *("run-1", "daily", "IBOV", STARTED, STARTED, Outcome.PUBLISHED, date(2025, 6, 30)),
        rows=84,
        raw="s3://raw/x.parquet",
        steps={"collect": 0.512, "gate 1": 1.0},
    ).with_gates([gate])


@pytest.fixture
def failed() -> Attempt:
    why = "B3's answer, header.date: missing"
    return Attempt("run-1", "daily", "IBOV", STARTED, STARTED, Outcome.FAILED, reason=why)


def prefix_of(attempt: Attempt) -> str:
    return report_prefix(attempt.index, attempt.session, attempt.started_at)


class TestKeeping:
    def kept(self, artifacts: Bucket) -> dict[str, bytes]:
        return {item.key: artifacts.read(item.key) for item in artifacts.objects("")}

    def test_puts_everything_below_a_prefix_of_the_attempt_s_own(self, artifacts: Bucket, published: Attempt) -> None:
        page = publish_report(artifacts, published)
        prefix = prefix_of(published)
        assert prefix.startswith(PREFIX)
        assert page == artifacts.address(prefix + SUMMARY_PAGE)
        names = {key.removeprefix(prefix) for key in self.kept(artifacts)}
        summaries = {"summary.html", "summary.pt.html", "summary.md", "summary.json"}
        assert {*summaries, "gate-1-raw.json", "data-docs/index.html"} <= names

    def test_of_one_of_many_sessions_has_no_data_docs_and_says_so(self, artifacts: Bucket, published: Attempt) -> None:
        imported = replace(published, flow="import")
        report = publish_report(artifacts, imported, data_docs=False)
        assert not [key for key in self.kept(artifacts) if "data-docs" in key]
        assert set(replace(imported, report=report).links) == {"summary", "all sessions"}
        page = self.kept(artifacts)[prefix_of(published) + SUMMARY_PAGE].decode()
        assert ("no codigo stands twice" in page, "data-docs" in page) == (True, False)

    def test_links_lead_to_what_was_kept(self, artifacts: Bucket, published: Attempt) -> None:
        links = replace(published, report=publish_report(artifacts, published)).links
        keys = {artifacts.address(key) for key in self.kept(artifacts)}
        assert {links["summary"], links["data docs"]} <= keys

    def test_the_summaries_say_the_same(self, artifacts: Bucket, published: Attempt) -> None:
        publish_report(artifacts, published)
        kept, prefix = self.kept(artifacts), prefix_of(published)
        assert json.loads(kept[f"{prefix}summary.json"]) == published.to_dict()
        assert kept[f"{prefix}summary.md"].decode().startswith(attempt_markdown(published))
        assert json.loads(kept[f"{prefix}gate-1-raw.json"])["passed"] is True

    def test_the_summary_s_page_needs_no_network(self, artifacts: Bucket, published: Attempt) -> None:
        publish_report(artifacts, published)
        page = self.kept(artifacts)[prefix_of(published) + SUMMARY_PAGE].decode()
        assert "no codigo stands twice" in page
        assert "84" in page
        assert not re.search(r"<script|<link|src=|href=\"(https?:)?//|url\(|@import", page)

    def test_a_failed_run_without_gates_leaves_its_summary(self, artifacts: Bucket, failed: Attempt) -> None:
        links = replace(failed, report=publish_report(artifacts, failed)).links
        assert set(links) == {"summary", "all sessions"}
        kept = self.kept(artifacts)
        assert all(key.startswith("reports/ibov/undated/") for key in kept)
        assert any(b"header.date: missing" in body for body in kept.values())

    def test_two_attempts_at_one_session_do_not_overwrite_each_other(self, published: Attempt) -> None:
        later = replace(published, started_at=STARTED + timedelta(microseconds=1))
        assert prefix_of(later) != prefix_of(published)

    def test_pages_are_served_as_pages(self, s3: S3Client, artifacts: Bucket, published: Attempt) -> None:
        publish_report(artifacts, published)
        head: Callable[[str], str] = lambda name: s3.head_object(  # noqa: E731 - a name for a long call
            Bucket=artifacts.name, Key=prefix_of(published) + name
        )["ContentType"]
        assert head("data-docs/index.html") == "text/html; charset=utf-8"
        assert head("summary.json") == "application/json; charset=utf-8"

    def test_that_fails_is_an_error_of_aws(self, artifacts: Bucket, failed: Attempt) -> None:
        with pytest.raises(AwsError, match=r"writing s3://no-such-bucket/reports/ibov/undated/.*NoSuchBucket"):
            publish_report(replace(artifacts, name="no-such-bucket"), failed)

    def test_that_fails_is_a_warning_where_the_run_goes_on(self, artifacts: Bucket, failed: Attempt) -> None:
        warnings: list[str] = []
        assert with_report(replace(artifacts, name="no-such-bucket"), failed, warnings.append) == failed
        assert "the report was not kept: " in warnings[0]

    def test_an_index_that_is_no_code_names_no_folder(self, artifacts: Bucket, failed: Attempt) -> None:
        with pytest.raises(ContractError):
            publish_report(artifacts, replace(failed, index="../x"))
