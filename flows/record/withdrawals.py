"""Withdrawals: in the ledger, a session that somebody has taken back is quarantined until somebody brings it back."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from expectations.contract.keys import ContractError, read_attempt_key, time_prefixes
from expectations.contract.names import LEDGER_PREFIX
from expectations.contract.outcomes import Outcome
from flows.record.ledger import read_attempt

if TYPE_CHECKING:
    from collections.abc import Iterable

    from expectations.contract.keys import AttemptKey
    from flows.lake.s3 import Bucket
    from flows.record.attempt import Attempt

WITHDRAWAL = "withdrawal"
"""Stands where the gate stands that refused a session: a person did."""

_PUBLISHED = (Outcome.PUBLISHED, Outcome.ALREADY_PUBLISHED)
_AHEAD = timedelta(days=10)  # B3 shows a session by so much before its day
_DAY = timedelta(days=1)


def is_withdrawal(attempt: Attempt) -> bool:
    """Whether it is one, or an attempt that found one."""
    return attempt.outcome is Outcome.QUARANTINED and attempt.gate_refused == WITHDRAWAL


def withdrawn(attempt: Attempt, reason: str) -> Attempt:
    """The attempt, of which the raw version is known, as one that ends because the session is withdrawn.

    Args:
        reason: of the person who has withdrawn it, in one line.
    """
    return attempt.ended(Outcome.QUARANTINED, reason, gate_refused=WITHDRAWAL, demands_refused=(reason,))


def withdrawal_of(refined: Bucket, index: str, session: date, fingerprint: str, now: datetime) -> Attempt | None:
    """The withdrawal of a portfolio; None where it was not withdrawn, or was brought back.

    Args:
        fingerprint: `Portfolio.fingerprint` of the portfolio.
        now: instant (aware).

    Raises:
        AwsError: S3 could not be asked.
    """
    prefixes = time_prefixes(LEDGER_PREFIX, session - _AHEAD, now.date() + _DAY)
    rows = (row for item in refined.objects_below(prefixes) if (row := read_attempt_key(item.key)))
    return withdrawal_among(refined, [row for row in rows if (row.index, row.session) == (index, session)], fingerprint)


def withdrawal_among(refined: Bucket, rows: Iterable[AttemptKey], fingerprint: str) -> Attempt | None:
    """The withdrawal of a portfolio among the attempts at its session: it stands until the session is published again.

    Args, Raises: as of `withdrawal_of`.
    """
    for row in sorted(rows, key=lambda row: row.ended_at, reverse=True):
        if row.outcome in _PUBLISHED:
            return None
        if row.outcome is Outcome.QUARANTINED:
            with suppress(ContractError):
                attempt = read_attempt(refined, row)
                if is_withdrawal(attempt) and attempt.fingerprint == fingerprint:
                    return attempt
    return None
