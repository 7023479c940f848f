"""The site in its bucket: pages of what lies in S3, whoever brings them up to date, and made again as they were."""

from __future__ import annotations

import io
import posixpath
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from expectations.contract.keys import report_prefix
from expectations.contract.names import ARTIFACTS_BUCKET, PART_NAME, REFINED_BUCKET
from expectations.contract.outcomes import Outcome
from expectations.contract.partitions import partition_prefix
from expectations.contract.tables import HISTORY_TABLE
from expectations.gates.gate import CRITICAL, Demand, GateReport
from flows.errors import AwsError
from flows.language import LANGUAGES, PORTUGUESE
from flows.record.attempt import Attempt
from flows.record.ledger import Ledger
from flows.site.addresses import ROOT_KEY, in_language, index_key, session_key, year_key
from flows.site.publish import rebuild_site, refresh_site, refresh_site_of
from flows.site.run_report import publish_report
from tests.flows.traces import Account, Glue

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from flows.b3.portfolio import Portfolio
    from flows.session.pipeline import Pipeline

MONDAY, TUESDAY = date(2025, 6, 30), date(2025, 7, 1)
NOW = datetime(2025, 7, 1, 12, tzinfo=UTC)


@pytest.fixture
def aws(s3: S3Client, sample: Portfolio) -> Account:
    return Account(s3, Glue(), sample)


def gate(session: date) -> GateReport:
    outcome = Demand("raw.rows", "e", "c", "shares sum to 100", CRITICAL, success=True, observed="99.871")
    return GateReport("gate-1-raw", "IBOV", session, NOW, (outcome,))


def attempt(
    session: date | None, outcome: Outcome = Outcome.PUBLISHED, index: str = "IBOV", reason: str = ""
) -> Attempt:
    day = session or TUESDAY
    at = datetime(day.year, day.month, day.day, 10, tzinfo=UTC)
    found = Attempt("run", "daily", index, at, at, outcome, session, reason, rows=84, steps={"etl": 60.0})
    return found.with_gates([gate(session)]) if session and outcome is Outcome.PUBLISHED else found


def note(aws: Account, made: Attempt) -> None:
    """What a flow leaves of an attempt before it brings the site up to date."""
    if made.outcome is Outcome.PUBLISHED and made.session:
        aws.publish(made.session, aws.upload(made.session, made.index), made.index)
    lake = aws.pipeline.lake
    Ledger.of(lake, "daily").write(replace(made, report=publish_report(lake.artifacts, made)))


def run(aws: Account, made: Attempt) -> None:
    note(aws, made)
    refresh_site(aws.pipeline, NOW, made.index, [made.session] if made.session else [])


def get(s3: S3Client, key: str) -> str:
    return s3.get_object(Bucket=ARTIFACTS_BUCKET, Key=key)["Body"].read().decode()


def pages(s3: S3Client) -> dict[str, str]:
    """The site's own files in English, but for the runs' summaries."""
    return {key: get(s3, key) for key in keys(s3) if key.endswith("/index.html") and "data-docs" not in key}


def keys(s3: S3Client) -> list[str]:
    return [item["Key"] for item in s3.list_objects_v2(Bucket=ARTIFACTS_BUCKET).get("Contents", [])]


def portfolio_file(session: date, weights: dict[str, float]) -> bytes:
    """A month of the history with one session."""
    count, shares = len(weights), list(weights)
    rows = pa.table(
        {
            "data_pregao": [session] * count,
            "acao": shares,
            "nome_acao": shares,
            "classe": ["ON"] * count,
            "setor": [None] * count,
            "quantidade_teorica_acoes": [1.0] * count,
            "percentual_participacao_ibov": list(weights.values()),
        }
    )
    target = io.BytesIO()
    pq.write_table(rows, target)
    return target.getvalue()


