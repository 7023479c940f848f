"""Trend plots as geometry: what a template draws as inline SVG. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

WIDTH, HEIGHT = 320, 120
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 8, 10, 20
_MOST_DOTS = 60  # of a line; beyond, dots are a smear
_LEAST_SPAN = 0.02  # of the largest value: a flat line is drawn flat, its noise is not blown up


@dataclass(frozen=True, slots=True)
class Dot:
    """A value in the plot, and what it says when it is pointed at."""

    x: float
    y: float
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A line over sessions.

    Attributes:
        line: the points of the line, as SVG wants them.
        dots: of the values; the last one only, where there are many.
        low, high: the scale's ends as text; `low_y`, `high_y` where they stand.
        first, last: dates of the first and the last value.
        now: the last value as text.
    """

    title: str
    unit: str
    line: str
    area: str
    dots: tuple[Dot, ...]
    low: str
    high: str
    low_y: float
    high_y: float
    first: date
    last: date
    now: str


def chart(title: str, unit: str, values: Sequence[tuple[date, float]], digits: int = 0) -> Chart | None:
    """A plot of values by date, the oldest first; None of none.

    Args:
        digits: decimals that are shown.
    """
    if not values:
        return None
    low, high = _scale([value for _, value in values], digits)
    first, last = values[0][0], values[-1][0]
    days = max((last - first).days, 1)

    def x(day: date) -> float:
        share = (day - first).days / days if first != last else 1.0
        return round(_LEFT + share * (WIDTH - _LEFT - _RIGHT), 1)

    def y(value: float) -> float:
        return round(HEIGHT - _BOTTOM - (value - low) / (high - low) * (HEIGHT - _TOP - _BOTTOM), 1)

    dots = tuple(Dot(x(day), y(value), f"{day}: {value:,.{digits}f} {unit}".rstrip()) for day, value in values)
    points = " ".join(f"{dot.x:g},{dot.y:g}" for dot in dots)
    base = HEIGHT - _BOTTOM
    return Chart(
        title=title,
        unit=unit,
        line=points,
        area=f"{dots[0].x:g},{base} {points} {dots[-1].x:g},{base}",
        dots=dots if len(dots) <= _MOST_DOTS else dots[-1:],
        low=f"{low:,.{digits}f}",
        high=f"{high:,.{digits}f}",
        low_y=y(low),
        high_y=y(high),
        first=first,
        last=last,
        now=f"{values[-1][1]:,.{digits}f}",
    )


def _scale(values: Sequence[float], digits: int) -> tuple[float, float]:
    """The ends of the scale, as they can be written: the values' own, with room around a line that is nearly flat."""
    low, high = min(values), max(values)
    room = max(abs(high) * _LEAST_SPAN - (high - low), 0.0) / 2
    unit = 10.0**-digits
    bottom = math.floor((low - room) / unit) * unit
    top = math.ceil((high + room) / unit) * unit
    return (max(bottom, 0.0) if low >= 0 else bottom), max(top, bottom + unit)


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
