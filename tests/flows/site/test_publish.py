"""The site in its bucket: a run adds itself, a rebuild gives the same, and neither loses what another flow wrote meanwhile."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from expectations.contract.keys import ContractError
from expectations.contract.names import ARTIFACTS_BUCKET, REFINED_BUCKET
from expectations.gates.gate import CRITICAL, GateReport, Outcome
from flows.errors import AwsError
from flows.record.reports import ALREADY_PUBLISHED, PUBLISHED, Summary, publish_reports, reports_prefix
from flows.session.storage import Publication, write_publication
from flows.site.calendar import State
from flows.site.chronicle import chronicle_key, read_chronicle
from flows.site.figures import Figures, figures_of
from flows.site.pages import ROOT_KEY, index_key, session_key, year_key
from flows.site.publish import Site
from flows.site.status import status_key

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MONDAY, TUESDAY = date(2025, 6, 30), date(2025, 7, 1)
NOW = datetime(2025, 7, 1, 12, tzinfo=UTC)
OTHER = Figures(2, 60.0, 100.0, 5200.0)


def gate(session: date, *, success: bool = True) -> GateReport:
    outcome = Outcome("raw.rows", "e", "c", "shares sum to 100", CRITICAL, success=success, observed="99.871")
    return GateReport("gate-1-raw", "IBOV", session, NOW, (outcome,))


def published(session: date, index: str = "IBOV") -> Summary:
    started = datetime(session.year, session.month, session.day, 10, tzinfo=UTC)
    summary = Summary(index, started, session=session, outcome=PUBLISHED, rows=84, run_id="jr_1", seconds={"etl": 60.0})
    summary.figures = figures_of([11.5, 88.5]).to_dict()
    summary.gates = [gate(session)]
    return summary


def no_figures(index: str, sessions: Sequence[date]) -> dict[date, Figures]:
    pytest.fail(f"asked Athena of {index} {sessions}")


@pytest.fixture
def site(s3: S3Client) -> Site:
    return Site(s3, ARTIFACTS_BUCKET, REFINED_BUCKET, lambda: NOW)


def record(s3: S3Client, session: date, index: str = "IBOV", run_id: str = "jr_import") -> None:
    """What is published says its record."""
    write_publication(s3, REFINED_BUCKET, Publication(index, str(session), "", "", False, "", run_id, 84, 20))  # noqa: FBT003


def run(site: Site, summary: Summary) -> None:
    """What a flow does at its end."""
    if summary.outcome == PUBLISHED and summary.session:
        record(site.store.s3, summary.session, summary.index, summary.run_id)
    publish_reports(site.store.s3, ARTIFACTS_BUCKET, summary)
    site.add(summary)


def get(s3: S3Client, key: str) -> str:
    return s3.get_object(Bucket=ARTIFACTS_BUCKET, Key=key)["Body"].read().decode()


def kept(s3: S3Client) -> dict[str, str]:
    """The site's own files."""
    found = s3.list_objects_v2(Bucket=ARTIFACTS_BUCKET).get("Contents", [])
    names = ("/index.html", "/runs.json", "/status.json")
    return {
        item["Key"]: get(s3, item["Key"])
        for item in found
        if item["Key"].endswith(names) and "data-docs" not in item["Key"]
    }


