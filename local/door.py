"""The one door of the account on the laptop: all that other packages of the project import of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from local.account.client import Account, AccountError, end_account, prefect_environment, running_account
from local.account.home import Home
from local.account.stages import Stage
from local.rights.keys import FLOW_ROLE

if TYPE_CHECKING:
    from flows.b3.portfolio import Portfolio

__all__ = [
    "FLOW_ROLE",
    "Account",
    "AccountError",
    "RecordedSample",
    "Stage",
    "deployments",
    "end_account",
    "prefect_environment",
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
        prices_url: that of the files of prices, as `BOVESPA_PRICES_BASE_URL` takes it.
        show: makes the stand-in serve the portfolio of one of the sessions.
        priced: the sessions whose prices are served, in order.
        session_after: what B3 stated of the session after the last one, which is not collected.
        ex_amounts: what came off closes, in reais a share, by session and ticker.
    """

    index: str
    sessions: tuple[tuple[date, datetime], ...]
    url: str
    prices_url: str
    show: Callable[[date], None]
    priced: tuple[date, ...]
    session_after: Portfolio
    ex_amounts: Mapping[tuple[date, str], Decimal]


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
            sample.PRICED,
            sample.recorded(sample.SESSION_AFTER),
            sample.EX_AMOUNTS,
        )


@contextmanager
def deployments(home: Path, environment: Mapping[str, str], *, scheduled: bool) -> Iterator[Callable[[], None]]:
    """Have Prefect's UI list the deployments of prefect.yaml, and run them on their schedules within the block if wanted.

    Args:
        home: the account's.
        environment: this process's, which names the account and has the rights of the runs.

    Yields:
        What raises a PrefectCommandError once they run no more though they should.

    Raises:
        AccountError: another process runs the home's schedules, Prefect's server did not take the deployments, or they run
            no more.
    """
    from local.prefect_.programs import PrefectCommandError  # noqa: PLC0415 - the command `up` alone needs it
    from local.prefect_.schedules import (  # noqa: PLC0415
        ScheduledElsewhereError,
        list_deployments,
        running_deployments,
    )

    try:
        if scheduled:
            with running_deployments(Home(home), environment) as check:
                yield check
        else:
            list_deployments(Home(home), environment)
            yield lambda: None
    except (PrefectCommandError, ScheduledElsewhereError) as error:
        raise AccountError(str(error)) from error
