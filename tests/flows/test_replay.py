"""A replay's range, as the prefixes that are looked through."""

from __future__ import annotations

from datetime import date

import pytest

from flows.replay import months


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        (date(2025, 6, 1), date(2025, 6, 30), ["p/year=2025/month=06/"]),
        (date(2025, 6, 30), date(2025, 7, 1), ["p/year=2025/month=06/", "p/year=2025/month=07/"]),
        (date(2024, 12, 31), date(2025, 1, 1), ["p/year=2024/month=12/", "p/year=2025/month=01/"]),
    ],
)
def test_a_range_is_looked_through_month_by_month(since: date, until: date, expected: list[str]) -> None:
    assert months("p/", since, until) == expected


def test_a_year_is_twelve_months() -> None:
    assert len(months("p/", date(2025, 1, 1), date(2025, 12, 31))) == 12