class TestAdding:
    def test_a_first_run_makes_the_chronicle_and_a_page_of_each_kind(self, site: Site, s3: S3Client) -> None:
        run(site, published(MONDAY))
        pages = {session_key("IBOV", MONDAY), year_key("IBOV", 2025), index_key("IBOV"), ROOT_KEY}
        assert set(kept(s3)) == {chronicle_key("IBOV"), status_key("IBOV"), *pages}
        assert "Session <b>2025-07-01</b>" in get(s3, ROOT_KEY)
        assert "shares sum to 100" in get(s3, session_key("IBOV", MONDAY))

    def test_the_next_run_is_added_to_those_that_are_known(self, site: Site, s3: S3Client) -> None:
        run(site, published(MONDAY))
        run(site, published(TUESDAY))
        chronicle = read_chronicle("IBOV", get(s3, chronicle_key("IBOV")).encode())
        assert [item.session for item in chronicle.runs] == [MONDAY, TUESDAY]
        assert set(chronicle.figures) == {MONDAY, TUESDAY}
        assert "<b>2025-07-01</b> is published" in get(s3, ROOT_KEY)

    def test_a_run_that_found_its_session_published_leaves_what_the_gates_said(self, site: Site, s3: S3Client) -> None:
        run(site, published(MONDAY))
        again = Summary("IBOV", NOW, session=MONDAY, outcome=ALREADY_PUBLISHED, rows=84)
        run(site, again)
        page = get(s3, session_key("IBOV", MONDAY))
        assert "already published" in page
        assert "shares sum to 100" in page

    def test_a_run_that_read_no_header_is_on_the_page_of_its_day(self, site: Site, s3: S3Client) -> None:
        run(site, published(MONDAY))
        run(site, Summary("IBOV", NOW, error="B3 could not be had"))
        assert "B3 could not be had" in get(s3, session_key("IBOV", TUESDAY))
        assert "B3 could not be had" in get(s3, ROOT_KEY)

    def test_pages_are_served_as_pages(self, site: Site, s3: S3Client) -> None:
        run(site, published(MONDAY))
        for key, kind in ((ROOT_KEY, "text/html"), (chronicle_key("IBOV"), "application/json")):
            assert s3.head_object(Bucket=ARTIFACTS_BUCKET, Key=key)["ContentType"] == f"{kind}; charset=utf-8"

    def test_the_first_page_is_of_the_one_index_or_over_all_of_them(self, site: Site, s3: S3Client) -> None:
        run(site, published(MONDAY, "IBXX"))
        assert "<h2>Calendar</h2>" in get(s3, ROOT_KEY)
        run(site, published(MONDAY))
        page = get(s3, ROOT_KEY)
        assert page.index('id="IBOV"') < page.index('id="IBXX"')
        assert "<h2>Calendar</h2>" in get(s3, index_key("IBXX"))

    @pytest.mark.parametrize("name", ["runs.json", "day=30/index.html", "status.json", "reports/index.html"])
    def test_what_another_flow_wrote_meanwhile_is_not_lost(self, site: Site, s3: S3Client, name: str) -> None:
        others = [published(TUESDAY)]
        meddled = Meddled(s3, lambda: run(site, others.pop()) if others else None, name)
        run(Site(meddled, ARTIFACTS_BUCKET, REFINED_BUCKET, lambda: NOW), published(MONDAY))  # type: ignore[arg-type]
        chronicle = read_chronicle("IBOV", get(s3, chronicle_key("IBOV")).encode())
        assert [item.session for item in chronicle.runs] == [MONDAY, TUESDAY]
        for key in (ROOT_KEY, index_key("IBOV")):
            assert "<b>2025-07-01</b> is published" in get(s3, key)
        assert '"session": "2025-07-01"' in get(s3, status_key("IBOV"))

    def test_that_never_gets_its_turn_is_an_error_of_aws(
        self, site: Site, s3: S3Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)
        step = iter(range(100))

        def meddle() -> None:
            s3.put_object(Bucket=ARTIFACTS_BUCKET, Key=chronicle_key("IBOV"), Body=_empty(next(step)))

        meddled = Site(Meddled(s3, meddle), ARTIFACTS_BUCKET, REFINED_BUCKET, lambda: NOW)  # type: ignore[arg-type]
        with pytest.raises(AwsError, match="replaced by others all the time"):
            meddled.add(published(MONDAY))

    def test_a_chronicle_that_cannot_be_read_is_named_and_a_rebuild_mends_it(self, site: Site, s3: S3Client) -> None:
        run(site, published(MONDAY))
        s3.put_object(Bucket=ARTIFACTS_BUCKET, Key=chronicle_key("IBOV"), Body=b"{")
        with pytest.raises(ContractError, match=r"runs\.json: not a chronicle"):
            site.add(published(TUESDAY))
        site.rebuild(no_figures)
        site.add(published(TUESDAY))

    def test_that_fails_is_an_error_of_aws(self, s3: S3Client) -> None:
        with pytest.raises(AwsError, match=r"keeping the site s3://no-such-bucket/reports/index\.html.*NoSuchBucket"):
            Site(s3, "no-such-bucket", REFINED_BUCKET).add(published(MONDAY))


def _empty(number: int) -> bytes:
    return json.dumps({"index": "IBOV", "figures": {}, "runs": [], "number": number}).encode()


