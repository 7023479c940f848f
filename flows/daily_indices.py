"""The flow `daily-indices`: the flow `daily` for each index of a list, one after the other, each a run of its own."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from prefect import flow, get_run_logger
from prefect.client.schemas import State
from prefect.states import Failed

from expectations.contract.keys import check_index
from expectations.contract.outcomes import Outcome
from flows.daily import daily
from flows.record.attempt import DAILY, FlowRun
from flows.settings import load_settings


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
    attempts = [run_daily(index, force=force, collected_at=collected_at) for index in codes]
    failed = [str(item["index"]) for item in attempts if item["failed"]]
    if failed:
        return Failed(message=f"{len(failed)} of {len(codes)} indices failed: {', '.join(failed)}", data=attempts)
    get_run_logger().info("%s collected", ", ".join(codes))
    return attempts


def run_daily(index: str, *, force: bool, collected_at: datetime | None) -> dict[str, Any]:
    """Run the flow `daily`; its attempt, whatever it comes to."""
    state = daily(index, force=force, collected_at=collected_at, return_state=True)
    found = state.result(raise_on_failure=False)
    if isinstance(found, dict):
        return found
    return FlowRun("", DAILY).begin(index).ended(Outcome.FAILED, str(found)).to_dict()
