"""Measures, and puts the figures into `docs/performance.md`: `make bench`; `make bench QUICK=1` only prints them."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import daily, etl, publish
from benchmarks.measure import Plan, machine
from benchmarks.report import Part, updated

_PAGE = Path(__file__).resolve().parents[1] / "docs" / "performance.md"

PARTS: dict[str, Callable[[Plan], list[Part]]] = {
    "etl": etl.measure,
    "publish": publish.measure,
    "daily": daily.measure,
}
QUICK, FULL = (1, 21), (1, 21, 250)


def main() -> None:
    """Read the command line; measure one part after the other, and keep each as soon as it is there."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, one round, prints only: some five minutes")
    parser.add_argument("--sizes", type=_sizes, help="numbers of sessions, such as 1,21,250")
    parser.add_argument("--only", choices=PARTS, help="what alone is measured")
    given = parser.parse_args()
    sizes, rounds = given.sizes or (QUICK if given.quick else FULL), 1 if given.quick else 3
    measured_on = f"{datetime.now(UTC):%Y-%m-%d}: {machine()}"
    for name in [given.only] if given.only else PARTS:
        print(f"measuring {name}", flush=True)
        with TemporaryDirectory(prefix="bovespa-benchmark-", ignore_cleanup_errors=True) as folder:
            parts = PARTS[name](Plan(sizes, rounds, Path(folder)))
        for part in parts:
            print(f"\n## {part.title}\n\n{part.markdown(measured_on)}\n", flush=True)
            if not given.quick:
                _PAGE.write_text(updated(_PAGE.read_text(encoding="utf-8"), part, measured_on), encoding="utf-8")


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(sorted(int(size) for size in text.split(",")))


if __name__ == "__main__":
    main()
