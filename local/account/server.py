"""The account's server process: `python -m local.account.server <home> <Pulumi program>`, started by `local.account.client`.

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

from local.account import REGION
from local.account.home import Home
from local.account.locks import locked
from local.prefect_.server import PrefectServer

log = logging.getLogger("local.account.server")


def main(home_folder: str, program: str) -> None:
    """Run the account of a home until nobody uses it any more."""
    home = Home(Path(home_folder)).create()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", force=True)
    for noisy in ("werkzeug", "botocore", "urllib3"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    with locked(home.server_lock):
        _empty(home.scratch)
        prefect = PrefectServer(home)
        try:
            _serve(home, Path(program), prefect)
        finally:
            home.description.unlink(missing_ok=True)
            prefect.stop()
    # Not a normal end: threads that wait for a queue, a lock or an invocation would hold it up.
    logging.shutdown()
    os._exit(0)


def _serve(home: Home, program: Path, prefect: PrefectServer) -> None:
    _tell(progress="Starting AWS")
    unused = threading.Event()
    threading.Thread(target=_watch_users, args=(home, unused), daemon=True).start()
    # Imported when Prefect's server is on its way: together they take as long as it does.
    from local.account.services import Services  # noqa: PLC0415
    from local.provision.program import connect, grant_flow_role, provision  # noqa: PLC0415

    services = Services(home)
    _tell(progress="Provisioning AWS with the Pulumi program")
    clients = connect(services.endpoint_url, REGION, services.may_invoke)
    grant_flow_role(clients, provision(program, clients))
    services.deliver_events()
    _tell(progress="Starting Prefect")
    prefect.wait()
    description = {
        "endpoint_url": services.endpoint_url,
        "prefect_url": prefect.url,
        "region": REGION,
        "pid": os.getpid(),
    }
    home.description.write_text(json.dumps(description, indent=1), encoding="utf-8")
    _tell(ready=True)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    log.info("ready: %s", description)
    unused.wait()
    log.info("nobody uses the account any more")
    services.stop()


def _watch_users(home: Home, unused: threading.Event) -> None:
    with locked(home.users_lock):
        unused.set()
        # Held until the process ends, so that whoever comes now waits for the end and starts a new account.
        threading.Event().wait()


def _tell(**message: object) -> None:
    sys.stdout.write(f"{json.dumps(message)}\n")
    sys.stdout.flush()


def _empty(folder: Path) -> None:
    for entry in folder.iterdir():
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


if __name__ == "__main__":
    main(*sys.argv[1:])
