"""The command line explains itself: every command is listed, with what it does, its options and examples that are right."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from flows.cli.commands import COMMANDS as LISTED
from flows.cli.commands import load
from flows.cli.indices import index_code
from flows.cli.main import app
from flows.cli.options import examples, group
from flows.errors import SettingsError

COMMANDS: dict[str, Any] = {name: load(name) for name in LISTED}
OF_NO_ACCOUNT = {"ecs-template"}  # fills in a file
OF_THE_LAPTOP = {"up", "down"}
HEAVY = ("pandas", "pyarrow", "prefect", "botocore", "great_expectations", "pydantic")
NOT_TO_ASK = (
    "pandas",
    "numpy",
    "pyarrow",
    "boto3",
    "prefect",
    "great_expectations",
    "requests",
    "werkzeug",
    "exchange_calendars",
)


def help_of(*arguments: str) -> str:
    result = CliRunner(env={"COLUMNS": "200", "TERM": "dumb", "NO_COLOR": "1"}).invoke(app, [*arguments, "--help"])
    assert result.exit_code == 0, result.output
    return re.sub(r"\x1b\[[0-9;]*m", "", result.output)


def test_without_a_command_it_shows_the_help() -> None:
    assert "Usage" in CliRunner().invoke(app, []).output


def test_the_help_lists_every_command_in_its_group() -> None:
    panels = re.split(r"^╭─ (.+?) ─+╮$", help_of(), flags=re.MULTILINE)
    printed = dict(zip(panels[1::2], panels[2::2], strict=True))
    for name, listed in LISTED.items():
        assert re.search(rf"^│ {name} +\S", printed[listed.panel], re.MULTILINE), name


def test_every_command_of_a_module_is_listed() -> None:
    assert {name for listed in LISTED.values() for name in commands_of(listed.module)} == set(LISTED)


def commands_of(module: str) -> list[str]:
    apps = __import__(f"flows.cli.{module}", fromlist=["app"]).app
    return [info.name or info.callback.__name__.replace("_", "-") for info in apps.registered_commands]


def test_the_help_imports_nothing_that_only_a_command_needs() -> None:
    asked = "import sys; from flows.cli.main import app; app(['--help'], standalone_mode=False)"
    program = f"{asked}; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("command", ["query", "status", "changes"])
def test_a_command_that_asks_imports_nothing_that_only_work_needs(command: str) -> None:
    asked = f"import sys; from flows.cli.commands import load; from flows.cli.place import _import_meanwhile; load({command!r})"
    program = f"{asked}; import local.door; _import_meanwhile(); print([name for name in {NOT_TO_ASK} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_account_imports_what_runs_a_query_with_the_first_one() -> None:
    later = ("duckdb", "sqlglot", "pyarrow", "pandas", "pulumi", "prefect", "local.athena.engine")
    program = f"import sys, local.account.services; print([name for name in {later} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_what_runs_a_query_does_without_arrow() -> None:
    program = "import sys, local.athena.running; print([name for name in ('numpy', 'pyarrow') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_command_ends_without_looking_through_what_it_imported() -> None:
    last = "import atexit, gc, sys; atexit.register(lambda: print(gc.get_freeze_count() > 10_000))"
    program = f"{last}; from flows.cli.main import main; sys.argv = ['bovespa', '--version']; main()"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "True"


def test_a_misspelt_command_is_answered_with_the_nearest_one() -> None:
    result = CliRunner(env={"COLUMNS": "200"}).invoke(app, ["stauts"])
    assert result.exit_code == 2
    assert "Did you mean 'status'?" in result.output


def test_the_help_begins_with_examples_to_copy() -> None:
    assert "bovespa run --live --aws" in help_of()


def test_completion_can_be_installed() -> None:
    assert "--install-completion" in help_of()


@pytest.mark.parametrize("typed", ["ibov", "iBoV", "IBOV"])
def test_an_index_code_is_taken_in_capitals_or_not(typed: str) -> None:
    assert index_code(typed) == "IBOV"


def test_a_code_that_is_none_of_b3s_is_refused_before_anything_runs_with_what_was_meant() -> None:
    result = CliRunner(env={"COLUMNS": "200"}).invoke(app, ["run", "--live", "--index", "ibvo"])
    assert result.exit_code == 2
    assert "'IBVO': none of the 36 that are known; near are IBOV" in result.output


def test_what_is_no_index_code_is_named_with_the_option() -> None:
    result = CliRunner(env={"COLUMNS": "200"}).invoke(app, ["changes", "--index", "IB"])
    assert result.exit_code == 2
    assert "index code 'IB': expected four capitals or digits" in result.output


def test_an_expected_error_is_json_where_json_is_asked_for() -> None:
    result = CliRunner().invoke(app, ["changes", "--json", "--since", "2025-05-31", "--until", "2025-05-01"])
    assert result.exit_code == 1
    assert json.loads(result.stdout) == {
        "error": {"type": "SettingsError", "message": "--since 2025-05-31 is after --until 2025-05-01"}
    }


def test_a_command_that_prints_json_only_says_its_errors_to_people(tmp_path: Path) -> None:
    options = ["--tag", "x", "--region", "x", "--credentials", "x"]
    result = CliRunner().invoke(app, ["ecs-template", str(tmp_path / "no.json"), "x", *options])
    assert isinstance(result.exception, SettingsError)
    assert result.stdout == ""


@pytest.mark.parametrize("name", [None, *COMMANDS])
def test_a_flag_stands_in_the_help_without_a_type(name: str | None) -> None:
    assert "<bool>" not in help_of(*([name] if name else []))


@pytest.mark.parametrize("name", COMMANDS)
class TestCommand:
    def test_says_what_it_does_and_what_each_option_is(self, name: str) -> None:
        command = COMMANDS[name]
        assert command.help.partition("\n")[0] == LISTED[name].does
        assert [parameter.name for parameter in command.params if not parameter.help] == []

    def test_prints_json_on_request(self, name: str) -> None:
        assert "--json" in {option for parameter in COMMANDS[name].params for option in parameter.opts}

    def test_works_in_aws_unless_it_is_of_the_laptop(self, name: str) -> None:
        has = "--aws" in {option for parameter in COMMANDS[name].params for option in parameter.opts}
        assert has != (name in OF_THE_LAPTOP | OF_NO_ACCOUNT)

    def test_has_examples_of_itself_with_options_that_it_has(self, name: str) -> None:
        examples = re.findall(r"^ *bovespa (.+)$", help_of(name).partition("Examples")[2], re.MULTILINE)
        assert examples
        options = {option for parameter in COMMANDS[name].params for option in parameter.opts}
        for example in examples:
            command, *arguments = shlex.split(example)
            assert command == name
            assert {argument for argument in arguments if argument.startswith("--")} <= options


def test_examples_with_brackets_are_shown_as_they_stand() -> None:
    other = group()

    @other.command(epilog=examples("bovespa first [x]", "bovespa first [bold]y[/bold]"))
    def first() -> None:
        """Show all."""

    printed = CliRunner(env={"COLUMNS": "100"}).invoke(other, ["--help"]).output
    assert "bovespa first [x]" in printed
    assert "bovespa first [bold]y[/bold]" in printed
