"""The command `bovespa rebuild`: a session that nobody collected, computed from its neighbours and prices."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from expectations.contract.names import DEFAULT_INDEX
from flows.b3.differences import described
from flows.backfill.rebuilding import Rebuilding, RebuildPlan, told_events
from flows.cli.console import Screen
from flows.cli.indices import Index
from flows.cli.language import counted, tr
from flows.cli.options import DAY, Command, InAws, Json, examples, group
from flows.cli.pipeline import open_pipeline
from flows.cli.states import reason
from flows.site.publish import refresh_site_of

app = group()

_MOST_SHOWN = 10  # shares


@app.command(
    cls=Command,
    epilog=examples(
        "bovespa rebuild --session 2025-07-04",
        "bovespa rebuild --session 2025-07-04 --publish",
        "bovespa rebuild --session 2025-07-04 --event RADL3=0.0769",
    ),
)
def rebuild(
    *,
    session: Annotated[datetime, typer.Option("--session", formats=DAY, metavar="YYYY-MM-DD", help="The session.")],
    index: Index = DEFAULT_INDEX,
    event: Annotated[
        list[str] | None,
        typer.Option(
            "--event",
            metavar="TICKER=AMOUNT",
            help="What came off a share's close, in reais a share, net; TICKER@YYYY-MM-DD=AMOUNT of another session.",
        ),
    ] = None,
    publish: Annotated[
        bool, typer.Option("--publish", help="Publish it, marked as computed; by default only say what it would be.")
    ] = False,
    aws: InAws = False,
    as_json: Json = False,
) -> None:
    """Compute a session that nobody collected, from the sessions beside it and B3's closing prices.

    What cannot be told exactly is refused, with what is missing. The exit code is 1 where it is refused or not published.
    """
    screen, told = Screen(as_json=as_json), told_events(event or [])
    with open_pipeline(screen, aws=aws) as (_, pipeline):
        rebuilding = Rebuilding.of(pipeline, index)
        plan = rebuilding.plan(session.date(), told)
        attempt = rebuilding.publish(plan) if publish else None
        if attempt:
            refresh_site_of(pipeline, [attempt], screen.say)
    screen.result(plan.to_dict() | {"attempt": attempt.to_dict() if attempt else None})
    show_plan(screen, plan)
    if attempt:
        screen.heading(f"{tr(str(attempt.outcome))}: {reason(attempt.reason) or attempt.headline}")
    else:
        screen.line("  " + tr("nothing was published: --publish does"))
    if attempt and attempt.failed:
        raise typer.Exit(1)


def show_plan(screen: Screen, plan: RebuildPlan) -> None:
    """Show what a session would be, what that rests on, and how it compares with what B3 stated, where that is known."""
    largest = sorted(plan.portfolio.holdings, key=lambda row: -row.participacao_pct)[:_MOST_SHOWN]
    screen.table(
        ("Share", "Name", "Type", "Quantity", "Weight"),
        [(row.codigo, row.acao, row.tipo, f"{row.qtde_teorica:,}", f"{row.participacao_pct}") for row in largest],
    )
    show_comparison(screen, plan)


def show_comparison(screen: Screen, plan: RebuildPlan) -> None:
    """Show what a session rests on, and how it compares with what B3 stated of it, where that is known."""
    screen.heading(tr("rebuilt, not B3's words: {}").format(reason(plan.headline)))
    for line in plan.rebuilt.evidence:
        screen.line(f"  {reason(line)}")
    if plan.stated is None:
        return
    cells = counted(5 * len(plan.portfolio.holdings), "cell")
    if plan.differences:
        screen.line("  " + tr("compared with what B3 said, {}: {}").format(cells, reason(described(plan.differences))))
    else:
        screen.line("  " + tr("compared with what B3 said, {}: all equal").format(cells))
