"""What `bovespa run` has Prefect do."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from prefect.context import refresh_global_settings_context
from prefect.settings import temporary_settings

from expectations.contract.names import DEFAULT_INDEX
from expectations.queries.saved import queries_of
from flows.cli.console import Screen
from flows.cli.files import query_body
from flows.cli.language import tr
from flows.cli.place import Place
from flows.cli.sample_checks import SampleChecks, bring_prices, check_sample
from flows.daily_indices import daily_indices, run_daily
from flows.orchestration import server_asked
from flows.session.pipeline import Pipeline
from flows.settings import load_settings

if TYPE_CHECKING:
    from expectations.queries.saved import NamedQuery
    from flows.lake.athena import QueryResult

    Answered = tuple[NamedQuery, QueryResult]

_SAID_ELSEWHERE = (
    "Task run failed with exception",
    "Finished in state Failed(",
    "Finished in state Crashed(",
    "Crash detected!",
)
"""How lines of Prefect's begin that say once more what the command itself says at its end."""
_LINK = "View at "
_MAX_ROWS = 12


@contextmanager
def settings_taken(*, with_heartbeats: bool) -> Iterator[None]:
    """Have Prefect read its settings again: it was imported before the account was up, and reads them then.

    Args:
        with_heartbeats: runs tell the server that they live. Each waits up to a second at its end for the thread that does;
            and a server that ends with the command has nobody to tell that a run's heart has stopped.
    """
    refresh_global_settings_context()
    with temporary_settings({} if with_heartbeats else {"flows.heartbeat_frequency": None}):
        yield


class _Once(logging.Filter):
    """Keeps off the terminal what is said elsewhere, and links to a server that ends with the command."""

    def __init__(self, beginnings: tuple[str, ...]) -> None:
        super().__init__()
        self._beginnings = beginnings

    def filter(self, record: logging.LogRecord) -> bool:
        return not record.getMessage().startswith(self._beginnings)


def say_once(*, with_links: bool) -> None:
    """Have Prefect's log on the terminal leave out what the command says itself.

    Args:
        with_links: the server outlives the command, so that links to it are of use.
    """
    quiet = _Once(_SAID_ELSEWHERE if with_links else (*_SAID_ELSEWHERE, _LINK))
    for handler in logging.getLogger().handlers:  # where Prefect puts the terminal's
        handler.addFilter(quiet)


def collect_live(
    codes: Sequence[str], *, force: bool, collected_at: datetime | None, screen: Screen
) -> list[Mapping[str, Any]]:
    """Collect and publish what B3 shows; the runs' attempts.

    Args:
        codes: index codes; none for those of the settings.
    """
    settings = load_settings()
    chosen = [*codes] or [*settings.indices]
    screen.say(tr("collecting {} from {}").format(", ".join(chosen), settings.b3_base_url))
    if len(chosen) == 1:
        return [run_daily(chosen[0], force=force, collected_at=collected_at)]
    with server_asked():
        state: Any = daily_indices(chosen, force=force, collected_at=collected_at, return_state=True)
    return [*state.result(raise_on_failure=False)]


def collect_sample(
    *, force: bool, screen: Screen, place: Place
) -> tuple[list[Mapping[str, Any]], SampleChecks, list[Answered]]:
    """Collect and publish the recorded sample's sessions, one after the other, and bring in the prices around them.

    Returns:
        The runs' attempts, what the prices say, and what `ask_queries` does, which is at work beside that.
    """
    from local.door import recorded_sample  # noqa: PLC0415 - absent where only the flows are installed

    attempts: list[Mapping[str, Any]] = []
    with recorded_sample() as sample:
        first, last = (str(session) for session, _ in sample.sessions)
        screen.say(
            tr("recorded sample: B3's real portfolios of {} and {}, served by a stand-in on this machine").format(
                first, last
            )
        )
        os.environ |= {"B3_BASE_URL": sample.url, "BOVESPA_PRICES_BASE_URL": sample.prices_url}
        pipeline = Pipeline(load_settings(), place.lake)
        with ThreadPoolExecutor(2) as aside:
            for session, collected_at in sample.sessions:
                sample.show(session)
                attempts.append(run_daily(sample.index, force=force, collected_at=collected_at))
                # Of the shares that are published so far: most prices come in while the next session is at work.
                brought = aside.submit(bring_prices, pipeline, sample)
            asked = aside.submit(ask_queries, place, attempts)
            return attempts, check_sample(pipeline, sample, screen, brought), asked.result()


def ask_queries(place: Place, attempts: Sequence[Mapping[str, Any]]) -> list[Answered]:
    """The three queries of the Ibovespa's first session of the run, with their answers.

    Raises:
        AwsError, QueryError: Athena could not be asked, or failed.
    """
    sessions = [
        date.fromisoformat(str(attempt["session"]))
        for attempt in attempts
        if attempt["index"] == DEFAULT_INDEX and attempt["session"] and not attempt["failed"]
    ]
    queries = queries_of(sessions[0]) if sessions else ()
    return list(zip(queries, place.lake.athena.query_each(named.sql for named in queries), strict=True))


def show_queries(screen: Screen, answered: Sequence[Answered]) -> list[dict[str, Any]]:
    """Show queries and their answers; these as JSON's types."""
    answers = []
    for named, result in answered:
        screen.heading(tr(named.description))
        screen.line(named.sql)
        screen.rows(result, limit=_MAX_ROWS)
        answers.append({"name": named.name, **query_body(named.sql, result)})
    return answers
