"""The account's server process: `python -m local.account.server <home> <Pulumi program> [mend]`, started by
`local.account.client`.

It tells how far it is on its standard output, one JSON object a line, and is ready when it says so. It lives as long as
somebody holds the users' lock of its home.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from local.account.condition import remove_database, set_aside, state_problem
from local.account.home import Home
from local.account.locks import locked
from local.account.state import MENDED, StateError
from local.prefect_.server import PrefectServer, prefect_auth
from local.rights.keys import HomeKeys

if TYPE_CHECKING:
    from local.account.services import Services
    from local.provision.clients import Clients

log = logging.getLogger("local.account.server")


MEND = "mend"
"""The argument that lets a state be made again that is of no use."""


def main(home_folder: str, program: str, *options: str) -> None:
    """Run the account of a home until nobody uses it any more.

    Raises:
        StateError: the home's state is of no use, and was not to be mended.
    """
    # All that this process and its children make is their owner's alone.
    os.umask(0o077)
    home = Home(Path(home_folder)).create()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", force=True)
    for noisy in ("werkzeug", "botocore", "urllib3"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    with locked(home.server_lock):
        _empty(home.scratch)
        _empty(home.runtime)
        is_new_state = _prepare_state(home, mends=MEND in options)
        keys = HomeKeys.make(home.secret)
        prefect = PrefectServer(home, prefect_auth(keys))
        try:
            _serve(home, Path(program), keys, prefect, rebuilds=is_new_state)
        finally:
            home.description.unlink(missing_ok=True)
            prefect.stop()
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


def _serve(home: Home, program: Path, keys: HomeKeys, prefect: PrefectServer, *, rebuilds: bool) -> None:
    _report(progress="Starting AWS")
    unused = threading.Event()
    threading.Thread(target=_watch_users, args=(home, unused), daemon=True).start()
    # Imported when Prefect's server is on its way: together they take as long as it does.
    from local.account.services import Services  # noqa: PLC0415
    from local.provision.program import connect, grant_flow_role, provision  # noqa: PLC0415

    services = Services(home, keys)
    _report(progress="Provisioning AWS with the Pulumi program")
    clients = connect(services.access, services.may_invoke)
    grant_flow_role(clients, provision(program, clients))
    if rebuilds:
        _rebuild(home, services, clients)
    services.deliver_events()
    _report(progress="Starting Prefect")
    prefect.wait()
    description = {
        "endpoint_url": services.access.endpoint_url,
        "prefect_url": prefect.url,
        "region": services.access.region,
        "pid": os.getpid(),
    }
    home.description.write_text(json.dumps(description, indent=1), encoding="utf-8")
    _report(ready=True)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    log.info("ready: %s", description)
    unused.wait()
    log.info("nobody uses the account any more")
    services.stop()


def _rebuild(home: Home, services: Services, clients: Clients) -> None:
    from local.account.rebuild import rebuild_state  # noqa: PLC0415 - the flows' packages, which the account does without

    _report(progress="Making its state again from the buckets' folders")
    rebuild_state(services.objects, clients)
    home.rebuilding.unlink()


def _watch_users(home: Home, unused: threading.Event) -> None:
    with locked(home.users_lock):
        unused.set()
        # Held until the process ends, so that whoever comes now waits for the end and starts a new account.
        threading.Event().wait()


def _report(**message: object) -> None:
    sys.stdout.write(f"{json.dumps(message)}\n")
    sys.stdout.flush()


def _empty(folder: Path) -> None:
    for entry in folder.iterdir():
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


if __name__ == "__main__":
    main(*sys.argv[1:])
