"""The flow `status`: where every session stands, as a Markdown artifact.

Where a session is not published it ends in the state Completed, named Incomplete: it did its work, and what it found is for an
automation, or a person, to act on.
"""

from __future__ import annotations

from datetime import UTC, date, datetime

from prefect import flow, get_run_logger
from prefect.artifacts import create_markdown_artifact
from prefect.client.schemas import State
from prefect.states import Completed

from expectations.contract.keys import check_index
from flows.b3.calendar import SAO_PAULO
from flows.lake.clients import connect
from flows.record.status_report import body, headline, markdown
from flows.record.survey import survey
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
        The survey as JSON's types.
    """
    now = datetime.now(UTC).astimezone(SAO_PAULO)
    wanted = [check_index(index) for index in indices or ()]
    found = survey(Pipeline(load_settings(), connect()), now, since, until, wanted)
    line = headline(found.statuses)
    create_markdown_artifact(markdown(found, now), key="status", description=line)
    if found.complete:
        get_run_logger().info(line)
        return body(found, now)
    get_run_logger().warning(line)
    return Completed(name="Incomplete", message=line, data=body(found, now))
