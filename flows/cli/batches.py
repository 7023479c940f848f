"""The commands that change what is published: `bovespa import`, `bovespa replay`, `bovespa withdraw`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from expectations.contract.names import DEFAULT_INDEX
from expectations.contract.outcomes import Outcome
from flows.backfill import withdraw as withdrawing
from flows.backfill.import_folder import FolderImport
from flows.backfill.import_prices import PriceFile, PricesImport, price_files
from flows.backfill.replay import Replay
from flows.cli.console import Screen
from flows.cli.indices import Index, index_code
from flows.cli.language import tr
from flows.cli.options import DAY, Command, InAws, Json, examples, group
from flows.cli.pipeline import open_pipeline
from flows.cli.prices import show_prices
from flows.cli.states import in_short, reason
from flows.errors import NotPublishedError, SettingsError
from flows.record.attempt import WITHDRAW, Attempt
from flows.record.ledger import Ledger
from flows.site.publish import refresh_site_of

app = group()


@app.command(
    "import",
    cls=Command,
    epilog=examples("bovespa import ~/carteiras", "bovespa import ~/carteiras --index IBXX --dry-run"),
)
def import_folder(
    folder: Annotated[
        Path, typer.Argument(help="Folder with CSV downloads, JSON answers, saved pages, raw Parquet, COTAHIST.")
    ],
    *,
    index: Annotated[
        str | None,
        typer.Option(
            "--index", parser=index_code, metavar="CODE", help="Index of files that do not tell theirs, such as IBOV."
        ),
    ] = None,
    session: Annotated[
        datetime | None,
        typer.Option(
            "--session",
            formats=DAY,
            metavar="YYYY-MM-DD",
            help="Session of files that do not tell theirs; also where it is a holiday.",
        ),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Take figures other than the published ones as a correction.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    aws: InAws = False,
    as_json: Json = False,
) -> None:
    """Import a folder of portfolios: checked by gate 1, refined in one Glue run for all, audited and published.

    May be stopped anywhere and run again. The exit code is 1 where a file was rejected, is in conflict, or failed;
    what the gates only warn of is shown, and does not change it.
    """
    screen = Screen(as_json=as_json)
    with open_pipeline(screen, aws=aws) as (_, pipeline), screen.progress() as progress:
        day = session.date() if session else None
        importing = FolderImport(pipeline, index, day, replaces=replace, dry_run=dry_run, progress=progress)
        attempts = importing.run(folder)
        if not dry_run:
            refresh_site_of(pipeline, attempts, screen.say)
        # After the portfolios, which tell whose prices are needed.
        files = price_files(folder)
        importing_prices = PricesImport(pipeline, replaces=replace, dry_run=dry_run, progress=progress)
        prices = importing_prices.run(folder, files) if files else []
    if not attempts and not prices:
        raise SettingsError(
            tr("{}: no file below it is a .csv, .txt, .json, .html, .htm, .parquet, .gz or .zip").format(folder)
        )
    _show_files(screen, attempts, prices, dry_run=dry_run)
    if any(attempt.failed for attempt in attempts) or any(file.failed for file in prices):
        raise typer.Exit(1)


@app.command(
    cls=Command,
    epilog=examples(
        "bovespa replay --from 2025-06-01 --to 2025-06-30", "bovespa replay --from … --to … --from-landing"
    ),
)
def replay(
    *,
    since: Annotated[datetime, typer.Option("--from", formats=DAY, metavar="YYYY-MM-DD", help="First session.")],
    until: Annotated[datetime, typer.Option("--to", formats=DAY, metavar="YYYY-MM-DD", help="Last session.")],
    index: Index = DEFAULT_INDEX,
    from_landing: Annotated[
        bool,
        typer.Option("--from-landing", help="Read raw files anew from what B3 sent first: the parser was mended."),
    ] = False,
    aws: InAws = False,
    as_json: Json = False,
) -> None:
    """Refine and publish sessions again with today's code, in one Glue run for all of them.

    Without a change of code the published state stays the same. The exit code is 1 where a session failed.
    """
    screen = Screen(as_json=as_json)
    if until < since:
        raise SettingsError(tr("--from {} is after --to {}").format(f"{since:%Y-%m-%d}", f"{until:%Y-%m-%d}"))
    with open_pipeline(screen, aws=aws) as (_, pipeline), screen.progress() as progress:
        replayed = Replay(pipeline, index, from_landing=from_landing, progress=progress)
        attempts = replayed.run(since.date(), until.date())
        refresh_site_of(pipeline, attempts, screen.say)
    if not attempts:
        raise NotPublishedError(
            tr("{}: of no session from {} to {} is there anything to replay").format(
                index, f"{since:%Y-%m-%d}", f"{until:%Y-%m-%d}"
            )
        )
    _show_attempts(screen, attempts)
    if any(attempt.failed for attempt in attempts):
        raise typer.Exit(1)


@app.command(
    cls=Command,
    epilog=examples('bovespa withdraw --session 2025-06-30 --reason "B3 corrected it by mail" --aws'),
)
def withdraw(
    *,
    session: Annotated[datetime, typer.Option("--session", formats=DAY, metavar="YYYY-MM-DD", help="The session.")],
    reason: Annotated[str, typer.Option("--reason", help="Why, in a line: the ledger, status and the site keep it.")],
    index: Index = DEFAULT_INDEX,
    aws: InAws = False,
    as_json: Json = False,
) -> None:
    """Take away a session that should not have been published; what B3 sent of it stays.

    Runs on schedule leave it alone while B3 says the same. bovespa replay publishes it again, bovespa import another version.
    """
    screen, line = Screen(as_json=as_json), " ".join(reason.split())
    if not line:
        raise SettingsError(tr("--reason says nothing"))
    with open_pipeline(screen, aws=aws) as (_, pipeline):
        attempt = withdrawing.withdraw(pipeline, Ledger.of(pipeline.lake, WITHDRAW), index, session.date(), line)
        refresh_site_of(pipeline, [attempt], screen.say)
    screen.result(attempt.to_dict())
    screen.heading(f"{attempt.index} {attempt.session}: {attempt.reason}")


def _show_files(screen: Screen, attempts: Sequence[Attempt], prices: Sequence[PriceFile], *, dry_run: bool) -> None:
    body = {"dry_run": dry_run, "counts": _counts(attempts), "files": [item.to_dict() for item in attempts]}
    screen.result(body | ({"prices": [item.to_dict() for item in prices]} if prices else {}))
    if attempts:
        screen.heading(_in_short(attempts))
    for attempt in attempts:
        if attempt.reason:
            known = [str(part) for part in (*attempt.files, attempt.index, attempt.session) if part]
            screen.line(f"  {tr(str(attempt.outcome))}  {' '.join(known)}: {reason(attempt.reason)}")
        for warning in (warning for report in attempt.gates for warning in report.warnings):
            screen.line(f"  {tr('warning')}  {' '.join(attempt.files)}: {warning.line()}")
    for item in prices:
        screen.heading(item.name)
        if item.problem:
            screen.line(f"  {tr('rejected')}  {item.problem}")
        if item.report:
            show_prices(screen, item.report)


def _show_attempts(screen: Screen, attempts: Sequence[Attempt]) -> None:
    screen.result({"counts": _counts(attempts), "sessions": [attempt.to_dict() for attempt in attempts]})
    screen.heading(_in_short(attempts) or tr("no sessions"))
    for attempt in attempts:
        if attempt.reason:
            screen.line(f"  {tr(str(attempt.outcome))}  {attempt.index} {attempt.session}: {reason(attempt.reason)}")


def _counts(attempts: Sequence[Attempt]) -> dict[str, int]:
    found = Counter(attempt.outcome for attempt in attempts)
    return {str(outcome): found[outcome] for outcome in Outcome if found[outcome]}


def _in_short(attempts: Sequence[Attempt]) -> str:
    return in_short(_counts(attempts))
