"""The commands that look at all sessions: `bovespa status`, `bovespa verify`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.backfill.verification import Verification, Verified
from flows.cli.advice import typed
from flows.cli.console import Screen
from flows.cli.indices import index_code
from flows.cli.language import counted, tr
from flows.cli.options import DAY, Command, InAws, Json, examples, group
from flows.cli.pipeline import open_pipeline
from flows.cli.place import Need, Place
from flows.errors import SettingsError
from flows.record.acknowledge import Acknowledgement, acknowledge
from flows.record.index_status import IndexStatus
from flows.record.state import State
from flows.record.status import SessionHistory, read_history, read_status
from flows.record.status_report import HEADING, rows

if TYPE_CHECKING:
    from flows.session.pipeline import Pipeline

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
        "bovespa status",
        "bovespa status --since 2025-06-01 --json",
        "bovespa status --session 2025-06-30",
        'bovespa status --acknowledge 2025-07-04 --reason "nobody collected it"',
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
    lost: Annotated[
        str | None,
        typer.Option(
            "--acknowledge",
            metavar="DAY[:DAY]",
            help="Say of a session, or of all that are lost between two days, that it will not be published.",
        ),
    ] = None,
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Why it will not be; kept in the ledger.")
    ] = "",
    aws: InAws = False,
    as_json: Json = False,
) -> None:
    """Show where each session stands: published, staged, raw, landed, quarantined (which gate, why) or missing.

    The exit code is 0 where every session is published or acknowledged, 1 where one is not, or where AWS could not be asked.
    """
    screen = Screen(as_json=as_json)
    first, last = (session, session) if session else (since, until)
    said = Acknowledgement.of(lost, reason) if lost else None
    with open_pipeline(screen, aws=aws, need=Need.ASK) as (place, pipeline):
        if said:
            _acknowledge(screen, pipeline, said, index or ())
        found = read_status(pipeline, datetime.now(UTC), day_of(first), day_of(last), index or ())
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


def _acknowledge(screen: Screen, pipeline: Pipeline, said: Acknowledgement, indices: Sequence[str]) -> None:
    found = said.lost(read_status(pipeline, datetime.now(UTC), said.first, said.last, indices))
    acknowledge(pipeline.lake, found, said.reason)
    screen.say(tr("{} acknowledged: {}").format(counted(len(found), "session"), said.reason))


@app.command(
    cls=Command,
    epilog=examples(
        "bovespa verify", "bovespa verify --from 2025-06-01 --to 2025-06-30", "bovespa verify --index IBXX --json"
    ),
)
def verify(
    *,
    since: Annotated[
        datetime | None,
        typer.Option("--from", formats=DAY, metavar="YYYY-MM-DD", help="First session; by default the first there is."),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option("--to", formats=DAY, metavar="YYYY-MM-DD", help="Last session; by default the one that is due."),
    ] = None,
    index: Indices = None,
    aws: InAws = False,
    as_json: Json = False,
) -> None:
    """Compare everything that is published with what was published, to the byte, and name what differs.

    Records, files, partitions and raw files of the sessions, the monthly tables, what B3 sent, and the ledger. A session that
    is not as it was published is damaged from then on, also for `status`; `bovespa reconcile` mends it. The exit code is 1
    where something differs.
    """
    screen = Screen(as_json=as_json)
    if since and until and until < since:
        raise SettingsError(tr("--from {} is after --to {}").format(f"{since:%Y-%m-%d}", f"{until:%Y-%m-%d}"))
    with open_pipeline(screen, aws=aws) as (_, pipeline), screen.progress() as progress:
        verification = Verification(pipeline, progress=progress)
        verified = verification.run(datetime.now(UTC), day_of(since), day_of(until), index or ())
    _show_verified(screen, verified)
    if not verified.intact:
        raise typer.Exit(1)


def _show_verified(screen: Screen, verified: Verified) -> None:
    screen.result(verified.to_dict())
    screen.heading(verified.headline)
    for item in verified.damages:
        screen.line(f"  {tr(str(State.DAMAGED))}  {item.index} {item.session}: {item.what}")
    for problem in verified.problems:
        screen.line(f"  {problem}")
    if verified.damages:
        screen.say("\n" + tr("Next: {}").format(typed("reconcile")))


def _show_status(screen: Screen, place: Place, status: IndexStatus) -> None:
    screen.heading(status.headline)
    screen.table(HEADING, [with_link(place, row) for row in rows(status.sessions)])
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


def with_link(place: Place, row: tuple[str, ...]) -> tuple[str, ...]:
    """A row whose last cell is an S3 address, as the user can open it."""
    *cells, report = row
    return (*cells, place.page_of(report) if report else "")


def day_of(moment: datetime | None) -> date | None:
    """The day of an option."""
    return moment.date() if moment else None
