"""A session brought back to what is recorded of it, by a publisher that was overtaken.

What such a publisher sends after it was overtaken is refused (see `flows.lake.fence`), but for what was between its last look and
the wire at that instant. A copy to a key that nobody uses any more, or a call of Glue, may then still take effect. So who was
overtaken looks, under a lease that it holds, whether the session shows what its record says, and publishes that again where not.
"""

from __future__ import annotations

import logging
from datetime import date
from typing import TYPE_CHECKING

from expectations.contract.keys import ContractError
from flows.errors import BovespaError
from flows.lake.lease import session_lease
from flows.session import etl, storage
from flows.session.publish import Publisher
from flows.session.staging import staged_session

if TYPE_CHECKING:
    from flows.lake.connect import Lake

_LOG = logging.getLogger(__name__)


def restore(lake: Lake, index: str, session: date, lease_timeout: float) -> None:
    """Let the session show what is recorded of it; where that cannot be, say so in the log, for the caller has failed already."""
    try:
        with session_lease(lake.refined, index, session, lease_timeout) as lease:
            record = storage.read_publication(lake.refined, index, session)
            if record is None:
                return
            manifest = etl.read_manifest(lake.refined, lake.job.run(record.run_id))
            staged = staged_session(manifest, index, session, record.raw_version_id)
            publisher = Publisher(lease.guard(lake.refined), lease.guard(lake.catalog))
            if not publisher.shows(staged):
                publisher.publish(staged)
    except (BovespaError, ContractError) as error:
        _LOG.warning("%s %s may not show what is recorded of it: %s", index, session, error)
