"""The flow `prices`: B3's closing prices of the last sessions into the table `bovespa_cotacoes`, with an artifact of the outcome.

Prices that cannot be had are no failure: the run ends in the state Completed, named Incomplete, and the next one tries again.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from prefect import flow, get_run_logger
from prefect.client.schemas import State
from prefect.runtime import flow_run
from prefect.states import Completed

from flows.b3.calendar import SAO_PAULO, closed, sessions_between
from flows.backfill.judging import Judging
from flows.backfill.prices import Prices
from flows.errors import NotPublishedError
from flows.lake.connect import connect
from flows.orchestration import put_artifact
from flows.session.pipeline import Pipeline
from flows.settings import Settings, load_settings
from flows.site.publish import refresh_site_of

_LONGEST_CLOSED = timedelta(days=14)  # over which there are fewer sessions than days: Christmas, New Year, Carnival


@flow(name="prices", flow_run_name="prices", validate_parameters=True, persist_result=False)
def prices(since: date | None = None, until: date | None = None) -> dict[str, object] | State:
    """Bring in the prices of sessions that the table has not.

    Args:
        since: the first session; by default so many before the last as the setting BOVESPA_PRICES_DAYS says.
        until: the last session; by default the newest whose trading is over.

    Returns:
        What became of the sessions, as JSON's types.
    """
    settings, log = load_settings(), get_run_logger()
    now = datetime.now(UTC).astimezone(SAO_PAULO)
    last = until or closed(now)
    pipeline = Pipeline(settings, connect(settings))
    try:
        report = Prices(pipeline).fill(since or first_of(settings, last), last, now.date())
    except NotPublishedError as error:
        log.warning("no prices are needed: %s", error)
        return Completed(name="Incomplete", message=str(error), data={})
    for warning in report.warnings:
        log.warning("%s", warning)
    _verify(pipeline, since or first_of(settings, last))
    put_artifact(report.markdown, key="prices", description=report.headline)
    if report.missing:
        log.warning(report.headline)
        return Completed(name="Incomplete", message=report.headline, data=report.to_dict())
    log.info(report.headline)
    return report.to_dict()


def _verify(pipeline: Pipeline, since: date) -> None:
    """Hold what is published against the prices that have come."""
    log = get_run_logger()
    attempts = Judging(pipeline, str(flow_run.id or ""), log.warning).run(datetime.now(UTC), since)
    for attempt in attempts:
        log.info("%s %s by prices: %s (%s)", attempt.index, attempt.session, attempt.verdict, attempt.verification)
    refresh_site_of(pipeline, attempts, log.warning)


def first_of(settings: Settings, last: date) -> date:
    """The first of the sessions up to the last that the flow looks after."""
    since = last - settings.prices_days * timedelta(days=2) - _LONGEST_CLOSED
    return sessions_between(since, last)[-settings.prices_days :][0]
