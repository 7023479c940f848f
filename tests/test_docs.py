"""What the documents say is there: commands and their options, files, tables, settings. And the two READMEs say the same."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import grimp
import pytest

from expectations.contract.ledger import LEDGER_TABLE
from expectations.contract.tables import TABLES
from expectations.queries.dictionary import COMPUTED, dictionary, meaning
from expectations.queries.saved import QUERIES
from expectations.queries.views import VIEWS
from flows.cli.commands import COMMANDS as LISTED
from flows.cli.commands import load
from flows.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
READMES = ("README.md", "README.pt-BR.md")
PAGES = tuple(sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").glob("*.md")))
DOCUMENTS = (*READMES, "CONTRIBUTING.md", "CHANGELOG.md", *PAGES)
ROOM_TOPS = ("bovespa", "expectations", "flows", "glue", "infrastructure", "local", "benchmarks")
COMMANDS: dict[str, Any] = {name: load(name) for name in LISTED}


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def code_blocks(name: str) -> list[str]:
    return re.findall(r"^```(.*?)^```$", text(name), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_make_target_that_is_named_exists(document: str) -> None:
    named = {target for line in re.findall(r"`?make ((?:[a-z-]+ ?)+)", text(document)) for target in line.split()}
    targets = set(re.findall(r"^([a-z-]+):", text("Makefile"), re.MULTILINE))
    commands = {name for name in named if re.search(rf"(?:`|^|\n)make {name}(?![a-z-])", text(document))}
    assert commands <= targets


def test_every_make_target_is_in_its_help() -> None:
    makefile = text("Makefile")
    targets = set(re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[0].split())
    assert targets == set(re.findall(r"^([a-z-]+):.*  ## \S", makefile, re.MULTILINE))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_linked_file_exists(document: str) -> None:
    folder = (ROOT / document).parent
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)(?:#[^)]*)?\)", text(document))
    assert [link for link in links if not (folder / link).exists()] == []


FOLDERS = tuple(sorted(path.name for path in ROOT.iterdir() if path.is_dir()))


def named_files(document: str) -> set[str]:
    """Paths in the text that begin with a folder of the project's; not those of buckets, or of what a build makes."""
    made = (".bovespa/", "site/", "build/", "dist/")
    ends = r"/|\.(?:py|md|yaml|toml|json|java|ipynb|css|csv|svg|po|service|yml)\b"
    found = re.findall(
        rf"(?<![\w./-])((?:{'|'.join(map(re.escape, FOLDERS))})/[\w./]*?(?:{ends}))(?![\w*<…])", text(document)
    )
    return {path for path in found if not path.startswith(made)}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_file_that_is_named_exists(document: str) -> None:
    assert sorted(path for path in named_files(document) if not (ROOT / path).exists()) == []


class TestMap:
    """CONTRIBUTING.md leads to the files where a change begins, and has every room."""

    def test_names_files_that_there_are(self) -> None:
        named = re.findall(r"`((?:\w+/)+(?:\w+\.\w+)?|\w+\.(?:py|toml|yaml|md))`", text("CONTRIBUTING.md"))
        assert len(named) > 100
        assert [path for path in named if not (ROOT / path).exists()] == []

    def test_has_every_room(self) -> None:
        tracked = (path.parent for top in ROOM_TOPS for path in (ROOT / top).rglob("__init__.py"))
        rooms = {folder.relative_to(ROOT).as_posix() + "/" for folder in tracked}
        within = {"expectations/", "flows/backfill/importing/"}
        assert sorted(room for room in rooms - within if f"`{room}`" not in text("CONTRIBUTING.md")) == []


