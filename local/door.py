"""The one door of the account on the laptop: all that other packages of the project import of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime

from local.account.client import Account, AccountError, running_account
from local.rights.privileges import FLOW_ROLE

__all__ = ["FLOW_ROLE", "Account", "AccountError", "RecordedSample", "recorded_sample", "running_account"]


@dataclass(frozen=True, slots=True)
class RecordedSample:
    """B3's portfolios of some sessions, served by a stand-in for B3's site.

    Attributes:
        index: index code.
        sessions: in order, each with the instant at which it counts as collected.
        url: the stand-in's address, as `B3_BASE_URL` takes it.
        prices_url: that of the files of prices, as `BOVESPA_PRICES_BASE_URL` takes it.
        show: makes the stand-in serve the portfolio of one of the sessions.
    """

    index: str
    sessions: tuple[tuple[date, datetime], ...]
    url: str
    prices_url: str
    show: Callable[[date], None]


@contextmanager
def recorded_sample() -> Iterator[RecordedSample]:
    """Serve the recorded sample within the block."""
    from local.b3 import sample, standin  # noqa: PLC0415 - the command line alone needs it

    with standin.serving() as stand_in:
        stand_in.quotes.update((session, sample.quotes(session)) for session in sample.PRICED)
        yield RecordedSample(
            sample.INDEX,
            tuple((session, sample.collected_at(session)) for session in sample.SESSIONS),
            stand_in.url,
            stand_in.prices_url,
            lambda session: stand_in.show(sample.recorded(session)),
        )
