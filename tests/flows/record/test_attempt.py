"""The ledger's rows: what an attempt leaves, whichever flow made it and however it ended."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from flows.record.reports import ALREADY_PUBLISHED, FAILED, PUBLISHED, STALE, Summary

from expectations.contract.keys import ContractError
from expectations.contract.ledger import LEDGER_COLUMNS, AttemptState
from expectations.gates.gate import CRITICAL, GateReport, Outcome
from flows.backfill import batch
from flows.backfill.batch import Result, Way
from flows.record.attempt import SCHEMA, Attempt, Book
from flows.session.etl import GlueRun
from flows.session.storage import RawVersion

if TYPE_CHECKING:
    from collections.abc import Sequence

SESSION = date(2025, 6, 30)
BEGAN = datetime(2025, 6, 30, 9, 30, tzinfo=UTC)
ENDED = BEGAN + timedelta(seconds=92.5)
BOOK = Book("run-1", "daily", "us-east-1")
RUN = GlueRun("jr_1", "SUCCEEDED", "", 90, 180.0, capacity=2.0)
VERSION = RawVersion("raw", "raw-data/x.parquet", "v1", BEGAN, "f1", has_sectors=True)


def gate(name: str, *, met: bool) -> GateReport:
    outcome = Outcome("rows", "expectation", "", "some rows", CRITICAL, success=met, observed="none", rows=("VALE3",))
    return GateReport(name, "IBOV", SESSION, BEGAN, (outcome,))


PASSED = gate("gate-1-raw", met=True)
REFUSED = gate("gate-2-refined", met=False)


def summary(outcome: str, **given: object) -> Summary:
    run = Summary("IBOV", BEGAN, SESSION, outcome)
    for name, value in given.items():
        setattr(run, name, value)
    return run


def row_of(outcome: str, **given: object) -> Attempt:
    return BOOK.of_summary(summary(outcome, **given), ENDED)


class TestDaily:
    def test_a_published_session_leaves_what_was_published_its_gates_and_what_it_cost(self) -> None:
        attempt = row_of(
            PUBLISHED,
            rows=84,
            fingerprint="f1",
            raw_version_id="v1",
            run=RUN,
            run_id="jr_1",
            gates=[PASSED, replace(PASSED, gate="gate-2-refined")],
            links={"summary": "s3://artifacts/summary.html"},
        )
        assert attempt == Attempt(
            "run-1",
            "daily",
            "IBOV",
            SESSION,
            BEGAN,
            ENDED,
            AttemptState.PUBLISHED,
            fingerprint="f1",
            raw_version_id="v1",
            rows=84,
            gates_passed="gate-1-raw,gate-2-refined",
            glue_run_id="jr_1",
            seconds=92.5,
            dpu_seconds=180.0,
            cost_usd=0.022,
            report="s3://artifacts/summary.html",
        )

    def test_a_session_that_a_gate_refused_is_quarantined_with_the_gate_and_its_demands(self) -> None:
        attempt = row_of(FAILED, error="gate-2-refined refused it", gates=[PASSED, REFUSED])
        assert attempt.state is AttemptState.QUARANTINED
        assert (attempt.gates_passed, attempt.gate_refused) == ("gate-1-raw", "gate-2-refined")
        assert attempt.demands_refused == "some rows: none: VALE3"
        assert attempt.reason == "gate-2-refined refused it"

    def test_a_run_that_failed_before_it_knew_the_session_leaves_why(self) -> None:
        attempt = row_of(FAILED, session=None, error="B3 could not be had")
        assert (attempt.state, attempt.session, attempt.reason) == (AttemptState.FAILED, None, "B3 could not be had")

    def test_a_run_that_broke_off_says_so(self) -> None:
        assert row_of(FAILED).reason == "it broke off; the log says where"

    def test_a_no_op_costs_nothing_though_it_names_the_run_whose_rows_are_published(self) -> None:
        attempt = row_of(ALREADY_PUBLISHED, run_id="jr_1", rows=84)
        assert (attempt.state, attempt.glue_run_id) == (AttemptState.ALREADY_PUBLISHED, "jr_1")
        assert (attempt.reason, attempt.dpu_seconds, attempt.cost_usd) == (None, None, None)

    def test_a_stale_answer_is_a_state_of_its_own_with_its_note(self) -> None:
        attempt = row_of(STALE, note="B3 still shows 2025-06-27")
        assert (attempt.state, attempt.reason) == (AttemptState.STALE, "B3 still shows 2025-06-27")


class TestBatches:
    def result(self, way: Way, outcome: batch.Outcome = batch.Outcome.PUBLISHED, reason: str = "") -> Result:
        return Result("IBOV", SESSION, outcome, reason, "jr_1", 84, way)

    def test_a_session_of_a_run_for_many_bears_its_part_of_the_cost(self) -> None:
        attempt = BOOK.of_result(self.result(Way(BEGAN, VERSION, RUN, sessions=4, gates=(PASSED,))), ENDED)
        assert (attempt.state, attempt.rows, attempt.raw_version_id) == (AttemptState.PUBLISHED, 84, "v1")
        assert (attempt.dpu_seconds, attempt.cost_usd) == (45.0, 0.0055)
        assert (attempt.fingerprint, attempt.seconds) == ("f1", 92.5)

    def test_a_run_that_had_ended_before_costs_nothing_again(self) -> None:
        assert BOOK.of_result(self.result(Way(BEGAN, VERSION)), ENDED).cost_usd is None

    def test_a_session_that_gate_2_refused_is_quarantined(self) -> None:
        attempt = BOOK.of_result(self.result(Way(BEGAN, gates=(REFUSED,)), batch.Outcome.FAILED, "refused"), ENDED)
        assert (attempt.state, attempt.gate_refused) == (AttemptState.QUARANTINED, "gate-2-refined")

    def test_a_session_that_failed_otherwise_says_why(self) -> None:
        attempt = BOOK.of_result(self.result(Way(BEGAN), batch.Outcome.FAILED, "no manifest"), ENDED)
        assert (attempt.state, attempt.reason, attempt.gate_refused) == (AttemptState.FAILED, "no manifest", None)

    def test_what_gate_1_refused_before_anything_was_done_is_quarantined(self) -> None:
        attempt = BOOK.of_refusal(replace(REFUSED, gate="gate-1-raw"), "f1", BEGAN, ENDED)
        assert (attempt.state, attempt.gate_refused) == (AttemptState.QUARANTINED, "gate-1-raw")
        assert attempt.reason == "gate-1-raw refused IBOV 2025-06-30: some rows: none: VALE3"


class TestCost:
    @pytest.mark.parametrize(
        ("run", "usd"),
        [
            pytest.param(RUN, 180 / 3600 * 0.44, id="by its DPU-seconds"),
            pytest.param(replace(RUN, seconds=9, dpu_seconds=18.0), 120 / 3600 * 0.44, id="a minute at least"),
            pytest.param(replace(RUN, flex=True), 180 / 3600 * 0.29, id="with flexible execution"),
            pytest.param(replace(RUN, seconds=0, dpu_seconds=0.0), 0, id="none that never ran"),
            pytest.param(replace(RUN, state="RUNNING", dpu_seconds=None), None, id="unknown while it is live"),
        ],
    )
    def test_of_a_run(self, run: GlueRun, usd: float | None) -> None:
        cost = run.cost("us-east-1")
        assert (cost if cost is None else float(cost)) == (usd if usd is None else pytest.approx(usd))


class TestParquet:
    WHOLE = Attempt(
        *("run-1", "import", "IBOV", SESSION, BEGAN, ENDED, AttemptState.QUARANTINED, "a reason", "f1", "v1", 84),
        *("gate-1-raw", "gate-2-refined", "some rows", "jr_1", 1.5, 180.0, 0.022, "s3://a/summary.html"),
    )

    @pytest.mark.parametrize("attempt", [WHOLE, row_of(FAILED, session=None)], ids=["whole", "nulls"])
    def test_reads_back_the_same(self, attempt: Attempt) -> None:
        assert Attempt.from_parquet(attempt.to_parquet()) == attempt

    def test_keeps_instants_to_the_millisecond_as_athena_does(self) -> None:
        attempt = replace(self.WHOLE, ended_at=ENDED + timedelta(microseconds=1999))
        assert Attempt.from_parquet(attempt.to_parquet()).ended_at == ENDED + timedelta(milliseconds=1)

    def test_holds_texts_of_any_kind_and_of_bounded_length(self) -> None:
        attempt = replace(self.WHOLE, reason="\ud800" + "x" * 10_000)
        found = Attempt.from_parquet(attempt.to_parquet()).reason
        assert found
        assert (found[:2], len(found)) == ("?x", 4000)

    def test_has_the_contracts_columns(self) -> None:
        names: Sequence[str] = SCHEMA.names
        assert names == [column.name for column in LEDGER_COLUMNS]

    @pytest.mark.parametrize("content", [b"", b"odd"])
    def test_anything_else_is_refused(self, content: bytes) -> None:
        with pytest.raises(ContractError, match="ledger: not a row"):
            Attempt.from_parquet(content)
