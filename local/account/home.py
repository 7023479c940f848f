"""The account's home: one folder that may be deleted at any time, and where in it what lies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_OWNERS_FOLDER = 0o700
_OWNERS_FILE = 0o600


def private(file: Path) -> Path:
    """The file, which is its owner's alone from the first; made where it is missing."""
    file.touch(_OWNERS_FILE)
    return file


@dataclass(frozen=True, slots=True)
class Home:
    """The folders and files of one account."""

    root: Path

    def create(self) -> Home:
        """Make the folders that must be there, and keep them from other users of this machine.

        A folder that was there before and holds what is not the account's is left as open as it is; what the account puts
        there is its owner's alone all the same.
        """
        self.root.mkdir(mode=_OWNERS_FOLDER, parents=True, exist_ok=True)
        if self.state.exists() or not any(self.root.iterdir()):
            self.root.chmod(_OWNERS_FOLDER)
        logs = (self.logs, self.logs / "glue", self.logs / "lambda")
        for folder in (*logs, self.runtime, self.scratch, self.prefect, self.mirror):
            folder.mkdir(exist_ok=True)
            folder.chmod(_OWNERS_FOLDER)
        return self

    @property
    def secret(self) -> Path:
        """What the account's keys follow from: see `local.rights.keys`."""
        return self.root / "secret"

    @property
    def state(self) -> Path:
        """What outlives the account's process, in SQLite."""
        return self.root / "state.db"

    @property
    def rebuilding(self) -> Path:
        """There while the state is made again from the buckets' folders."""
        return self.root / "state.rebuilding"

    @property
    def mirror(self) -> Path:
        """The buckets as folders."""
        return self.root / "s3"

    @property
    def logs(self) -> Path:
        """account.log, prefect.log, glue/<run id>.log, lambda/<request id>.log."""
        return self.root / "logs"

    @property
    def trail(self) -> Path:
        """What every role did, one call a line."""
        return self.logs / "calls.jsonl"

    @property
    def runtime(self) -> Path:
        """Unpacked functions and what they run on; made anew when it is missing."""
        return self.root / "runtime"

    @property
    def scratch(self) -> Path:
        """Working folders of what runs just now; emptied at each start."""
        return self.root / "tmp"

    @property
    def prefect(self) -> Path:
        """PREFECT_HOME."""
        return self.root / "prefect"

    @property
    def description(self) -> Path:
        """How to reach the account that runs now."""
        return self.root / "account.json"

    @property
    def provisioned(self) -> Path:
        """What stands of the account: see `local.account.provisioned`."""
        return self.root / "provisioned.json"

    @property
    def wanted(self) -> Path:
        """The stage that a user waits for: see `local.account.stages`."""
        return self.root / "wanted"

    @property
    def progress(self) -> Path:
        """What the account is busy with until it is as far as that, in a few words."""
        return self.root / "progress"

    @property
    def keep_until(self) -> Path:
        """Until when, in seconds since the epoch, the account stays though nobody uses it."""
        return self.root / "keep-until"

    @property
    def users_lock(self) -> Path:
        """Held (shared) by everyone who uses the account: it ends when nobody does."""
        return self.root / "users.lock"

    @property
    def start_lock(self) -> Path:
        """Held by whoever is starting the account, so that only one does."""
        return self.root / "start.lock"

    @property
    def server_lock(self) -> Path:
        """Held by the account's server as long as it lives."""
        return self.root / "server.lock"

    @property
    def schedules_lock(self) -> Path:
        """Held by whoever runs the deployments on their schedules, so that only one does."""
        return self.root / "schedules.lock"
