"""The commands that look after all sessions: `bovespa status`, `bovespa reconcile`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from expectations.contract.keys import check_index
from flows.cli.console import Screen
from flows.cli.place import InAws, Json, OpenPlace

if TYPE_CHECKING:
    from flows.backfill.recovery import Recovered
    from flows.record.state import IndexStatus
    from flows.record.survey import History
    from flows.session.pipeline import Pipeline
    from flows.settings import Settings

_DAY = ["%Y-%m-%d"]
Since = Annotated[datetime | None, typer.Option(formats=_DAY, help="First session; by default the first there is.")]
Until = Annotated[datetime | None, typer.Option(formats=_DAY, help="Last session; by default the one that is due.")]
Indices = Annotated[
    list[str] | None, typer.Option("--index", help="Index code; may be given again. By default all there are.")
]


def register(app: typer.Typer, open_place: OpenPlace) -> None:
    """Add the commands.

    Args:
        open_place: the account to work on, within a block, by a screen, `aws` and `as_flow`.
    """
    app.command("status")(_status_command(open_place))
    app.command("reconcile")(_reconcile_command(open_place))


def _status_command(open_place: OpenPlace) -> Callable[..., None]:
    def status(
        *,
        since: Since = None,
        until: Until = None,
        index: Indices = None,
        session: Annotated[
            datetime | None, typer.Option(formats=_DAY, help="Only this session, with all that was done about it.")
        ] = None,
        aws: InAws = False,
        as_json: Json = False,
    ) -> None:
        """Show where each session stands: published, staged, raw, landed, quarantined (which gate, why) or missing.

        The exit code is 0 where every session is published, 1 where one is not, or where AWS could not be asked.

        Examples: bovespa status · bovespa status --since 2025-06-01 --json · bovespa status --session 2025-06-30
        """
        screen = Screen(as_json=as_json)
        indices = [check_index(code) for code in index or ()]
        first, last = (session, session) if session else (since, until)
        with open_place(screen, aws=aws, as_flow=True) as place:
            from flows.b3.calendar import SAO_PAULO  # noqa: PLC0415
            from flows.record import status_report  # noqa: PLC0415 - pandas and pyarrow, not for --help
            from flows.record.survey import history, survey  # noqa: PLC0415

            pipeline, now = _pipeline(place.settings), datetime.now(UTC).astimezone(SAO_PAULO)
            found = survey(pipeline, now, _day(first), _day(last), indices)
            body: dict[str, Any] = status_report.body(found, now)
            for item in found.statuses:
                _show_status(screen, item)
            if session:
                told = history(pipeline, found)
                body["history"] = [item.to_dict() for item in told]
                for entry in told:
                    _show_history(screen, entry)
            screen.result(body)
        if not found.complete:
            raise typer.Exit(1)

    return status


def _reconcile_command(open_place: OpenPlace) -> Callable[..., None]:
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

        Examples: bovespa reconcile · bovespa reconcile --since 2025-06-01 · bovespa reconcile --retry-quarantined
        """
        screen = Screen(as_json=as_json)
        indices = [check_index(code) for code in index or ()]
        with open_place(screen, aws=aws, as_flow=True) as place, screen.progress() as progress:
            from flows.backfill.recovery import Recovery  # noqa: PLC0415 - pandas and pyarrow, not for --help

            recovery = Recovery(_pipeline(place.settings), retry_quarantined, at_once, progress=progress)
            recovered = recovery.run(datetime.now(UTC), _day(since), _day(until), indices)
        _show_recovered(screen, recovered)
        if recovered.failed:
            raise typer.Exit(1)

    return reconcile


def _show_status(screen: Screen, status: IndexStatus) -> None:
    from flows.record.status_report import HEADING, rows  # noqa: PLC0415

    screen.heading(status.headline)
    screen.table(HEADING, rows(status))
    if status.undated:
        screen.line(f"  {status.undated} payloads whose session could not be told")


def _show_history(screen: Screen, history: History) -> None:
    screen.heading(f"{history.index} {history.session}: what was published, the newest first")
    if found := history.publication:
        versions = [(item.published_at, item.raw_version_id, item.run_id, str(item.rows)) for item in found.versions]
        screen.table(("Published", "Raw version", "Glue run", "Rows"), versions)
    screen.heading(f"{history.index} {history.session}: attempts, the oldest first")
    rows = [
        (f"{row.ended_at:%Y-%m-%d %H:%M:%S}", row.flow, str(row.state), str(row.rows), row.reason or "")
        for row in history.attempts
    ]
    screen.table(("Ended", "Flow", "State", "Rows", "Why"), rows)


def _show_recovered(screen: Screen, recovered: Recovered) -> None:
    from flows.record.status_report import HEADING, left_rows  # noqa: PLC0415

    screen.result(recovered.to_dict())
    screen.heading(recovered.headline)
    for result in recovered.results:
        screen.line(
            f"  {result.outcome}  {result.index} {result.session}{f': {result.reason}' if result.reason else ''}"
        )
    for problem in recovered.problems:
        screen.fail(problem)
    if recovered.left:
        screen.table(("Index", *HEADING), left_rows(recovered))


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None


def _pipeline(settings: Settings) -> Pipeline:
    from flows.lake.clients import connect  # noqa: PLC0415
    from flows.session.pipeline import Pipeline  # noqa: PLC0415

    return Pipeline(settings, connect())
