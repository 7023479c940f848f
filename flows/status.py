"""The flow `status`: where every session stands, as a Markdown artifact.

Where a session is not published it ends in the state Completed, named Incomplete: it did its work, and what it found is for an
automation, or a person, to act on.
"""

from __future__ import annotations

from datetime import UTC, date, datetime

from prefect import flow, get_run_logger
from prefect.client.schemas import State
from prefect.states import Completed

from expectations.contract.keys import check_index
from flows.lake.connect import connect
from flows.orchestration import put_artifact
from flows.record.status import read_status
from flows.record.status_report import status_markdown
from flows.session.pipeline import Pipeline
from flows.settings import load_settings


@flow(name="status", flow_run_name="status", validate_parameters=True, persist_result=False)
def status(
    since: date | None = None, until: date | None = None, indices: list[str] | None = None
) -> dict[str, object] | State:
    """Find out where each session stands.

    Args:
        since: the first session; by default, of each index, the first of which there is anything.
        until: the last session; by default the one that is due.
        indices: index codes; by default all of which there is anything.

    Returns:
        The status as JSON's types.
    """
    settings = load_settings()
    wanted = [check_index(index) for index in indices or ()]
    found = read_status(Pipeline(settings, connect(settings)), datetime.now(UTC), since, until, wanted)
    put_artifact(status_markdown(found), key="status", description=found.headline)
    if found.complete:
        get_run_logger().info(found.headline)
        return found.to_dict()
    get_run_logger().warning(found.headline)
    return Completed(name="Incomplete", message=found.headline, data=found.to_dict())
