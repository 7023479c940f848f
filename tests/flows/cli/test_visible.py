"""Texts of unknown origin on a terminal."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.cli.console import Screen
from flows.cli.visible import json_text, visible
from flows.lake.athena import QueryResult

STEERING = ("\x1b[31mred", "\x9b31m", "\x07", "a\rb", "\u202eTEP", "\u200b", "\x1b]8;;http://evil.example\x07x")


def steers(text: str) -> bool:
    return any(not char.isprintable() and not char.isspace() for char in text.replace("\r", "\x1b"))


@pytest.mark.parametrize("text", STEERING)
def test_what_would_steer_a_terminal_is_written_out(text: str) -> None:
    assert visible(text).isprintable()
    assert visible(text) != text


@given(st.text())
def test_every_other_text_is_itself(text: str) -> None:
    shown = visible(text)
    assert visible(shown) == shown
    assert shown == text or not text.isprintable()


@given(st.text() | st.sampled_from(STEERING))
def test_json_says_the_same_and_steers_nothing(text: str) -> None:
    shown = json_text({"x": text})
    assert visible(shown) == shown
    assert json.loads(shown) == {"x": text}


@pytest.mark.parametrize("text", STEERING)
def test_no_line_table_or_error_steers_the_terminal(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen(as_json=False)
    screen.say(text)
    screen.fail(text)
    screen.heading(text)
    screen.line(text)
    screen.pairs([(text, text)])
    screen.table(["a"], [[text]])
    screen.rows(QueryResult((text, "b"), ("varchar", "varchar"), ((text, text), ("a", text)), 1, 1, "s3://x"))
    printed = capsys.readouterr()
    assert not steers(printed.out)
    assert not steers(printed.err)
    assert "".join(printed.out.split()).count(visible(text).replace(" ", "")) >= 6
