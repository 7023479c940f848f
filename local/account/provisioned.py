"""What stands of an account when its process has gone: the calls by which it was made, for the next process to make them again.

Objects, tables and runs are in the state; buckets, the workgroup and the flows' role are moto's, and go with the process. To
read and to query needs no more than these, and they follow from the Pulumi program, which takes longer to run than they do.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.account.home import private

_PROJECT = Path(__file__).resolve().parents[2]
_DECIDING = ("local", "infrastructure", "expectations", "glue", "lambda")
"""The packages that decide what an account is made of."""

Call = tuple[str, str, dict[str, Any]]
"""A service, the name of one of its client's methods, and the arguments; all are JSON's types."""


def code_digest(program: Path) -> str:
    """A text that is another one when the program or the project's code has changed; told by the files' sizes and times.

    Args:
        program: the Pulumi program.
    """
    own = program.resolve().stat()
    marks = [(str(program.resolve()), own.st_size, own.st_mtime_ns)]
    marks += [mark for package in _DECIDING for mark in _marks(str(_PROJECT / package))]
    return hashlib.sha256(json.dumps([sys.prefix, *sorted(marks)]).encode()).hexdigest()


def _marks(folder: str) -> Iterator[tuple[str, int, int]]:
    """Path, size and time of each file below a folder but Python's own; every command looks at some 200."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                yield from _marks(entry.path) if entry.name != "__pycache__" else ()
            elif entry.is_file():
                stat = entry.stat()
                yield entry.path, stat.st_size, stat.st_mtime_ns


@dataclass(slots=True)
class Provisioned:
    """Calls that make what stands, of those that an account was provisioned by.

    Attributes:
        connected: the client of a service.
        calls: those that were made, in order.
        restored: those that an earlier process made, and that need not be made again.
    """

    connected: Callable[[str], Any]
    calls: list[Call] = field(default_factory=list)
    restored: list[Call] = field(default_factory=list)

    def make(self, service: str, operation: str, **arguments: Any) -> None:  # noqa: ANN401 - as the operation takes them
        """Make a call, unless what it makes stands already; lists must have an order of their own, for Pulumi's is any."""
        call = (service, operation, arguments)
        if call in self.restored:
            self.restored.remove(call)  # declared twice, it is refused as ever
        else:
            getattr(self.connected(service), operation)(**arguments)
        self.calls.append(call)

    def restore(self, calls: list[Call]) -> None:
        """Make the calls of an earlier process."""
        for service, operation, arguments in calls:
            getattr(self.connected(service), operation)(**arguments)
        self.restored = [*calls]


def read_provisioned(file: Path, digest: str) -> list[Call]:
    """The calls that a file keeps; none where it keeps none, or those of other code.

    Args:
        digest: `code_digest` of today's.
    """
    try:
        body = json.loads(file.read_text(encoding="utf-8"))
        return [(service, operation, arguments) for service, operation, arguments in body[digest]]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def write_provisioned(file: Path, digest: str, calls: list[Call]) -> None:
    """Keep the calls for the next process."""
    private(file).write_text(json.dumps({digest: calls}), encoding="utf-8")
