"""One run of an index at a time, by a real Prefect server: the account's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from local.account.client import Account

pytestmark = pytest.mark.account

PROGRAM = """
import json, logging, sys, threading, time
from flows.errors import TurnError
from flows.turn import turn_of

log, events = logging.getLogger("test"), []
inside, leave = threading.Event(), threading.Event()

def hold():
    with turn_of("IBOV", 60, log):
        events.append("first in")
        inside.set()
        leave.wait(60)
        events.append("first out")

first = threading.Thread(target=hold)
first.start()
inside.wait(60)
with turn_of("IBXX", 5, log):
    events.append("another index in")
try:
    with turn_of("IBOV", 1, log):
        events.append("second in, too early")
except TurnError as error:
    events.append(str(error))
leave.set()
first.join()
with turn_of("IBOV", 60, log):
    events.append("second in")
print(json.dumps(events))
"""


@pytest.fixture(scope="module")
def events(account: Account) -> list[Any]:
    """What happened, in its order, in a process whose Prefect server is the account's."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, **account.environment()},
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: list[Any] = json.loads(done.stdout)
    return found


def test_another_index_does_not_wait(events: list[Any]) -> None:
    assert events.index("another index in") < events.index("first out")


def test_a_second_run_of_the_index_does_not_begin_before_the_first_has_ended(events: list[Any]) -> None:
    assert events.index("first out") < events.index("second in")
    assert "second in, too early" not in events


def test_a_run_that_waited_in_vain_says_so(events: list[Any]) -> None:
    assert "another run of IBOV is still going after 1 s" in events
