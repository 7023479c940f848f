"""What was measured as Markdown: tables with ratios, each target with what was reached, and `docs/performance.md`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

_TINY = 10
_SMALL = 100


@dataclass(frozen=True, slots=True)
class Target:
    """One demand, and what was measured.

    Attributes:
        measured, limit: in the unit.
        at_most: whether `limit` is the most; otherwise it is the least.
        why: why it is not met, where it may not be; empty otherwise.
    """

    what: str
    measured: float
    limit: float
    unit: str
    at_most: bool = True
    why: str = ""

    @property
    def met(self) -> bool:
        """Whether the demand is met."""
        return self.measured <= self.limit if self.at_most else self.measured >= self.limit

    def cells(self) -> tuple[str, ...]:
        """The cells of the table of targets."""
        demand = f"{'≤' if self.at_most else '≥'} {number(self.limit)} {self.unit}"
        verdict = "met" if self.met else f"**not met**{': ' if self.why else ''}{self.why}"
        return self.what, demand, f"{number(self.measured)} {self.unit}", verdict


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a line on what it shows."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def markdown(self) -> str:
        """The table, as Markdown."""
        return "\n".join([self.caption, "", *grid(self.head, self.rows)])


@dataclass(frozen=True, slots=True)
class Part:
    """What one benchmark found.

    Attributes:
        how: how it was measured, and with what it was compared.
        facts: figures that other parts compute with, by name.
    """

    name: str
    title: str
    how: str
    tables: tuple[Table, ...]
    targets: tuple[Target, ...] = ()
    facts: dict[str, float] = field(default_factory=dict)

    def markdown(self) -> str:
        """The part's section."""
        return "\n\n".join([f"## {self.title}", self.how, *(table.markdown() for table in self.tables)])

    def save(self, folder: Path) -> None:
        """Keep the part, so that the document can be written when others are measured."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{self.name}.json").write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Part:
        """Read a part back."""
        body: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        tables = tuple(
            Table(table["caption"], tuple(table["head"]), tuple(tuple(row) for row in table["rows"]))
            for table in body["tables"]
        )
        targets = tuple(Target(**target) for target in body["targets"])
        return cls(**{**body, "tables": tables, "targets": targets})


def number(value: float) -> str:
    """A figure with about three digits."""
    if value and abs(value) < 1:
        return f"{value:.3g}"
    if abs(value) < _TINY:
        return f"{value:.2f}".rstrip("0").rstrip(".")
    return f"{value:.1f}".removesuffix(".0") if abs(value) < _SMALL else f"{value:,.0f}"


def ratio(value: float, base: float) -> str:
    """How many times the base a value is."""
    return f"{number(value / base)} x" if base else "-"


def grid(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A Markdown table's lines; all columns but the first are figures, which stand to the right."""
    marks = ["---", *("---:" for _ in head[1:])]
    return [f"| {' | '.join(cells)} |" for cells in (head, marks, *rows)]


def targets(parts: Sequence[Part]) -> list[str]:
    """The table of all targets, as Markdown's lines."""
    found = [target.cells() for part in parts for target in part.targets]
    return [f"| {' | '.join(cells)} |" for cells in (("Target", "Demand", "Measured", ""), ("---",) * 4, *found)]


def document(parts: Sequence[Part], machine: str, notes: str) -> str:
    """`docs/performance.md`."""
    every = [target for part in parts for target in part.targets]
    met = sum(target.met for target in every)
    lines = [
        "# Performance",
        f"Written by `make bench`, which measures what is below and prints the same tables. Measured on: {machine}.",
        "## Targets",
        f"{met} of {len(every)} are met.",
        "\n".join(targets(parts)),
        *(part.markdown() for part in parts),
        notes,
    ]
    return "\n\n".join(line.strip() for line in lines if line.strip()) + "\n"
