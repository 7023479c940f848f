"""The flow `daily`: collect the session that B3 shows, take it the whole way, and publish it.

scrape → land → parse → gate 1 → upload → the Glue run of exactly that upload → gate 2 → publish → confirm through Athena →
history and changes

B3 may still show an older session than it should. The run then ends in the state Completed, named Stale, for there is nothing to
mend: the schedule's next try finds the session, and where none does, the alarm at noon tells.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from prefect import flow, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas import State
from prefect.exceptions import TerminationSignal
from prefect.runtime import flow_run
from prefect.states import Completed, Failed

from expectations.contract.keys import ContractError
from expectations.contract.names import DEFAULT_INDEX
from expectations.contract.outcomes import Outcome, Verdict
from expectations.gates.gate import GateRefused, GateReport, require
from flows.b3.calendar import SAO_PAULO, expected, is_stale
from flows.errors import AwsError, BovespaError, EtlRunFailed
from flows.glue_run import GlueRun
from flows.history.changes_report import changes_headline, changes_markdown, of_composition
from flows.history.refresh import FreshRows, Refreshed, fresh_rows, refresh
from flows.history.witness import Witness
from flows.lake.connect import connect
from flows.orchestration import SERVER_FAILED, name_run, put_artifact
from flows.record.attempt import DAILY, Attempt, OpenAttempt
from flows.record.ledger import Ledger
from flows.record.metrics import run_metrics
from flows.record.report import attempt_markdown
from flows.record.withdrawals import withdrawal_of
from flows.session.audit import Audited
from flows.session.pipeline import Collected, Pipeline
from flows.session.raw_file import RawFacts
from flows.session.shared_run import Prepared, prepared_for
from flows.session.staging import StagedSession
from flows.session.storage import Publication, RawVersion
from flows.settings import load_settings
from flows.site.publish import refresh_site
from flows.site.run_report import with_report

EXPECTED_ERRORS = (BovespaError, ContractError, GateRefused)
STOPPED = "stopped from outside ({}); the next run goes on from where this one was"


class _OneLine(logging.Filter):
    """Keeps the tracebacks of expected errors, and of Prefect's server's, out of the log: their message says all that helps.

    And Prefect's, which in a worker's process looks for an exception in a Failed state and finds the run's summary.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, (*EXPECTED_ERRORS, SERVER_FAILED)) or str(error).startswith(
            "Unexpected result for failed state"
        ):
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
    """Gate 1, before the upload, and against the published sessions beside this one."""
    facts = collected.facts
    return pipeline.check_raw(collected, pipeline.neighbours(facts.index, facts.session))


@task(name="upload-raw", cache_policy=NO_CACHE, retries=2, retry_delay_seconds=2)
def upload(pipeline: Pipeline, collected: Collected, *, force: bool) -> RawVersion:
    """Upload the raw file, which triggers the ETL."""
    return pipeline.upload(collected, force=force)


@task(name="await-etl", cache_policy=NO_CACHE)
def refine(pipeline: Pipeline, version: RawVersion, started: GlueRun | None = None) -> tuple[GlueRun, StagedSession]:
    """Wait for the Glue run of that raw version."""
    return pipeline.refine(version, started)


@task(name="gate-2-refined", cache_policy=NO_CACHE)
def audit(pipeline: Pipeline, version: RawVersion, staged: StagedSession) -> Audited:
    """Gate 2, on the staged Parquet files."""
    return pipeline.audit(version, staged)


@task(name="publish", cache_policy=NO_CACHE, retries=2, retry_delay_seconds=2)
def publish(pipeline: Pipeline, version: RawVersion, audited: Audited, *, force: bool) -> Publication:
    """Publish the audited files and confirm them through Athena."""
    return pipeline.publish(version, audited, force=force)


