"""A session in figures: computed from its weights, and the same by the query that Athena answers."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.contract.keys import ContractError
from flows.b3.portfolio import Portfolio
from flows.lake.athena import QueryResult
from flows.site.figures import Figures, figures_of, figures_query, read_figures

DAYS = (date(2025, 6, 30), date(2024, 1, 2))


def test_of_the_sample_are_its_weights(sample: Portfolio) -> None:
    weights = sorted((float(holding.participacao_pct) for holding in sample.holdings), reverse=True)
    found = figures_of(weights)
    assert (found.shares, found.largest) == (84, weights[0])
    assert found.five == pytest.approx(sum(weights[:5]))
    assert found.hhi == pytest.approx(sum(weight**2 for weight in weights))


@given(st.lists(st.floats(0.001, 100), min_size=1, max_size=120))
def test_do_not_depend_on_the_order_of_the_shares(weights: list[float]) -> None:
    found, again = figures_of(weights), figures_of(weights[::-1])
    assert found.to_dict() == again.to_dict()
    assert found.largest <= found.five + 1e-9


def test_are_json_and_back() -> None:
    found = figures_of([60.0, 40.0])
    assert Figures(**found.to_dict()) == found  # type: ignore[arg-type]


def test_are_asked_of_the_months_of_the_sessions_only() -> None:
    sql = figures_query("IBXX", DAYS)
    assert "default.bovespa_historico" in sql
    assert "indice = 'IBXX' AND year * 100 + month BETWEEN 202401 AND 202506" in sql
    assert "BETWEEN DATE '2024-01-02' AND DATE '2025-06-30'" in sql


def test_are_asked_of_an_index_code_only() -> None:
    with pytest.raises(ContractError):
        figures_query("' OR 1=1", DAYS)


def test_are_read_from_athena_s_answer() -> None:
    names = ("data_pregao", "shares", "largest", "five", "hhi")
    result = QueryResult(names, ("date", "bigint", "double", "double", "double"), (), 0, 0, "")
    rows = (("2025-06-30", "84", "11.5", "38.25", "391.0"),)
    answered = QueryResult(result.columns, result.types, rows, 0, 0, "")
    assert read_figures(answered) == {date(2025, 6, 30): Figures(84, 11.5, 38.25, 391.0)}
    assert read_figures(result) == {}
