"""The command line and the site in Portuguese: nothing is missing from the catalogue, and what a program reads is the same."""

from __future__ import annotations

import ast
import io
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from jinja2 import Environment
from jinja2.ext import extract_from_ast
from typer.core import TyperArgument, TyperOption

import flows
from bovespa import plot
from expectations.contract.outcomes import Outcome
from expectations.queries.saved import QUERIES
from flows.cli import language
from flows.cli.commands import COMMANDS, load
from flows.cli.console import PROGRESS
from flows.cli.usage import SENTENCES as USAGE_SENTENCES
from flows.cost.bill import BillingMonth, Usage, bill
from flows.cost.prices import prices_of
from flows.glue_run import GlueRun
from flows.language import CATALOGUES, NUMBER
from flows.record.sentences import DEMANDS, ITEMS, REASONS
from flows.record.state import MEANINGS, State
from flows.site.render import GATES, MONTHS, SHORT_WEEKDAYS, STEPS, WEEKDAYS

CATALOGUE = CATALOGUES / "pt" / "LC_MESSAGES" / "bovespa.po"
FLOWS = Path(flows.__file__).parent
SOURCES = sorted([*(FLOWS / "cli").glob("*.py"), *(FLOWS / "site").glob("*.py"), Path(plot.__file__)])
TEMPLATES = sorted((FLOWS / "site" / "templates").glob("*.j2"))

OF_OTHERS = {  # what is said by others, whose words reach the screen
    *("Starting AWS", "Provisioning AWS with the Pulumi program", "Starting Prefect"),
    "Waiting for another command, which starts AWS",
    *("summary", "data docs", "all sessions"),
    *("environment", "its password", "buckets", "logs"),
    *("collect", "gate 1", "upload", "etl", "gate 2", "publish and confirm", "history and changes", "report"),
}
TYPERS = {
    *("Arguments", "Options", "Commands", "Error", "required", "Missing command.", "No such command {name!r}."),
    *(
        "Show this message and exit.",
        "Install completion for the current shell.",
        "Aborted.",
        "[required]",
        "[default: {}]",
    ),
    "Show completion for the current shell, to copy it or customize the installation.",
    "Try [blue]'{command_path} {help_option}'[/] for help.",
}


