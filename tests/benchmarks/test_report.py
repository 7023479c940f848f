from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.report import Part, ReportTable, Target, number, ratio, updated

TABLE = ReportTable("Seconds.", ("Sessions", "Job"), ((1, 6.5), (250, "30 s")))
MET = Target("One session", 6.5, 8, "s")
MISSED = Target("Plain against the job", 4.2, 5, "x", at_most=False)
PART = Part("etl", "ETL", (TABLE,), (MET, MISSED))
PAGE = """# Performance

By hand.

<!-- figures: etl -->

old

<!-- end -->

## Next

<!-- figures: daily -->
<!-- end -->
"""


@pytest.mark.parametrize(
    ("target", "met"),
    [
        (MET, True),
        (replace(MET, measured=8), True),
        (replace(MET, measured=8.01), False),
        (MISSED, False),
        (replace(MISSED, measured=5), True),
    ],
)
def test_a_target_is_the_most_or_the_least(target: Target, met: bool) -> None:  # noqa: FBT001
    assert target.met is met


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.04567, "0.0457"), (1, "1"), (6.5, "6.5"), (6.789, "6.79"), (12.34, "12.3"), (21420.4, "21,420")],
)
def test_figures_have_about_three_digits(value: float, text: str) -> None:
    assert number(value) == text


def test_a_ratio_is_how_many_times_the_base_a_value_is() -> None:
    assert ratio(30, 10) == "3 x"
    assert ratio(30, 0) == "-"


def test_figures_replace_only_what_stands_in_their_place_of_the_page() -> None:
    page = updated(PAGE, PART, "2026-11-29: 2 cores")
    before, _, rest = page.partition("<!-- figures: etl -->")
    figures, _, after = rest.partition("<!-- end -->")
    assert (before, after) == ("# Performance\n\nBy hand.\n\n", PAGE.partition("<!-- end -->")[2])
    assert "1 of 2 targets are met. Measured on 2026-11-29: 2 cores." in figures
    assert "| Plain against the job | ≥ 5 x | 4.2 x | **not met** |" in figures
    assert "Seconds.\n\n| Sessions | Job |\n| --- | ---: |\n| 1 | 6.5 |\n| 250 | 30 s |" in figures
    assert "old" not in page
    assert updated(page, PART, "2026-11-29: 2 cores") == page


def test_a_page_without_a_place_for_the_figures_is_refused() -> None:
    with pytest.raises(ValueError, match="no <!-- figures: cost -->"):
        updated(PAGE, replace(PART, name="cost"), "today")


@pytest.mark.parametrize("name", ["etl", "publish", "query", "daily", "cost"])
def test_the_page_has_a_place_for_every_part(name: str) -> None:
    page = (Path(__file__).parents[2] / "docs" / "performance.md").read_text(encoding="utf-8")
    assert "Measured on today." in updated(page, replace(PART, name=name), "today")
