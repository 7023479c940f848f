"""Measuring: interleaved runs and their medians, what a process needs, and what is asked of AWS."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from threading import Lock
from typing import Any

_ROOT = Path(__file__).resolve().parents[1]
_KIB = 1024
_COUNTING = Lock()
_ONCE = 100  # sessions from which on a run takes minutes


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured.

    Attributes:
        sizes: numbers of sessions, ascending.
        rounds: runs of each thing, of which the median counts.
        folder: an empty folder to work in.
    """

    sizes: tuple[int, ...]
    rounds: int
    folder: Path

    def rounds_of(self, sessions: int) -> int:
        """Runs of so many sessions; what takes minutes runs once."""
        return self.rounds if sessions < _ONCE else 1


@contextmanager
def clock(into: list[float]) -> Iterator[None]:
    """Add to the list how many seconds the block took."""
    began = time.perf_counter()
    yield
    into.append(time.perf_counter() - began)


def interleaved(rounds: int, runs: Mapping[str, Callable[[], float]]) -> dict[str, float]:
    """The median of each run's seconds; the runs take turns, so that what else the machine does falls on all of them."""
    found: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            found[name].append(run())
    return {name: statistics.median(seconds) for name, seconds in found.items()}


def python(arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> tuple[float, str]:
    """Run this Python from the project's folder, to a good end: its seconds, and what it printed."""
    seconds = list[float]()
    command, variables = [sys.executable, *arguments], {**os.environ, **(environment or {})}
    with clock(seconds):
        ended = subprocess.run(command, cwd=_ROOT, env=variables, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603 - this Python
    return seconds[0], ended.stdout


def memory_mib(mark: str = "VmHWM", process: str = "self") -> float:
    """A process's memory in MiB, by the kernel's own mark: `VmHWM` the highest, `VmRSS` now; 0 where there is no `/proc`."""
    return float(_kernel(f"/proc/{process}/status", mark).removesuffix(" kB") or 0) / _KIB


def forget_peak() -> None:
    """Let this process's highest memory count from now on (`man 5 proc`, `clear_refs`)."""
    if (known := Path("/proc/self/clear_refs")).exists():
        known.write_text("5", encoding="utf-8")


def _kernel(file: str, name: str) -> str:
    """What the kernel says in one of its files of `name: value` lines; empty where it says nothing."""
    lines = Path(file).read_text(encoding="utf-8").splitlines() if Path(file).exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "")


def note_requests(client: Any, into: Counter[str]) -> None:  # noqa: ANN401 - of any service
    """Count each operation that a boto3 client asks for, from any thread; a retry again, as AWS bills it."""

    def note(event_name: str, **_: object) -> None:
        with _COUNTING:
            into[event_name.split(".", 1)[1]] += 1

    client.meta.events.register("before-send.*.*", note)


def machine() -> str:
    """The machine and the versions that the figures depend on, in one line."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / _KIB**3
    processor = _kernel("/proc/cpuinfo", "model name") or platform.machine()
    packages = ", ".join(f"{name} {version(name)}" for name in ("pyspark", "pyarrow", "duckdb", "prefect", "moto"))
    return (
        f"{os.cpu_count()} cores ({processor}), {memory:.0f} GiB of memory, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, {packages}"
    )
