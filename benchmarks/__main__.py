"""Measures everything and writes `docs/performance.md`: `make bench`, or `python -m benchmarks --quick`.

Each part keeps what it found in `build/benchmarks/`, and the document is written of all parts that are there: one part may be
measured again alone.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from subprocess import SubprocessError
from tempfile import TemporaryDirectory

import duckdb

from benchmarks import cost, daily, etl, memory, publish, scale
from benchmarks.daily import CALLS
from benchmarks.measure import Plan, machine
from benchmarks.report import Part, document, targets
from flows.errors import BovespaError

_ROOT = Path(__file__).resolve().parents[1]
_KEPT = _ROOT / "build" / "benchmarks"
_DOCUMENT = _ROOT / "docs" / "performance.md"

PARTS: dict[str, Callable[[Plan], list[Part]]] = {
    "etl": etl.measure,
    "publish": publish.measure,
    "daily": daily.measure,
    "memory": memory.measure,
}
ORDER = ("etl", "publish", "query", "daily", "memory")
FAILURES = (BovespaError, OSError, RuntimeError, ValueError, SubprocessError, duckdb.Error)
QUICK, FULL = (1, 21), (1, 21, 250, 2500)


def main() -> None:
    """Read the command line, measure, print, and write the document."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, one round, no document: some five minutes")
    parser.add_argument("--sizes", type=_sizes, help="numbers of sessions, such as 1,21,250")
    parser.add_argument("--rounds", type=int, help="runs of each thing, of which the median counts")
    parser.add_argument("--only", type=_names, default=tuple(PARTS), help=f"what is measured, of {', '.join(PARTS)}")
    given = parser.parse_args()
    sizes = given.sizes or (QUICK if given.quick else FULL)
    rounds = given.rounds or (1 if given.quick else 3)
    parts = list[Part]()
    failed = list[str]()
    for name in given.only:
        try:
            found = _measure(name, sizes, rounds)
        except FAILURES as error:
            # The others are measured all the same; what is kept of this one is of an earlier run.
            failed.append(f"{name}: {type(error).__name__}: {error}")
            continue
        parts += found
        for part in found if not given.quick else ():
            part.save(_KEPT)
    if given.quick:
        _show([*parts, *reckoned(parts)])
    else:
        _write()
    if failed:
        raise SystemExit("\n".join(failed))


def _write() -> None:
    kept = [Part.load(path) for name in ORDER if (path := _KEPT / f"{name}.json").exists()]
    everything = [*kept, *reckoned(kept)]
    _show(everything)
    _DOCUMENT.write_text(document(everything, machine(), scale.design()), encoding="utf-8")
    _say(f"Written: {_DOCUMENT.relative_to(_ROOT)}")


def reckoned(parts: Sequence[Part]) -> list[Part]:
    """What follows from the measured parts: the cost of a session, where a daily run was measured, and the scale."""
    facts = {name: value for part in parts for name, value in part.facts.items()}
    calls = {name.removeprefix(CALLS): value for name, value in facts.items() if name.startswith(CALLS)}
    return [*([cost.part(calls)] if calls else []), scale.part(facts)]


def _measure(name: str, sizes: tuple[int, ...], rounds: int) -> list[Part]:
    began = time.monotonic()
    with TemporaryDirectory(prefix="bovespa-benchmark-", ignore_cleanup_errors=True) as folder:
        parts = PARTS[name](Plan(sizes, rounds, Path(folder), _say))
    _say(f"{name}: {time.monotonic() - began:.0f} s")
    return parts


def _show(parts: Sequence[Part]) -> None:
    for part in parts:
        _say(f"\n{part.markdown()}\n")
    _say("\n".join(targets(parts)))


def _names(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    if unknown := [name for name in names if name not in PARTS]:
        raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: known are {', '.join(PARTS)}")
    return names


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(sorted(int(size) for size in text.split(",")))


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
