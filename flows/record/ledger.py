"""The ledger in S3: attempts, each in a file of its own, written, found and read."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

from expectations.contract.keys import ContractError, attempt_key, ledger_prefix
from expectations.contract.ledger import LEDGER_TABLE
from expectations.contract.outcomes import DONE, published_from
from expectations.contract.partitions import ledger_values
from flows.errors import BovespaError
from flows.lake.s3 import PARQUET
from flows.record.attempt import UNKNOWN, Attempt, FlowRun, read_parquet

if TYPE_CHECKING:
    from expectations.contract.keys import AttemptKey
    from flows.lake.catalog import Values
    from flows.lake.connect import Lake
    from flows.lake.s3 import Bucket
    from flows.session.storage import Publication

_LOG = logging.getLogger(__name__)
_UNIQUE = 12  # hexadecimal digits


@dataclass(frozen=True, slots=True)
class Ledger:
    """The ledger of one account, as one flow run writes it.

    Attributes:
        warn: called with a line for each attempt that could not be written.
    """

    lake: Lake
    run: FlowRun
    warn: Callable[[str], None] = _LOG.warning
    _registered: set[Values] = field(default_factory=set)

    @classmethod
    def of(cls, lake: Lake, flow: str, execution: str = "", warn: Callable[[str], None] = _LOG.warning) -> Ledger:
        """The ledger of an account.

        Args:
            execution: id of the flow run; by default one of its own.
        """
        return cls(lake, FlowRun(execution or str(uuid4()), flow), warn)

    def note(self, attempt: Attempt) -> None:
        """Write an attempt; that it cannot be written is a warning, for it must not fail what the attempt is about."""
        try:
            self.write(attempt)
        except (BovespaError, ContractError) as error:
            self.warn(f"the ledger lacks a row: {error}")

    def write(self, attempt: Attempt) -> str:
        """Write an attempt, in a file of its own, and register its month's partition.

        Returns:
            The file's key.

        Raises:
            AwsError: S3 or Glue could not be asked.
            PublishError: the catalog refused the partition.
            ContractError: the attempt is of no index.
        """
        key = attempt_key(
            attempt.index,
            attempt.session,
            attempt.outcome,
            attempt.started_at,
            attempt.ended_at,
            uuid4().hex[:_UNIQUE],
            warnings=attempt.warnings,
            verdict=attempt.verdict,
        )
        self.lake.refined.put(key, attempt.to_parquet(), kind=PARQUET)
        values = ledger_values(attempt.started_at)
        if values not in self._registered:
            # Also where it is there: one call, whichever flow comes first in a month.
            self.lake.catalog.create(LEDGER_TABLE, {values: ledger_prefix(attempt.started_at)}, anew=False)
            self._registered.add(values)
        return key

    def restore(self, row: AttemptKey) -> None:
        """Write a row again that cannot be read, as far as its key tells.

        Raises:
            AwsError: S3 could not be asked.
        """
        known = FlowRun(UNKNOWN, UNKNOWN).begin(row.index, row.session, outcome=row.outcome, warnings=row.warnings)
        reason = "" if row.outcome in DONE else "the ledger's row was damaged: its reason is lost"
        attempt = replace(known, started_at=row.ended_at, ended_at=row.ended_at, reason=reason)
        self.lake.refined.put(row.key, attempt.to_parquet(), kind=PARQUET)

    def restore_publication(self, record: Publication) -> None:
        """Write the row of a publication that is lost, as far as its record tells.

        Raises:
            AwsError, PublishError: it could not be written.
        """
        at = datetime.fromisoformat(record.published_at)
        row = FlowRun(UNKNOWN, UNKNOWN).begin(
            record.index,
            date.fromisoformat(record.session),
            outcome=published_from(record.source),
            fingerprint=record.fingerprint,
            raw_version_id=record.raw_version_id,
            rows=record.rows,
            run_id=record.run_id,
            source=record.source,
        )
        self.write(replace(row, started_at=at, ended_at=at))


def read_attempt(refined: Bucket, row: AttemptKey) -> Attempt:
    """One attempt.

    Raises:
        AwsError: it could not be read.
        ContractError: it is not a row of the ledger, or another than its key says.
    """
    found = read_parquet(refined.read(row.key))
    if (found.index, found.session, found.outcome) != (row.index, row.session, row.outcome):
        raise ContractError(f"ledger: the row of {found.index} {found.session}, {found.outcome}")
    return found