def broken_links(s3: S3Client) -> list[tuple[str, str]]:
    """The links of the site's pages that lead to nothing."""
    there = set(keys(s3))
    pages_of_site = [key for key in there if key.endswith(".html") and "data-docs" not in key]
    links = [(key, link) for key in pages_of_site for link in re.findall(r'href="([^"#]+)"', get(s3, key))]
    return [
        (key, link)
        for key, link in links
        if posixpath.normpath(posixpath.join(posixpath.dirname(key), link)) not in there
    ]


class TestRefreshing:
    def test_a_first_run_makes_a_page_of_each_kind(self, aws: Account, s3: S3Client) -> None:
        run(aws, attempt(MONDAY))
        assert set(pages(s3)) == {session_key("IBOV", MONDAY), year_key("IBOV", 2025), index_key("IBOV"), ROOT_KEY}
        assert "Published up to 2025-06-30; 2025-07-01 is due" in get(s3, ROOT_KEY)
        assert "shares sum to 100" in get(s3, session_key("IBOV", MONDAY))

    def test_the_next_run_is_shown_beside_those_before(self, aws: Account, s3: S3Client) -> None:
        run(aws, attempt(MONDAY))
        run(aws, attempt(TUESDAY))
        page = get(s3, index_key("IBOV"))
        assert "Complete: every session from 2025-06-30 to 2025-07-01 is published" in page

    def test_every_page_is_there_in_every_language(self, aws: Account, s3: S3Client) -> None:
        run(aws, attempt(MONDAY))
        assert set(keys(s3)) >= {in_language(key, language) for key in pages(s3) for language in LANGUAGES}
        assert "Publicado até 2025-06-30; falta 2025-07-01" in get(s3, in_language(ROOT_KEY, PORTUGUESE))

    def test_no_link_leads_to_nothing(self, aws: Account, s3: S3Client) -> None:
        run(aws, attempt(MONDAY))
        run(aws, attempt(None, Outcome.FAILED, reason="B3 could not be had"))
        run(aws, attempt(MONDAY, index="IBXX"))
        assert broken_links(s3) == []

    def test_a_run_that_found_its_session_published_leaves_what_the_gates_said(
        self, aws: Account, s3: S3Client
    ) -> None:
        run(aws, attempt(MONDAY))
        note(aws, replace(attempt(MONDAY, Outcome.ALREADY_PUBLISHED), started_at=NOW, ended_at=NOW))
        refresh_site(aws.pipeline, NOW, "IBOV", [MONDAY])
        page = get(s3, session_key("IBOV", MONDAY))
        assert ("already published" in page, "shares sum to 100" in page) == (True, True)

    def test_a_run_that_read_no_header_is_the_reason_of_the_session_that_it_was_after(
        self, aws: Account, s3: S3Client
    ) -> None:
        run(aws, attempt(MONDAY))
        run(aws, attempt(None, Outcome.FAILED, reason="B3 could not be had"))
        assert "B3 could not be had" in get(s3, session_key("IBOV", TUESDAY))
        assert "B3 could not be had" in get(s3, ROOT_KEY)

    def test_a_refused_import_is_shown_with_its_reason(self, aws: Account, s3: S3Client) -> None:
        run(aws, attempt(MONDAY))
        aws.land(TUESDAY)
        refused = replace(attempt(TUESDAY, Outcome.QUARANTINED, reason="gate-1-raw refused"), flow="import")
        run(aws, replace(refused, gate_refused="gate-1-raw", ended_at=datetime.now(UTC)))
        assert "gate-1-raw refused" in get(s3, index_key("IBOV"))

    def test_every_year_that_is_listed_has_a_page_though_nothing_was_tried_in_it(
        self, aws: Account, s3: S3Client
    ) -> None:
        note(aws, attempt(MONDAY))
        refresh_site(aws.pipeline, datetime(2027, 3, 1, 18, tzinfo=UTC), "IBOV", [MONDAY])
        assert set(pages(s3)) >= {year_key("IBOV", year) for year in (2025, 2026, 2027)}
        links = re.findall(r'href="\.\./(year=\d+/index\.html)"', get(s3, year_key("IBOV", 2025)))
        assert sorted(links) == ["year=2026/index.html", "year=2027/index.html"]

    def test_a_session_whose_flow_ended_before_the_site_has_its_page_after_the_next_one_of_its_year(
        self, aws: Account, s3: S3Client
    ) -> None:
        run(aws, attempt(MONDAY))
        aws.publish(TUESDAY, aws.upload(TUESDAY, "IBOV"), "IBOV")
        run(aws, attempt(MONDAY, Outcome.ALREADY_PUBLISHED))
        assert session_key("IBOV", TUESDAY) in keys(s3)
        assert broken_links(s3) == []

    def test_pages_are_served_as_pages(self, aws: Account, s3: S3Client) -> None:
        run(aws, attempt(MONDAY))
        head = s3.head_object(Bucket=ARTIFACTS_BUCKET, Key=ROOT_KEY)
        assert head["ContentType"] == "text/html; charset=utf-8"

    def test_the_first_page_is_of_the_one_index_or_over_all_of_them(self, aws: Account, s3: S3Client) -> None:
        run(aws, attempt(MONDAY, index="IBXX"))
        assert "<h2>Calendar</h2>" in get(s3, ROOT_KEY)
        run(aws, attempt(MONDAY))
        page = get(s3, ROOT_KEY)
        assert page.index('id="IBOV"') < page.index('id="IBXX"')
        assert "<h2>Calendar</h2>" in get(s3, index_key("IBXX"))

    def test_an_index_that_never_published_anything_is_no_page(self, aws: Account, s3: S3Client) -> None:
        run(aws, attempt(MONDAY))
        run(aws, attempt(None, Outcome.FAILED, index="XXXX", reason="B3 could not be had"))
        assert "XXXX" not in "".join(pages(s3).values())
        assert not [key for key in pages(s3) if "xxxx" in key]

    def test_figures_are_those_of_the_history(self, aws: Account, s3: S3Client) -> None:
        note(aws, attempt(MONDAY))
        key = partition_prefix(HISTORY_TABLE, "IBOV", MONDAY) + PART_NAME
        s3.put_object(Bucket=REFINED_BUCKET, Key=key, Body=portfolio_file(MONDAY, {"VALE3": 60.0, "PETR4": 40.0}))
        refresh_site(aws.pipeline, NOW, "IBOV", [MONDAY])
        assert "60.000 %" in get(s3, session_key("IBOV", MONDAY))
        assert "60.00 %" in get(s3, ROOT_KEY)
        assert "IBOV: 2 shares" in get(s3, ROOT_KEY)

    @pytest.mark.parametrize("name", ["day=30/index.html", "ibov/index.html", "reports/index.html"])
    def test_what_another_flow_noted_meanwhile_is_shown(self, aws: Account, s3: S3Client, name: str) -> None:
        note(aws, attempt(MONDAY))
        late = replace(attempt(TUESDAY), started_at=datetime.now(UTC), ended_at=datetime.now(UTC))
        others = [late]
        meddled = replace(aws, s3=Meddled(s3, lambda: note(aws, others.pop()) if others else None, name))  # type: ignore[arg-type]
        refresh_site(meddled.pipeline, NOW, "IBOV", [MONDAY])
        for key in (ROOT_KEY, index_key("IBOV")):
            assert "to 2025-07-01 is published" in get(s3, key)

    def test_that_fails_is_an_error_of_aws_and_no_failure_of_what_it_shows(self, aws: Account) -> None:
        note(aws, attempt(MONDAY))
        lake = aws.pipeline.lake
        nowhere = replace(lake, artifacts=replace(lake.artifacts, name="no-such-bucket"))
        broken: Pipeline = replace(aws.pipeline, lake=nowhere)
        with pytest.raises(AwsError, match="NoSuchBucket"):
            refresh_site(broken, NOW, "IBOV")
        warnings: list[str] = []
        refresh_site_of(broken, [attempt(MONDAY)], warnings.append)
        assert "the site is not up to date: " in warnings[0]


