"""What the record says, in Portuguese: every sentence of the gates has its translation, and so have the reasons."""

from __future__ import annotations

import ast
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis.strategies import text

import expectations.gates
from flows.language import ENGLISH, PORTUGUESE
from flows.record.sentences import DEMANDS, ITEMS, REASONS, demand_in, reason_in

GATES = Path(expectations.gates.__file__).parent


def notes() -> list[str]:
    """What stands as `notes=` in the gates' modules, with a value in each place."""
    found: list[str] = []
    for path in sorted(GATES.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "notes":
                parts = node.value.values if isinstance(node.value, ast.JoinedStr) else [node.value]
                if all(isinstance(part, ast.Constant | ast.FormattedValue) for part in parts):
                    found.append("".join(str(part.value) if isinstance(part, ast.Constant) else "x1" for part in parts))
    return found


def test_the_gates_sentences_are_found_in_their_modules() -> None:
    assert len(notes()) > 25


@pytest.mark.parametrize("note", notes())
def test_every_sentence_of_the_gates_has_a_translation(note: str) -> None:
    assert demand_in(ENGLISH, note) == note
    assert demand_in(PORTUGUESE, note) != note


@pytest.mark.parametrize("sentence", DEMANDS)
def test_every_sentence_is_translated_with_its_values(sentence: str) -> None:
    values = [f"v{number}" for number in range(sentence.count("{}"))]
    said = demand_in(PORTUGUESE, sentence.format(*values))
    assert said == PORTUGUESE.tr(sentence).format(*values)


def test_figures_and_dates_stand_where_they_belong() -> None:
    said = demand_in(PORTUGUESE, f"the answer is not stale: its session is {date(2025, 6, 30)}")
    assert said == "a resposta não está atrasada: seu pregão é 2025-06-30"
    assert demand_in(PORTUGUESE, "no qtde_teorica is null") == "qtde_teorica nunca é nulo"


def test_what_no_gate_of_today_says_is_shown_as_it_is() -> None:
    assert demand_in(PORTUGUESE, "a demand of an earlier version") == "a demand of an earlier version"


@pytest.mark.parametrize("item", ITEMS)
def test_what_stands_in_a_list_is_translated_within_it(item: str) -> None:
    value = item.format(*(f"v{number}" for number in range(item.count("{}"))))
    said = PORTUGUESE.tr(item).format(*(f"v{number}" for number in range(item.count("{}"))))
    assert reason_in(ENGLISH, f"ex: {value}, {value}") == f"ex: {value}, {value}"
    assert reason_in(PORTUGUESE, f"ex: {value}, {value}") == f"ex: {said}, {said}"


@pytest.mark.parametrize("sentence", REASONS)
def test_every_reason_is_translated_with_its_values(sentence: str) -> None:
    values = [f"v{number}" for number in range(sentence.count("{}"))]
    reason = sentence.format(*values)
    assert reason_in(ENGLISH, reason) == reason
    assert reason_in(PORTUGUESE, reason) == PORTUGUESE.tr(sentence).format(*values)


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        pytest.param(
            "gate-1-raw refused IBOV 2025-06-30: no codigo stands twice: VALE3; VALE3 | rows are B3's totalRecords, 84: 85",
            "gate-1-raw recusou IBOV 2025-06-30: nenhum codigo aparece duas vezes: VALE3; VALE3 | "
            "as linhas são o totalRecords da B3, 84: 85",
            id="all demands of a gate that were not met",
        ),
        pytest.param(
            "a later attempt failed: gate-1-raw refused IBOV 2025-06-30: nothing was checked",
            "uma tentativa posterior falhou: gate-1-raw recusou IBOV 2025-06-30: nada foi verificado",
            id="a reason within another",
        ),
        pytest.param(
            "83 of 84 weights equal; off by 0.001: VALE3; level at the close of 2025-06-27: about 136,865.79",
            "83 de 84 pesos iguais; diferem em 0,001: VALE3; nível no fechamento de 2025-06-27: cerca de 136.865,79",
            id="several",
        ),
        pytest.param(
            "82 of 84 weights equal; off by more: VALE3 10.702 where 10.700 follows, PETR4 6.456 where 6.454 follows and 2 more",
            "82 de 84 pesos iguais; diferem em mais: VALE3 10,702 onde segue 10,700, PETR4 6,456 onde segue 6,454 e mais 2",
            id="weights that differ",
        ),
        pytest.param(
            "84 of 84 weights equal; ex: BBDC3 14.51 ex 14.2738 ± 0.0219 (new flag EJ, DISMES risen), "
            "ITUB4 36.95 ex 36.9341 (no sign)",
            "84 de 84 pesos iguais; ex: BBDC3 14,51 ex 14,2738 ± 0,0219 (nova flag EJ, DISMES maior), "
            "ITUB4 36,95 ex 36,9341 (sem indício)",
            id="shares that go ex",
        ),
        pytest.param(
            "gate-1-raw refused IBOV 2025-06-30: no codigo stands twice: 2 of 84 rows fail: VALE3; VALE3",
            "gate-1-raw recusou IBOV 2025-06-30: nenhum codigo aparece duas vezes: 2 de 84 linhas não atendem: VALE3; VALE3",
            id="what was observed",
        ),
        pytest.param(
            "IBOV: B3 could not be had (json page 1: HTTP 503, after 4 attempts; csv: no answer within 30 s)",
            "IBOV: não foi possível obter os dados da B3 (json page 1: HTTP 503, após 4 tentativas; csv: no answer within 30 s)",
            id="what is in brackets",
        ),
        pytest.param("1 warning; a note by hand", "1 aviso; a note by hand", id="one known, one not"),
    ],
)
def test_a_reason_is_said_as_far_as_its_parts_are_known(reason: str, said: str) -> None:
    assert reason_in(PORTUGUESE, reason) == said
    assert reason_in(ENGLISH, reason) == reason


@given(text())
def test_in_english_a_reason_is_what_was_recorded(reason: str) -> None:
    assert reason_in(ENGLISH, reason) == reason
