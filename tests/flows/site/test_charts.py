"""Trend plots: every value inside the frame, in its order, and the scale's ends as they are written."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from flows.site.charts import HEIGHT, WIDTH, bars, chart

FIRST = date(2025, 6, 30)
SERIES = st.lists(st.floats(0, 1e6, allow_subnormal=False), min_size=1, max_size=80)


def series(values: list[float]) -> list[tuple[date, float]]:
    return [(FIRST + timedelta(days=number), value) for number, value in enumerate(values)]


def test_of_no_values_is_none() -> None:
    assert chart("x", "", []) is None


@given(SERIES, st.integers(0, 3))
def test_every_value_is_inside_the_frame_and_between_the_scale_s_ends(values: list[float], digits: int) -> None:
    found = chart("x", "%", series(values), digits)
    assert found
    points = [tuple(map(float, point.split(","))) for point in found.line.split()]
    assert len(points) == len(values)
    assert all(0 <= x <= WIDTH and found.high_y <= y <= found.low_y <= HEIGHT for x, y in points)
    assert [x for x, _ in points] == sorted(x for x, _ in points)
    low, high = (float(text.replace(",", "")) for text in (found.low, found.high))
    assert low <= min(values) + 0.5 * 10**-digits
    assert high >= max(values) - 0.5 * 10**-digits


def test_a_larger_value_stands_higher() -> None:
    found = chart("x", "", series([1.0, 3.0, 2.0]))
    assert found
    low, high, middle = (float(point.split(",")[1]) for point in found.line.split())
    assert high < middle < low


def test_a_line_that_is_flat_is_drawn_flat_in_the_middle() -> None:
    found = chart("x", "", series([84.0, 84.0]))
    assert found
    assert len({point.split(",")[1] for point in found.line.split()}) == 1
    assert (found.low, found.high) == ("83", "85")


def test_noise_of_a_line_that_is_nearly_flat_is_not_blown_up() -> None:
    found = chart("x", "", series([100.0, 100.01]), digits=2)
    assert found
    first, second = (float(point.split(",")[1]) for point in found.line.split())
    assert first - second < 2


def test_one_value_stands_at_the_end_with_its_date() -> None:
    found = chart("Rows", "", series([84.0]))
    assert found
    assert (found.first, found.last, found.now, len(found.dots)) == (FIRST, FIRST, "84", 1)


def test_many_values_are_a_line_with_one_dot_at_its_end() -> None:
    found = chart("x", "s", series([float(number) for number in range(80)]), 1)
    assert found
    assert [dot.text for dot in found.dots] == ["2025-09-17: 79.0 s"]


def test_bars_are_measured_against_the_longest() -> None:
    assert [(bar.name, bar.percent) for bar in bars([("etl", 60.0), ("gate 1", 15.0)])] == [
        ("etl", 100),
        ("gate 1", 25),
    ]
    assert bars([]) == ()
    assert [bar.percent for bar in bars([("etl", 0.0)])] == [0]
