"""Lambda's execution environments: processes that answer one event after the other, and are kept warm in between.

An environment is a function's code with its configuration and answers one event at a time. It ends with the handler that raises
or takes too long (AWS keeps it after an exception; here the next event starts a new one), and when nothing came for a while.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import threading
import time
import uuid
from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from local.account.children import Child

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.account.children import Death

IDLE_SECONDS = 60.0
"""How long an environment waits for its next event; AWS tells no time, minutes are usual."""

_RUNTIME = Path(__file__).with_name("runtime.py")
_PIECE = 64 * 1024
_LAST_SECONDS = 5.0  # that a process which says no more may take to end


@dataclass(frozen=True, slots=True)
class Invocation:
    """One event on its way into an environment.

    Attributes:
        event: JSON.
        log_file: where what the handler prints goes.
        deadline: instant (seconds since 1970) at which the handler is ended.
    """

    request_id: str
    function_arn: str
    event: str
    log_file: str
    deadline: float


class EnvironmentEnded(Exception):  # noqa: N818 - what became of it
    """The process ended instead of answering.

    Attributes:
        code: its exit code; negative is the signal that ended it.
        death: what it died of, if that was an exception.
    """

    def __init__(self, code: int, death: Death | None) -> None:
        super().__init__(f"exit status {code}")
        self.code = code
        self.death = death


class Environment:
    """One process that answers events.

    Args:
        variables: the whole of its environment variables.
        folder: its working directory, made here and removed with it.
    """

    def __init__(self, variables: Mapping[str, str], folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self._channel, theirs = socket.socketpair()
        with theirs:
            given = {**variables, "_CHANNEL": str(theirs.fileno())}
            self._child = Child([str(_RUNTIME)], given, folder, folder / "output.log", inherited=[theirs.fileno()])
        self._ended = False

    @property
    def alive(self) -> bool:
        """Whether the process has not ended."""
        return not self._ended and self._child.wait(0) is None

    def call(self, invocation: Invocation) -> str:
        """The handler's answer, as JSON.

        Raises:
            TimeoutError: there was none by the deadline; the process has been ended.
            EnvironmentEnded: the process ended instead.
        """
        try:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                self._channel.sendall(json.dumps(asdict(invocation)).encode() + b"\n")
            return self._answer(invocation.deadline)
        except TimeoutError:
            self.end()
            raise

    def _answer(self, deadline: float) -> str:
        received = bytearray()
        while not received.endswith(b"\n"):
            # Never zero: that would make the socket a non-blocking one.
            self._channel.settimeout(max(deadline - time.time(), 0.001))
            try:
                piece = self._channel.recv(_PIECE)
            except ConnectionResetError:
                piece = b""
            if not piece:
                raise EnvironmentEnded(self._child.wait(_LAST_SECONDS) or 0, self._child.death())
            received += piece
        return received.decode().rstrip("\n")

    def end(self) -> None:
        """End the process and remove its folder; once."""
        if self._ended:
            return
        self._ended = True
        self._channel.close()
        self._child.stop()
        shutil.rmtree(self._folder, ignore_errors=True)


class Environments:
    """The environments of an account: warm ones are taken first, one event at a time each.

    Args:
        scratch: where their working directories are made.
        idle_seconds: see `IDLE_SECONDS`.
    """

    def __init__(self, scratch: Path, idle_seconds: float = IDLE_SECONDS) -> None:
        self._scratch = scratch
        self._idle_seconds = idle_seconds
        self._idle: defaultdict[str, dict[Environment, threading.Timer]] = defaultdict(dict)
        self._lock = threading.Lock()

    def call(self, variables: Mapping[str, str], invocation: Invocation) -> str:
        """Answer one event in an environment with exactly these variables.

        Raises:
            TimeoutError, EnvironmentEnded: see `Environment.call`.
        """
        kind = json.dumps(sorted(variables.items()))
        environment = self._take(kind) or Environment(variables, self._scratch / f"lambda-{uuid.uuid4().hex}")
        try:
            answer = environment.call(invocation)
        except EnvironmentEnded:
            environment.end()
            raise
        self._give_back(kind, environment)
        return answer

    def end_all(self) -> None:
        """End the environments that wait for an event."""
        with self._lock:
            waiting = [item for group in self._idle.values() for item in group.items()]
            self._idle.clear()
        for environment, timer in waiting:
            timer.cancel()
            environment.end()

    def _take(self, kind: str) -> Environment | None:
        while True:
            with self._lock:
                if not self._idle[kind]:
                    return None
                environment, timer = self._idle[kind].popitem()
            timer.cancel()
            if environment.alive:
                return environment
            environment.end()

    def _give_back(self, kind: str, environment: Environment) -> None:
        timer = threading.Timer(self._idle_seconds, self._retire, (kind, environment))
        timer.daemon = True
        with self._lock:
            self._idle[kind][environment] = timer
        timer.start()

    def _retire(self, kind: str, environment: Environment) -> None:
        with self._lock:
            retired = self._idle[kind].pop(environment, None)
        if retired:
            environment.end()
