"""The flow `rebuild`: a session that nobody collected, computed from its neighbours and prices; published only where asked to."""

from __future__ import annotations

from datetime import date
from typing import Any

from prefect import flow, get_run_logger
from prefect.client.schemas import State
from prefect.runtime import flow_run
from prefect.states import Failed

from expectations.contract.keys import ContractError
from expectations.contract.names import DEFAULT_INDEX
from flows.backfill.rebuilding import Rebuilding, RebuildPlan, told_events
from flows.errors import NotRebuildable
from flows.lake.connect import connect
from flows.orchestration import put_artifact
from flows.record.markdown import escaped
from flows.session.pipeline import Pipeline
from flows.settings import load_settings
from flows.site.publish import refresh_site_of


@flow(name="rebuild", flow_run_name="rebuild-{index}-{session}", validate_parameters=True, persist_result=False)
def rebuild(
    session: date, index: str = DEFAULT_INDEX, *, publish: bool = False, events: list[str] | None = None
) -> dict[str, Any] | State:
    """Compute a session, and publish it as what it is.

    Args:
        index: index code.
        publish: publish it; by default it is only said what it would be.
        events: what came off closes, in reais a share, net: `RADL3=0.0769`, or `RADL3@2025-07-04=0.0769` of another session.

    Returns:
        The session and what it rests on, as JSON's types; of one that cannot be rebuilt, or not be published, a Failed state.
    """
    settings = load_settings()
    pipeline = Pipeline(settings, connect(settings))
    rebuilding = Rebuilding.of(pipeline, settings.known_index(index))
    try:
        plan = rebuilding.plan(session, told_events(events or []))
        attempt = rebuilding.publish(plan, str(flow_run.id or "")) if publish else None
    except (ContractError, NotRebuildable) as error:
        return Failed(message=f"{index} {session}: {error}", data={"error": str(error)})
    put_artifact(plan_markdown(plan), key=f"rebuild-{index.lower()}", description=plan.headline)
    body = plan.to_dict() | {"attempt": attempt.to_dict() if attempt else None}
    if attempt is None:
        get_run_logger().info("%s; nothing was published", plan.headline)
        return body
    refresh_site_of(pipeline, [attempt], get_run_logger().warning)
    if attempt.failed:
        return Failed(message=attempt.headline, data=body)
    get_run_logger().info(attempt.headline)
    return body


def plan_markdown(plan: RebuildPlan) -> str:
    """A plan as Markdown."""
    lines = [f"# {escaped(plan.headline)}", "", "Computed, and not B3's words.", ""]
    return "\n".join(lines + [f"- {escaped(line)}" for line in plan.rebuilt.evidence]) + "\n"
