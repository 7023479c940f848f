"""The commands that take many sessions at once: `bovespa import`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol

import typer

from expectations.contract import check_index
from flows.console import Screen

if TYPE_CHECKING:
    from flows.importing.verdicts import Entry
    from flows.pipeline import Pipeline
    from flows.settings import Settings

Json = Annotated[bool, typer.Option("--json", help="Print the result as one JSON document.")]
InAws = Annotated[bool, typer.Option("--aws", help="Use the AWS account of the environment instead of the laptop's.")]


class Place(Protocol):
    """Where a command works."""

    @property
    def settings(self) -> Settings: ...  # noqa: D102 - the flows' settings there


OpenPlace = Callable[..., AbstractContextManager[Place]]


def register(app: typer.Typer, open_place: OpenPlace) -> None:
    """Add the commands.

    Args:
        open_place: the account to work on, within a block, by a screen, `aws` and `as_flow`.
    """
    app.command("import")(_import_command(open_place))


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
            from flows.import_folder import FolderImport  # noqa: PLC0415 - pandas and pyarrow, not for --help

            pipeline = _pipeline(place.settings)
            entries = FolderImport(pipeline, code, replaces=replace, dry_run=dry_run, progress=progress).run(folder)
        _show_import(screen, entries, dry_run=dry_run)

    return import_folder


def _pipeline(settings: Settings) -> Pipeline:
    from flows.aws import connect  # noqa: PLC0415
    from flows.pipeline import Pipeline  # noqa: PLC0415

    return Pipeline(settings, connect())


def _show_import(screen: Screen, entries: list[Entry], *, dry_run: bool) -> None:
    from flows.importing.verdicts import Verdict  # noqa: PLC0415

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
