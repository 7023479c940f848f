"""The flow `daily-indices`: the flow `daily` for each index of a list, one after the other, each a run of its own.

All of them share one Glue run (see `flows.session.shared_run`). What cannot be prepared for it is left to the index's own flow,
which says what is wrong; B3 is asked once in any case.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from prefect import flow, get_run_logger
from prefect.client.schemas import State
from prefect.states import Failed

from expectations.contract.keys import check_index
from expectations.contract.outcomes import Outcome
from flows.b3.calendar import is_stale
from flows.daily import EXPECTED_ERRORS, daily
from flows.errors import BovespaError
from flows.lake.connect import connect
from flows.orchestration import SERVER_FAILED, reason_of
from flows.record.attempt import DAILY, FlowRun
from flows.record.withdrawals import withdrawal_of
from flows.session.pipeline import Pipeline
from flows.session.shared_run import Prepared, going_on_from, share_run
from flows.settings import load_settings

if TYPE_CHECKING:
    from flows.session.raw_file import RawFacts


@flow(name="daily-indices", validate_parameters=True, persist_result=False)
def daily_indices(
    indices: list[str] | None = None, *, force: bool = False, collected_at: datetime | None = None
) -> list[dict[str, Any]] | State:
    """Collect and publish the session of every index; one that fails stops none of the others.

    Args:
        indices: index codes; by default those of the setting BOVESPA_INDICES.
        force: repeat sessions that are already published.
        collected_at: as of `daily`.

    Returns:
        The attempts of all runs; of a failed run too, as the data of its Failed state.
    """
    codes = [check_index(index) for index in indices or load_settings().indices]
    with going_on_from(_prepared(codes, force=force, at=collected_at or datetime.now(UTC))):
        attempts = [run_daily(index, force=force, collected_at=collected_at) for index in codes]
    failed = [str(item["index"]) for item in attempts if item["failed"]]
    if failed:
        return Failed(message=f"{len(failed)} of {len(codes)} indices failed: {', '.join(failed)}", data=attempts)
    get_run_logger().info("%s collected", ", ".join(codes))
    return attempts


def _prepared(codes: Sequence[str], *, force: bool, at: datetime) -> Mapping[str, Prepared]:
    """What the indices' flows go on from."""
    if len(codes) == 1:
        return {}
    settings = load_settings()
    pipeline = Pipeline(settings, connect(settings))
    answers = {index: _answer(pipeline, index, at) for index in codes}
    try:
        judged = {index: _judged(pipeline, answer, force=force) for index, answer in answers.items()}
        passed = {index: item for index, item in judged.items() if item.report and item.report.passed}
        return judged | (share_run(pipeline, passed, force=force) if len(passed) > 1 else {})
    except EXPECTED_ERRORS as error:
        get_run_logger().warning("each index has a Glue run of its own: %s", error)
        return answers


def _answer(pipeline: Pipeline, index: str, at: datetime) -> Prepared:
    try:
        return Prepared(pipeline.collect(index, at))
    except BovespaError as problem:
        return Prepared(problem=problem)


def _judged(pipeline: Pipeline, answer: Prepared, *, force: bool) -> Prepared:
    """The answer with gate 1's report, where the index's flow will ask for one."""
    if answer.collected is None or not _is_wanted(pipeline, answer.collected.facts, force=force):
        return answer
    facts = answer.collected.facts
    report = pipeline.check_raw(answer.collected, pipeline.neighbours(facts.index, facts.session))
    return replace(answer, report=report)


def _is_wanted(pipeline: Pipeline, facts: RawFacts, *, force: bool) -> bool:
    """Whether the index's flow will refine it, if gate 1 lets it."""
    if is_stale(facts.session, facts.collected_at):
        return False
    if not force and pipeline.publication(facts):
        return False
    refined = pipeline.lake.refined
    return force or not withdrawal_of(refined, facts.index, facts.session, facts.fingerprint, facts.collected_at)


def run_daily(index: str, *, force: bool, collected_at: datetime | None) -> dict[str, Any]:
    """Run the flow `daily`; its attempt, whatever it comes to."""
    found: object
    try:
        state = daily(index, force=force, collected_at=collected_at, return_state=True)
        found = state.result(raise_on_failure=False)
    except SERVER_FAILED as error:
        found = reason_of(error)
    if isinstance(found, dict):
        return found
    return FlowRun("", DAILY).begin(index).ended(Outcome.FAILED, str(found)).to_dict()
