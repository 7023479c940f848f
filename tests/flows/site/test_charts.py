"""Trend plots: every value inside the frame, in its order, on an axis that begins at zero and is marked."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from flows.site.charts import HEIGHT, WIDTH, bars, chart, nice_top

FIRST = date(2025, 6, 30)
SERIES = st.lists(st.floats(0, 1e12), min_size=1, max_size=80)


def series(values: list[float]) -> list[tuple[date, float]]:
    return [(FIRST + timedelta(days=number), value) for number, value in enumerate(values)]


def test_of_no_values_is_none() -> None:
    assert chart("x", "", []) is None


@given(SERIES, st.integers(0, 3))
def test_every_value_is_inside_the_frame_and_on_the_axis(values: list[float], digits: int) -> None:
    found = chart("x", "%", series(values), digits)
    assert found
    points = [tuple(map(float, point.split(","))) for point in found.line.split()]
    zero, _, top = found.ticks
    assert len(points) == len(values)
    assert all(0 <= x <= WIDTH and top.y <= y <= zero.y <= HEIGHT for x, y in points)
    assert [x for x, _ in points] == sorted(x for x, _ in points)
    assert (zero.value, found.least, found.most) == (0, min(values), max(values))
    assert top.value >= max(values)


@given(st.floats(1e-6, 1e15))
def test_the_axis_ends_at_a_round_number_not_far_above(greatest: float) -> None:
    top = nice_top(greatest)
    assert greatest <= top <= 1.34 * greatest + 1e-9
    assert float(f"{top:.2g}") == float(f"{top:.12g}")


def test_a_small_change_looks_small() -> None:
    found = chart("Weight of the largest", "%", series([10.71, 10.48]), 2)
    assert found
    first, last = (float(point.split(",")[1]) for point in found.line.split())
    assert 0 < last - first < 3
    assert [tick.value for tick in found.ticks] == [0, 6, 12]


def test_a_larger_value_stands_higher() -> None:
    found = chart("x", "", series([1.0, 3.0, 2.0]))
    assert found
    low, high, middle = (float(point.split(",")[1]) for point in found.line.split())
    assert high < middle < low


def test_a_line_that_is_flat_is_drawn_flat() -> None:
    for value in (84.0, 0.0):
        found = chart("x", "", series([value, value]))
        assert found
        assert len({point.split(",")[1] for point in found.line.split()}) == 1


def test_one_value_stands_at_the_end_with_its_date() -> None:
    found = chart("Rows", "", series([84.0]))
    assert found
    assert (found.first, found.last, found.now, len(found.dots)) == (FIRST, FIRST, 84, 1)


def test_many_values_are_a_line_with_one_dot_at_its_end() -> None:
    found = chart("x", "s", series([float(number) for number in range(80)]), 1)
    assert found
    assert [(dot.day, dot.value) for dot in found.dots] == [(date(2025, 9, 17), 79.0)]


def test_bars_are_measured_against_the_longest() -> None:
    assert [(bar.name, bar.percent) for bar in bars([("etl", 60.0), ("gate 1", 15.0)])] == [
        ("etl", 100),
        ("gate 1", 25),
    ]
    assert bars([]) == ()
    assert [bar.percent for bar in bars([("etl", 0.0)])] == [0]
