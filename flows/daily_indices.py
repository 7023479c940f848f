"""The flow `daily-indices`: the flow `daily` for each index of a list, one after the other, each a run of its own."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from prefect import flow, get_run_logger
from prefect.client.schemas import State
from prefect.states import Failed

from expectations.contract.keys import check_index
from flows.daily import daily
from flows.record.reports import FAILED
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
        The summaries of all runs; of a failed run too, as the data of its Failed state.
    """
    codes = [check_index(index) for index in indices or load_settings().indices]
    summaries = [run_daily(index, force=force, collected_at=collected_at) for index in codes]
    failed = [str(item["index"]) for item in summaries if item["outcome"] == FAILED]
    if failed:
        return Failed(message=f"{len(failed)} of {len(codes)} indices failed: {', '.join(failed)}", data=summaries)
    get_run_logger().info("%s collected", ", ".join(codes))
    return summaries


def run_daily(index: str, *, force: bool, collected_at: datetime | None) -> dict[str, Any]:
    """Run the flow `daily`; the summary of it, whatever it comes to."""
    state = daily(index, force=force, collected_at=collected_at, return_state=True)
    found = state.result(raise_on_failure=False)
    if isinstance(found, dict):
        return found
    return {"index": index, "session": None, "outcome": FAILED, "error": str(found), "links": {}, "seconds": {}}
