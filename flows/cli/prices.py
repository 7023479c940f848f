"""The command `bovespa prices`: B3's closing prices of many sessions into their table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer

from flows.b3.calendar import SAO_PAULO, closed
from flows.backfill.judging import Judging
from flows.backfill.price_intake import PricesReport
from flows.backfill.prices import Prices
from flows.cli.console import Screen
from flows.cli.language import counted, tr
from flows.cli.options import DAY, Command, InAws, Json, examples, group
from flows.cli.pipeline import open_pipeline
from flows.cli.states import reason
from flows.errors import SettingsError
from flows.record.attempt import Attempt
from flows.site.publish import refresh_site_of

app = group()


@app.command(
    cls=Command,
    epilog=examples("bovespa prices --from 2024-01-01", "bovespa prices --from 2025-06-01 --to 2025-06-30 --json"),
)
def prices(
    *,
    since: Annotated[datetime, typer.Option("--from", formats=DAY, metavar="YYYY-MM-DD", help="First session.")],
    until: Annotated[
        datetime | None,
        typer.Option(
            "--to",
            formats=DAY,
            metavar="YYYY-MM-DD",
            help="Last session; by default the newest whose trading is over.",
        ),
    ] = None,
    aws: InAws = False,
    as_json: Json = False,
) -> None:
    """Bring B3's closing prices (COTAHIST) of the indices' shares into the table bovespa_cotacoes.

    Only what the table has not is asked for, by the year, the month or the day. May be stopped anywhere and run again.
    The exit code is 1 where a session's prices could not be had.
    """
    screen, now = Screen(as_json=as_json), datetime.now(UTC).astimezone(SAO_PAULO)
    last = until.date() if until else closed(now)
    if last < since.date():
        raise SettingsError(tr("--from {} is after --to {}").format(f"{since:%Y-%m-%d}", last))
    with open_pipeline(screen, aws=aws) as (_, pipeline), screen.progress() as progress:
        report = Prices(pipeline, progress).fill(since.date(), last, now.date())
        verified = Judging(pipeline, warn=screen.say).run(now, since.date())
        refresh_site_of(pipeline, verified, screen.say)
    screen.result(report.to_dict() | {"verified": [attempt.to_dict() for attempt in verified]})
    show_prices(screen, report)
    show_verified(screen, verified)
    if report.missing:
        raise typer.Exit(1)


def show_verified(screen: Screen, attempts: Sequence[Attempt]) -> None:
    """Show what prices say of published sessions, of which something else is known now."""
    for attempt in attempts:
        screen.line(f"  {attempt.index} {attempt.session}  {attempt.verdict}: {reason(attempt.verification)}")


def show_prices(screen: Screen, report: PricesReport) -> None:
    """Show what became of the prices of sessions."""
    sessions = counted(len(report.stored), "session")
    screen.heading(
        tr("prices: {} stored, {} there already, {} missing").format(sessions, report.held, len(report.missing))
    )
    for why in report.reasons:
        screen.line(f"  {tr('missing')}  {reason(why)}")
    for warning in report.warnings:
        screen.line(f"  {tr('warning')}  {reason(warning)}")
