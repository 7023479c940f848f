"""What changed between two sessions: each share once, renamings only where certain, rebalancings by their marks."""

from __future__ import annotations

from datetime import date
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.b3.portfolio import Portfolio
from flows.history.changes import CHANGES_SCHEMA, Change, changes_table, month_changes, session_changes
from flows.history.rows import HISTORY_SCHEMA
from local.b3 import sample

TUE, WED = date(2025, 7, 1), date(2025, 7, 2)
APR_30, MAY_5 = date(2025, 4, 30), date(2025, 5, 5)


def row(code: str, quantity: float, weight: float, **other: Any) -> dict[str, Any]:  # noqa: ANN401
    """A row of the history with what changes are told from."""
    return {
        "acao": code,
        "nome_acao": code,
        "classe": "ON",
        "setor": None,
        "subsetor": None,
        "quantidade_teorica_acoes": quantity,
        "percentual_participacao_ibov": weight,
        "data_pregao": TUE,
        "redutor": 1.0,
        **other,
    }


def on(session: date, *rows: dict[str, Any], divisor: float | None = 1.0) -> list[dict[str, Any]]:
    return [{**item, "data_pregao": session, "redutor": divisor} for item in rows]


def kinds(changes: list[Change]) -> list[tuple[str, str]]:
    return [(change.mudanca, change.acao) for change in changes]


NATURA = (
    row("NTCO3", 845_713_747, 0.436, nome_acao="GRUPO NATURA", setor="Consumo Não Cíclico"),
    row("NATU3", 845_713_747, 0.424, nome_acao="NATURA", setor="Consumo Não Cíclico"),
)
VALE = row("VALE3", 10, 60.0)


class TestKinds:
    @pytest.mark.parametrize(
        ("before", "after", "expected"),
        [
            pytest.param([VALE], [VALE], [], id="nothing"),
            pytest.param([VALE], [VALE, row("WEGE3", 5, 1.0)], [("entrou", "WEGE3")], id="entered"),
            pytest.param([VALE, row("WEGE3", 5, 1.0)], [VALE], [("saiu", "WEGE3")], id="left"),
            pytest.param([VALE], [row("VALE3", 11, 60.0)], [("quantidade", "VALE3")], id="another quantity"),
            pytest.param([VALE], [row("VALE3", 10, 59.9)], [("participacao", "VALE3")], id="another weight"),
            pytest.param(
                [VALE], [row("VALE3", 11, 59.9)], [("quantidade", "VALE3")], id="both: the quantity says more"
            ),
            pytest.param([VALE], [row("VALE3", 10, 60.0, nome_acao="VALE SA")], [], id="another name for people only"),
        ],
    )
    def test_a_share_has_the_first_that_holds(
        self, before: list[dict[str, Any]], after: list[dict[str, Any]], expected: list[tuple[str, str]]
    ) -> None:
        assert kinds(session_changes(on(TUE, *before), on(WED, *after))) == expected

    def test_of_a_share_that_changed_is_told_what_it_was_and_is(self) -> None:
        (change,) = session_changes(on(TUE, VALE), on(WED, row("VALE3", 11, 59.9)))
        assert (change.quantidade_anterior, change.quantidade_atual) == (10, 11)
        assert (change.participacao_anterior, change.participacao_atual) == (60.0, 59.9)
        assert change.variacao_participacao == -0.1
        assert (change.pregao_anterior, change.data_pregao, change.day) == (TUE, WED, 2)

    def test_of_a_share_that_was_not_there_nothing_is_told_but_that_its_weight_is_new(self) -> None:
        entered, left = session_changes(on(TUE, VALE), on(WED, row("WEGE3", 5, 60.0)))
        assert (entered.quantidade_anterior, entered.participacao_anterior, entered.variacao_participacao) == (
            None,
            None,
            60,
        )
        assert (left.quantidade_atual, left.participacao_atual, left.variacao_participacao) == (None, None, -60)

    def test_the_greatest_come_first_within_their_kind(self) -> None:
        before = [row("A3", 1, 10.0), row("B3", 1, 20.0), row("C3", 1, 30.0)]
        after = [row("A3", 1, 10.1), row("B3", 1, 19.0), row("D3", 3, 30.9)]
        assert kinds(session_changes(on(TUE, *before), on(WED, *after))) == [
            ("entrou", "D3"),
            ("saiu", "C3"),
            ("participacao", "B3"),
            ("participacao", "A3"),
        ]


