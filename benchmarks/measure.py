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
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flows.lake.clients import Aws

_ROOT = Path(__file__).resolve().parents[1]
_KIB = 1024
_PAUSE = 0.02  # seconds between two looks at a process


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured.

    Attributes:
        sizes: numbers of sessions; for Spark, publishing and queries.
        rounds: runs of each thing, of which the median counts; what takes minutes runs once.
        folder: an empty folder to work in.
        tell: told what is being measured.
    """

    sizes: tuple[int, ...]
    rounds: int
    folder: Path
    tell: Callable[[str], None] = lambda _: None


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


def slope(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Base and slope of the straight line through measured points, by least squares; where all are at one x, it has no base."""
    if len({x for x, _ in points}) == 1:
        return 0.0, statistics.fmean(y for _, y in points) / points[0][0]
    fitted = statistics.linear_regression([x for x, _ in points], [y for _, y in points])
    return fitted.intercept, fitted.slope


@dataclass(frozen=True, slots=True)
class Ended:
    """What a Python process needed: seconds, its highest memory in MiB, and what it printed."""

    seconds: float
    peak_mib: float
    output: str


def python(arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> Ended:
    """Run this Python from the project's folder.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    began = time.perf_counter()
    process = subprocess.Popen(  # noqa: S603 - this Python
        [sys.executable, *arguments],
        cwd=_ROOT,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.PIPE,
        text=True,
    )
    with ThreadPoolExecutor(1) as pool:
        peak = pool.submit(_watched, process)
        output, _ = process.communicate()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, arguments, output)
    return Ended(time.perf_counter() - began, peak.result(), output)


def _watched(process: subprocess.Popen[str]) -> float:
    # The kernel's own mark, looked at until the end: what it says after the end is as high as this process's at the least.
    peak = 0.0
    while process.returncode is None:
        peak = max(peak, _peak_mib(process.pid))
        time.sleep(_PAUSE)
    return peak


def _peak_mib(pid: int) -> float:
    """The highest resident memory of a process so far, in MiB; 0 where it is gone, or the system has no `/proc`."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / _KIB for line in lines if line.startswith("VmHWM")), 0.0)


@dataclass(slots=True)
class Requests:
    """Counts what boto3 clients ask, by operation; a retry counts again, as AWS bills it."""

    counts: Counter[str] = field(default_factory=Counter)

    def watch(self, aws: Aws) -> None:
        """Count what these clients ask from here on."""
        for client in (aws.s3, aws.glue, aws.athena):
            client.meta.events.register("before-send.*.*", self._count)

    def _count(self, event_name: str, **_: Any) -> None:  # noqa: ANN401 - botocore's
        self.counts[event_name.split(".", 1)[1]] += 1

    def take(self) -> Counter[str]:
        """What was counted since it was last taken."""
        taken, self.counts = self.counts, Counter()
        return taken


def machine() -> str:
    """The machine and the versions that the figures depend on, in one line."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / _KIB**3
    packages = ", ".join(f"{name} {version(name)}" for name in ("pyspark", "pyarrow", "duckdb", "prefect", "moto"))
    return (
        f"{os.cpu_count()} cores ({_processor()}), {memory:.0f} GiB of memory, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, {packages}"
    )


def _processor() -> str:
    known = Path("/proc/cpuinfo")
    lines = known.read_text(encoding="utf-8").splitlines() if known.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
