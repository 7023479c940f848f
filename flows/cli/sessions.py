"""The command `bovespa status`: where each session stands."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Any

import typer

from flows.cli.console import Screen
from flows.cli.indices import index_code
from flows.cli.language import counted, tr
from flows.cli.options import DAY, Command, InAws, Json, examples, group
from flows.cli.place import Place, open_place
from flows.cli.states import reason as said_reason
from flows.cli.states import show_status
from flows.record.acknowledge import Acknowledgement, acknowledge
from flows.record.status import SessionHistory, read_history, read_status

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
    with open_place(screen, aws=aws, as_flow=True) as place:
        if said:
            _acknowledge(screen, place, said, index or ())
        found = read_status(place, datetime.now(UTC), day_of(first), day_of(last), index or ())
        asked = [item.traces for items in found.sessions.values() for item in items] if session else []
        histories = [read_history(place, traces) for traces in asked]
    if as_json:
        body: dict[str, Any] = found.to_dict()
        screen.result(body | ({"history": [item.to_dict() for item in histories]} if session else {}))
    for item in found.indices:
        show_status(screen, place, item)
    for entry in histories:
        _show_history(screen, entry)
    if not found.complete:
        raise typer.Exit(1)


def _acknowledge(screen: Screen, place: Place, said: Acknowledgement, indices: Sequence[str]) -> None:
    now = datetime.now(UTC)
    found = said.lost(read_status(place, now, said.first, said.last, indices))
    acknowledge(place.lake, found, said.reason, now)
    screen.say(tr("{} acknowledged: {}").format(counted(len(found), "session"), said.reason))


def _show_history(screen: Screen, history: SessionHistory) -> None:
    name = f"{history.index} {history.session}"
    screen.heading(tr("{}: what was published, the newest first").format(name))
    versions = history.publication.versions if history.publication else ()
    for item in versions:
        screen.line(f"  {item.published_at}  {counted(item.rows, 'row')}")
        screen.pairs([(tr("Glue run"), item.run_id), (tr("raw version"), item.raw_version_id)], indent=6)
    screen.heading(tr("{}: attempts, the oldest first").format(name))
    for row in history.attempts:
        rows = f"  {counted(row.rows, 'row')}" if row.rows else ""
        screen.line(f"  {row.ended_at:%Y-%m-%d %H:%M:%S} UTC  {row.flow}  {tr(str(row.outcome))}{rows}")
        if row.reason:
            screen.wrapped(said_reason(row.reason), 6)
    if not (versions or history.attempts):
        screen.line("  " + tr("none"))


def day_of(moment: datetime | None) -> date | None:
    """The day of an option."""
    return moment.date() if moment else None
