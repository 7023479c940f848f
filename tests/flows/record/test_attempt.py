"""An attempt: what it says of itself, whichever flow made it and however it ended, and its row in the ledger."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.contract.keys import ContractError
from expectations.contract.ledger import LEDGER_COLUMNS
from expectations.contract.outcomes import DONE, Outcome, Verdict
from expectations.gates.gate import CRITICAL, WARNING, Demand, GateReport
from flows.glue_run import GlueRun
from flows.record.attempt import Attempt, FlowRun, OpenAttempt, read_parquet, schema

if TYPE_CHECKING:
    from collections.abc import Sequence

SESSION = date(2025, 6, 30)
BEGAN = datetime(2025, 6, 30, 9, 30, tzinfo=UTC)
ENDED = BEGAN + timedelta(seconds=92.5)
RUN = GlueRun("jr_1", "SUCCEEDED", seconds=90, dpu_seconds=180.0, capacity=2.0)
PAGE = "s3://artifacts/reports/ibov/year=2025/month=06/day=30/x/summary.html"


def gate(name: str, *, met: bool, severity: str = CRITICAL) -> GateReport:
    demand = Demand("rows", "expectation", "", "some rows", severity, success=met, observed="none", rows=("VALE3",))
    return GateReport(name, "IBOV", SESSION, BEGAN, (demand,))


PASSED = gate("gate-1-raw", met=True)
REFUSED = gate("gate-2-refined", met=False)
GOING = Attempt("run-1", "daily", "IBOV", BEGAN, BEGAN, Outcome.FAILED, SESSION)


class TestEnding:
    def test_says_how_why_and_when_and_what_else_became_known(self) -> None:
        ended = GOING.ended(Outcome.PUBLISHED, rows=84)
        assert (ended.outcome, ended.reason, ended.rows, ended.failed) == (Outcome.PUBLISHED, "", 84, False)
        assert abs((ended.ended_at - datetime.now(UTC)).total_seconds()) < 60

    @pytest.mark.parametrize("outcome", Outcome)
    def test_leaves_something_to_mend_unless_it_is_done(self, outcome: Outcome) -> None:
        assert GOING.ended(outcome, "a reason").failed is (outcome not in DONE)

    def test_of_a_session_that_a_gate_refused_is_quarantined_with_the_gate_and_its_demands(self) -> None:
        ended = GOING.with_gates([PASSED, REFUSED]).ended(Outcome.FAILED, "gate-2-refined refused it")
        assert ended.outcome is Outcome.QUARANTINED
        assert (ended.gates_passed, ended.gate_refused) == (("gate-1-raw",), "gate-2-refined")
        assert ended.demands_refused == ("some rows: none: VALE3",)
        assert ended.reason == "gate-2-refined refused it"

    def test_that_is_a_failure_otherwise_stays_one(self) -> None:
        ended = GOING.with_gates([PASSED]).ended(Outcome.FAILED, "no manifest")
        assert (ended.outcome, ended.reason, ended.gate_refused) == (Outcome.FAILED, "no manifest", "")

    def test_of_a_run_that_failed_before_it_knew_the_session_leaves_why(self) -> None:
        ended = replace(GOING, session=None).ended(Outcome.FAILED, "B3 could not be had")
        assert (ended.outcome, ended.session, ended.reason) == (Outcome.FAILED, None, "B3 could not be had")

    def test_with_a_stale_answer_is_an_outcome_of_its_own_with_its_reason(self) -> None:
        ended = GOING.ended(Outcome.STALE, "B3 still shows 2025-06-27")
        assert (ended.outcome, ended.reason, ended.failed) == (Outcome.STALE, "B3 still shows 2025-06-27", False)

    def test_lasts_from_begin_to_end(self) -> None:
        assert replace(GOING, ended_at=ENDED).seconds == 92.5


class TestGates:
    def test_that_pass_are_named_with_the_warnings_of_all_of_them(self) -> None:
        warned = gate("gate-2-refined", met=False, severity=WARNING)
        attempt = GOING.with_gates([PASSED, warned])
        assert attempt.gates_passed == ("gate-1-raw", "gate-2-refined")
        assert (attempt.gate_refused, attempt.demands_refused, attempt.warnings) == ("", (), 1)

    def test_are_kept_as_they_reported(self) -> None:
        assert GOING.with_gates([PASSED, REFUSED]).gates == (PASSED, REFUSED)


class TestHeadline:
    @pytest.mark.parametrize(
        ("outcome", "reason", "headline"),
        [
            (Outcome.PUBLISHED, "", "IBOV 2025-06-30: published, 84 rows"),
            (Outcome.ALREADY_PUBLISHED, "", "IBOV 2025-06-30: already published, 84 rows"),
            (
                Outcome.STALE,
                "B3 still shows 2025-06-27, 2025-06-30 expected",
                "IBOV 2025-06-30: stale, 84 rows: B3 still shows 2025-06-27, 2025-06-30 expected",
            ),
            (Outcome.FAILED, "no manifest", "IBOV 2025-06-30: failed: no manifest"),
            (Outcome.CONFLICTING, "other figures", "IBOV 2025-06-30: conflicting: other figures"),
        ],
    )
    def test_says_how_it_ended_and_why(self, outcome: Outcome, reason: str, headline: str) -> None:
        assert replace(GOING, outcome=outcome, reason=reason, rows=84).headline == headline

    def test_of_a_run_that_failed_before_it_knew_the_session_says_so(self) -> None:
        failed = replace(GOING, session=None, reason="B3's answer, header.date: missing")
        assert failed.headline == "IBOV (session unknown): failed: B3's answer, header.date: missing"

    def test_of_an_attempt_that_did_not_come_to_an_end_is_a_failure(self) -> None:
        assert "failed" in FlowRun("run-1", "daily").begin("IBOV").headline


class TestDict:
    def test_holds_json_s_types_only_and_the_gates_in_short(self) -> None:
        warned = gate("gate-1-raw", met=False, severity=WARNING)
        body = replace(GOING, outcome=Outcome.PUBLISHED, rows=84).with_gates([warned]).to_dict()
        assert json.loads(json.dumps(body)) == body
        assert (body["session"], body["outcome"], body["rows"], body["failed"]) == (
            "2025-06-30",
            "published",
            84,
            False,
        )
        assert body["gates"] == [
            {
                "gate": "gate-1-raw",
                "passed": True,
                "verdict": "gate-1-raw passed IBOV 2025-06-30: 1 expectations, 1 warnings",
                "warnings": 1,
            }
        ]

    def test_of_a_run_that_did_not_know_its_session_has_none(self) -> None:
        assert replace(GOING, session=None).to_dict()["session"] is None


class TestLinks:
    def test_lead_to_the_summary_to_the_data_docs_and_to_the_site(self) -> None:
        assert replace(GOING, report=PAGE).with_gates([PASSED]).links == {
            "summary": PAGE,
            "data docs": PAGE.replace("summary.html", "data-docs/index.html"),
            "all sessions": "s3://artifacts/reports/index.html",
        }

    def test_of_an_attempt_without_gates_lead_to_no_data_docs(self) -> None:
        assert set(replace(GOING, report=PAGE).links) == {"summary", "all sessions"}

    def test_of_an_attempt_without_a_report_are_none(self) -> None:
        assert GOING.with_gates([PASSED]).links == {}


class TestCost:
    @pytest.mark.parametrize(
        ("run", "usd"),
        [
            pytest.param(RUN, 180 / 3600 * 0.44, id="by its DPU-seconds"),
            pytest.param(replace(RUN, seconds=9, dpu_seconds=18.0), 120 / 3600 * 0.44, id="a minute at least"),
            pytest.param(replace(RUN, flex=True), 180 / 3600 * 0.29, id="with flexible execution"),
            pytest.param(
                replace(RUN, seconds=0, dpu_seconds=0.0), 120 / 3600 * 0.44, id="a minute of one of no seconds"
            ),
            pytest.param(replace(RUN, state="FAILED"), 180 / 3600 * 0.44, id="of one that failed, too"),
            pytest.param(replace(RUN, state="RUNNING"), None, id="unknown while it is live"),
        ],
    )
    def test_is_that_of_the_run(self, run: GlueRun, usd: float | None) -> None:
        cost = GOING.with_cost(run, "us-east-1").cost_usd
        assert cost == (usd if usd is None else pytest.approx(usd))

    def test_of_a_run_for_many_is_this_session_s_part(self) -> None:
        attempt = GOING.with_cost(RUN, "us-east-1", sessions=4)
        assert (attempt.dpu_seconds, attempt.cost_usd) == (45.0, 0.0055)

    def test_is_none_where_no_run_was_waited_for_though_its_rows_are_published(self) -> None:
        attempt = replace(GOING, run_id="jr_1", rows=84).ended(Outcome.ALREADY_PUBLISHED)
        assert (attempt.run_id, attempt.reason, attempt.dpu_seconds, attempt.cost_usd) == ("jr_1", "", None, None)


class TestOpenAttempt:
    def test_has_failed_until_it_is_said_to_have_ended_otherwise(self) -> None:
        begun = FlowRun("run-1", "daily").begin("IBOV", reason="it broke off; the log says where")
        going = OpenAttempt(begun)
        assert (begun.execution, begun.flow, begun.session) == ("run-1", "daily", None)
        assert (going.attempt.outcome, going.over) == (Outcome.FAILED, False)
        assert going.attempt.reason == "it broke off; the log says where"

    def test_takes_up_what_becomes_known(self) -> None:
        going = OpenAttempt(GOING)
        going.note(rows=84, fingerprint="f1")
        going.end(Outcome.PUBLISHED)
        assert (going.attempt.rows, going.attempt.fingerprint, going.over) == (84, "f1", True)

    def test_measures_its_steps_also_one_that_fails(self) -> None:
        going = OpenAttempt(GOING)
        with going.step("collect"):
            pass
        with pytest.raises(ZeroDivisionError), going.step("etl"):
            raise ZeroDivisionError
        assert list(going.attempt.steps) == ["collect", "etl"]
        assert all(seconds >= 0 for seconds in going.attempt.steps.values())

    def test_moves_its_end_with_every_step_until_it_is_over(self) -> None:
        going = OpenAttempt(GOING)
        with going.step("collect"):
            pass
        assert going.attempt.ended_at > GOING.ended_at
        going.end(Outcome.PUBLISHED)
        ended = going.attempt.ended_at
        with going.step("report"):
            pass
        assert going.attempt.ended_at == ended
        assert "report" in going.attempt.steps


WHOLE = Attempt(
    execution="run-1",
    flow="import",
    index="IBOV",
    started_at=BEGAN,
    ended_at=ENDED,
    outcome=Outcome.QUARANTINED,
    session=SESSION,
    reason="a reason",
    fingerprint="f1",
    raw_version_id="v1",
    rows=84,
    gates_passed=("gate-1-raw",),
    gate_refused="gate-2-refined",
    demands_refused=("some rows", "others"),
    warnings=2,
    run_id="jr_1",
    dpu_seconds=180.0,
    cost_usd=0.022,
    collected_at=BEGAN,
    steps={"collect": 0.5},
    report=PAGE,
    verdict=Verdict.WITH_EVENTS,
    verification="84 of 84 weights equal",
    level=138854.25,
)


class TestParquet:
    @pytest.mark.parametrize("attempt", [WHOLE, replace(GOING, session=None)], ids=["whole", "nulls"])
    def test_reads_back_the_same(self, attempt: Attempt) -> None:
        assert read_parquet(attempt.to_parquet()) == attempt

    @given(
        st.sampled_from(Outcome), st.none() | st.dates(date(2000, 1, 1)), st.text(max_size=50), st.integers(0, 10**6)
    )
    def test_of_any_attempt_reads_back_the_same(
        self, outcome: Outcome, session: date | None, text: str, rows: int
    ) -> None:
        attempt = replace(WHOLE, outcome=outcome, session=session, reason=text, rows=rows)
        writable = text.encode(errors="replace").decode()
        assert read_parquet(attempt.to_parquet()) == replace(attempt, reason=writable)

    def test_keeps_instants_to_the_millisecond_as_athena_does(self) -> None:
        attempt = replace(WHOLE, ended_at=ENDED + timedelta(microseconds=1999))
        assert read_parquet(attempt.to_parquet()).ended_at == ENDED + timedelta(milliseconds=1)

    def test_holds_texts_of_any_kind_and_of_bounded_length(self) -> None:
        found = read_parquet(replace(WHOLE, reason="\ud800" + "x" * 10_000).to_parquet()).reason
        assert (found[:2], len(found)) == ("?x", 4000)

    def test_has_the_contracts_columns(self) -> None:
        names: Sequence[str] = schema().names
        assert names == [column.name for column in LEDGER_COLUMNS]

    @pytest.mark.parametrize("content", [b"", b"odd"])
    def test_anything_else_is_refused(self, content: bytes) -> None:
        with pytest.raises(ContractError, match="ledger: not a row"):
            read_parquet(content)
