"""How the command line explains itself: commands in groups, each with its examples on lines of their own.

A command's docstring ends in a paragraph `Examples: … · …`; here it is laid out, so that every command's help looks alike.
"""

from __future__ import annotations

import inspect
import re

import typer
from rich.markup import escape

PANELS = {
    "run": "Collect and publish",
    "import": "Collect and publish",
    "replay": "Collect and publish",
    "reconcile": "Collect and publish",
    "query": "Ask",
    "changes": "Ask",
    "status": "Ask",
    "report": "Ask",
    "cost": "Ask",
    "notify": "Runs on schedule",
    "ecs-template": "Runs on schedule",
    "up": "The account on the laptop",
}
"""The group of each command; one that is not here stands among the others."""

_OTHERS = "Further commands"
_EXAMPLES = re.compile(r"\n*^Examples?:\s*(?P<examples>.+)\Z", re.MULTILINE | re.DOTALL)
_START = (
    "bovespa run",
    'bovespa query "SELECT * FROM bovespa_concentracao"',
    "bovespa report",
    "bovespa run --live --aws",
)


def arrange(app: typer.Typer) -> None:
    """Lay out the help of the app and of every command that is registered."""
    app.info.epilog = _epilog(_START)
    for command in app.registered_commands:
        assert command.callback, "every command has a function"
        text = inspect.getdoc(command.callback) or ""
        found = _EXAMPLES.search(text)
        command.help = escape(_EXAMPLES.sub("", text))
        command.epilog = _epilog(examples_of(found["examples"])) if found else None
        command.rich_help_panel = PANELS.get(name_of(command), _OTHERS)


def name_of(command: typer.models.CommandInfo) -> str:
    """The name under which a command is called."""
    return command.name or str(getattr(command.callback, "__name__", "")).replace("_", "-")


def examples_of(text: str) -> tuple[str, ...]:
    """The examples of a paragraph, which are separated by ` · `."""
    return tuple(" ".join(example.split()) for example in text.split(" · "))


def _epilog(examples: tuple[str, ...]) -> str:
    return "\n".join(["[bold]Examples[/bold]", *(f"  [cyan]{escape(example)}[/cyan]" for example in examples)])
