"""Where two portfolios differ: the cells by name, in the words of their kind."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from flows.b3.differences import described, differences, weights_of

if TYPE_CHECKING:
    from flows.b3.portfolio import Portfolio


def changed(portfolio: Portfolio, **cells: object) -> Portfolio:
    first, *rest = portfolio.holdings
    return replace(portfolio, holdings=(replace(first, **cells), *rest))


def test_equal_portfolios_have_none(small: Portfolio) -> None:
    assert differences(small, replace(small, source="csv", holdings=small.holdings[::-1])) == []


def test_what_only_one_of_them_states_is_none(small: Portfolio) -> None:
    plain = replace(small, holdings=tuple(replace(item, setor=None) for item in small.holdings))
    assert differences(small, plain.restated(divisor=None, total_records=None)) == []


def test_a_flag_is_called_a_type_and_no_figure(small: Portfolio) -> None:
    found = described(differences(small, changed(small, tipo="ON      NM")))
    assert found == "other types (ALOS3 tipo ON  ED  NM here, ON      NM there)"


def test_each_kind_is_named_once_and_the_first_cells_with_both_values(small: Portfolio) -> None:
    other = changed(small, participacao_pct=Decimal("0.510"), qtde_teorica=1).restated(
        divisor=Decimal(1), total_quantity=2
    )
    assert described(differences(small, other)) == (
        "other quantities and weights and totals and divisors (ALOS3 qtde_teorica 476976044 here, 1 there; "
        "ALOS3 participacao_pct 0.509 here, 0.510 there; total_quantity 6159059139 here, 2 there; and 1 more)"
    )


def test_a_share_that_only_one_has_is_named(small: Portfolio) -> None:
    less = replace(small, holdings=small.holdings[1:])
    assert described(differences(small, less)) == "other shares (ALOS3 is only in this one)"
    assert described(differences(less, small)) == "other shares (ALOS3 is only in the other)"


def test_weights_have_one_digest_whatever_the_rows_order_and_their_other_cells(small: Portfolio) -> None:
    other = replace(small, holdings=small.holdings[::-1]).restated(divisor=None)
    assert weights_of(other) == weights_of(changed(small, tipo="ON", qtde_teorica=1)) == weights_of(small)
    assert weights_of(changed(small, participacao_pct=Decimal("0.510"))) != weights_of(small)
