"""Where a command works: the account on the laptop, or AWS; and the options that all commands share.

A module of further commands, `cli_<what>.py`, has one function `register(app, open_place)`; `cli.py` calls it.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Annotated

import typer

from flows.cli.console import Screen
from flows.errors import SettingsError
from flows.settings import Settings, load_settings

Json = Annotated[bool, typer.Option("--json", help="Print the result as one JSON document.")]
InAws = Annotated[bool, typer.Option("--aws", help="Use the AWS account of the environment instead of the laptop's.")]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a command works: AWS, or the account on the laptop whose buckets are folders below `home`."""

    settings: Settings
    home: Path | None
    links: tuple[tuple[str, str], ...] = ()

    def shown(self, address: str) -> str:
        """An S3 address as the user can open it."""
        bucket, _, key = address.removeprefix("s3://").partition("/")
        if self.home is None or not address.startswith("s3://"):
            return address
        return f"file://{self.home.resolve()}/s3/{bucket}/{key}"


OpenPlace = Callable[..., AbstractContextManager[Place]]
"""`open_place`, as a module of commands is given it."""


@contextmanager
def open_place(screen: Screen, *, aws: bool, as_flow: bool = False) -> Iterator[Place]:
    """The account that a command works on, reached by this process's environment within the block.

    Args:
        aws: the one that the environment names, with its rights.
        as_flow: on the laptop, with the rights of the flows' role instead of the user's; and ready for a run soon.
    """
    if aws:
        yield Place(load_settings(), None)
        return
    try:
        # Absent where only the flows are installed.
        from local.door import FLOW_ROLE, AccountError, running_account  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"the account on the laptop needs the 'local' dependencies ({error}); or pass --aws"
        ) from error
    settings = load_settings()
    if as_flow:
        Thread(target=_warm_up, daemon=True).start()
    try:
        with running_account(settings.home, progress=screen.say) as account:
            os.environ.pop("AWS_PROFILE", None)
            os.environ.update(account.environment(FLOW_ROLE if as_flow else None))
            yield Place(settings, settings.home, _ways_in(account.environment(), account.prefect_ui_url, settings.home))
    except AccountError as error:
        raise SettingsError(str(error)) from error


def _warm_up() -> None:
    """Import what every run needs while the account starts; Prefect reads the account's environment, so it must wait."""
    for name in ("great_expectations.expectations", "pyarrow.parquet", "exchange_calendars", "botocore.session"):
        importlib.import_module(name)


def _ways_in(environment: dict[str, str], ui: str, home: Path) -> tuple[tuple[str, str], ...]:
    exports = " ".join(f"{name}={value}" for name, value in environment.items() if name.startswith("AWS_"))
    return (
        ("environment", f"export {exports}"),
        ("boto3", "python -c \"import boto3; print(boto3.client('s3').list_buckets()['Buckets'])\""),
        ("AWS CLI", "aws s3 ls --recursive s3://bovespa-refined-data-bucket/"),
        ("Prefect UI", ui),
        ("its password", environment["PREFECT_API_AUTH_STRING"]),
        ("buckets", str(home.resolve() / "s3")),
        ("logs", str(home.resolve() / "logs")),
    )