@task(name="history", cache_policy=NO_CACHE, retries=2, retry_delay_seconds=2)
def refresh_history(pipeline: Pipeline, index: str, fresh: list[FreshRows]) -> Refreshed:
    """Bring the history and the changes up to date with what is published."""
    return refresh(pipeline, index, fresh)


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
        The attempt as JSON's types; of a failed run too, as the data of its Failed state, and of one that found B3 stale as that
        of its Completed state named Stale.
    """
    settings = load_settings()
    pipeline = Pipeline(settings, connect(settings))
    ledger = Ledger.of(pipeline.lake, DAILY, str(flow_run.id or ""), get_run_logger().warning)
    going = OpenAttempt(ledger.run.begin(settings.known_index(index), reason="it broke off; the log says where"))
    try:
        _attempt(pipeline, going, force=force, collected_at=collected_at or going.attempt.started_at)
    except (KeyboardInterrupt, TerminationSignal) as stop:
        # ECS gives a task that it stops thirty seconds: enough to give the lease back and to note the attempt.
        going.end(Outcome.FAILED, STOPPED.format("Ctrl-C" if isinstance(stop, KeyboardInterrupt) else "SIGTERM"))
        raise
    finally:
        ledger.note(going.attempt)
    _update_site_and_metrics(pipeline, going.attempt)
    return _end(going.attempt)


def _attempt(pipeline: Pipeline, going: OpenAttempt, *, force: bool, collected_at: datetime) -> None:
    try:
        _run(pipeline, going, force=force, collected_at=collected_at)
    except EXPECTED_ERRORS as error:
        if isinstance(error, EtlRunFailed):
            going.attempt = going.attempt.with_cost(error.run, pipeline.lake.region)
            going.note(run_id=error.run.run_id)
        going.end(Outcome.FAILED, str(error))
    with going.step("report"):
        _report(pipeline, going)


def _run(pipeline: Pipeline, going: OpenAttempt, *, force: bool, collected_at: datetime) -> None:
    index = going.attempt.index
    prepared = prepared_for(index)
    with going.step("collect"):
        collected = prepared.answer() or collect(pipeline, index, collected_at)
    facts = collected.facts
    name_run(f"daily-{facts.index}-{facts.session}")
    log = get_run_logger()
    going.note(session=facts.session, fingerprint=facts.fingerprint, collected_at=facts.collected_at)
    going.note(source=facts.source, raw_bytes=len(collected.content))
    log.info("B3 shows %s of session %s (%s)", facts.index, facts.session, facts.source)
    stale = _staleness(pipeline, going, facts) if is_stale(facts.session, facts.collected_at) else ""
    if going.over:
        return
    if not force and (publication := pipeline.publication(facts)):
        going.note(rows=publication.rows, run_id=publication.run_id)
        _refresh(pipeline, going, [])
        going.end(Outcome.ALREADY_PUBLISHED)
        return
    if not force and _is_withdrawn(pipeline, going):
        return
    with going.step("gate 1"):
        _pass(going, prepared.report or check_raw(pipeline, collected))
    with going.step("upload"):
        version = prepared.version or upload(pipeline, collected, force=force)
    _note_version(going, version)
    with going.step("etl"):
        version, staged = _refined(pipeline, going, version, prepared)
    with going.step("gate 2"):
        audited = audit(pipeline, version, staged)
        _pass(going, audited.report)
    with going.step("publish and confirm"):
        publication = publish(pipeline, version, audited, force=force)
    going.note(rows=publication.rows)
    _refresh(pipeline, going, fresh_rows(publication, audited))
    with going.step("prices"):
        _ask_prices(pipeline, going)
    going.end(Outcome.STALE if stale else Outcome.PUBLISHED, stale)


def _note_version(going: OpenAttempt, version: RawVersion) -> None:
    raw = f"s3://{version.bucket}/{version.key}"
    going.note(raw=raw, raw_version_id=version.version_id)
    get_run_logger().info("raw file %s, version %s", raw, version.version_id)


def _refined(
    pipeline: Pipeline, going: OpenAttempt, version: RawVersion, prepared: Prepared
) -> tuple[RawVersion, StagedSession]:
    """What the Glue run has staged of the version; of one with the same content where the run was shared, and failed."""
    sessions = prepared.sessions
    try:
        run, staged = refine(pipeline, version, prepared.run)
    except EtlRunFailed as error:
        if sessions == 1:
            raise
        # It may have failed because of another index.
        get_run_logger().warning("the Glue run of %d indices failed, this one has its own now: %s", sessions, error)
        assert prepared.collected is not None, "what has a run was collected"
        version, sessions = upload(pipeline, prepared.collected, force=True), 1
        _note_version(going, version)
        run, staged = refine(pipeline, version)
    going.attempt = going.attempt.with_cost(run, pipeline.lake.region, sessions)
    going.note(run_id=run.run_id)
    get_run_logger().info("Glue run %s succeeded after %d s", run.run_id, run.seconds)
    return version, staged


def _refresh(pipeline: Pipeline, going: OpenAttempt, fresh: list[FreshRows]) -> None:
    """Bring the monthly tables up to date, also where a run that was killed has left them behind; tell what changed."""
    index, session = going.attempt.index, going.attempt.session
    assert session is not None, "what is published has a session"
    with going.step("history and changes"):
        changes = refresh_history(pipeline, index, fresh).changes.get(session, [])
    going.note(changes=len(of_composition(changes)))
    if going.attempt.changes:
        headline = changes_headline(index, session, changes)
        get_run_logger().warning(headline)
        put_artifact(changes_markdown(index, session, changes), key=f"changes-{index.lower()}", description=headline)


def _ask_prices(pipeline: Pipeline, going: OpenAttempt) -> None:
    """Hold what was published against B3's closing prices, which stops nothing: they may not be there, or be wrong themselves."""
    attempt = going.attempt
    assert attempt.session is not None, "what is published has a session"
    going.note(**Witness.of(pipeline.lake).facts(attempt.index, attempt.session))
    log = get_run_logger()
    tell = log.warning if going.attempt.verdict is Verdict.DIVERGENT else log.info
    tell("%s %s by prices: %s (%s)", attempt.index, attempt.session, going.attempt.verdict, going.attempt.verification)


