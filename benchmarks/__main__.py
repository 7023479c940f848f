"""Measures everything and writes `docs/performance.md`: `make bench`, or `python -m benchmarks --quick`.

Each part keeps what it found in `build/benchmarks/`, and the document is written of all parts that are there: one part may be
measured again alone.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import etl
from benchmarks.measure import Plan, machine
from benchmarks.report import Part, document, grid

_ROOT = Path(__file__).resolve().parents[1]
_KEPT = _ROOT / "build" / "benchmarks"
_DOCUMENT = _ROOT / "docs" / "performance.md"

PARTS: dict[str, Callable[[Plan], Part]] = {"etl": etl.measure}
QUICK, FULL = (1, 21, 60), (1, 21, 250, 2500)


def main() -> None:
    """Read the command line, measure, print, and write the document."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, one round, no document: some three minutes")
    parser.add_argument("--sizes", type=_sizes, help="numbers of sessions, such as 1,21,250")
    parser.add_argument("--rounds", type=int, help="runs of each thing, of which the median counts")
    parser.add_argument("--only", default=",".join(PARTS), help=f"parts, of {', '.join(PARTS)}")
    given = parser.parse_args()
    sizes = given.sizes or (QUICK if given.quick else FULL)
    rounds = given.rounds or (1 if given.quick else 3)
    for name in given.only.split(","):
        _measure(name, sizes, rounds)
    if not given.quick:
        kept = [Part.load(_KEPT / f"{name}.json") for name in PARTS if (_KEPT / f"{name}.json").exists()]
        _DOCUMENT.write_text(document(kept, machine(), ""), encoding="utf-8")
        _say(f"Written: {_DOCUMENT.relative_to(_ROOT)}")


def _measure(name: str, sizes: tuple[int, ...], rounds: int) -> None:
    began = time.monotonic()
    with TemporaryDirectory(prefix="bovespa-benchmark-", ignore_cleanup_errors=True) as folder:
        part = PARTS[name](Plan(sizes, rounds, Path(folder), _say))
    part.save(_KEPT)
    _say("\n" + part.markdown() + "\n")
    _say("\n".join(grid(("Target", "Demand", "Measured", ""), [target.cells() for target in part.targets])))
    _say(f"\n({name}: {time.monotonic() - began:.0f} s)\n")


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(sorted(int(size) for size in text.split(",")))


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
