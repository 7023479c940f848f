"""The flow `reconcile`: what was left behind is taken to its published state, with a Markdown artifact of what became of it."""

from __future__ import annotations

from datetime import UTC, date, datetime

from prefect import flow, get_run_logger
from prefect.client.schemas import State
from prefect.runtime import flow_run
from prefect.states import Failed

from expectations.contract.keys import check_index
from flows.b3.calendar import SAO_PAULO
from flows.backfill.rebuilding import rebuildable
from flows.backfill.recovery import Recovery
from flows.backfill.recovery_report import recovery_markdown
from flows.lake.connect import connect
from flows.orchestration import put_artifact
from flows.session.pipeline import Pipeline
from flows.settings import load_settings
from flows.site.publish import refresh_site_of


@flow(name="reconcile", flow_run_name="reconcile", validate_parameters=True, persist_result=False)
def reconcile(
    since: date | None = None,
    until: date | None = None,
    indices: list[str] | None = None,
    *,
    retry_quarantined: bool = False,
    at_once: bool = False,
) -> dict[str, object] | State:
    """Bring every session from where it stands to published.

    Args:
        since: the first session; by default, of each index, the first of which there is anything.
        until: the last session; by default the one that is due.
        indices: index codes; by default all of which there is anything.
        retry_quarantined: take what a gate refused, too, as after a change of code.
        at_once: take what is so young that another flow may be at work on it, too.

    Returns:
        Attempts and what was left alone, as JSON's types; where a session failed, as the data of a Failed state.
    """
    now = datetime.now(UTC).astimezone(SAO_PAULO)
    wanted = [check_index(index) for index in indices or ()]
    settings = load_settings()
    pipeline = Pipeline(settings, connect(settings))
    recovery = Recovery(pipeline, retry_quarantined, at_once, execution=str(flow_run.id or ""))
    recovered = recovery.run(now, since, until, wanted)
    refresh_site_of(pipeline, recovered.attempts, get_run_logger().warning)
    put_artifact(recovery_markdown(recovered, now), key="reconcile", description=recovered.headline)
    for name, how in rebuildable(pipeline, recovered.missing).items():
        get_run_logger().info(
            "%s %s could be rebuilt (%s): bovespa rebuild --session %s --index %s", *name, how, name[1], name[0]
        )
    if recovered.failed:
        return Failed(message=recovered.headline, data=recovered.to_dict())
    get_run_logger().info(recovered.headline)
    return recovered.to_dict()