def _is_withdrawn(pipeline: Pipeline, going: OpenAttempt) -> bool:
    """Whether somebody has withdrawn what B3 still shows; the attempt is over then."""
    index, session, fingerprint = going.attempt.index, going.attempt.session, going.attempt.fingerprint
    assert session is not None, "what B3 shows has a session"
    found = withdrawal_of(pipeline.lake.refined, index, session, fingerprint, going.attempt.started_at)
    if found is None:
        return False
    going.note(gate_refused=found.gate_refused, demands_refused=found.demands_refused)
    going.note(raw_version_id=found.raw_version_id)
    going.end(Outcome.QUARANTINED, found.reason)
    return True


def _staleness(pipeline: Pipeline, going: OpenAttempt, facts: RawFacts) -> str:
    """That B3 lags behind; the attempt is over where what it shows is of no use besides."""
    reason = pipeline.why_not_taken(facts)
    stale = (
        f"B3 still shows {facts.session}, {expected(facts.collected_at)} expected; tried again on the schedule "
        f"({reason or f'{facts.session} was missing: it is taken under its own date'})"
    )
    if reason:
        going.end(Outcome.STALE, stale)
    return stale


def _pass(going: OpenAttempt, report: GateReport) -> None:
    log = get_run_logger()
    going.attempt = going.attempt.with_gates([*going.attempt.gates, report])
    for warning in report.warnings:
        log.warning("%s warns: %s", report.gate, warning.line())
    require(report)
    log.info(report.verdict())


def _report(pipeline: Pipeline, going: OpenAttempt) -> None:
    """Keep the report."""
    going.attempt = with_report(pipeline.lake.artifacts, going.attempt, get_run_logger().warning)
    attempt = going.attempt
    put_artifact(attempt_markdown(attempt), key=f"daily-{attempt.index.lower()}", description=attempt.headline)


def _update_site_and_metrics(pipeline: Pipeline, attempt: Attempt) -> None:
    """Bring the site up to date and emit the run's metrics, of which the same holds."""
    log, now = get_run_logger(), attempt.collected_at or attempt.started_at
    newest = None
    try:
        sessions = [attempt.session] if attempt.session else []
        newest = refresh_site(pipeline, datetime.now(UTC), attempt.index, sessions).newest_published
    except (AwsError, ContractError) as error:
        log.warning("the site is not up to date: %s", error)
    try:
        pipeline.lake.metrics.emit(run_metrics(attempt, newest, now.astimezone(SAO_PAULO).date()))
    except AwsError as error:
        log.warning("the metrics were not kept: %s", error)


def _end(attempt: Attempt) -> dict[str, object] | State:
    body = attempt.to_dict()
    if attempt.failed:
        return Failed(message=attempt.headline, data=body)
    if attempt.outcome is Outcome.STALE:
        get_run_logger().warning(attempt.headline)
        return Completed(name="Stale", message=attempt.headline, data=body)
    get_run_logger().info(attempt.headline)
    return body
