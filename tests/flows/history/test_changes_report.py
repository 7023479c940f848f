"""What changed, for people: one line, and Markdown that a hostile name does not escape from."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from flows.history.changes import Change
from flows.history.changes_report import changes_headline, changes_markdown, of_composition

TUE, WED = date(2025, 7, 1), date(2025, 7, 2)
NATURA = Change(
    *("NATU3", "NATURA", "ON", None, "renomeada", "NTCO3", 845_713_747.0, 845_713_747.0, 0.436, 0.424, -0.012),
    *(False, TUE, WED, 2),
)
ENTERED = replace(
    NATURA,
    acao="WEGE3",
    nome_acao="WEG",
    mudanca="entrou",
    acao_anterior=None,
    quantidade_anterior=None,
    participacao_anterior=None,
)
WEIGHT = replace(NATURA, acao="VALE3", mudanca="participacao", acao_anterior=None)


def test_weights_alone_do_not_change_the_composition() -> None:
    assert of_composition([ENTERED, NATURA, WEIGHT]) == [ENTERED, NATURA]


def test_the_headline_counts_by_kind_and_names_a_rebalancing() -> None:
    assert changes_headline("IBOV", WED, [ENTERED, NATURA, WEIGHT]) == "IBOV 2025-07-02: 1 entrou, 1 renomeada"
    rebalanced = [replace(ENTERED, rebalanceamento=True)]
    assert changes_headline("IBOV", WED, rebalanced) == "IBOV 2025-07-02 (rebalanceamento): 1 entrou"
    assert changes_headline("IBOV", WED, [WEIGHT]) == "IBOV 2025-07-02: composition unchanged"


def test_each_change_is_a_line_with_what_was_and_is() -> None:
    text = changes_markdown("IBOV", WED, [ENTERED, NATURA, WEIGHT])
    assert "Against the session of 2025-07-01." in text
    assert "| renomeada | NTCO3 → NATU3 | NATURA | 845,713,747 | 845,713,747 | 0.436 | 0.424 |" in text
    assert "| entrou | WEGE3 | WEG |  | 845,713,747 |  | 0.424 |" in text
    assert "VALE3" not in text


def test_a_name_is_no_markup() -> None:
    text = changes_markdown("IBOV", WED, [replace(NATURA, nome_acao="[X](http://x) | <b>")])
    assert r"\[X\](http://x) \| &lt;b&gt;" in text
