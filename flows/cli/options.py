"""What every command's declaration uses: the options that commands share, and how examples stand below a help."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

Json = Annotated[bool, typer.Option("--json", help="Print the result as one JSON document.")]
InAws = Annotated[bool, typer.Option("--aws", help="Use the AWS account of the environment instead of the laptop's.")]
DAY = ["%Y-%m-%d"]
"""The form of a day."""


def examples(*commands: str) -> str:
    """The epilog of a help: commands to copy, a line each."""
    return "\n".join(["[bold]Examples[/bold]", *(f"  [cyan]{escape(command)}[/cyan]" for command in commands)])


def group() -> typer.Typer:
    """An empty group for a module's commands."""
    return typer.Typer(rich_markup_mode="rich")