def texts_of(source: Path) -> set[str]:
    """The texts that a module gives to `tr`, and the headings of its tables."""
    calls = [node for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    found = {first.value for call in calls if name_of(call) == "tr" and isinstance(first := call.args[0], ast.Constant)}
    for call in calls:
        if name_of(call) == "table" and isinstance(call.args[0], ast.Tuple):
            found |= {item.value for item in call.args[0].elts if isinstance(item, ast.Constant)}
    return {str(text) for text in found}


def nouns_of(source: Path) -> set[str]:
    calls = [node for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    return {
        f"{{}} {call.args[1].value}"
        for call in calls  # type: ignore[attr-defined]
        if name_of(call) == "counted" and isinstance(call.args[1], ast.Constant)
    }


def of_template(path: Path) -> set[str]:
    """The texts that a template has translated, and the nouns that it counts."""
    parsed = Environment(autoescape=True).parse(path.read_text(encoding="utf-8"))
    found = extract_from_ast(parsed, ("_", "counted"))
    return {text if name == "_" else f"{{}} {text[1]}" for _, name, text in found if text}


def name_of(call: ast.Call) -> str:
    return str(getattr(call.func, "id", getattr(call.func, "attr", "")))


def helps() -> set[str]:
    """The texts of all commands' helps."""
    commands: list[Any] = [load(name) for name in COMMANDS]
    found = {command.help for command in commands} | {entry.panel for entry in COMMANDS.values()}
    found |= {entry.does for entry in COMMANDS.values()} | {query.description for query in QUERIES}
    for command in commands:
        found |= {item.help for item in command.params if isinstance(item, TyperArgument | TyperOption) and item.help}
    return found | {"Say the version and end."}


def catalogue() -> dict[str, Any]:
    with CATALOGUE.open("rb") as file:
        return {
            message.id if isinstance(message.id, str) else message.id[0]: message
            for message in read_po(file)
            if message.id
        }


def wanted() -> set[str]:
    said = {text for source in SOURCES for text in texts_of(source)}
    return (
        said
        | {noun for source in SOURCES for noun in nouns_of(source)}
        | {text for template in TEMPLATES for text in of_template(template)}
        | {*WEEKDAYS, *SHORT_WEEKDAYS, *MONTHS, *GATES.values(), *STEPS.values()}
        | {*map(str, State), *MEANINGS.values()}
        | set(DEMANDS)
        | helps()
        | OF_OTHERS
        | TYPERS
        | {
            *map(str, Outcome),
            *map(str, State),
            *(f"{{}} {name}" for kind in (Outcome, State) for name in kind),
            *REASONS,
            *ITEMS,
            *PROGRESS,
            *USAGE_SENTENCES,
            *of_the_bill(),
            NUMBER,
        }
    )


def of_the_bill() -> set[str]:
    """What the bill's lines say: nouns of what is counted, units, how they are counted, whence a price is known."""
    now = datetime(2025, 6, 30, tzinfo=UTC)
    runs = [GlueRun("jr_1", "SUCCEEDED", flex=flex) for flex in (False, True)]
    lines = bill(Usage(runs, 0, 0.0, (), ()), BillingMonth.of("2025-06"), prices_of("sa-east-1"), now).lines
    nouns = {noun for line in lines for noun in (line.noun, *([line.of[1]] if line.of else []))}
    texts = {text for line in lines for text in (line.how, line.price.unit, line.price.seen) if text}
    return texts | {f"{{}} {noun.partition('|')[0]}" for noun in nouns}


def test_the_catalogue_has_every_text_and_no_other() -> None:
    assert sorted(wanted() ^ set(catalogue())) == []


def test_every_text_is_translated_with_the_same_places_for_values() -> None:
    for text, message in catalogue().items():
        translated = [message.string] if isinstance(message.string, str) else [*message.string]
        assert all(translated), text
        for one in translated:
            assert sorted(fields(one)) == sorted(fields(text)), text
        assert not message.fuzzy


def fields(text: str) -> list[str]:
    return [name for _, name, _, _ in Formatter().parse(text) if name is not None]


def test_the_compiled_catalogue_is_that_of_the_texts() -> None:
    compiled = io.BytesIO()
    with CATALOGUE.open("rb") as file:
        write_mo(compiled, read_po(file))
    assert CATALOGUE.with_suffix(".mo").read_bytes() == compiled.getvalue(), "run: make catalogue"


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"BOVESPA_LANG": "pt"}, "Perguntar"),
        ({"LANGUAGE": "", "LANG": "pt_BR.UTF-8"}, "Perguntar"),
        ({"LANGUAGE": "", "LC_ALL": "C.UTF-8", "LANG": "pt_BR.UTF-8"}, "Ask"),
        ({"BOVESPA_LANG": "en", "LANG": "pt_BR.UTF-8"}, "Ask"),
    ],
)
def test_the_environment_decides_which_language_the_help_speaks(environment: dict[str, str], said: str) -> None:
    program = "from flows.cli.main import main; import sys; sys.argv = ['bovespa', '--help']; main()"
    done = subprocess.run(
        [sys.executable, "-c", program], env={**base(), **environment}, capture_output=True, text=True, check=True
    )
    assert re.search(rf"─ {said} ─", done.stdout)


def base() -> dict[str, str]:
    import os  # noqa: PLC0415

    kept = {name: value for name, value in os.environ.items() if not name.startswith("LC_") and name != "LANG"}
    return {**kept, "COLUMNS": "100", "PYTHONIOENCODING": "utf-8"}


def test_numbers_are_written_as_the_language_does(monkeypatch: pytest.MonkeyPatch) -> None:
    assert language.written("4,394.5") == "4,394.5"
    monkeypatch.setenv("LANGUAGE", "pt")
    assert language.written("4,394.5") == "4.394,5"
    assert [language.counted(number, "row") for number in (0, 1, 28224)] == ["0 linha", "1 linha", "28.224 linhas"]
