"""Advisory file locks, which end with the process that holds them, however it ends."""

from __future__ import annotations

import fcntl
import math
import os
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from local.account.home import private

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


_LOOK_SECONDS = 0.1


class LockHeldError(RuntimeError):
    """A lock was not to be had in time.

    Attributes:
        holder: the process that holds it; empty where it does not say so.
    """

    def __init__(self, path: Path, holder: str) -> None:
        super().__init__(f"{path} is held by {f'process {holder}' if holder else 'another process'}")
        self.holder = holder


@contextmanager
def locked(path: Path, *, shared: bool = False, patience: float = math.inf) -> Iterator[None]:
    """Hold the lock for the block; waits until it is to be had.

    Args:
        patience: seconds that are waited for it at most. Who takes a lock so says in it which process holds it, for the others.

    Raises:
        LockHeldError: it was not to be had in that time.
    """
    with private(path).open("a") as file:
        _take(file.fileno(), path, fcntl.LOCK_SH if shared else fcntl.LOCK_EX, patience)
        if not math.isinf(patience):
            with suppress(OSError):  # a full disk: it is held all the same
                os.ftruncate(file.fileno(), 0)
                os.write(file.fileno(), str(os.getpid()).encode())
        yield


def _take(file: int, path: Path, kind: int, patience: float) -> None:
    if math.isinf(patience):
        fcntl.flock(file, kind)
        return
    ends = time.monotonic() + patience
    while True:
        with suppress(BlockingIOError):
            fcntl.flock(file, kind | fcntl.LOCK_NB)
            return
        if time.monotonic() > ends:
            raise LockHeldError(path, holder(path))
        time.sleep(_LOOK_SECONDS)


def holder(path: Path) -> str:
    """The process that says in a lock that it holds it, or held it last; empty where none does."""
    return path.read_text(encoding="utf-8").strip()


def is_locked(path: Path, *, by_anybody: bool = False) -> bool:
    """Whether somebody holds the lock exclusively.

    Args:
        by_anybody: or shared.
    """
    kind = fcntl.LOCK_EX if by_anybody else fcntl.LOCK_SH
    with private(path).open("a") as file:
        try:
            fcntl.flock(file, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