class TestRenaming:
    def test_natura_was_renamed(self) -> None:
        (change,) = session_changes(on(TUE, NATURA[0]), on(WED, NATURA[1]))
        assert (change.mudanca, change.acao, change.acao_anterior) == ("renomeada", "NATU3", "NTCO3")
        assert (change.participacao_anterior, change.participacao_atual) == (0.436, 0.424)

    @pytest.mark.parametrize(
        "now",
        [
            pytest.param({"acao": "NTCO4", "nome_acao": "OTHER"}, id="the root of the ticker goes on"),
            pytest.param({"nome_acao": "NATURA HOLDING", "setor": None}, id="a word of the name goes on"),
            pytest.param({"nome_acao": "XYZ", "subsetor": "Higiene"}, id="the sector goes on"),
        ],
    )
    def test_is_certain_where_the_company_goes_on(self, now: dict[str, Any]) -> None:
        before = {**NATURA[0], "subsetor": "Higiene"}
        (change,) = session_changes(on(TUE, before), on(WED, {**NATURA[1], **now}))
        assert change.mudanca == "renomeada"

    @pytest.mark.parametrize(
        "now",
        [
            pytest.param({"quantidade_teorica_acoes": 845_713_748}, id="another quantity"),
            pytest.param({"classe": "PN"}, id="another class"),
            pytest.param({"nome_acao": "XYZ"}, id="nothing of the company goes on"),
            pytest.param({"nome_acao": "SA XYZ", "setor": None}, id="the name's short words say nothing"),
        ],
    )
    def test_is_an_entry_and_a_leave_where_it_is_not_certain(self, now: dict[str, Any]) -> None:
        changes = session_changes(on(TUE, {**NATURA[0], "nome_acao": "GRUPO SA"}), on(WED, {**NATURA[1], **now}))
        assert kinds(changes) == [("entrou", "NATU3"), ("saiu", "NTCO3")]

    def test_is_not_certain_by_the_sector_alone_when_other_companies_may_enter(self) -> None:
        before = on(APR_30, {**NATURA[0], "subsetor": "Higiene"})
        after = on(MAY_5, {**NATURA[1], "subsetor": "Higiene", "nome_acao": "XYZ"})
        assert kinds(session_changes(before, after)) == [("entrou", "NATU3"), ("saiu", "NTCO3")]

    def test_is_not_certain_where_two_left_or_entered_with_the_same_quantity(self) -> None:
        twin = {**NATURA[1], "acao": "NATX3"}
        changes = session_changes(on(TUE, NATURA[0]), on(WED, NATURA[1], twin))
        assert {kind for kind, _ in kinds(changes)} == {"entrou", "saiu"}


