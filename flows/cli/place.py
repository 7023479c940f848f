"""Where a command works: the account on the laptop, or AWS."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from functools import cached_property
from importlib import import_module
from pathlib import Path
from threading import Thread
from urllib.parse import quote

from botocore.exceptions import BotoCoreError

from expectations.contract.keys import published_prefix, read_attempt_key, read_published_key
from expectations.contract.names import LEDGER_PREFIX, PUBLISHED_PREFIX
from flows.cli.console import Screen
from flows.cli.language import counted, spoken, tr
from flows.errors import AwsError, DamagedError, SettingsError
from flows.lake.connect import Lake, connect
from flows.settings import Settings, load_settings
from flows.site.addresses import in_language

_REPORTING_TO_NOBODY = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "GX_ANALYTICS_ENABLED": "false",
}


class Need(Enum):
    """How much of the account on the laptop a command needs."""

    ASK = "to read and to query"
    WORK = "what comes starts functions and jobs"
    FLOWS = "Prefect too"


@dataclass(frozen=True)
class Place:
    """Where a command works: AWS, or the account on the laptop whose buckets are folders below `home`."""

    settings: Settings
    home: Path | None
    links: tuple[tuple[str, str], ...] = ()

    @cached_property
    def lake(self) -> Lake:
        """The account, with the rights of the block that opened it."""
        return connect(self.settings)

    def published(self, index: str | None = None) -> dict[str, list[date]]:
        """The published sessions by index, in order.

        Args:
            index: only of this one.

        Raises:
            AwsError: S3 could not be asked.
        """
        prefix = published_prefix(index) if index else PUBLISHED_PREFIX
        found: defaultdict[str, list[date]] = defaultdict(list)
        for item in self.lake.refined.objects(prefix):
            if name := read_published_key(item.key):
                found[name.index].append(name.session)
        return {code: sorted(found[code]) for code in sorted(found)}

    def refuse_damaged(self, index: str, sessions: Sequence[date], *, monthly: bool) -> None:
        """Make sure that an answer may rest on some published sessions.

        Args:
            monthly: it rests on the tables of all sessions by month, not on those of each session.

        Raises:
            DamagedError: one is not as it was published; the message names it.
            AwsError: AWS could not be asked.
        """
        # pyarrow, which a command that rests on no session does not need.
        from flows.history.damage import month_damages  # noqa: PLC0415
        from flows.session.intact import visible_damage  # noqa: PLC0415

        if monthly:
            months = month_damages(self.lake, index)
            found = {day: months[day.replace(day=1)] for day in sessions if day.replace(day=1) in months}
        else:
            found = visible_damage(self.lake, index, sessions, self.settings.lease_timeout)
        if found:
            first = min(found)
            more = tr(" and {} more").format(counted(len(found) - 1, "session")) if len(found) > 1 else ""
            raise DamagedError(
                tr(
                    "{} {}{}: what is published is damaged, and an answer would be wrong: {}; bovespa reconcile mends it"
                ).format(index, first, more, found[first])
            )

    def link_to(self, address: str) -> str:
        """An S3 address as the user can open it."""
        path = self._path(address)
        return f"file://{quote(path.as_posix(), safe='/=')}" if path else address

    def page_of(self, address: str) -> str:
        """A page of the data-quality site as the user can open it, in the user's language where it is there."""
        translated = in_language(address, spoken())
        path = self._path(translated)
        return self.link_to(translated if path and path.exists() else address)

    def attempts(self) -> tuple[int, datetime | None]:
        """How many attempts the ledger has, and when the newest of them ended (aware).

        Raises:
            AwsError: S3 could not be asked.
        """
        rows = [read_attempt_key(item.key) for item in self.lake.refined.objects(LEDGER_PREFIX)]
        ended = [row.ended_at for row in rows if row]
        return len(ended), max(ended, default=None)

    def _path(self, address: str) -> Path | None:
        """Where an S3 object lies on the laptop; None in AWS, and of what is no S3 address."""
        bucket, _, key = address.removeprefix("s3://").partition("/")
        return self.home.resolve() / "s3" / bucket / key if self.home and address.startswith("s3://") else None