class Meddled:
    """S3, where something else happens right before an object of a name is put."""

    def __init__(self, s3: S3Client, meddle: Callable[[], object], name: str = "runs.json") -> None:
        self._s3, self._meddle, self._name = s3, meddle, name

    def __getattr__(self, name: str) -> object:
        return getattr(self._s3, name)

    def put_object(self, **arguments: object) -> object:
        if str(arguments["Key"]).endswith(self._name):
            self._meddle()
        return self._s3.put_object(**arguments)  # type: ignore[arg-type]


class TestRebuilding:
    def test_gives_what_the_runs_had_made(self, site: Site, s3: S3Client) -> None:
        for summary in (published(MONDAY), published(TUESDAY), published(MONDAY, "IBXX")):
            run(site, summary)
        made = kept(s3)
        for key in made:
            s3.delete_object(Bucket=ARTIFACTS_BUCKET, Key=key)
        assert site.rebuild(no_figures).problems == []
        assert kept(s3) == made

    def test_asks_athena_for_the_figures_of_what_was_imported(self, site: Site, s3: S3Client) -> None:
        run(site, published(MONDAY))
        record(s3, TUESDAY)
        asked: list[tuple[str, list[date]]] = []

        def figures_of_imported(index: str, sessions: Sequence[date]) -> dict[date, Figures]:
            asked.append((index, list(sessions)))
            return dict.fromkeys(sessions, OTHER)

        site.rebuild(figures_of_imported)
        assert asked == [("IBOV", [TUESDAY])]
        assert "60.000" in get(s3, ROOT_KEY)

    def test_asks_athena_for_the_figures_of_what_was_replaced_since(self, site: Site, s3: S3Client) -> None:
        run(site, published(MONDAY))
        record(s3, MONDAY, run_id="jr_correction")
        site.rebuild(lambda _, sessions: dict.fromkeys(sessions, OTHER))
        assert "60.000" in get(s3, ROOT_KEY)

    def test_of_an_index_that_was_only_imported_shows_it_too(self, site: Site, s3: S3Client) -> None:
        record(s3, MONDAY, "SMLL")
        site.rebuild(lambda _, sessions: dict.fromkeys(sessions, OTHER))
        assert "SMLL" in get(s3, ROOT_KEY)

    def test_tells_how_many_sessions_are_in_which_state(self, site: Site, s3: S3Client) -> None:
        run(site, published(MONDAY))
        record(s3, MONDAY, "SMLL")
        histories = site.rebuild(lambda _, sessions: dict.fromkeys(sessions, OTHER)).histories
        assert [(item.chronicle.index, item.latest, item.counts[State.PUBLISHED]) for item in histories] == [
            ("IBOV", MONDAY, 1),
            ("SMLL", MONDAY, 1),
        ]

    def test_names_what_it_left_out_and_makes_the_rest(self, site: Site, s3: S3Client) -> None:
        for session in (MONDAY, TUESDAY):
            run(site, published(session))
        broken = f"{reports_prefix(published(MONDAY))}summary.json"
        unread = f"{reports_prefix(published(TUESDAY))}gate-1-raw.json"
        for key in (broken, unread):
            s3.put_object(Bucket=ARTIFACTS_BUCKET, Key=key, Body=b"[]")
        rebuilt = site.rebuild(lambda _, sessions: dict.fromkeys(sessions, OTHER))
        first, second = rebuilt.problems
        assert (broken in first, unread in second) == (True, True)
        assert "<b>2025-07-01</b> is published" in get(s3, ROOT_KEY)

    def test_does_not_lose_a_run_that_adds_itself_meanwhile(self, site: Site, s3: S3Client) -> None:
        run(site, published(MONDAY))
        others = [published(TUESDAY)]
        meddled = Meddled(s3, lambda: run(site, others.pop()) if others else None)
        Site(meddled, ARTIFACTS_BUCKET, REFINED_BUCKET, lambda: NOW).rebuild(no_figures)  # type: ignore[arg-type]
        chronicle = read_chronicle("IBOV", get(s3, chronicle_key("IBOV")).encode())
        assert [item.session for item in chronicle.runs] == [MONDAY, TUESDAY]

    def test_of_an_empty_account_is_an_empty_page(self, site: Site, s3: S3Client) -> None:
        assert site.rebuild(no_figures).problems == []
        assert "Data quality" in get(s3, ROOT_KEY)


def test_the_clock_is_the_present_by_default(s3: S3Client) -> None:
    now = Site(s3, ARTIFACTS_BUCKET, REFINED_BUCKET).clock()
    assert abs(datetime.now(UTC) - now) < timedelta(minutes=1)
