"""The flow `verify`: everything that is published is compared with what was published, with a Markdown artifact of what differs.

Where something differs it ends in the state Failed, so that people are told; `reconcile` mends it.
"""

from __future__ import annotations

from datetime import UTC, date, datetime

from prefect import flow, get_run_logger
from prefect.client.schemas import State
from prefect.runtime import flow_run
from prefect.states import Failed

from expectations.contract.keys import check_index
from flows.b3.calendar import SAO_PAULO
from flows.backfill.verification import Verification
from flows.backfill.verification_report import verification_markdown
from flows.lake.connect import connect
from flows.orchestration import put_artifact
from flows.session.pipeline import Pipeline
from flows.settings import load_settings


@flow(name="verify", flow_run_name="verify", validate_parameters=True, persist_result=False)
def verify(
    since: date | None = None, until: date | None = None, indices: list[str] | None = None
) -> dict[str, object] | State:
    """Compare everything that is published with what was published.

    Args:
        since: the first session; by default, of each index, the first of which there is anything.
        until: the last session; by default the one that is due.
        indices: index codes; by default all of which there is anything.

    Returns:
        What was found, as JSON's types; where something differs, as the data of a Failed state.
    """
    now = datetime.now(UTC).astimezone(SAO_PAULO)
    wanted = [check_index(index) for index in indices or ()]
    settings = load_settings()
    verification = Verification(Pipeline(settings, connect(settings)), str(flow_run.id or ""))
    verified = verification.run(now, since, until, wanted)
    put_artifact(verification_markdown(verified, now), key="verify", description=verified.headline)
    if verified.intact:
        get_run_logger().info(verified.headline)
        return verified.to_dict()
    return Failed(message=verified.headline, data=verified.to_dict())
