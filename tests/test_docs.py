"""What the documents say is there: commands, files, tables, settings."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.main import get_command

from expectations.contract import TABLES
from expectations.queries import QUERIES
from flows.cli import app
from flows.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_make_target_that_is_named_exists(document: str) -> None:
    named = {target for line in re.findall(r"`?make ((?:[a-z-]+ ?)+)", text(document)) for target in line.split()}
    targets = set(re.findall(r"^([a-z-]+):", text("Makefile"), re.MULTILINE))
    commands = {name for name in named if re.search(rf"(?:`|^|\n)make {name}(?![a-z-])", text(document))}
    assert commands <= targets


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_linked_file_exists(document: str) -> None:
    links = re.findall(r"\]\((?!https?://)([^)#]+)\)", text(document))
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_readme_names_every_table() -> None:
    assert [table.name for table in TABLES if table.name not in text("README.md")] == []


def test_the_readme_shows_the_first_query_verbatim() -> None:
    assert QUERIES[0].sql in text("README.md")


def test_every_command_of_the_readme_is_one_of_the_command_line() -> None:
    commands = set(get_command(app).commands)  # type: ignore[attr-defined]
    assert set(re.findall(r"bin/bovespa ([a-z]+)", text("README.md"))) <= commands


def test_every_setting_of_the_readme_exists() -> None:
    named = set(re.findall(r"\bBOVESPA_([A-Z_]+)\b", text("README.md")))
    assert {name.lower() for name in named} <= set(Settings.model_fields)


def test_no_document_names_a_path_of_a_machine_or_a_package_registry() -> None:
    banned = re.compile(r"/home/|/root/|/work/|pypi\.org|pythonhosted|registry\.npmjs")
    assert [
        name for name in (*DOCUMENTS, "constraints.txt", "pyproject.toml", "Makefile") if banned.search(text(name))
    ] == []
