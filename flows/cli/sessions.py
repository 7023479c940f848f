"""The commands that look after all sessions: `bovespa status`, `bovespa reconcile`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Any

import typer

from flows.backfill.rebuilding import rebuildable
from flows.backfill.recovery import Recovered, Recovery
from flows.cli.advice import typed
from flows.cli.console import Screen
from flows.cli.indices import index_code
from flows.cli.language import counted, tr
from flows.cli.options import DAY, Command, InAws, Json, examples, group
from flows.cli.pipeline import open_pipeline
from flows.cli.place import Place
from flows.record.index_status import IndexStatus
from flows.record.status import SessionHistory, read_history, read_status
from flows.record.status_report import HEADING, rows, rows_by_index
from flows.site.publish import refresh_site_of

app = group()

Since = Annotated[
    datetime | None,
    typer.Option(formats=DAY, metavar="YYYY-MM-DD", help="First session; by default the first there is."),
]
Until = Annotated[
    datetime | None,
    typer.Option(formats=DAY, metavar="YYYY-MM-DD", help="Last session; by default the one that is due."),
]
Indices = Annotated[
    list[str] | None,
    typer.Option(
        "--index", parser=index_code, metavar="CODE", help="Index code; may be given again. By default all there are."
    ),
]


@app.command(
    cls=Command,
    epilog=examples(
        "bovespa status", "bovespa status --since 2025-06-01 --json", "bovespa status --session 2025-06-30"
    ),
)
def status(
    *,
    since: Since = None,
    until: Until = None,
    index: Indices = None,
    session: Annotated[
        datetime | None,
        typer.Option(formats=DAY, metavar="YYYY-MM-DD", help="Only this session, with all that was done about it."),
    ] = None,
    aws: InAws = False,
    as_json: Json = False,
) -> None:
    """Show where each session stands: published, staged, raw, landed, quarantined (which gate, why) or missing.

    The exit code is 0 where every session is published, 1 where one is not, or where AWS could not be asked.
    """
    screen = Screen(as_json=as_json)
    first, last = (session, session) if session else (since, until)
    with open_pipeline(screen, aws=aws) as (place, pipeline):
        found = read_status(pipeline, datetime.now(UTC), _day(first), _day(last), index or ())
        asked = [item.traces for items in found.sessions.values() for item in items] if session else []
        histories = [read_history(pipeline, traces) for traces in asked]
    body: dict[str, Any] = found.to_dict()
    if session:
        body["history"] = [item.to_dict() for item in histories]
    screen.result(body)
    for item in found.indices:
        _show_status(screen, place, item)
    for entry in histories:
        _show_history(screen, entry)
    if not found.complete:
        raise typer.Exit(1)


@app.command(
    cls=Command,
    epilog=examples(
        "bovespa reconcile", "bovespa reconcile --since 2025-06-01", "bovespa reconcile --retry-quarantined"
    ),
)
def reconcile(
    *,
    since: Since = None,
    until: Until = None,
    index: Indices = None,
    retry_quarantined: Annotated[
        bool, typer.Option("--retry-quarantined", help="Also what a gate refused, as after a change of code.")
    ] = False,
    at_once: Annotated[
        bool, typer.Option("--at-once", help="Also what came just now, which another flow may be at work on.")
    ] = False,
    aws: InAws = False,
    as_json: Json = False,
) -> None:
    """Bring every session from where it stands to published, in one Glue run for all that need one.

    May run beside other flows, and be stopped anywhere and run again. The exit code is 1 where a session failed.
    """
    screen = Screen(as_json=as_json)
    with open_pipeline(screen, aws=aws) as (place, pipeline), screen.progress() as progress:
        recovery = Recovery(pipeline, retry_quarantined, at_once, progress=progress)
        recovered = recovery.run(datetime.now(UTC), _day(since), _day(until), index or ())
        refresh_site_of(pipeline, recovered.attempts, screen.say)
        found = rebuildable(pipeline, recovered.missing)
    _show_recovered(screen, place, recovered, found)
    if recovered.failed:
        raise typer.Exit(1)


def _show_status(screen: Screen, place: Place, status: IndexStatus) -> None:
    screen.heading(status.headline)
    screen.table(HEADING, [_with_link(place, row) for row in rows(status.sessions)])
    if status.undated:
        screen.line("  " + tr("{} whose session is unknown").format(counted(status.undated, "payload")))


def _show_history(screen: Screen, history: SessionHistory) -> None:
    screen.heading(tr("{} {}: what was published, the newest first").format(history.index, history.session))
    if found := history.publication:
        versions = [(item.published_at, item.raw_version_id, item.run_id, str(item.rows)) for item in found.versions]
        screen.table(("Published", "Raw version", "Glue run", "Rows"), versions)
    screen.heading(tr("{} {}: attempts, the oldest first").format(history.index, history.session))
    attempts = [
        (f"{row.ended_at:%Y-%m-%d %H:%M:%S}", row.flow, tr(str(row.outcome)), str(row.rows), row.reason)
        for row in history.attempts
    ]
    screen.table(("Ended", "Flow", "Outcome", "Rows", "Why"), attempts)


def _show_recovered(screen: Screen, place: Place, recovered: Recovered, found: Mapping[tuple[str, date], str]) -> None:
    listed = [{"index": index, "session": str(session), "from": how} for (index, session), how in found.items()]
    screen.result(recovered.to_dict() | {"rebuildable": listed})
    screen.heading(recovered.headline)
    for attempt in recovered.attempts:
        reason = f": {attempt.reason}" if attempt.reason else ""
        screen.line(f"  {tr(str(attempt.outcome))}  {attempt.index} {attempt.session}{reason}")
    for problem in recovered.problems:
        screen.fail(problem)
    if recovered.left:
        left = [_with_link(place, row) for row in rows_by_index(recovered.left)]
        screen.table(("Index", *HEADING), left)
    for index, session in found:
        asked = typed("rebuild", "--session", str(session), "--index", index)
        screen.line("  " + tr("{} {} could be rebuilt: {}").format(index, session, asked))


def _with_link(place: Place, row: tuple[str, ...]) -> tuple[str, ...]:
    *cells, report = row
    return (*cells, place.link_to(report) if report else "")


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None
