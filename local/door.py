"""The one door of the account on the laptop: all that other packages of the project import of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime

from local.account.client import Account, AccountError, end_account, running_account
from local.account.stages import Stage
from local.rights.privileges import FLOW_ROLE

__all__ = [
    "FLOW_ROLE",
    "Account",
    "AccountError",
    "RecordedSample",
    "Stage",
    "end_account",
    "recorded_sample",
    "running_account",
]


@dataclass(frozen=True, slots=True)
class RecordedSample:
    """B3's portfolios of some sessions, served by a stand-in for B3's site.

    Attributes:
        index: index code.
        sessions: in order, each with the instant at which it counts as collected.
        url: the stand-in's address, as `B3_BASE_URL` takes it.
        show: makes the stand-in serve the portfolio of one of the sessions.
    """

    index: str
    sessions: tuple[tuple[date, datetime], ...]
    url: str
    show: Callable[[date], None]


@contextmanager
def recorded_sample() -> Iterator[RecordedSample]:
    """Serve the recorded sample within the block."""
    from local.b3 import sample, standin  # noqa: PLC0415 - the command line alone needs it

    with standin.serving() as stand_in:
        yield RecordedSample(
            sample.INDEX,
            tuple((session, sample.collected_at(session)) for session in sample.SESSIONS),
            stand_in.url,
            lambda session: stand_in.show(sample.recorded(session)),
        )
