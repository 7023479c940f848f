"""Trend plots as geometry: what a template draws as inline SVG. Pure.

Every axis begins at zero, so that a small change looks small; the least and the greatest value are written beside the plot.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

WIDTH, HEIGHT = 320, 130
LEFT, RIGHT, TOP, BOTTOM = 46, 8, 10, 20
_MOST_DOTS = 60  # of a line; beyond, dots are a smear
_LEAST_TOP = 1e-6
_STEPS = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)  # at which a scale may end, of its power of ten


@dataclass(frozen=True, slots=True)
class Dot:
    """A value in the plot."""

    x: float
    y: float
    day: date
    value: float


@dataclass(frozen=True, slots=True)
class Tick:
    """A marked value of the axis, and where it stands."""

    y: float
    value: float


@dataclass(frozen=True, slots=True)
class Chart:
    """A line over sessions.

    Attributes:
        digits: decimals that are shown.
        line, area: their points, as SVG wants them.
        dots: of the values; the last one only, where there are many.
        ticks: the axis's marks, zero first.
        first, last: dates of the first and the last value.
        now, least, most: the last value, the least and the greatest.
    """

    title: str
    unit: str
    digits: int
    line: str
    area: str
    dots: tuple[Dot, ...]
    ticks: tuple[Tick, ...]
    first: date
    last: date
    now: float
    least: float
    most: float


def chart(title: str, unit: str, values: Sequence[tuple[date, float]], digits: int = 0) -> Chart | None:
    """A plot of values by date, the oldest first; None of none.

    Args:
        values: none of them negative.
        digits: decimals that are shown.
    """
    if not values:
        return None
    found = [value for _, value in values]
    top = nice_top(max(found))
    first, last = values[0][0], values[-1][0]
    days = max((last - first).days, 1)

    def x(day: date) -> float:
        share = (day - first).days / days if first != last else 1.0
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def y(value: float) -> float:
        return round(HEIGHT - BOTTOM - value / top * (HEIGHT - TOP - BOTTOM), 1)

    dots = tuple(Dot(x(day), y(value), day, value) for day, value in values)
    points = " ".join(f"{dot.x:g},{dot.y:g}" for dot in dots)
    return Chart(
        title=title,
        unit=unit,
        digits=digits,
        line=points,
        area=f"{dots[0].x:g},{y(0):g} {points} {dots[-1].x:g},{y(0):g}",
        dots=dots if len(dots) <= _MOST_DOTS else dots[-1:],
        ticks=tuple(Tick(y(value), value) for value in (0.0, top / 2, top)),
        first=first,
        last=last,
        now=found[-1],
        least=min(found),
        most=max(found),
    )


def nice_top(greatest: float) -> float:
    """Where a scale from zero ends, so that it holds the greatest value: a round number, 1 of nothing."""
    if greatest < _LEAST_TOP:
        return 1.0
    power = 10.0 ** math.floor(math.log10(greatest))
    return next((step * power for step in _STEPS if step * power >= greatest), 10.0 * power)


@dataclass(frozen=True, slots=True)
class Bar:
    """One step of a run: its name, seconds, and length as a percentage of the longest."""

    name: str
    seconds: float
    percent: float


def bars(seconds: Sequence[tuple[str, float]]) -> tuple[Bar, ...]:
    """The steps of a run, in their order."""
    longest = max((value for _, value in seconds), default=0.0) or 1.0
    return tuple(Bar(name, value, round(100 * value / longest, 1)) for name, value in seconds)
