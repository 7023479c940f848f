"""The command `bovespa verify`: everything that is published, compared with what was published."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from flows.backfill.verification import Verification, Verified
from flows.cli.advice import typed
from flows.cli.console import Screen
from flows.cli.language import counted, tr
from flows.cli.options import DAY, Command, InAws, Json, examples, group
from flows.cli.pipeline import open_pipeline
from flows.cli.sessions import Indices, day_of
from flows.cli.states import reason
from flows.errors import SettingsError
from flows.record.state import State

app = group()


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
    compared, damaged = counted(verified.sessions, "published session"), len(verified.damages)
    problems = counted(len(verified.problems), "other problem")
    screen.heading(tr("{} compared: {} damaged, {}").format(compared, damaged, problems))
    for item in verified.damages:
        screen.line(f"  {tr(str(State.DAMAGED))}  {item.index} {item.session}: {reason(item.what)}")
    for problem in verified.problems:
        screen.line(f"  {reason(problem)}")
    if verified.damages:
        screen.say("\n" + tr("Next: {}").format(typed("reconcile")))
