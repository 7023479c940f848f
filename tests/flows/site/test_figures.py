"""A session in figures, computed from its weights."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.b3.portfolio import Portfolio
from flows.site.figures import Figures, figures_by_session, figures_of

MONDAY, TUESDAY = date(2025, 6, 30), date(2025, 7, 1)


def test_of_the_sample_are_its_weights(sample: Portfolio) -> None:
    weights = sorted((float(holding.participacao_pct) for holding in sample.holdings), reverse=True)
    found = figures_of(weights)
    assert (found.shares, found.largest) == (84, weights[0])
    assert found.five == pytest.approx(sum(weights[:5]))
    assert found.hhi == pytest.approx(sum(weight**2 for weight in weights))


@given(st.lists(st.floats(0.001, 100), min_size=1, max_size=120))
def test_do_not_depend_on_the_order_of_the_shares(weights: list[float]) -> None:
    found, again = figures_of(weights), figures_of(weights[::-1])
    assert (found.shares, found.largest) == (again.shares, again.largest)
    assert (found.five, found.hhi) == (pytest.approx(again.five), pytest.approx(again.hhi))
    assert found.largest <= found.five + 1e-9


def test_are_of_each_session_by_itself() -> None:
    rows = pa.table({"data_pregao": [MONDAY, TUESDAY, MONDAY], "percentual_participacao_ibov": [60.0, 100.0, 40.0]})
    assert figures_by_session(rows) == {
        MONDAY: Figures(2, 60.0, 100.0, 5200.0),
        TUESDAY: Figures(1, 100.0, 100.0, 10000.0),
    }
