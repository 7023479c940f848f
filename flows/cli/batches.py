"""The commands that take many sessions at once: `bovespa import`, `bovespa replay`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from expectations.contract.names import DEFAULT_INDEX
from flows.backfill.batch import Result
from flows.backfill.import_folder import FolderImport
from flows.backfill.importing.verdicts import Entry, Verdict
from flows.backfill.replay import Replay
from flows.cli.console import Screen
from flows.cli.language import tr
from flows.cli.options import DAY, Command, InAws, Index, Json, examples, group, index_code
from flows.cli.pipeline import open_pipeline
from flows.errors import NotPublishedError, SettingsError

app = group()

_BAD = (Verdict.REJECTED, Verdict.CONFLICTING, Verdict.FAILED)


@app.command(
    "import",
    cls=Command,
    epilog=examples("bovespa import ~/carteiras", "bovespa import ~/carteiras --index IBXX --dry-run"),
)
def import_folder(
    folder: Annotated[Path, typer.Argument(help="Folder with CSV downloads, JSON answers, saved pages, raw Parquet.")],
    *,
    index: Annotated[
        str | None,
        typer.Option(
            "--index", parser=index_code, metavar="CODE", help="Index of files that do not tell theirs, such as IBOV."
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

    May be stopped anywhere and run again. The exit code is 1 where a file was rejected, is in conflict, or failed.
    """
    screen = Screen(as_json=as_json)
    with open_pipeline(screen, aws=aws) as (_, pipeline), screen.progress() as progress:
        entries = FolderImport(pipeline, index, replaces=replace, dry_run=dry_run, progress=progress).run(folder)
    if not entries:
        raise SettingsError(tr("{}: no file below it is a .csv, .json, .html, .htm or .parquet").format(folder))
    _show_entries(screen, entries, dry_run=dry_run)
    if any(entry.verdict in _BAD for entry in entries):
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
        typer.Option("--from-landing", help="Rebuild raw files from what B3 sent first: the parser was mended."),
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
        results = replayed.run(since.date(), until.date())
    if not results:
        raise NotPublishedError(
            tr("{}: of no session from {} to {} is there anything to replay").format(
                index, f"{since:%Y-%m-%d}", f"{until:%Y-%m-%d}"
            )
        )
    _show_results(screen, results)
    if any(result.reason for result in results):
        raise typer.Exit(1)


def _show_entries(screen: Screen, entries: Sequence[Entry], *, dry_run: bool) -> None:
    counts = Counter(str(entry.verdict) for entry in entries)
    body: dict[str, Any] = {"dry_run": dry_run, "counts": {str(verdict): counts[verdict] for verdict in Verdict}}
    screen.result(body | {"files": [entry.to_dict() for entry in entries]})
    screen.heading(
        ", ".join(f"{counts[verdict]} {tr(str(verdict))}" for verdict in Verdict if counts[verdict]) or tr("no files")
    )
    for entry in entries:
        if entry.reason:
            known = [str(part) for part in (*entry.files, entry.index, entry.session) if part]
            screen.line(f"  {tr(str(entry.verdict))}  {' '.join(known)}: {entry.reason}")


def _show_results(screen: Screen, results: Sequence[Result]) -> None:
    counts = Counter(str(result.outcome) for result in results)
    screen.result({"counts": dict(counts), "sessions": [result.to_dict() for result in results]})
    screen.heading(", ".join(f"{count} {tr(outcome)}" for outcome, count in counts.items()) or tr("no sessions"))
    for result in results:
        if result.reason:
            screen.line(f"  {tr(str(result.outcome))}  {result.index} {result.session}: {result.reason}")
