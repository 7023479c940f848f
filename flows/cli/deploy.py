"""The commands that set up runs on schedule: `bovespa notify`, `bovespa ecs-template`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from flows.cli.console import Screen
from flows.cli.language import tr
from flows.cli.options import Command, InAws, Json, examples, group
from flows.cli.place import open_place
from flows.deploy.ecs_pool import filled
from flows.errors import SettingsError

app = group()


@app.command(cls=Command, epilog=examples("bovespa notify", "bovespa notify --aws --json"))
def notify(
    *,
    webhook: Annotated[
        str,
        typer.Option(help='Address that takes {"text": …}, such as Slack\'s.', prompt=True, hide_input=True),
    ],
    aws: InAws = False,
    as_json: Json = False,
) -> None:
    """Have people told of scheduled runs that end badly: a Prefect automation that calls a webhook.

    With --aws the Prefect server is that of PREFECT_API_URL, such as Prefect Cloud. Run it again for another address.
    """
    screen = Screen(as_json=as_json)
    with open_place(screen, aws=aws):
        from flows.deploy.notify import NAME, notify_at  # noqa: PLC0415 - Prefect reads its settings when imported

        notify_at(webhook)
    screen.result({"automation": NAME})
    screen.line(tr("The automation {} calls the webhook, which has been sent a first message.").format(NAME))


@app.command(
    cls=Command,
    epilog=examples(
        "bovespa ecs-template base.json stack.json --tag 0.1.0 --region sa-east-1 --credentials … > bovespa-ecs.json"
    ),
)
def ecs_template(
    template: Annotated[Path, typer.Argument(help="Base job template of the work pool's type, a JSON file.")],
    outputs: Annotated[Path, typer.Argument(help="What `pulumi stack output --json` printed, a JSON file.")],
    *,
    tag: Annotated[str, typer.Option("--tag", help="Tag of the image in the stack's repository.")],
    region: Annotated[str, typer.Option("--region", help="AWS region of the stack.")],
    credentials: Annotated[
        str, typer.Option("--credentials", help="Id of Prefect's AWS Credentials block: `prefect block ls`.")
    ],
    as_json: Json = True,  # Prefect reads nothing else
) -> None:
    """Print the base job template of the work pool bovespa-ecs: what the Pulumi stack made, as its defaults."""
    body = filled(_read(template), _read(outputs), tag=tag, region=region, credentials=credentials)
    Screen(as_json=as_json).result(body)


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path}: {error}") from error
    if not isinstance(found, dict):
        raise SettingsError(f"{path}: not a JSON object")
    return found
