"""What was measured as Markdown: targets with what was reached, tables with ratios, put in their places of the page.

The page, `docs/performance.md`, is written by hand: how each thing is measured, and why a target may not be met. Only what was
measured is replaced: what stands between `<!-- figures: part -->` and `<!-- end -->`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_TINY = 10
_SMALL = 100
_END = "<!-- end -->"


@dataclass(frozen=True, slots=True)
class Target:
    """One demand, and what was measured.

    Attributes:
        measured, limit: in the unit.
        at_most: whether `limit` is the most; otherwise it is the least.
    """

    what: str
    measured: float
    limit: float
    unit: str
    at_most: bool = True

    @property
    def met(self) -> bool:
        """Whether the demand is met."""
        return self.measured <= self.limit if self.at_most else self.measured >= self.limit

    def row(self) -> tuple[str, ...]:
        """The row of the table of targets."""
        demand = f"{'≤' if self.at_most else '≥'} {number(self.limit)} {self.unit}"
        return self.what, demand, f"{number(self.measured)} {self.unit}", "met" if self.met else "**not met**"


@dataclass(frozen=True, slots=True)
class ReportTable:
    """A table with a line on what it shows; all columns but the first are figures."""

    caption: str
    head: tuple[str, ...]
    rows: Sequence[Sequence[str | float]]

    def markdown(self) -> str:
        """The table, as Markdown."""
        marks = ["---", *("---:" for _ in self.head[1:])]
        rows = ([cell if isinstance(cell, str) else number(cell) for cell in row] for row in self.rows)
        return "\n".join([self.caption, "", *(f"| {' | '.join(row)} |" for row in (self.head, marks, *rows))])


@dataclass(frozen=True, slots=True)
class Part:
    """What one benchmark found."""

    name: str
    title: str
    tables: tuple[ReportTable, ...]
    targets: tuple[Target, ...] = ()

    def markdown(self, measured_on: str) -> str:
        """Its figures, with when and on what they were measured."""
        met = sum(target.met for target in self.targets)
        caption = f"{met} of {len(self.targets)} targets are met. Measured on {measured_on}."
        targets = ReportTable(caption, ("Target", "Demand", "Measured", ""), [target.row() for target in self.targets])
        return "\n\n".join(table.markdown() for table in (targets, *self.tables))


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


def updated(page: str, part: Part, measured_on: str) -> str:
    """The page with a part's figures in their place, which it must have."""
    begin = f"<!-- figures: {part.name} -->"
    before, found, rest = page.partition(begin)
    _, ended, after = rest.partition(_END)
    if not (found and ended):
        raise ValueError(f"docs/performance.md: it has no {begin} … {_END} for the figures of {part.title}")
    return f"{before}{begin}\n\n{part.markdown(measured_on)}\n\n{_END}{after}"