def ways(arrows: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Where one comes along the arrows, and from where."""
    found = set(arrows)
    while more := {(start, end) for start, via in found for begin, end in found if via == begin} - found:
        found |= more
    return found


def test_the_picture_of_the_layers_shows_who_imports_whom() -> None:
    pictures = [block for block in code_blocks("docs/architecture.md") if block.startswith("mermaid")]
    shown = re.findall(r"^ +(\w+)(?:\W.*)? --> (\w+)$", pictures[0], re.MULTILINE)
    graph = grimp.build_graph("flows", cache_dir=None)
    imports = {
        (importer.split(".")[1], imported.split(".")[1])
        for importer in graph.modules
        for imported in graph.find_modules_directly_imported_by(importer)
    }
    assert ways(shown) == ways({(start, end) for start, end in imports if start != end})


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_command_is_one_of_the_command_line_with_options_that_it_has(document: str) -> None:
    for command, arguments in re.findall(r"(?:bin/|`)bovespa ([a-z][a-z-]*)([^`|\n]*)", text(document)):
        assert command in COMMANDS, f"{document}: bovespa {command}"
        options = {option for parameter in COMMANDS[command].params for option in parameter.opts}
        given = set(re.findall(r"(?<=\s)--[a-z-]+", re.sub(r'"[^"]*"', "", arguments)))
        assert given <= options | {"--help"}, f"{document}: bovespa {command} {arguments}"


@pytest.mark.parametrize("readme", READMES)
class TestReadme:
    def test_names_every_table_and_every_view(self, readme: str) -> None:
        assert [item.name for item in (*TABLES, LEDGER_TABLE, *VIEWS) if f"`{item.name}`" not in text(readme)] == []

    def test_shows_the_first_query_verbatim(self, readme: str) -> None:
        assert QUERIES[0].sql in text(readme)

    def test_names_every_command(self, readme: str) -> None:
        named = set(re.findall(r"(?:bin/bovespa|`make) ([a-z-]+)", text(readme)))
        assert set(COMMANDS) - named == set()

    def test_leads_to_every_page(self, readme: str) -> None:
        linked = set(re.findall(r"\]\((docs/[^)#]+)\)", text(readme)))
        assert {page for page in PAGES if page != "docs/index.md"} - linked == set()

    def test_names_settings_that_there_are(self, readme: str) -> None:
        named = set(re.findall(r"\bBOVESPA_([A-Z_]+)\b", text(readme)))
        assert {name.lower() for name in named} <= set(Settings.model_fields)


def page_of(found: str) -> str:
    """A link, without the language and the place of a page that there is in both languages."""
    stem = re.sub(r"(\.pt)?\.md(#.*)?$", "", found)
    return f"{stem}.md" if f"{stem}.pt.md" in PAGES else found


class TestTranslation:
    """The two READMEs say the same: whatever is not prose is in both, in the same order."""

    def same(self, pattern: str, flags: re.RegexFlag = re.MULTILINE) -> None:
        english, portuguese = (re.findall(pattern, text(readme), flags) for readme in READMES)
        assert [*map(page_of, portuguese)] == [*map(page_of, english)]
        assert english

    def test_has_the_same_levels_of_headings(self) -> None:
        self.same(r"^(#+) ")

    def test_has_the_same_code_blocks_but_for_the_words_of_the_picture(self) -> None:
        english, portuguese = (
            [block for block in code_blocks(readme) if not block.startswith("mermaid")] for readme in READMES
        )
        assert portuguese == english

    def test_has_the_same_picture(self) -> None:
        english, portuguese = (
            re.findall(r"\w+(?=[\[{])|-->|[\[({]+", block)
            for readme in READMES
            for block in code_blocks(readme)
            if block.startswith("mermaid")
        )
        assert portuguese == english

    def test_has_the_same_commands_and_names(self) -> None:
        english, portuguese = (sorted(re.findall(r"`([^`\n]+)`", text(readme))) for readme in READMES)
        assert portuguese == english

    def test_has_the_same_links(self) -> None:
        self.same(r"\]\((?!README)([^)]+)\)")

    def test_has_tables_of_the_same_rows(self) -> None:
        english, portuguese = (re.findall(r"^\|.*\|$", text(readme), re.MULTILINE) for readme in READMES)
        assert [row.count("|") for row in portuguese] == [row.count("|") for row in english]

    def test_leads_to_the_other(self) -> None:
        assert [other in text(readme) for readme, other in zip(READMES, reversed(READMES), strict=True)] == [True, True]


class TestDictionary:
    def test_is_up_to_date(self) -> None:
        assert text("docs/data-dictionary.md") == dictionary(), "run: make dictionary"
        assert text("docs/data-dictionary.pt.md") == dictionary("pt"), "run: make dictionary"

    def test_says_what_every_column_of_every_view_means(self) -> None:
        assert [name for view in VIEWS for name, _ in view.columns if not meaning(view, name)] == []

    def test_explains_nothing_that_there_is_not(self) -> None:
        of_views = {known for view in VIEWS for name, _ in view.columns for known in (name, f"{view.name}.{name}")}
        assert set(COMPUTED) <= of_views

    def test_refuses_a_column_that_nobody_explained(self) -> None:
        with pytest.raises(KeyError):
            meaning(VIEWS[0], "sem_sentido")


def test_every_page_is_in_the_navigation_of_the_site() -> None:
    assert [page for page in PAGES if page.removeprefix("docs/") not in text("mkdocs.yml")] == []


def test_every_picture_of_a_page_is_drawn_without_a_script_and_names_what_there_is() -> None:
    for picture in (ROOT / "docs" / "images").glob("*.svg"):
        drawn = picture.read_text(encoding="utf-8")
        assert not re.search(r"<script|<foreignObject|href=", drawn)
        assert "<title" in drawn


@pytest.mark.parametrize("page", ["how-to", "runbook"])
def test_a_page_in_portuguese_has_the_sections_steps_and_commands_of_the_english_one(page: str) -> None:
    """Placeholders of a day are words; alarms keep their names."""
    english, portuguese = (text(f"docs/{page}{suffix}.md") for suffix in ("", ".pt"))
    for pattern in (r"^```.*?^```$", r"^### .+$", r"^\d\. "):
        found = [
            re.findall(pattern, one, re.MULTILINE | re.DOTALL if "`" in pattern else re.MULTILINE)
            for one in (english, portuguese)
        ]
        assert found[0] == found[1]
    assert len(re.findall(r"^## ", english, re.MULTILINE)) == len(re.findall(r"^## ", portuguese, re.MULTILINE))
    assert len(re.findall(r"^\|", english, re.MULTILINE)) == len(re.findall(r"^\|", portuguese, re.MULTILINE))


def test_the_notebook_is_kept_without_outputs() -> None:
    cells = json.loads(text("notebooks/ibovespa.ipynb"))["cells"]
    assert [cell["id"] for cell in cells if cell.get("outputs") or cell.get("execution_count")] == []


def test_no_document_names_a_path_of_a_machine_or_a_package_registry() -> None:
    banned = re.compile(r"/home/|/root/|/work/|pypi\.org|pythonhosted|registry\.npmjs")
    others = ("constraints.txt", "pyproject.toml", "Makefile", "mkdocs.yml", "notebooks/ibovespa.ipynb")
    assert [name for name in (*DOCUMENTS, *others) if banned.search(text(name))] == []
