"""The commands that take many sessions at once: `bovespa import`, `bovespa replay`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from expectations.contract.keys import check_index
from expectations.contract.names import DEFAULT_INDEX
from flows.cli.console import Screen
from flows.cli.place import InAws, Json, OpenPlace
from flows.errors import SettingsError

if TYPE_CHECKING:
    from flows.backfill.batch import Result
    from flows.backfill.importing.verdicts import Entry
    from flows.session.pipeline import Pipeline
    from flows.settings import Settings


def register(app: typer.Typer, open_place: OpenPlace) -> None:
    """Add the commands.

    Args:
        open_place: the account to work on, within a block, by a screen, `aws` and `as_flow`.
    """
    app.command("import")(_import_command(open_place))
    app.command("replay")(_replay_command(open_place))


def _import_command(open_place: OpenPlace) -> Callable[..., None]:
    def import_folder(
        folder: Annotated[
            Path, typer.Argument(help="Folder with CSV downloads, JSON answers, saved pages, raw Parquet.")
        ],
        *,
        index: Annotated[
            str | None, typer.Option("--index", help="Index of files that do not tell theirs, such as IBOV.")
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

        Examples: bovespa import ~/carteiras · bovespa import ~/carteiras --index IBXX --dry-run
        """
        screen = Screen(as_json=as_json)
        code = check_index(index) if index else None
        with open_place(screen, aws=aws, as_flow=True) as place, screen.progress() as progress:
            from flows.backfill.import_folder import FolderImport  # noqa: PLC0415 - pandas and pyarrow, not for --help

            pipeline = _pipeline(place.settings)
            entries = FolderImport(pipeline, code, replaces=replace, dry_run=dry_run, progress=progress).run(folder)
        _show_import(screen, entries, dry_run=dry_run)

    return import_folder


def _replay_command(open_place: OpenPlace) -> Callable[..., None]:
    def replay(
        *,
        since: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First session.")],
        until: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="Last session.")],
        index: Annotated[
            str, typer.Option("--index", help="Index code that B3 publishes, such as IBOV.")
        ] = DEFAULT_INDEX,
        from_landing: Annotated[
            bool,
            typer.Option("--from-landing", help="Rebuild raw files from what B3 sent first: the parser was mended."),
        ] = False,
        aws: InAws = False,
        as_json: Json = False,
    ) -> None:
        """Refine and publish sessions again with today's code, in one Glue run for all of them.

        Without a change of code the published state stays the same. The exit code is 1 where a session failed.

        Examples: bovespa replay --from 2025-06-01 --to 2025-06-30 · bovespa replay --from … --to … --from-landing
        """
        screen = Screen(as_json=as_json)
        check_index(index)
        if until < since:
            raise SettingsError(f"--from {since:%Y-%m-%d} is after --to {until:%Y-%m-%d}")
        with open_place(screen, aws=aws, as_flow=True) as place, screen.progress() as progress:
            from flows.backfill.replay import Replay  # noqa: PLC0415 - pandas and pyarrow, not for --help

            replayed = Replay(_pipeline(place.settings), index, from_landing=from_landing, progress=progress)
            results = replayed.run(since.date(), until.date())
        _show_results(screen, results)

    return replay


def _show_results(screen: Screen, results: list[Result]) -> None:
    counts = Counter(str(result.outcome) for result in results)
    screen.result({"counts": dict(counts), "sessions": [result.to_dict() for result in results]})
    screen.heading(", ".join(f"{count} {outcome}" for outcome, count in counts.items()) or "no sessions")
    for result in results:
        if result.reason:
            screen.line(f"  {result.outcome}  {result.index} {result.session}: {result.reason}")
    if any(result.reason for result in results):
        raise typer.Exit(1)


def _pipeline(settings: Settings) -> Pipeline:
    from flows.lake.clients import connect  # noqa: PLC0415
    from flows.session.pipeline import Pipeline  # noqa: PLC0415

    return Pipeline(settings, connect())


def _show_import(screen: Screen, entries: list[Entry], *, dry_run: bool) -> None:
    from flows.backfill.importing.verdicts import Verdict  # noqa: PLC0415

    counts = Counter(str(entry.verdict) for entry in entries)
    body: dict[str, Any] = {"dry_run": dry_run, "counts": {str(verdict): counts[verdict] for verdict in Verdict}}
    screen.result(body | {"files": [entry.to_dict() for entry in entries]})
    screen.heading(", ".join(f"{counts[verdict]} {verdict}" for verdict in Verdict if counts[verdict]) or "no files")
    for entry in entries:
        if entry.reason:
            subject = " ".join(str(part) for part in (entry.index, entry.session) if part)
            screen.line(f"  {entry.verdict}  {', '.join(entry.files)}  {subject}: {entry.reason}")
    if counts[Verdict.REJECTED] or counts[Verdict.CONFLICTING] or counts[Verdict.FAILED]:
        raise typer.Exit(1)
