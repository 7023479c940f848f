"""Faults at random, one after the other, in one home, for as long as `--minutes` says: `make at-random MINUTES=60`.

A run is killed, or all of the account with it; it stands still until another run has ended; files are spoilt; the disk is full;
the flow's clock is not AWS's. After each fault nothing wrong is told, and the named command publishes the sample again.

The home lies on a small disk of its own where this user may mount one, and clocks differ where there is a C compiler; the faults
that can be done here are named first.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from homes import COMMAND, DAMAGES, DAYS, KINDS, Home

pytestmark = [pytest.mark.account, pytest.mark.whole_matrix, pytest.mark.timeout(0)]

_DISK = 400  # MiB
_MOST_LEFT = 8  # MiB that a full disk may still take
_LONGEST = 14.0  # seconds until a run is struck; a whole one takes ten to twenty
_LEASE = "3"  # seconds after which a lease is void

Fault = Callable[[Home, random.Random], str]


def _begin(home: Home) -> subprocess.Popen[bytes]:
    """`bovespa run` that publishes again, in a process group of its own."""
    return subprocess.Popen(
        [*COMMAND, "run", "--force", "--json"],
        env=home.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip


def _after(process: subprocess.Popen[bytes], seconds: float, number: signal.Signals) -> None:
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def _of_the_home(home: Home) -> Iterator[int]:
    """All processes that work on the home, by their environment."""
    mark = f"BOVESPA_HOME={home.root}".encode()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if mark in (process / "environ").read_bytes().split(b"\0"):
                yield int(process.name)


def _clock(home: Home) -> Path:
    return home.root.parent / "clock.so"


def run_killed(home: Home, rng: random.Random) -> str:
    process, seconds = _begin(home), rng.uniform(0.3, _LONGEST)
    _after(process, seconds, signal.SIGKILL)
    process.wait()
    return f"{seconds:.1f} s"


def all_killed(home: Home, rng: random.Random) -> str:
    """As a power cut: the run, the account, Prefect and Spark."""
    process, seconds = _begin(home), rng.uniform(0.3, _LONGEST)
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    for pid in _of_the_home(home):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()
    return f"{seconds:.1f} s"


def stood_still(home: Home, rng: random.Random) -> str:
    process, seconds = _begin(home), rng.uniform(0.3, _LONGEST)
    _after(process, seconds, signal.SIGSTOP)
    try:
        code, _ = home.bovespa("reconcile", "--at-once", *DAYS)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGCONT)
    return f"{seconds:.1f} s, the other ended with {code}, it with {process.wait(300)}"


def spoilt(home: Home, rng: random.Random) -> str:
    home.bovespa("down")
    kind, damage = rng.choice([*KINDS]), rng.choice(DAMAGES)
    files = home.files(KINDS[kind])
    for file in rng.sample(files, rng.randint(1, len(files)) if files else 0):
        damage(file)
    return f"{kind}, {damage.__name__}"


def disk_full(home: Home, rng: random.Random) -> str:
    if rng.random() < 0.5:
        home.bovespa("down")
    filler, left = home.root.parent / "filler", rng.randint(0, _MOST_LEFT << 10)
    free = shutil.disk_usage(home.root.parent).free - (left << 10)
    with suppress(OSError):
        filler.write_bytes(bytes(max(free, 0)))
    try:
        code, _ = home.bovespa("run", "--force")
        home.tells_nothing_wrong()
    finally:
        filler.unlink()
    return f"{left} KiB left, the run ended with {code}"


def clock_differs(home: Home, rng: random.Random) -> str:
    """The flow's machine has another time than AWS, which takes no signature of another quarter of an hour."""
    home.bovespa("status")
    jump = rng.choice((-1, 1)) * rng.randint(1, 40 * 60)
    code, _ = home.bovespa("run", "--force", before=("env", f"CLOCK_JUMP={jump}", f"LD_PRELOAD={_clock(home)}"))
    return f"{jump} s, the run ended with {code}"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={_DISK}m", "tmpfs", disk]
    mounted = not subprocess.run(mount, check=False, capture_output=True).returncode
    with suppress(FileNotFoundError):
        clock = Path(__file__).with_name("clock.c")
        subprocess.run(["cc", "-shared", "-fPIC", "-o", disk / "clock.so", clock], check=True)
    found = Home(disk / "home", {"BOVESPA_LEASE_TIMEOUT": _LEASE}).with_the_sample()
    yield found
    found.bovespa("down")
    shutil.rmtree(found.root)
    if mounted:
        subprocess.run(["umount", disk], check=True)


def test_the_sample_is_published_again_whatever_comes(
    home: Home, pytestconfig: pytest.Config, capsys: pytest.CaptureFixture[str]
) -> None:
    seed = pytestconfig.getoption("--at-random-seed") or random.SystemRandom().randrange(10**6)
    ends = time.monotonic() + 60 * pytestconfig.getoption("--minutes")
    faults: list[Fault] = [run_killed, all_killed, stood_still, spoilt, spoilt, spoilt]
    faults += [disk_full] if os.path.ismount(home.root.parent) else []
    faults += [clock_differs] if _clock(home).exists() else []
    rng = random.Random(seed)
    with capsys.disabled():
        print(f"\n--at-random-seed {seed}; {', '.join(sorted({fault.__name__ for fault in faults}))}", flush=True)  # noqa: T201
        count = 0
        while time.monotonic() < ends:
            fault, count = rng.choice(faults), count + 1
            print(f"{count}: {fault.__name__}: {fault(home, rng)}", flush=True)  # noqa: T201
            home.tells_nothing_wrong()
            home.is_mended()
    assert count
