"""The account on the laptop, from its user's side: attach to the one that runs, or start it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from local.account.access import AccountAccess, prefect_auth
from local.account.home import Home, private
from local.account.locks import LockHeldError, is_locked, locked
from local.account.provisioned import code_digest
from local.account.stages import Stage
from local.rights.keys import HomeKeys, KeysError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PROGRAM = Path(__file__).resolve().parents[2] / "infrastructure" / "__main__.py"
_LOOK_SECONDS = 0.05
_LOOKS = 6
_END_SECONDS = 15.0
_QUIETLY_SECONDS = 2.0
_OTHERS_SECONDS = 120.0  # that another command may take to start the account: four times what a slow machine takes
_FOREIGN = ("AWS_", "PREFECT_", "PULUMI_", "MOTO_")
_EXCEPTION_LINE = re.compile(r"(?:[\w.]+\.)?(\w*(?:Error|Exception|Warning|Exit|Interrupt)\b.*)")


class AccountError(RuntimeError):
    """The account did not start, or what is said about the running one cannot be read. One readable line."""


@dataclass(frozen=True, slots=True)
class Account:
    """A running account and how to reach it."""

    home: Path
    access: AccountAccess
    prefect_ui_url: str

    @property
    def endpoint_url(self) -> str:
        """Where AWS's services answer."""
        return self.access.endpoint_url

    @property
    def region(self) -> str:
        """The account's region."""
        return self.access.region

    @property
    def prefect_api_url(self) -> str:
        """Where Prefect's API answers."""
        return f"{self.prefect_ui_url}/api"

    @property
    def prefect_auth(self) -> str:
        """User and password for Prefect's API, which its UI asks for, too."""
        return prefect_auth(self.access.keys)

    def keys(self, role: str | None = None) -> tuple[str, str]:
        """Access key and secret of a role, as `boto3.Session` takes them; by default the administrator's."""
        pair = self.access.keys.of(role)
        return pair.access_key, pair.secret

    def secret_of(self, access_key: str) -> str:
        """The secret of one of the account's access keys.

        Raises:
            KeyError: it is none of them.
        """
        pair = self.access.keys.find(access_key)
        if pair is None:
            raise KeyError(access_key)
        return pair.secret

    def environment(self, role: str | None = None) -> dict[str, str]:
        """The variables under which boto3, the AWS CLI and Prefect use this account and report to nobody.

        Args:
            role: whose rights they give; by default the administrator's.
        """
        return {
            **self.access.environment(role),
            # Of the user's own temporary credentials, which would be sent along.
            "AWS_SESSION_TOKEN": "",
            "AWS_SECURITY_TOKEN": "",
            **self._prefect(),
            **prefect_environment(self.home),
            "GX_ANALYTICS_ENABLED": "false",
        }

    def _prefect(self) -> dict[str, str]:
        """How Prefect is reached, where it is up."""
        if not self.prefect_ui_url:
            return {}
        return {"PREFECT_API_URL": self.prefect_api_url, "PREFECT_API_AUTH_STRING": self.prefect_auth}


def prefect_environment(home: Path) -> dict[str, str]:
    """What of Prefect's settings is known before the account is up: they are its own, and it reports to nobody.

    Args:
        home: the account's.
    """
    own = str(Home(home.resolve()).prefect)
    return {"PREFECT_HOME": own, "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1"}


def _silent(_: str) -> None:
    """The progress of those who do not want to know it."""


@contextmanager
def running_account(
    home: Path,
    *,
    progress: Callable[[str], None] = _silent,
    program: Path = PROGRAM,
    stage: Stage = Stage.FLOWS,
    keep_up: float = 0.0,
    mends: bool = False,
) -> Iterator[Account]:
    """Use the account of a home: the one that runs, or a new one, which ends some time after its last user has gone.

    Args:
        home: the account's folder; made where it is missing.
        progress: called with what, in a few words, is being waited for.
        program: the Pulumi program that a new account is provisioned with.
        stage: how far it must be up.
        keep_up: how many seconds it stays when nobody uses it any more.
        mends: make a state again that is of no use, from the buckets' folders.

    Raises:
        AccountError: the account did not start, or its home is no folder that can be written.
    """
    with ExitStack() as users:
        with _home_errors(home):
            folders = _created(home.resolve())
            with _turn(folders, progress):
                digest = code_digest(program)
                if _said(folders).get("code", digest) != digest:
                    end_account(home)  # it is of other code; one that somebody uses stays
                users.enter_context(locked(folders.users_lock, shared=True))
                if not is_locked(folders.server_lock):
                    _start(folders, program, stage, progress, mends=mends)
                _await_stage(folders, stage, progress)
                account = _described(folders)
        try:
            yield account
        finally:
            _keep(folders, time.time() + keep_up if keep_up else 0)