class TestRebalancing:
    before = tuple(row(f"A{number:02d}3", 100 + number, 1.0) for number in range(10))

    def after(self, changed: int) -> tuple[dict[str, Any], ...]:
        return tuple(
            {**item, "quantidade_teorica_acoes": 1 + number} if number < changed else item
            for number, item in enumerate(self.before)
        )

    @pytest.mark.parametrize(
        ("sessions", "changed", "divisors", "rebalanced"),
        [
            pytest.param((APR_30, MAY_5), 2, (1.0, 2.0), True, id="a fifth of the quantities at its time"),
            pytest.param((APR_30, MAY_5), 1, (1.0, 2.0), False, id="too few"),
            pytest.param((APR_30, MAY_5), 2, (1.0, 1.0), False, id="the divisor stayed"),
            pytest.param((APR_30, MAY_5), 2, (None, 2.0), True, id="the divisor before is not known"),
            pytest.param((TUE, WED), 10, (1.0, 2.0), False, id="at another time"),
            pytest.param((date(2024, 12, 30), date(2025, 1, 6)), 5, (1.0, 2.0), True, id="January"),
            pytest.param((date(2025, 8, 29), date(2025, 9, 1)), 5, (1.0, 2.0), True, id="September, on the first"),
            pytest.param((date(2025, 5, 30), date(2025, 6, 2)), 5, (1.0, 2.0), False, id="June"),
            pytest.param((date(2025, 4, 7), date(2025, 6, 30)), 5, (1.0, 2.0), True, id="sessions of May are missing"),
            pytest.param((date(2025, 5, 12), date(2025, 5, 13)), 5, (1.0, 2.0), False, id="May, but later"),
        ],
    )
    def test_is_many_quantities_at_once_another_divisor_and_its_time(
        self,
        sessions: tuple[date, date],
        changed: int,
        divisors: tuple[float | None, float],
        rebalanced: bool,  # noqa: FBT001
    ) -> None:
        before = on(sessions[0], *self.before, divisor=divisors[0])
        changes = session_changes(before, on(sessions[1], *self.after(changed), divisor=divisors[1]))
        assert {change.rebalanceamento for change in changes} == {rebalanced}

    def test_entries_and_leaves_count_too(self) -> None:
        after = on(MAY_5, *self.before[1:], row("NEW3", 7, 1.0), row("NEW4", 8, 1.0), divisor=2.0)
        assert all(change.rebalanceamento for change in session_changes(on(APR_30, *self.before), after))


def history(*portfolios: Portfolio) -> pa.Table:
    """The history's rows of portfolios, as far as changes are told from them."""
    rows = [
        dict.fromkeys(HISTORY_SCHEMA.names)
        | row(item.codigo, float(item.qtde_teorica), float(item.participacao_pct), nome_acao=item.acao)
        | {"data_pregao": stated.session, "redutor": float(stated.statement.divisor or 0)}
        for stated in portfolios
        for item in stated.holdings
    ]
    return pa.Table.from_pylist(rows, schema=HISTORY_SCHEMA)


def test_the_recorded_sessions_changes_are_those_that_sql_finds() -> None:
    rows = history(*(sample.recorded(session) for session in sample.SESSIONS))
    found = changes_table(month_changes(rows))
    assert found.schema == CHANGES_SCHEMA
    independent = duckdb.sql(
        """
        SELECT depois.acao, ROUND(depois.percentual_participacao_ibov - antes.percentual_participacao_ibov, 3)
        FROM rows AS depois JOIN rows AS antes
          ON antes.acao = depois.acao AND antes.data_pregao = '2025-06-30' AND depois.data_pregao = '2025-07-01'
        WHERE antes.percentual_participacao_ibov <> depois.percentual_participacao_ibov
        """
    ).fetchall()
    assert {(item["acao"], item["variacao_participacao"]) for item in found.to_pylist()} == set(independent)
    assert {item["mudanca"] for item in found.to_pylist()} == {"participacao"}
    assert len(independent) > 40


PORTFOLIOS = st.dictionaries(
    st.sampled_from(["AAAA3", "BBBB3", "CCCC3", "CCCC4", "DDDD3"]),
    st.tuples(st.integers(1, 3), st.integers(0, 3000)),
    min_size=1,
)


@given(PORTFOLIOS, PORTFOLIOS)
def test_the_changes_make_one_portfolio_of_the_other(
    one: dict[str, tuple[int, int]], other: dict[str, tuple[int, int]]
) -> None:
    before = on(TUE, *(row(code, quantity, weight / 1000) for code, (quantity, weight) in one.items()))
    after = on(WED, *(row(code, quantity, weight / 1000) for code, (quantity, weight) in other.items()))
    portfolio = dict(one)
    changes = session_changes(before, after)
    assert len({change.acao for change in changes}) == len(changes)
    for change in changes:
        if change.mudanca in ("saiu", "renomeada"):
            del portfolio[change.acao_anterior or change.acao]
        if change.mudanca != "saiu":
            portfolio[change.acao] = (int(change.quantidade_atual or 0), round((change.participacao_atual or 0) * 1000))
    assert portfolio == other
    moved = sum(weight for _, weight in other.values()) - sum(weight for _, weight in one.values())
    assert round(sum(change.variacao_participacao for change in changes) * 1000) == moved
