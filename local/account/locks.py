"""Advisory file locks, which end with the process that holds them, however it ends."""

from __future__ import annotations

import fcntl
from contextlib import contextmanager
from typing import TYPE_CHECKING

from local.account.home import private

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def locked(path: Path, *, shared: bool = False) -> Iterator[None]:
    """Hold the lock for the block; waits until it is to be had."""
    with private(path).open("a") as file:
        fcntl.flock(file, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        yield


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