class Meddled:
    """S3, where something else happens right before an object of a name is put."""

    def __init__(self, s3: S3Client, meddle: Callable[[], object], name: str) -> None:
        self._s3, self._meddle, self._name = s3, meddle, name

    def __getattr__(self, name: str) -> object:
        return getattr(self._s3, name)

    def put_object(self, **arguments: object) -> object:
        if str(arguments["Key"]).endswith(self._name):
            self._meddle()
        return self._s3.put_object(**arguments)  # type: ignore[arg-type]


class TestRebuilding:
    def test_gives_what_the_runs_had_made(self, aws: Account, s3: S3Client) -> None:
        for made in (attempt(MONDAY), attempt(MONDAY, index="IBXX")):
            run(aws, made)
        made_before = pages(s3)
        for key in made_before:
            s3.delete_object(Bucket=ARTIFACTS_BUCKET, Key=key)
        assert rebuild_site(aws.pipeline, NOW).problems == []
        assert pages(s3) == made_before
        assert broken_links(s3) == []

    def test_gives_a_run_of_an_earlier_version_its_page_in_every_language(self, aws: Account, s3: S3Client) -> None:
        run(aws, attempt(MONDAY))
        (summary,) = [key for key in keys(s3) if key.endswith("/summary.html")]
        s3.put_object(Bucket=ARTIFACTS_BUCKET, Key=summary, Body=b"<h1>of an earlier version</h1>")
        s3.delete_object(Bucket=ARTIFACTS_BUCKET, Key=in_language(summary, PORTUGUESE))
        rebuild_site(aws.pipeline, NOW)
        assert "IBOV 2025-06-30: published" in get(s3, summary)
        assert "IBOV 2025-06-30: publicado" in get(s3, in_language(summary, PORTUGUESE))

    def test_gives_a_session_of_which_no_attempt_is_known_a_page(self, aws: Account, s3: S3Client) -> None:
        aws.publish(MONDAY, aws.upload(MONDAY))
        rebuild_site(aws.pipeline, NOW)
        assert "IBOV, Monday, 2025-06-30" in get(s3, session_key("IBOV", MONDAY))
        assert broken_links(s3) == []

    def test_of_an_index_that_was_only_imported_shows_it_too(self, aws: Account, s3: S3Client) -> None:
        aws.publish(MONDAY, aws.upload(MONDAY, "SMLL"), "SMLL")
        rebuild_site(aws.pipeline, NOW)
        assert "SMLL" in get(s3, ROOT_KEY)

    def test_tells_how_many_sessions_are_in_which_state(self, aws: Account) -> None:
        run(aws, attempt(MONDAY))
        aws.publish(MONDAY, aws.upload(MONDAY, "SMLL"), "SMLL")
        found = rebuild_site(aws.pipeline, NOW).indices
        assert [(item.index, item.newest_published, item.counts["published"]) for item in found] == [
            ("IBOV", MONDAY, 1),
            ("SMLL", MONDAY, 1),
        ]

    def test_names_what_it_left_out_and_makes_the_rest(self, aws: Account, s3: S3Client) -> None:
        for session in (MONDAY, TUESDAY):
            run(aws, attempt(session))
        unread = report_prefix("IBOV", TUESDAY, attempt(TUESDAY).started_at) + "gate-1-raw.json"
        s3.put_object(Bucket=ARTIFACTS_BUCKET, Key=unread, Body=b"[]")
        (problem,) = rebuild_site(aws.pipeline, NOW).problems
        assert unread in problem
        assert "Complete: every session from 2025-06-30 to 2025-07-01" in get(s3, ROOT_KEY)

    def test_of_an_empty_account_is_an_empty_page(self, aws: Account, s3: S3Client) -> None:
        assert rebuild_site(aws.pipeline, NOW + timedelta(days=1)).problems == []
        assert "Nothing is published yet" in get(s3, ROOT_KEY)
