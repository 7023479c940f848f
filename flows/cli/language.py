"""The language that the command line speaks: English, or the user's where there is a catalogue of it.

BOVESPA_LANG decides, or else the environment's LANGUAGE, LC_ALL, LC_MESSAGES and LANG, as gettext reads them. What a program
reads is the same in every language.
"""

from __future__ import annotations

import gettext
import os

from flows.language import CATALOGUES, DOMAIN, ENGLISH, NUMBER, PORTUGUESE, Language, swapped

if _wanted := os.environ.get("BOVESPA_LANG"):
    os.environ["LANGUAGE"] = _wanted
gettext.bindtextdomain(DOMAIN, CATALOGUES)
gettext.textdomain(DOMAIN)  # Typer's own texts are looked up there, too


def tr(text: str) -> str:
    """A text in the user's language."""
    return gettext.dgettext(DOMAIN, text) if text else ""


def spoken() -> Language:
    """The user's language."""
    return PORTUGUESE if tr(NUMBER) != NUMBER else ENGLISH


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """A number of things: `1 row`, `28,224 rows`.

    Args:
        plural: the noun's, where it is not made with an s.
    """
    one, many = f"{{}} {noun}", f"{{}} {plural or f'{noun}s'}"
    return gettext.dngettext(DOMAIN, one, many, number).format(written(f"{number:,}"))


def written(number: str) -> str:
    """A number, `4,394.5`, as it is written in the user's language."""
    return swapped(number) if tr(NUMBER) != NUMBER else number