@contextmanager
def open_place(
    screen: Screen, *, aws: bool, as_flow: bool = False, need: Need = Need.ASK, mends: bool = False
) -> Iterator[Place]:
    """The account that a command works on, reached by this process's environment within the block.

    Args:
        need: how much of the account on the laptop must be up.
        aws: the one that the environment names, with its rights.
        as_flow: on the laptop, with the rights of the flows' role instead of the user's.
        mends: on the laptop, make the account's state again where it is of no use.

    Raises:
        SettingsError: a setting is wrong, or the account on the laptop does not start.
        AwsError: within the block AWS could not be asked: no region, no credentials.
    """
    settings = load_settings()
    os.environ.update(_REPORTING_TO_NOBODY)
    Thread(target=_import_meanwhile).start()
    with environment_errors():
        if aws:
            yield Place(settings, None)
        else:
            with _on_the_laptop(screen, settings, need, as_flow=as_flow, mends=mends) as place:
                yield place


def _import_meanwhile() -> None:
    """Import what the block will need, while the account comes up: it would take as long afterwards."""
    for module in ("botocore.session", "flows.history.damage", "flows.session.intact"):
        import_module(module)


@contextmanager
def environment_errors() -> Iterator[None]:
    """Within the block, what AWS's library finds lacking in the environment is an AwsError."""
    try:
        yield
    except BotoCoreError as error:
        raise AwsError(str(error)) from error


@contextmanager
def _on_the_laptop(screen: Screen, settings: Settings, need: Need, *, as_flow: bool, mends: bool) -> Iterator[Place]:
    try:
        # Absent where only the flows are installed.
        from local.door import FLOW_ROLE, AccountError, Stage, running_account  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise SettingsError(_not_installed(error)) from error
    try:
        up = running_account(
            settings.home,
            progress=lambda text: screen.say(tr(text)),
            stage=Stage[need.name],
            keep_up=settings.keep_up,
            mends=mends,
        )
        with up as account:
            os.environ.pop("AWS_PROFILE", None)
            os.environ.update(account.environment(FLOW_ROLE if as_flow else None))
            links = _access(account.environment(), account.prefect_ui_url, settings.home)
            yield Place(settings, settings.home, links if need is Need.FLOWS else ())
    except AccountError as error:
        raise SettingsError(str(error)) from error


def before_prefect(settings: Settings) -> None:
    """Let Prefect, when it is imported before the account is up, read the account's settings and not the user's own.

    Raises:
        SettingsError: the account is not installed.
    """
    try:
        # Absent where only the flows are installed.
        from local.door import prefect_environment  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise SettingsError(_not_installed(error)) from error
    os.environ.update(prefect_environment(settings.home))


def end_laptop() -> bool:
    """End the account on the laptop.

    Returns:
        Whether none is up any more; one that another command uses is.

    Raises:
        SettingsError: a setting is wrong, or the account is not installed.
    """
    settings = load_settings()
    try:
        # Absent where only the flows are installed.
        from local.door import end_account  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise SettingsError(_not_installed(error)) from error
    return end_account(settings.home)


def _not_installed(error: ModuleNotFoundError) -> str:
    return tr("the account on the laptop needs the 'local' dependencies ({}); or pass --aws").format(error)


def _access(environment: dict[str, str], ui: str, home: Path) -> tuple[tuple[str, str], ...]:
    exports = " ".join(f"{name}={value}" for name, value in environment.items() if name.startswith("AWS_"))
    return (
        ("environment", f"export {exports}"),
        ("boto3", "python -c \"import boto3; print(boto3.client('s3').list_buckets()['Buckets'])\""),
        ("AWS CLI", "aws s3 ls --recursive s3://bovespa-refined-data-bucket/"),
        ("Prefect UI", ui),
        ("its password", environment.get("PREFECT_API_AUTH_STRING", "")),
        ("buckets", str(home.resolve() / "s3")),
        ("logs", str(home.resolve() / "logs")),
    )
