"""What is wrong with a command line, in the user's language: Typer says it in English only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from typer._click.exceptions import UsageError  # Typer's own Click, of which it exports no such name

from flows.cli.language import spoken, tr
from flows.record.sentences import said_in

SENTENCES = (
    "Got unexpected extra argument(s) ({})",
    "Invalid value for {}: {}",
    "Missing argument {}.",
    "Missing option {}.",
    "No such option: {}",
    "No such option: {} (Possible options: {})",
    "Option {} does not take a value.",
    "Option {} requires an argument.",
    "it is below {}",
    "it is no whole number",
    "{} is no day of the form YYYY-MM-DD.",
    "{} is not one of {}.",
    "{}. Did you mean {}?",
)
"""Typer's messages, with places for what differs."""

_IN_WORDS = {
    "Value error, ": "",
    "does not match the formats '%Y-%m-%d'.": "is no day of the form YYYY-MM-DD.",
    "Input should be a valid integer, unable to parse string as an integer": "it is no whole number",
    "Input should be greater than or equal to ": "it is below ",
}
"""What Typer says in the words of the libraries below it, and the same for people."""


def usage_in_words(text: str) -> str:
    """A message of Typer's in the user's language, as far as its form is known."""
    for theirs, plain in _IN_WORDS.items():
        text = text.replace(theirs, plain)
    return said_in(spoken(), text, SENTENCES, usage_in_words) or text


@contextmanager
def said_to_the_user() -> Iterator[None]:
    """Within it, a wrong command line is told in the user's language."""
    try:
        yield
    except UsageError as error:
        message = error.format_message()
        if (said := usage_in_words(message)) == message:
            raise
        raise UsageError(said, ctx=error.ctx) from error


def usage_said(usage: str) -> str:
    """How a command is called, in the user's language."""
    return usage.replace("Usage: ", tr("Usage: "), 1)
