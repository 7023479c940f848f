"""A withdrawal: a session that should not have been published is taken from Athena, and stays away until it is brought back."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from flows.errors import NotPublishedError
from flows.history.refresh import refresh
from flows.lake.lease import session_lease
from flows.record.withdrawals import withdrawal_of, withdrawn
from flows.session import storage
from flows.session.publish import Publisher

if TYPE_CHECKING:
    from flows.record.attempt import Attempt, FlowRun
    from flows.record.ledger import Ledger
    from flows.session.pipeline import Pipeline


def withdraw(pipeline: Pipeline, ledger: Ledger, index: str, session: date, reason: str) -> Attempt:
    """Take a session away: from both tables, from the record of what is published, from history and changes.

    What B3 sent and the raw file stay. Flows on schedule leave it alone, unless B3 says something else; a replay or an import
    publishes it again. May be killed anywhere and run again: the ledger says it first, so that no flow puts it back meanwhile.

    Args:
        reason: why, in one line.

    Raises:
        NotPublishedError: nothing of it is published.
        PublishError: another flow held the session's lease all the time, or the catalog refused a partition.
        AwsError: AWS refused or failed a call.
        ContractError: the publication record, or a month of the history, is not readable.
    """
    lake = pipeline.lake
    with session_lease(lake.refined, index, session, pipeline.settings.lease_timeout) as lease:
        refined = lease.guard(lake.refined)
        attempt = withdrawn(_begun(pipeline, ledger.run, index, session), f"withdrawn: {reason}")
        ledger.write(attempt)
        storage.forget_publication(refined, index, session)
        Publisher(refined, lease.guard(lake.catalog)).withdraw(index, session)
    # Listings alone do not tell of a record that is gone.
    refresh(pipeline, index, thorough=True)
    return attempt


def _begun(pipeline: Pipeline, flow_run: FlowRun, index: str, session: date) -> Attempt:
    """An attempt at the portfolio that is published, or that a withdrawal which was killed has not taken away wholly."""
    refined = pipeline.lake.refined
    version = storage.find_raw(pipeline.lake.raw, index, session)
    if found := storage.read_publication(refined, index, session):
        # The same portfolio may have been uploaded again, and not been published from there.
        raw_version_id = version.version_id if version and found.covers(version) else found.raw_version_id
        return flow_run.begin(index, session, fingerprint=found.fingerprint, raw_version_id=raw_version_id)
    if version:
        begun = withdrawal_of(refined, index, session, version.fingerprint, datetime.now(UTC))
        if begun:
            return flow_run.begin(index, session, fingerprint=begun.fingerprint, raw_version_id=begun.raw_version_id)
    raise NotPublishedError(f"{index} {session}: nothing is published that could be withdrawn")
