"""The command `bovespa reconcile`, which brings every session to published."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Annotated

import typer

from flows.backfill.rebuilding import rebuildable
from flows.backfill.recovery import Recovered, Recovery
from flows.cli.advice import typed
from flows.cli.console import Screen
from flows.cli.language import tr
from flows.cli.options import Command, InAws, Json, examples, group
from flows.cli.pipeline import open_pipeline
from flows.cli.place import Place
from flows.cli.sessions import Indices, Since, Until, day_of
from flows.cli.states import in_short, lines_of, reason, show_states
from flows.site.publish import refresh_site_of

app = group()


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
    with open_pipeline(screen, aws=aws, mends=True) as (place, pipeline), screen.progress() as progress:
        recovery = Recovery(pipeline, retry_quarantined, at_once, progress=progress)
        recovered = recovery.run(datetime.now(UTC), day_of(since), day_of(until), index or ())
        refresh_site_of(pipeline, recovered.attempts, screen.say)
        found = rebuildable(pipeline, recovered.missing)
    _show_recovered(screen, place, recovered, found)
    if recovered.failed:
        raise typer.Exit(1)


def _show_recovered(screen: Screen, place: Place, recovered: Recovered, found: Mapping[tuple[str, date], str]) -> None:
    listed = [{"index": index, "session": str(session), "from": how} for (index, session), how in found.items()]
    screen.result(recovered.to_dict() | {"rebuildable": listed})
    outcomes = Counter(str(attempt.outcome) for attempt in recovered.attempts)
    left = Counter(str(item.state) for item in recovered.left)
    screen.heading(
        tr("{}; left: {}").format(in_short(dict(outcomes)) or tr("nothing to do"), in_short(dict(left)) or tr("none"))
    )
    for attempt in recovered.attempts:
        screen.line(f"  {tr(str(attempt.outcome))}  {attempt.index} {attempt.session}")
        if attempt.reason:
            screen.wrapped(reason(attempt.reason), 6)
    for problem in recovered.problems:
        screen.fail(problem)
    for index, states in lines_of(recovered.left).items():
        screen.heading(tr("{}, left as they are").format(index))
        show_states(screen, place, states)
    for index, session in found:
        asked = typed("rebuild", "--session", str(session), "--index", index)
        screen.line("  " + tr("{} {} could be rebuilt: {}").format(index, session, asked))
