"""The flow `daily`: collect the session that B3 shows, take it the whole way, and publish it.

scrape → land → parse → gate 1 → upload → the Glue run of exactly that upload → gate 2 → publish → confirm through Athena →
history and changes

B3 may still show an older session than it should. The run then ends in the state Completed, named Stale, for there is nothing to
mend: the schedule's next try finds the session, and where none does, the alarm at noon tells.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas import State
from prefect.runtime import flow_run
from prefect.states import Completed, Failed

from expectations.contract.keys import ContractError, check_index
from expectations.contract.names import DEFAULT_INDEX
from expectations.gates.gate import GateRefused, GateReport, require
from flows.b3.calendar import SAO_PAULO, expected, is_stale
from flows.errors import AwsError, BovespaError, EtlRunFailed
from flows.history.changes_report import changes_headline, changes_markdown, of_composition
from flows.history.derived import Derived, Offer, ensure_derived, offer
from flows.lake.clients import connect
from flows.record.attempt import DAILY
from flows.record.ledger import Ledger
from flows.record.metrics import emit, run_metrics
from flows.record.reports import ALREADY_PUBLISHED, FAILED, PUBLISHED, STALE, Summary, publish_reports
from flows.session.etl import GlueRun
from flows.session.pipeline import Audited, Collected, Pipeline
from flows.session.raw_file import RawFacts
from flows.session.staging import StagedSession
from flows.session.storage import Publication, RawVersion
from flows.settings import load_settings
from flows.site.figures import figures_of
from flows.site.publish import Site
from flows.turn import turn_of

EXPECTED_ERRORS = (BovespaError, ContractError, GateRefused)


class _OneLine(logging.Filter):
    """Keeps the tracebacks of expected errors out of the log: their message says all that helps.

    And Prefect's, which in a worker's process looks for an exception in a Failed state and finds the run's summary.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, EXPECTED_ERRORS) or str(error).startswith("Unexpected result for failed state"):
            record.exc_info = None
        return True


for _name in ("prefect.flow_runs", "prefect.task_runs"):
    logging.getLogger(_name).addFilter(_OneLine())


@task(name="collect", cache_policy=NO_CACHE)
def collect(pipeline: Pipeline, index: str, collected_at: datetime) -> Collected:
    """Scrape B3, land every payload, parse."""
    return pipeline.collect(index, collected_at)


@task(name="gate-1-raw", cache_policy=NO_CACHE)
def check_raw(pipeline: Pipeline, collected: Collected) -> GateReport:
    """Gate 1, before the upload."""
    return pipeline.check_raw(collected)


@task(name="upload-raw", cache_policy=NO_CACHE, retries=2, retry_delay_seconds=2)
def upload(pipeline: Pipeline, collected: Collected, *, force: bool) -> RawVersion:
    """Upload the raw file, which triggers the ETL."""
    return pipeline.upload(collected, force=force)


@task(name="await-etl", cache_policy=NO_CACHE)
def refine(pipeline: Pipeline, version: RawVersion) -> tuple[GlueRun, StagedSession]:
    """Wait for the Glue run of that raw version."""
    return pipeline.refine(version)


@task(name="gate-2-refined", cache_policy=NO_CACHE)
def audit(pipeline: Pipeline, version: RawVersion, staged: StagedSession) -> Audited:
    """Gate 2, on the staged Parquet files."""
    return pipeline.audit(version, staged)


@task(name="publish", cache_policy=NO_CACHE, retries=2, retry_delay_seconds=2)
def publish(pipeline: Pipeline, version: RawVersion, audited: Audited, *, force: bool) -> Publication:
    """Publish the audited files and confirm them through Athena."""
    return pipeline.publish(version, audited, force=force)


@task(name="derive", cache_policy=NO_CACHE, retries=2, retry_delay_seconds=2)
def derive(pipeline: Pipeline, index: str, offers: list[Offer]) -> Derived:
    """Bring the history and the changes up to date with what is published."""
    return ensure_derived(pipeline, index, offers)


@flow(name="daily", flow_run_name="daily-{index}", validate_parameters=True, persist_result=False)
def daily(
    index: str = DEFAULT_INDEX, *, force: bool = False, collected_at: datetime | None = None
) -> dict[str, object] | State:
    """Collect the index's session from B3 and publish it.

    Args:
        index: index code that B3 publishes.
        force: repeat a session that is already published.
        collected_at: instant at which the answer was recorded, where B3_BASE_URL serves a recorded one; by default now.

    Returns:
        The run's summary as JSON's types; of a failed run too, as the data of its Failed state, and of one that found B3
        stale as that of its Completed state named Stale.
    """
    summary = Summary(check_index(index), datetime.now(UTC), recorded_at=collected_at)
    pipeline = Pipeline(load_settings(), connect())
    try:
        _attempt(pipeline, summary, force=force, collected_at=collected_at or summary.started_at)
    finally:
        ledger = Ledger.of(pipeline, DAILY, str(flow_run.id or ""), get_run_logger().warning)
        ledger.note(ledger.book.of_summary(summary, datetime.now(UTC)))
    if summary.outcome == FAILED:
        return Failed(message=summary.headline, data=summary.to_dict())
    if summary.outcome == STALE:
        get_run_logger().warning(summary.headline)
        return Completed(name="Stale", message=summary.headline, data=summary.to_dict())
    get_run_logger().info(summary.headline)
    return summary.to_dict()


