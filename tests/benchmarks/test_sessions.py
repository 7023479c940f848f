from __future__ import annotations

from datetime import date
from itertools import pairwise

import pytest

from benchmarks.sessions import cells, portfolios, raw_content, stated, trading_days


def test_the_same_number_of_sessions_is_the_same_raw_files() -> None:
    one, other = ([raw_content(item) for item in portfolios(3)] for _ in range(2))
    assert one == other
    assert portfolios(1, first=2) == portfolios(3)[2:]


def test_sessions_are_trading_days_and_differ() -> None:
    given = portfolios(6)
    assert [item.session for item in given] == trading_days(6)
    assert trading_days(6)[:2] == [date(2015, 1, 2), date(2015, 1, 5)]
    assert len({item.fingerprint() for item in given}) == 6


def test_there_are_as_many_trading_days_as_were_asked_for() -> None:
    assert [len(trading_days(count)) for count in (1, 250, 2500)] == [1, 250, 2500]
    assert all(one < other for one, other in pairwise(trading_days(300)))


def test_a_sessions_figures_agree_with_its_totals() -> None:
    for item in portfolios(3):
        assert sum(row.qtde_teorica for row in item.holdings) == item.statement.total_quantity
        assert sum(row.participacao_pct for row in item.holdings) == item.statement.total_share


def test_what_is_found_is_held_against_what_was_stated() -> None:
    given = portfolios(2)
    rows = [
        (item.session, row.codigo, float(row.qtde_teorica), float(row.participacao_pct))
        for item in given
        for row in item.holdings
    ]
    assert cells(rows) == stated(given)
    assert cells(rows[1:]) != stated(given)
    with pytest.raises(ValueError, match="ALOS3 stands twice"):
        cells([*rows, rows[0]])
