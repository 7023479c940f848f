"""A command line that is wrong: what is wrong with it, in the user's language."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from flows.cli.main import app
from flows.cli.usage import SENTENCES, usage_in_words
from flows.language import PORTUGUESE

if TYPE_CHECKING:
    from collections.abc import Sequence


@pytest.fixture
def in_portuguese(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flows.cli.usage.spoken", lambda: PORTUGUESE)


def said(*arguments: str) -> str:
    done = CliRunner().invoke(app, arguments, env={"COLUMNS": "200"})
    assert done.exit_code == 2
    return " ".join(done.output.replace("│", " ").split())


WRONG: Sequence[tuple[tuple[str, ...], str, str]] = (
    (("reconcile", "--dry-run"), "No such option: --dry-run", "Não há a opção --dry-run"),
    (("run", "extra"), "Got unexpected extra argument(s) (extra)", "Argumentos a mais (extra)"),
    (("query",), "Missing argument 'sql'.", "Falta o argumento 'sql'."),
    (("rebuild",), "Missing option '--session'.", "Falta a opção '--session'."),
    (("changes", "--since"), "Option '--since' requires an argument.", "A opção '--since' pede um valor."),
    (
        ("query", "--limit", "x", "SELECT 1"),
        "Invalid value for '--limit': it is no whole number",
        "Valor inválido para '--limit': não é um número inteiro",
    ),
    (
        ("changes", "--since", "2025-13-01"),
        "Invalid value for '--since': '2025-13-01' is no day of the form YYYY-MM-DD.",
        "Valor inválido para '--since': '2025-13-01' não é um dia da forma AAAA-MM-DD.",
    ),
    (
        ("query", "--limit", "0", "SELECT 1"),
        "Invalid value for '--limit': it is below 1",
        "Valor inválido para '--limit': é menor que 1",
    ),
    (("chart", "pie"), "'pie' is not one of 'weights', 'sectors'", "'pie' não é um destes: 'weights', 'sectors'"),
    (("statis",), "Did you mean 'status'?", "Seria 'status'?"),
)


@pytest.mark.parametrize(("arguments", "english", "portuguese"), WRONG)
def test_what_is_wrong_is_told_in_english(arguments: Sequence[str], english: str, portuguese: str) -> None:
    assert english in said(*arguments)
    assert portuguese not in said(*arguments)


@pytest.mark.usefixtures("in_portuguese")
@pytest.mark.parametrize(("arguments", "english", "portuguese"), WRONG)
def test_and_in_portuguese(arguments: Sequence[str], english: str, portuguese: str) -> None:
    assert portuguese in said(*arguments)
    assert english not in said(*arguments)


@pytest.mark.usefixtures("in_portuguese")
@pytest.mark.parametrize("sentence", SENTENCES)
def test_every_message_is_translated_with_its_values(sentence: str) -> None:
    values = [f"v{number}" for number in range(sentence.count("{}"))]
    assert usage_in_words(sentence.format(*values)) == PORTUGUESE.tr(sentence).format(*values)


def test_a_message_of_another_form_is_said_as_it_is() -> None:
    assert usage_in_words("something new is wrong") == "something new is wrong"
