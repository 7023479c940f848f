"""What the site knows of an index survives being written, added to, and read again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from expectations.contract.keys import ContractError
from flows.record.reports import ALREADY_PUBLISHED, FAILED, PUBLISHED, Summary, reports_prefix
from flows.site.chronicle import Chronicle, chronicle_key, read_chronicle, run_of, run_of_summary
from flows.site.figures import Figures

if TYPE_CHECKING:
    from tests.flows.site.conftest import MakeRun

MONDAY, TUESDAY = date(2025, 6, 30), date(2025, 7, 1)
STARTED = datetime(2025, 6, 30, 11, tzinfo=UTC)


def test_a_chronicle_is_json_and_back(make_run: MakeRun, figures: Figures) -> None:
    recorded = make_run(TUESDAY, recorded_at=STARTED)
    chronicle = Chronicle("IBOV", (make_run(MONDAY), recorded), {MONDAY: figures})
    assert read_chronicle("IBOV", chronicle.to_json().encode()) == chronicle


def test_runs_are_kept_in_the_order_of_their_starts(make_run: MakeRun, figures: Figures) -> None:
    chronicle = Chronicle("IBOV").adding([(make_run(TUESDAY), None), (make_run(MONDAY), figures)])
    assert [run.session for run in chronicle.runs] == [MONDAY, TUESDAY]
    assert chronicle.figures == {MONDAY: figures}


def test_a_run_that_is_added_twice_is_there_once(make_run: MakeRun, figures: Figures) -> None:
    found = [(make_run(MONDAY), figures)]
    assert Chronicle("IBOV").adding(found).adding(found) == Chronicle("IBOV").adding(found)


def test_a_later_run_without_figures_leaves_those_that_are_known(make_run: MakeRun, figures: Figures) -> None:
    chronicle = Chronicle("IBOV").adding([(make_run(MONDAY), figures)])
    assert chronicle.adding([(make_run(MONDAY, started_at=STARTED), None)]).figures == {MONDAY: figures}


def test_of_runs_that_found_a_session_published_the_last_is_kept_in_whatever_order_they_come(make_run: MakeRun) -> None:
    runs = [
        make_run(MONDAY),
        *(
            make_run(session, outcome=ALREADY_PUBLISHED, started_at=STARTED + timedelta(hours=hour))
            for hour, session in enumerate((MONDAY, MONDAY, TUESDAY, MONDAY))
        ),
    ]
    whole = Chronicle("IBOV").adding([(run, None) for run in runs])
    assert whole.runs == (runs[0], runs[3], runs[4])
    one_by_one = Chronicle("IBOV")
    for run in reversed(runs):
        one_by_one = one_by_one.adding([(run, None)])
    assert one_by_one == whole


def test_a_run_counts_for_the_day_in_sao_paulo_on_which_its_answer_came(make_run: MakeRun) -> None:
    late = make_run(None, started_at=datetime(2025, 7, 2, 1, tzinfo=UTC))
    assert late.day == TUESDAY
    assert replace(late, recorded_at=STARTED).day == MONDAY


def test_a_summary_of_this_process_and_the_one_that_it_kept_are_the_same_run() -> None:
    summary = Summary("IBOV", STARTED, session=MONDAY, outcome=PUBLISHED, rows=84, recorded_at=STARTED)
    summary.figures = {"shares": 2, "largest": 60.0, "five": 100.0, "hhi": 5200.0}
    run, figures = run_of_summary(reports_prefix(summary), summary.to_dict())
    assert run == run_of(summary)
    assert figures == Figures(2, 60.0, 100.0, 5200.0)


def test_a_summary_of_an_earlier_release_is_read_too() -> None:
    body = Summary("IBOV", STARTED, error="no").to_dict()
    for name in ("figures", "note", "recorded_at"):
        del body[name]
    run, figures = run_of_summary("reports/ibov/undated/x/", body)
    assert (run.session, run.outcome, run.folder, figures) == (None, FAILED, "ibov/undated/x/", None)


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"null", b'{"runs": [{}], "figures": {}}', b'{"runs": [], "figures": {"x": {}}}']
)
def test_what_is_no_chronicle_is_refused_by_name(text: bytes) -> None:
    with pytest.raises(ContractError, match=r"reports/ibov/runs\.json: not a chronicle"):
        read_chronicle("IBOV", text)


@pytest.mark.parametrize("body", [{}, {"started_at": "x"}, None])
def test_what_is_no_summary_is_refused_by_name(body: dict[str, str]) -> None:
    with pytest.raises(ContractError, match=r"reports/ibov/undated/x/summary\.json: not a summary"):
        run_of_summary("reports/ibov/undated/x/", body)


def test_an_index_that_is_no_code_names_no_key() -> None:
    with pytest.raises(ContractError):
        chronicle_key("../x")