@contextmanager
def _home_errors(home: Path) -> Iterator[None]:
    """Within the block, what the system refuses of a home's files is an AccountError."""
    try:
        yield
    except OSError as error:
        raise AccountError(
            f"the account's home {home} cannot be used: {error.filename or home}: {error.strerror}; move what is in the way "
            "elsewhere, or let BOVESPA_HOME name another folder"
        ) from error


@contextmanager
def _turn(home: Home, progress: Callable[[str], None]) -> Iterator[None]:
    """One command at a time looks whether there is an account, and starts one; one that is stopped meanwhile is in their way."""
    with ExitStack() as held:
        try:
            held.enter_context(locked(home.start_lock, patience=_QUIETLY_SECONDS))
        except LockHeldError:
            progress("Waiting for another command, which starts AWS")
            try:
                held.enter_context(locked(home.start_lock, patience=_OTHERS_SECONDS))
            except LockHeldError as late:
                raise AccountError(
                    f"process {late.holder} has been starting the account of {home.root} for more than {_OTHERS_SECONDS:.0f} s: "
                    f"let it go on if it was stopped (kill -CONT {late.holder}), or end it (kill -KILL {late.holder})"
                ) from late
        yield


def end_account(home: Path) -> bool:
    """End the account that stays though nobody uses it.

    Returns:
        Whether none is up any more; one that somebody uses is.
    """
    folders = Home(home.resolve())
    if not folders.root.is_dir():
        return True
    _keep(folders, 0, anyway=True)
    deadline = time.monotonic() + _END_SECONDS
    while is_locked(folders.server_lock):
        if time.monotonic() > deadline or _is_used(folders):
            return False
        time.sleep(_LOOK_SECONDS)
    return True


def _keep(home: Home, until: float, *, anyway: bool = False) -> None:
    """Have the account stay until an instant, or longer where another user wanted so."""
    with suppress(OSError, ValueError):
        before = 0.0 if anyway or not home.keep_until.exists() else float(home.keep_until.read_text(encoding="utf-8"))
        private(home.keep_until).write_text(str(max(before, until)), encoding="utf-8")


def _is_used(home: Home) -> bool:
    """Whether somebody uses the account, which itself holds the lock alone: for a moment to look at it, and at its end."""
    for _ in range(_LOOKS):
        if is_locked(home.users_lock) or not is_locked(home.users_lock, by_anybody=True):
            return False
        time.sleep(_LOOK_SECONDS)
    return True


def _await_stage(home: Home, stage: Stage, progress: Callable[[str], None]) -> None:
    """Have a running account come as far up as is needed."""
    log = home.logs / "account.log"
    begin, told = log.stat().st_size, ""
    if _said(home).get("stage", 0) < stage:
        private(home.wanted).write_text(str(int(stage)), encoding="utf-8")
    while _said(home).get("stage", 0) < stage:
        if not is_locked(home.server_lock):
            raise AccountError(f"the account ended: {_late_error(log, begin) or 'it was killed'} (see {log})")
        with suppress(FileNotFoundError):
            told, before = home.progress.read_text(encoding="utf-8"), told
            if told and told != before:
                progress(told)
        time.sleep(_LOOK_SECONDS)


def _said(home: Home) -> dict[str, Any]:
    """What the account that runs says of itself; nothing where none does."""
    with suppress(FileNotFoundError, ValueError):
        said: dict[str, Any] = json.loads(home.description.read_text(encoding="utf-8"))
        return said
    return {}


def _created(root: Path) -> Home:
    home = Home(root).create()
    private(home.users_lock)
    return home


def _start(home: Home, program: Path, stage: Stage, progress: Callable[[str], None], *, mends: bool) -> None:
    home.description.unlink(missing_ok=True)
    log = home.logs / "account.log"
    with private(log).open("ab") as output:
        begin = output.tell()
        server = subprocess.Popen(  # noqa: S603 - this Python, our module
            [
                sys.executable,
                "-m",
                "local.account.server",
                str(home.root),
                str(program),
                str(int(stage)),
                *(["mend"] if mends else []),
            ],
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
    return (
        found[-1].removeprefix("ProvisionError: ").removeprefix("StateError: ").removeprefix("KeysError: ")
        if found
        else None
    )


def _late_error(log: Path, begin: int) -> str | None:
    """What an account ended with that has let go of its lock, and may not have written it yet."""
    for _ in range(_LOOKS):
        if found := _last_error(log, begin):
            return found
        time.sleep(_LOOK_SECONDS)
    return None


def _described(home: Home) -> Account:
    try:
        said = _said(home)
        access = AccountAccess(said["endpoint_url"], said["region"], HomeKeys.read(home.secret))
        return Account(home.root, access, said["prefect_url"])
    except KeysError as error:
        raise AccountError(str(error)) from error
    except (OSError, ValueError, KeyError) as error:
        raise AccountError(f"{home.description}: {type(error).__name__}: {error}") from error
