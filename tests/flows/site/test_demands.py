"""The gates' sentences in Portuguese: every one that the gates can say has its translation."""

from __future__ import annotations

import ast
from datetime import date
from pathlib import Path

import pytest

import expectations.gates
from flows.language import ENGLISH, PORTUGUESE
from flows.site.demands import DEMANDS, demand_in

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
