"""The commands that set up runs on schedule: `bovespa notify`, `bovespa ecs-template`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from flows.cli.console import Screen
from flows.cli.place import InAws, Json, OpenPlace
from flows.errors import SettingsError


def register(app: typer.Typer, open_place: OpenPlace) -> None:
    """Add the commands.

    Args:
        open_place: the account to work on, within a block, by a screen and `aws`.
    """
    app.command("notify")(_notify_command(open_place))
    app.command("ecs-template")(ecs_template)


def _notify_command(open_place: OpenPlace) -> Callable[..., None]:
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

        Examples: bovespa notify · bovespa notify --aws --json
        """
        screen = Screen(as_json=as_json)
        with open_place(screen, aws=aws):
            from prefect.settings import get_current_settings  # noqa: PLC0415 - reads the environment when imported

            from flows.deploy.notify import NAME, notify_at  # noqa: PLC0415

            if not get_current_settings().api.url:
                raise SettingsError("PREFECT_API_URL says of no Prefect server that would run schedules")
            notify_at(webhook)
        screen.result({"automation": NAME})
        screen.line(f"The automation {NAME} calls the webhook, which has been sent a first message.")

    return notify


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
    """Print the base job template of the work pool bovespa-ecs: what the Pulumi stack made, as its defaults.

    Example: bovespa ecs-template base.json stack.json --tag 0.1.0 --region sa-east-1 --credentials … > bovespa-ecs.json
    """
    from flows.deploy.ecs_pool import filled  # noqa: PLC0415

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
