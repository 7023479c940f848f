"""What every command's declaration uses: the options that commands share, and how a command and its examples are shown."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from typer import _click as click  # Typer's own Click
from typer.core import TyperArgument, TyperCommand, TyperOption

from expectations.contract.keys import ContractError
from flows.cli.console import Screen
from flows.cli.language import tr
from flows.cli.usage import said_to_the_user, usage_said
from flows.errors import BovespaError

DAY = ["%Y-%m-%d"]
"""The form of a day."""

EXPECTED_ERRORS = (BovespaError, ContractError)
"""What a command explains in one line."""


class Stopped(SystemExit):
    """A signal asks the process to end; whatever it holds is given back on the way out."""


class Form(StrEnum):
    """How the answer to a query is given."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"
    XLSX = "xlsx"


Json = Annotated[bool, typer.Option("--json", help="Print the result as one JSON document.")]
InAws = Annotated[bool, typer.Option("--aws", help="Use the AWS account of the environment instead of the laptop's.")]
Format = Annotated[
    Form | None,
    typer.Option(
        "--format",
        metavar="table|csv|json|parquet|xlsx",
        help="How the answer is given; by default as --output's name ends, or as a table.",
    ),
]
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="Write the answer to a file: .csv, .json, .parquet, .xlsx."),
]
Limit = Annotated[int | None, typer.Option("--limit", min=1, metavar="N", help="Give the first N rows only.")]


class InTheUsersLanguage(click.Command):
    """A command, or a group of them, that says in the user's language how it is called, and what is wrong with a call."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """The parameters, those of the help included."""
        return presented(super().get_params(ctx))

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments."""
        with said_to_the_user():
            return super().parse_args(ctx, args)

    def get_usage(self, ctx: click.Context) -> str:
        """How it is called."""
        return usage_said(super().get_usage(ctx))


class Command(InTheUsersLanguage, TyperCommand):
    """A command whose flags stand without a type, and whose expected errors are JSON where the result would be."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except (KeyboardInterrupt, Stopped):
            Screen(as_json=False).say("\n" + tr("Stopped. What was done stays; the same command goes on from there."))
            raise
        except EXPECTED_ERRORS as error:
            if not _is_json_wanted(ctx):
                raise
            Screen(as_json=True).result({"error": {"type": type(error).__name__, "message": str(error)}})
            raise typer.Exit(1) from error


def _is_json_wanted(ctx: click.Context) -> bool:
    """Whether the user asked for JSON; a command that prints nothing else says its errors to people."""
    source = ctx.get_parameter_source("as_json")
    return (source is not None and source.name == "COMMANDLINE") or ctx.params.get("form") is Form.JSON


def presented(parameters: list[click.Parameter]) -> list[click.Parameter]:
    """The parameters of a command as the help shows them: in the user's language, and nothing beside a flag's name."""
    for parameter in parameters:
        if getattr(parameter, "is_flag", False):
            parameter.metavar = ""
        if isinstance(parameter, TyperArgument | TyperOption):
            parameter.help = tr(parameter.help or "")
    return parameters


def group() -> typer.Typer:
    """An empty group for a module's commands."""
    return typer.Typer(rich_markup_mode="rich")


def examples(*commands: str) -> str:
    """The epilog of a help: commands to copy, a line each."""
    return "\n".join([f"[bold]{tr('Examples')}[/bold]", *(f"  [cyan]{escape(command)}[/cyan]" for command in commands)])
