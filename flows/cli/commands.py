"""Every command: its group, what it does in a line, and the module that has it, which is imported when the command is called.

So a command's module may import at its top whatever it needs, and `bovespa --help` stays quick.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from typer.core import TyperCommand, TyperGroup
from typer.main import get_group

from flows.cli.language import tr
from flows.cli.options import InTheUsersLanguage
from flows.cli.usage import said_to_the_user

if TYPE_CHECKING:
    from typer import _click as click

_COLLECT = "Collect and publish"
_ASK = "Ask"
_SCHEDULE = "Runs on schedule"
_LAPTOP = "The account on the laptop"


@dataclass(frozen=True, slots=True)
class Listed:
    """A command as the help lists it.

    Attributes:
        module: the module below `flows.cli` whose `app` has the command.
        panel: the group that it stands in.
        does: the first line of its help.
    """

    module: str
    panel: str
    does: str


COMMANDS = {
    "run": Listed(
        "run", _COLLECT, "Collect, refine, check and publish; then show the three queries of the published table."
    ),
    "import": Listed(
        "batches",
        _COLLECT,
        "Import a folder of portfolios: checked by gate 1, refined in one Glue run for all, audited and published.",
    ),
    "replay": Listed(
        "batches", _COLLECT, "Refine and publish sessions again with today's code, in one Glue run for all of them."
    ),
    "withdraw": Listed(
        "batches", _COLLECT, "Take away a session that should not have been published; what B3 sent of it stays."
    ),
    "reconcile": Listed(
        "reconcile",
        _COLLECT,
        "Bring every session from where it stands to published, in one Glue run for all that need one.",
    ),
    "prices": Listed(
        "prices",
        _COLLECT,
        "Bring B3's closing prices (COTAHIST) of the indices' shares into the table bovespa_cotacoes.",
    ),
    "rebuild": Listed(
        "rebuild",
        _COLLECT,
        "Compute a session that nobody collected, from the sessions beside it and B3's closing prices.",
    ),
    "query": Listed(
        "query", _ASK, "Run a query in Athena and show its rows, and which published sessions they rest on."
    ),
    "changes": Listed("changes", _ASK, "Show what entered the index, left it, was renamed, or has another quantity."),
    "chart": Listed(
        "chart",
        _ASK,
        "Draw a figure of the published data into a file: on the laptop from files, without starting the account.",
    ),
    "status": Listed(
        "sessions",
        _ASK,
        "Show where each session stands: published, staged, raw, landed, quarantined (which gate, why) or missing.",
    ),
    "verify": Listed(
        "verify",
        _ASK,
        "Compare everything that is published with what was published, to the byte, and name what differs.",
    ),
    "report": Listed(
        "report",
        _ASK,
        "Make the data-quality site again, and say where it is: every session, what the gates found, trends.",
    ),
    "cost": Listed("cost", _ASK, "What a month has cost so far, from real usage at list prices, beside the estimate."),
    "notify": Listed(
        "deploy",
        _SCHEDULE,
        "Have people told of scheduled runs that end badly: a Prefect automation that calls a webhook.",
    ),
    "ecs-template": Listed(
        "deploy",
        _SCHEDULE,
        "Print the base job template of the work pool bovespa-ecs: what the Pulumi stack made, as its defaults.",
    ),
    "up": Listed("laptop", _LAPTOP, "Keep the account on the laptop up until Ctrl-C, and say how to reach it."),
    "down": Listed(
        "laptop",
        _LAPTOP,
        "End the account on the laptop, which stays for some minutes after its last command (BOVESPA_KEEP_UP, in seconds).",
    ),
}
"""Every command by its name, in the order of the help."""


def load(name: str) -> click.Command:
    """The command itself, with its options and what it runs.

    Args:
        name: one of COMMANDS.
    """
    command = get_group(import_module(f"flows.cli.{COMMANDS[name].module}").app).commands[name]
    command.help = tr(command.help or "")
    return command


class LazyGroup(InTheUsersLanguage, TyperGroup):
    """Lists every command without importing its module, and imports that of the one that is called."""

    def __init__(self, **attributes: Any) -> None:  # noqa: ANN401 - Typer's
        listed = {
            name: TyperCommand(name, help=tr(entry.does), rich_help_panel=tr(entry.panel))
            for name, entry in COMMANDS.items()
        }
        super().__init__(**{**attributes, "commands": listed})

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the arguments name, imported."""
        with said_to_the_user():
            name, command, rest = super().resolve_command(ctx, args)
        return name, load(name) if name in COMMANDS else command, rest
