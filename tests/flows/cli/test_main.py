"""The command line explains itself: every command is listed, with what it does, its options and examples that are right."""

from __future__ import annotations

import re
import shlex
from typing import Any

import pytest
import typer
from typer.main import get_command
from typer.testing import CliRunner

from flows.cli.help import PANELS, arrange, examples_of
from flows.cli.main import app

COMMANDS: dict[str, Any] = dict(get_command(app).commands)  # type: ignore[attr-defined]
OF_NO_ACCOUNT = {"ecs-template"}  # fills in a file
OF_THE_LAPTOP = {"up"}


def help_of(*arguments: str) -> str:
    result = CliRunner(env={"COLUMNS": "200", "TERM": "dumb", "NO_COLOR": "1"}).invoke(app, [*arguments, "--help"])
    assert result.exit_code == 0, result.output
    return re.sub(r"\x1b\[[0-9;]*m", "", result.output)


def test_without_a_command_it_shows_the_help() -> None:
    assert "Usage" in CliRunner().invoke(app, []).output


def test_the_help_lists_every_command_in_its_group() -> None:
    shown = help_of()
    for name in COMMANDS:
        assert re.search(rf"^│ {name} +\S", shown, re.MULTILINE), name
    for panel in set(PANELS.values()):
        assert panel in shown
    assert "Further commands" not in shown


def test_the_groups_name_commands_that_there_are() -> None:
    assert set(PANELS) == set(COMMANDS)


def test_the_help_begins_with_examples_to_copy() -> None:
    assert "bovespa run --live --aws" in help_of()


def test_completion_can_be_installed() -> None:
    assert "--install-completion" in help_of()


@pytest.mark.parametrize("name", COMMANDS)
class TestCommand:
    def test_says_what_it_does_and_what_each_option_is(self, name: str) -> None:
        command = COMMANDS[name]
        assert command.help
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


def test_examples_are_separated_by_a_middle_dot() -> None:
    assert examples_of("bovespa run · bovespa run\n    --live") == ("bovespa run", "bovespa run --live")


def test_texts_with_brackets_are_shown_as_they_stand() -> None:
    other = typer.Typer(rich_markup_mode="rich")

    @other.command("first")
    def first() -> None:
        """Show [bold]all[/bold].

        Example: bovespa first [x]
        """

    @other.command("second")
    def second() -> None:
        """Nothing."""

    arrange(other)
    shown = CliRunner(env={"COLUMNS": "100"}).invoke(other, ["first", "--help"]).output
    assert "Show [bold]all[/bold]." in shown
    assert "bovespa first [x]" in shown
    assert "Further commands" in CliRunner(env={"COLUMNS": "100"}).invoke(other, ["--help"]).output
