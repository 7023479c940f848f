"""A session in figures, computed from its weights."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.b3.portfolio import Portfolio
from flows.site.figures import Figures, Holding, Sector, figures_by_session, figures_of, holdings_of, sectors_of

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


def test_a_session_s_shares_come_the_heaviest_first_and_a_sector_that_is_not_stated_is_empty() -> None:
    columns = {
        "data_pregao": [MONDAY, TUESDAY, MONDAY],
        "acao": ["PETR4", "PETR4", "VALE3"],
        "nome_acao": ["PETROBRAS", "PETROBRAS", "VALE"],
        "classe": ["PN", "PN", "ON"],
        "setor": [None, None, "Mats Básicos"],
        "quantidade_teorica_acoes": [1.0, 2.0, 3.0],
        "percentual_participacao_ibov": [40.0, 100.0, 60.0],
    }
    assert holdings_of(pa.table(columns), MONDAY) == (
        Holding("VALE3", "VALE", "ON", "Mats Básicos", 60.0, 3.0),
        Holding("PETR4", "PETROBRAS", "PN", "", 40.0, 1.0),
    )
    assert holdings_of(pa.table(columns), date(2025, 7, 2)) == ()


@given(st.lists(st.tuples(st.sampled_from(["", "Diversos", "Saúde"]), st.floats(0.001, 100)), max_size=60))
def test_sectors_hold_every_share_once_the_heaviest_first(shares: list[tuple[str, float]]) -> None:
    found = sectors_of([Holding("X", "X", "ON", sector, weight, 1.0) for sector, weight in shares])
    assert [item.weight for item in found] == sorted((item.weight for item in found), reverse=True)
    assert sum(item.weight for item in found) == pytest.approx(sum(weight for _, weight in shares))
    assert sum(item.shares for item in found) == len(shares)


def test_a_sector_s_shares_are_counted_together() -> None:
    shares = [Holding("A", "A", "ON", sector, 10.0, 1.0) for sector in ("Saúde", "", "Saúde")]
    assert sectors_of(shares) == (Sector("Saúde", 20.0, 2), Sector("", 10.0, 1))