def _attempt(pipeline: Pipeline, summary: Summary, *, force: bool, collected_at: datetime) -> None:
    try:
        with turn_of(summary.index, pipeline.settings.turn_timeout, get_run_logger()):
            _run(pipeline, summary, force=force, collected_at=collected_at)
    except EXPECTED_ERRORS as error:
        summary.outcome, summary.error = FAILED, str(error)
        if isinstance(error, EtlRunFailed):
            summary.run, summary.run_id = error.run, error.run.run_id
    _report(pipeline, summary)
    _tell(pipeline, summary, collected_at)


def _run(pipeline: Pipeline, summary: Summary, *, force: bool, collected_at: datetime) -> None:
    log = get_run_logger()
    with _timed(summary, "collect"):
        collected = collect(pipeline, summary.index, collected_at)
    facts = collected.facts
    summary.session, summary.raw_bytes = facts.session, len(collected.content)
    summary.fingerprint = facts.fingerprint
    log.info("B3 shows %s of session %s (%s)", facts.index, facts.session, facts.source)
    if is_stale(facts.session, facts.collected_at) and _is_passed_over(pipeline, summary, facts):
        return
    if not force and (publication := pipeline.publication(facts)):
        summary.outcome, summary.rows, summary.run_id = ALREADY_PUBLISHED, publication.rows, publication.run_id
        _derive(pipeline, summary, facts.session, [])
        return
    with _timed(summary, "gate 1"):
        _pass(summary, check_raw(pipeline, collected))
    with _timed(summary, "upload"):
        version = upload(pipeline, collected, force=force)
    summary.raw, summary.raw_version_id = f"s3://{version.bucket}/{version.key}", version.version_id
    log.info("raw file %s, version %s", summary.raw, version.version_id)
    with _timed(summary, "etl"):
        run, staged = refine(pipeline, version)
    summary.run_id, summary.run = run.run_id, run
    log.info("Glue run %s succeeded after %d s", run.run_id, run.seconds)
    with _timed(summary, "gate 2"):
        audited = audit(pipeline, version, staged)
        _pass(summary, audited.report)
    with _timed(summary, "publish and confirm"):
        publication = publish(pipeline, version, audited, force=force)
    summary.outcome, summary.rows = STALE if summary.note else PUBLISHED, publication.rows
    summary.figures = figures_of(audited.output.refined["percentual_participacao_ibov"].tolist()).to_dict()
    _derive(pipeline, summary, facts.session, offer(publication, audited))


def _derive(pipeline: Pipeline, summary: Summary, session: date, offers: list[Offer]) -> None:
    """Bring the monthly tables up to date, also where a run that was killed has left them behind; tell what changed."""
    with _timed(summary, "history and changes"):
        changes = derive(pipeline, summary.index, offers).changes.get(session, [])
    summary.changes = len(of_composition(changes))
    if summary.changes:
        headline = changes_headline(summary.index, session, changes)
        get_run_logger().warning(headline)
        create_markdown_artifact(
            changes_markdown(summary.index, session, changes),
            key=f"changes-{summary.index.lower()}",
            description=headline,
        )


def _is_passed_over(pipeline: Pipeline, summary: Summary, facts: RawFacts) -> bool:
    """Note that B3 lags behind; whether what it shows is of no use besides."""
    reason = pipeline.why_not_taken(facts)
    summary.note = (
        f"B3 still shows {facts.session}, {expected(facts.collected_at)} expected; tried again on the schedule "
        f"({reason or f'{facts.session} was missing: it is taken under its own date'})"
    )
    if reason:
        summary.outcome = STALE
    return reason is not None


def _pass(summary: Summary, report: GateReport) -> None:
    log = get_run_logger()
    summary.gates.append(report)
    for warning in report.warnings:
        log.warning("%s warns: %s", report.gate, warning.line())
    require(report)
    log.info(report.verdict())


def _report(pipeline: Pipeline, summary: Summary) -> None:
    """Keep the reports; that they cannot be kept must not fail a run, nor hide why it failed."""
    log, s3, settings = get_run_logger(), pipeline.aws.s3, pipeline.settings
    with _timed(summary, "reports"):
        try:
            publish_reports(s3, settings.artifacts_bucket, summary)
            site = Site(s3, settings.artifacts_bucket, settings.refined_bucket)
            site.add(summary)
            summary.links["all sessions"] = site.address
        except (AwsError, ContractError) as error:
            log.warning("the reports were not kept: %s", error)
        create_markdown_artifact(
            summary.to_markdown(), key=f"daily-{summary.index.lower()}", description=summary.headline
        )


def _tell(pipeline: Pipeline, summary: Summary, collected_at: datetime) -> None:
    """Emit the run's metrics, of which the same holds."""
    today = collected_at.astimezone(SAO_PAULO).date()
    try:
        emit(pipeline.aws.cloudwatch, run_metrics(summary, today), pipeline.settings.metrics_namespace)
    except AwsError as error:
        get_run_logger().warning("the metrics were not kept: %s", error)


@contextmanager
def _timed(summary: Summary, step: str) -> Iterator[None]:
    began = time.perf_counter()
    try:
        yield
    finally:
        summary.seconds[step] = round(time.perf_counter() - began, 3)
