"""The account on the laptop, from its user's side: attach to the one that runs, or start it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from local.account.children import aws_environment
from local.account.home import Home
from local.account.locks import is_locked, locked
from local.rights.privileges import access_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PROGRAM = Path(__file__).resolve().parents[2] / "infrastructure" / "__main__.py"
_FOREIGN = ("AWS_", "PREFECT_", "PULUMI_", "MOTO_")
_EXCEPTION_LINE = re.compile(r"(?:[\w.]+\.)?(\w*(?:Error|Exception|Warning|Exit|Interrupt)\b.*)")


class AccountError(RuntimeError):
    """The account did not start, or what is said about the running one cannot be read. One readable line."""


@dataclass(frozen=True, slots=True)
class Account:
    """A running account and how to reach it."""

    home: Path
    endpoint_url: str
    prefect_api_url: str
    prefect_ui_url: str
    region: str

    def environment(self, role: str | None = None) -> dict[str, str]:
        """The variables under which boto3, the AWS CLI and Prefect use this account and report to nobody.

        Args:
            role: whose rights they give; by default the administrator's.
        """
        given = {} if role is None else {"access_key": access_key(role)}
        return {
            **aws_environment(self.endpoint_url, self.region, **given),
            "PREFECT_API_URL": self.prefect_api_url,
            "PREFECT_HOME": str(Home(self.home).prefect),
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "DO_NOT_TRACK": "1",
            "GX_ANALYTICS_ENABLED": "false",
        }


def _silent(_: str) -> None:
    """The progress of those who do not want to know it."""


@contextmanager
def running_account(
    home: Path, *, progress: Callable[[str], None] = _silent, program: Path = PROGRAM
) -> Iterator[Account]:
    """Use the account of a home: the one that runs, or a new one, which ends when its last user has gone.

    Args:
        home: the account's folder; made where it is missing.
        progress: told, in a few words, what is being waited for.
        program: the Pulumi program that a new account is provisioned with.

    Raises:
        AccountError: the account did not start, or its home is no folder that can be written.
    """
    folders = _created(home.resolve())
    with locked(folders.users_lock, shared=True):
        with locked(folders.start_lock):
            if not is_locked(folders.server_lock):
                _start(folders, program, progress)
            account = _described(folders)
        yield account


def _created(root: Path) -> Home:
    try:
        home = Home(root).create()
        home.users_lock.touch()
    except OSError as error:
        raise AccountError(
            f"the account's home {root} cannot be used: {error.strerror}; BOVESPA_HOME names another folder"
        ) from error
    return home


def _start(home: Home, program: Path, progress: Callable[[str], None]) -> None:
    home.description.unlink(missing_ok=True)
    log = home.logs / "account.log"
    with log.open("ab") as output:
        begin = output.tell()
        server = subprocess.Popen(  # noqa: S603 - this Python, our module
            [sys.executable, "-m", "local.account.server", str(home.root), str(program)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=output,
            env=_own_environment(),
            cwd=Path(__file__).resolve().parents[2],
            start_new_session=True,  # Ctrl-C is for its users; it ends when they have gone
        )
    assert server.stdout is not None
    with server.stdout as messages:
        if not _is_ready(messages, progress):
            code = server.wait()
            raise AccountError(
                f"the account did not start: {_last_error(log, begin) or f'exit code {code}'} (see {log})"
            )


def _is_ready(messages: IO[bytes], progress: Callable[[str], None]) -> bool:
    for line in messages:
        message = json.loads(line)
        if message.get("ready"):
            return True
        progress(message["progress"])
    return False


def _own_environment() -> dict[str, str]:
    # Whatever the user has set for the real AWS, Prefect Cloud or Pulumi must not reach the account's inside.
    return {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}


def _last_error(log: Path, begin: int) -> str | None:
    with log.open("rb") as content:
        content.seek(begin)
        lines = content.read().decode(errors="replace").splitlines()
    found = [match[1] for line in lines if (match := _EXCEPTION_LINE.match(line))]
    return found[-1].removeprefix("ProvisionError: ") if found else None


def _described(home: Home) -> Account:
    try:
        said = json.loads(home.description.read_text(encoding="utf-8"))
        url = said["prefect_url"]
        return Account(home.root, said["endpoint_url"], f"{url}/api", url, said["region"])
    except (OSError, ValueError, KeyError) as error:
        raise AccountError(f"{home.description}: {type(error).__name__}: {error}") from error
