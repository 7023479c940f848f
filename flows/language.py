"""The languages that people are spoken to in: one catalogue for the command line and the site's pages.

English is what the code says; `locale/` has the rest. Whoever speaks chooses: the command line by the user's environment, a page
by what it is.
"""

from __future__ import annotations

import gettext
from dataclasses import dataclass
from functools import cache
from pathlib import Path

CATALOGUES = Path(__file__).with_name("locale")
DOMAIN = "bovespa"
NUMBER = "1,234.5"
"""Its translation is how numbers are written."""

_SWAPPED = str.maketrans(",.", ".,")


@dataclass(frozen=True, slots=True)
class Language:
    """A language.

    Attributes:
        code: of ISO 639-1.
        name: as its speakers call it.
    """

    code: str
    name: str

    def tr(self, text: str) -> str:
        """A text in the language; itself where the catalogue does not have it."""
        return _catalogue(self.code).gettext(text) if text else ""

    def counted(self, number: int, noun: str, plural: str | None = None) -> str:
        """A number of things: `1 row`, `28,224 rows`.

        Args:
            plural: the noun's, where it is not made with an s.
        """
        one, many = f"{{}} {noun}", f"{{}} {plural or f'{noun}s'}"
        return _catalogue(self.code).ngettext(one, many, number).format(self.written(f"{number:,}"))

    def written(self, number: str) -> str:
        """A number, `4,394.5`, as it is written in the language."""
        return swapped(number) if self.tr(NUMBER) != NUMBER else number


ENGLISH, PORTUGUESE = Language("en", "English"), Language("pt", "Português")
LANGUAGES = (ENGLISH, PORTUGUESE)


def swapped(number: str) -> str:
    """A number with comma and point exchanged."""
    return number.translate(_SWAPPED)


@cache
def _catalogue(code: str) -> gettext.NullTranslations:
    if code == ENGLISH.code:
        return gettext.NullTranslations()
    return gettext.translation(DOMAIN, CATALOGUES, languages=[code])
