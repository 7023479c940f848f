"""The account's server process, which `local.account.client` starts: `python -m local.account.server <home> <program> <stage>`.

It tells how far it is on its standard output, one JSON object a line, and is ready when it says so. It lives as long as
somebody holds the users' lock of its home, and after that for as long as its last users wanted.
"""

from __future__ import annotations

import gc
import json
import logging
import os
import shutil
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from local.account.absent import do_without
from local.account.access import prefect_auth
from local.account.condition import remove_database, set_aside, state_problem
from local.account.home import Home, private
from local.account.locks import locked
from local.account.provisioned import Provisioned, code_digest, read_provisioned, write_provisioned
from local.account.service_models import load_leanly
from local.account.stages import Stage
from local.account.state import MENDED, StateError
from local.prefect_.server import PrefectServer
from local.rights.keys import HomeKeys

if TYPE_CHECKING:
    from local.account.services import Services
    from local.provision.clients import Clients

log = logging.getLogger("local.account.server")

_LOOK_SECONDS = 0.1  # between two looks at what is wanted
# What is imported and provisioned stays: to look through it every 700 objects, Python's own way, takes a tenth of the start.
_COLLECTED = (20_000, 20, 20)


MEND = "mend"
"""The argument that lets a state be made again that is of no use."""


def main(home_folder: str, program: str, stage: str, *options: str) -> None:
    """Run the account of a home until nobody uses it any more.

    Args:
        stage: how far it is wanted first, a number of `Stage`.
        options: MEND, or nothing.

    Raises:
        StateError: the home's state is of no use, and was not to be mended.
    """
    gc.set_threshold(*_COLLECTED)
    # All that this process and its children make is their owner's alone.
    os.umask(0o077)
    do_without(["pandas"])  # pyarrow's datasets import it: 50 MiB and half a second, and nothing here asks for a frame
    load_leanly()
    home = Home(Path(home_folder)).create()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", force=True)
    for noisy in ("werkzeug", "botocore", "urllib3"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    with locked(home.server_lock):
        _empty(home.scratch)
        _empty(home.runtime)
        rebuilds = _prepare_state(home, mends=MEND in options)
        for file in (home.wanted, home.progress):
            file.unlink(missing_ok=True)
        account = _Account(home, Path(program), HomeKeys.make(home.secret), rebuilds=rebuilds)
        try:
            account.serve(Stage(int(stage)))
        finally:
            home.description.unlink(missing_ok=True)
            account.stop_prefect()
    # Not a normal end: threads that wait for a queue, a lock or an invocation would hold it up.
    logging.shutdown()
    os._exit(0)


def _prepare_state(home: Home, *, mends: bool) -> bool:
    """Look whether the state can be used, or move it away; whether it is to be made again."""
    marker = home.rebuilding
    problem = "was being made again, and that was not finished" if marker.exists() else state_problem(home)
    if not problem:
        return False
    if not mends:
        raise StateError(f"{home.state} {problem}; {MENDED}")
    if marker.exists():
        remove_database(home.state)
    else:
        log.warning("%s %s: made again; what was there is %s", home.state, problem, set_aside(home.state))
        marker.touch()
    return True


class _Account:
    """The account while it is up."""

    def __init__(self, home: Home, program: Path, keys: HomeKeys, *, rebuilds: bool) -> None:
        self._home, self._program, self._keys = home, program, keys
        self._rebuilds = rebuilds
        self._digest = code_digest(program)
        self._stage: Stage | None = None
        self._prefect: PrefectServer | None = None

    def serve(self, stage: Stage) -> None:
        """Come as far up as is wanted, further when somebody wants more, and stay until nobody uses the account."""
        unused = threading.Event()
        threading.Thread(target=_watch_users, args=(self._home, unused), daemon=True).start()
        _report(progress="Starting AWS")
        if stage is Stage.FLOWS:
            self._start_prefect()
        # Imported when Prefect's server is on its way: together they take as long as it does.
        from local.account.services import Services  # noqa: PLC0415
        from local.provision.clients import administrator  # noqa: PLC0415

        services = Services(self._home, self._keys)
        provisioned = Provisioned(administrator(services.access))
        provisioned.restore([] if self._rebuilds else read_provisioned(self._home.provisioned, self._digest))
        # What stands of other code, or of no account yet, is nothing to ask.
        self._rise(services, provisioned, stage if provisioned.restored else max(stage, Stage.WORK))
        _report(ready=True)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        while not unused.wait(_LOOK_SECONDS):
            if wanted := self._wanted():
                self._rise(services, provisioned, wanted)
        log.info("nobody uses the account any more")
        services.stop()

    def stop_prefect(self) -> None:
        """End Prefect's server, where it was started."""
        if self._prefect:
            self._prefect.stop()

    def _start_prefect(self) -> PrefectServer:
        self._prefect = self._prefect or PrefectServer(self._home, prefect_auth(self._keys))
        return self._prefect

    def _wanted(self) -> Stage | None:
        """The stage that a user waits for, where the account is not as far yet."""
        try:
            wanted = Stage(int(self._home.wanted.read_text(encoding="utf-8")))
        except (FileNotFoundError, ValueError):
            return None
        return wanted if self._stage is None or wanted > self._stage else None

    def _rise(self, services: Services, provisioned: Provisioned, stage: Stage) -> None:
        if stage is Stage.FLOWS:
            self._start_prefect()
        if stage >= Stage.WORK and (self._stage is None or self._stage < Stage.WORK):
            self._provision(services, provisioned)
        if stage is Stage.FLOWS:
            self._say("Starting Prefect")
            self._start_prefect().wait()
            services.stand_by()
        self._stage = stage
        self._describe(services)
        self._home.progress.unlink(missing_ok=True)
        log.info("ready for %s: pid %s", stage.name, os.getpid())

    def _provision(self, services: Services, provisioned: Provisioned) -> None:
        self._say("Provisioning AWS with the Pulumi program")
        from local.provision.program import connect, grant_flow_role, provision  # noqa: PLC0415 - who asks needs it not

        clients = connect(services.access, services.may_invoke, provisioned)
        grant_flow_role(clients, provision(self._program, clients))
        write_provisioned(self._home.provisioned, self._digest, provisioned.calls)
        if self._rebuilds:
            self._rebuild(services, clients)
        services.deliver_events()

    def _rebuild(self, services: Services, clients: Clients) -> None:
        from local.account.rebuild import rebuild_state  # noqa: PLC0415 - the flows' packages, which the account does without

        self._say("Making its state again from the buckets' folders")
        rebuild_state(services.objects, clients)
        self._home.rebuilding.unlink()
        self._rebuilds = False

    def _say(self, progress: str) -> None:
        """Tell whoever waits: the one who started the account by the pipe, others by a file."""
        if self._stage is None:
            _report(progress=progress)
        else:
            private(self._home.progress).write_text(progress, encoding="utf-8")

    def _describe(self, services: Services) -> None:
        assert self._stage
        description = {
            "endpoint_url": services.access.endpoint_url,
            "prefect_url": self._prefect.url if self._prefect else "",
            "region": services.access.region,
            "pid": os.getpid(),
            "stage": int(self._stage),
            "code": self._digest,
        }
        temporary = self._home.description.with_suffix(".new")
        private(temporary).write_text(json.dumps(description, indent=1), encoding="utf-8")
        temporary.replace(self._home.description)


def _watch_users(home: Home, unused: threading.Event) -> None:
    while home.root.is_dir():
        with locked(home.users_lock):
            if _is_over(home):
                unused.set()
                # Held until the process ends, so that whoever comes now waits for the end and starts a new account.
                threading.Event().wait()
        time.sleep(_LOOK_SECONDS)
    unused.set()


def _is_over(home: Home) -> bool:
    """Whether an account that nobody uses has stayed as long as its last users wanted."""
    try:
        return time.time() >= float(home.keep_until.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return True


def _report(**message: object) -> None:
    sys.stdout.write(f"{json.dumps(message)}\n")
    sys.stdout.flush()


def _empty(folder: Path) -> None:
    for entry in folder.iterdir():
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


if __name__ == "__main__":
    main(*sys.argv[1:])
