"""Markdown whose texts may be of unknown origin."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

NOT_MET = "**not met**"
"""The one cell that is markup."""

# What begins a link, a picture, an emphasis or another cell; an underscore inside a word is only itself.
_MARKUP = re.compile(r"[\\\[\]*~|]|(?<![^\W_])_|_(?![^\W_])")
_FORMULA = re.compile(r"\s*[=+@-]")
_NUMBER = re.compile(r"[+-]?[\d.,]+(?:[eE][+-]?\d+)?")


def as_text(cell: str) -> str:
    """A cell that a spreadsheet takes for no formula: what would be one begins with an apostrophe (OWASP: "CSV Injection")."""
    return f"'{cell}" if _FORMULA.match(cell) and not _NUMBER.fullmatch(cell) else cell


def escaped(text: str) -> str:
    """A text of unknown origin as a Markdown table's cell shows it: no markup, no picture from elsewhere, no formula."""
    line = " ".join(text.encode(errors="replace").decode().splitlines())
    return _MARKUP.sub(r"\\\g<0>", html.escape(as_text(line), quote=False)).replace("`", "'")


def markdown_table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a Markdown table; its cells may be of unknown origin."""
    lines = [f"| {' | '.join(heading)} |", f"| {' | '.join('---' for _ in heading)} |"]
    return lines + [f"| {' | '.join(cell if cell is NOT_MET else escaped(cell) for cell in row)} |" for row in rows]
