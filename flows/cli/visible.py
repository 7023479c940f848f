"""Texts of unknown origin on a terminal: they are shown, and steer nothing."""

from __future__ import annotations

import json
import unicodedata

_STEERING = frozenset(
    {"Cc", "Cf", "Cs"}
)  # control characters, what turns the direction of writing, halves of a character


def _steers(char: str) -> bool:
    return char != "\n" and unicodedata.category(char) in _STEERING


def visible(text: str) -> str:
    """A text as a terminal may show it: what would steer the terminal is written out, such as ESC as four characters."""
    return "".join(char.encode("unicode_escape").decode() if _steers(char) else char for char in text)


def json_text(body: object) -> str:
    """JSON for a program, or for a terminal: the same values, and nothing that would steer the latter."""
    text = json.dumps(body, ensure_ascii=False, indent=1)
    return "".join(json.dumps(char)[1:-1] if _steers(char) else char for char in text)
