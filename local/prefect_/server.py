"""The embedded Prefect API and UI: a child process of the account.

Prefect brings a new database up to date in some 8 of the 15 seconds that its first start takes, the same way each time. So
the first start keeps a copy of the new database beside the installed packages, and later new homes begin with that copy.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import shutil
import socket
import sqlite3
import time
import urllib.error
import urllib.request
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from local.account.children import Child
from local.account.condition import is_whole, remove, remove_database
from local.installation.packages import kept, site_packages

if TYPE_CHECKING:
    from local.account.home import Home

_POLL_SECONDS = 0.05
_PATIENCE_SECONDS = 120.0
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV", "LD_LIBRARY_PATH")
_OF_BLOCKS = ("PREFECT_SERVER_REGISTER_BLOCKS_ON_START", "PREFECT_SERVER_MEMOIZE_BLOCK_AUTO_REGISTRATION")


class PrefectServerError(RuntimeError):
    """Prefect's server ended, or did not answer in time."""


class PrefectServer:
    """Starts at once; `wait` for it before it is used.

    Args:
        home: the account's folders.
        auth: see `local.account.access.prefect_auth`.
    """

    def __init__(self, home: Home, auth: str) -> None:
        self._database = home.prefect / "prefect.db"
        self._log = home.logs / "prefect.log"
        port = kept_port(home.prefect / "port")
        self.url = f"http://127.0.0.1:{port}"
        # As `prefect server start --background` starts it, whose own imports are a quarter of the time.
        program = ["-m", "uvicorn", "--factory", "prefect.server.api.server:create_app"]
        self._program = [*program, "--host", "127.0.0.1", "--port", str(port), "--log-level", "warning"]
        self._environment = _environment(home, auth, self.api_url)
        self._is_new = False
        # SQLite takes an empty file for a new database, which the server would bring up to date by itself.
        if not (self._database.is_file() and self._database.stat().st_size and is_whole(self._database)):
            self._make_database()
        self._child = self._begin()

    def _begin(self) -> Child:
        # Types of blocks are in every database that was new once, and looking for those of plugins imports all of them.
        of_blocks = dict.fromkeys(_OF_BLOCKS, str(self._is_new).lower())
        return Child(self._program, {**self._environment, **of_blocks}, self._database.parent, self._log)

    def _make_database(self) -> None:
        """Begin with a new database: nothing in it is needed for longer than the account runs."""
        remove_database(self._database)
        self._is_new = not _template().exists()
        if not self._is_new:
            shutil.copyfile(_template(), self._database)

    @property
    def api_url(self) -> str:
        """PREFECT_API_URL."""
        return f"{self.url}/api"

    def wait(self) -> None:
        """Wait until the API answers.

        Raises:
            PrefectServerError: it will not.
        """
        deadline, is_again = time.monotonic() + _PATIENCE_SECONDS, False
        while not self._answers():
            if self._child.wait(_POLL_SECONDS) is not None:
                if not is_again:
                    # Of another release of Prefect, or damaged where SQLite does not look.
                    is_again = True
                    self._make_database()
                    self._child = self._begin()
                    continue
                raise PrefectServerError(f"Prefect's server ended at its start: see {self._log}")
            if time.monotonic() > deadline:
                raise PrefectServerError(f"Prefect's server does not answer: see {self._log}")
        if self._is_new:
            _keep_template(self._database)

    def stop(self) -> None:
        """End it."""
        self._child.stop()

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.api_url}/health", timeout=5) as answer:  # noqa: S310 - http, ours
                return bool(answer.status == HTTPStatus.OK)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False


def _environment(home: Home, auth: str, api_url: str) -> dict[str, str]:
    return {
        **{name: os.environ[name] for name in _KEPT if name in os.environ},
        "PYTHONPATH": site_packages(),
        "PREFECT_HOME": str(home.prefect),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_UI_API_URL": api_url,
        "PREFECT_SERVER_API_AUTH_STRING": auth,
        # Of the server's own parts, which are its clients.
        "PREFECT_API_AUTH_STRING": auth,
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": api_url.removesuffix("/api"),
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
        "DO_NOT_TRACK": "1",
    }


def _template() -> Path:
    return kept() / f"prefect-{importlib.metadata.version('prefect')}.db"


def _keep_template(database: Path) -> None:
    temporary = _template().with_suffix(f".{os.getpid()}")
    # An environment that this user may not write to: every new home takes its time.
    with contextlib.suppress(OSError, sqlite3.Error):
        temporary.parent.mkdir(parents=True, exist_ok=True)
        with (
            contextlib.closing(sqlite3.connect(database)) as source,
            contextlib.closing(sqlite3.connect(temporary)) as target,
        ):
            source.backup(target)
        temporary.replace(_template())


def kept_port(file: Path) -> int:
    """The port of the last time, so that the UI stays where it was; another one where somebody else has it now.

    Args:
        file: where it is kept.
    """
    known = file.read_text(encoding="utf-8", errors="replace").strip() if file.is_file() else ""
    port = int(known) if known.isdigit() and _is_free(int(known)) else _free_port()
    if file.is_dir():
        remove(file)
    file.write_text(str(port), encoding="utf-8")
    return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As the server itself binds it: what was just closed may linger.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError):
            return False
        return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
