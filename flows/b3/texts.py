"""B3's texts (codes, names, types, sectors), and what becomes of texts that were damaged on their way.

Copies lose letters: UTF-8 read as latin-1 (`ComÃ©rcio`), letters that became U+FFFD, HTML entities, accents apart from their
letters, accents gone. Such a text is repaired where exactly one known text fits it; otherwise it is refused, for what stood
there is a guess.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Collection
from urllib.parse import unquote

from expectations.contract.b3_texts import (
    CLASSES,
    EVENT_FLAGS,
    LISTING_LEVELS,
    SECTORS,
    TYPE_CLASS_WIDTH,
    TYPE_FLAGS_WIDTH,
)
from flows.b3.portfolio import read_text, shown
from flows.errors import PayloadError

_LOST = re.compile("[\ufffd?]+")
_ENTITY = re.compile(r"&#?\w+;")
_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}")
_MOJIBAKE = re.compile("[\u00c2\u00c3][\u0080-\u00bf\u0152-\u2122]")  # how UTF-8 looks in latin-1 or Windows-1252
_DAMAGE = (
    (_LOST, "holds letters that were lost"),
    (_ENTITY, "holds HTML's entities"),
    (_PERCENT, "is percent-encoded"),
    (_MOJIBAKE, "is UTF-8 that was read as latin-1"),
)
_SECTOR = re.compile(
    r"[^\W\d_][^\W\d_ ,./]*(?:[ ,./]+[^\W\d_]+)*[.]?"
)  # letters in words, as in each of those recorded
_ROUNDS = 3  # of damage upon damage that are undone


def read_code(field: str, value: object) -> str:
    """A ticker, without blanks around it.

    Raises:
        PayloadError: the value is no text, or a damaged one.
    """
    return _undamaged(field, read_text(field, value).strip())


def read_name(field: str, value: object) -> str:
    """A trading name, without blanks around it.

    Raises:
        PayloadError: the value is no text, or a damaged one.
    """
    return _undamaged(field, read_text(field, value).strip())


def read_sector(field: str, value: object) -> str:
    """A sector, as B3 writes it; a damaged one is repaired where exactly one of the recorded sectors fits.

    Raises:
        PayloadError: the value is no text, is damaged beyond that, or is no words.
    """
    if isinstance(value, str) and (known := repaired(value, SECTORS)):
        return known
    text = _undamaged(field, read_text(field, value).strip())
    if not _SECTOR.fullmatch(text):
        raise PayloadError(field, f"{shown(text)} where a sector's words were expected")
    return text


def read_tipo(field: str, value: object) -> str:
    """B3's type in its fixed widths (class, event flags, listing level), right-trimmed.

    Where the widths were lost, it is read by meaning: `ON  NM` and `ON NM` are `ON      NM`, for NM is a level and no flag.
    What cannot be read so stays as it is, for gate 1 to judge.

    Raises:
        PayloadError: the value is no text, or a damaged one.
    """
    text = _undamaged(field, read_text(field, value).strip())
    known = (CLASSES, EVENT_FLAGS, LISTING_LEVELS)
    tokens = text.split()
    class_, flags, level = (next((token for token in tokens if token in names), "") for names in known)
    if not class_ or [part for part in (class_, flags, level) if part] != tokens:
        return text
    return (class_.ljust(TYPE_CLASS_WIDTH) + flags.ljust(TYPE_FLAGS_WIDTH) + level).rstrip()


def repaired(text: str, known: Collection[str]) -> str | None:
    """The one known text that the text is, or was before it was damaged; None where none fits, or several.

    Args:
        text: one cell.
        known: whole texts, as they are written undamaged.
    """
    forms = _forms(text)
    found = {item for item in known if item in forms}
    found = found or {item for item in known if any(_fits(form, item) for form in forms)}
    return found.pop() if len(found) == 1 else None


def damage(text: str) -> str | None:
    """What was done to a text, in words; None where nothing shows."""
    return next((words for pattern, words in _DAMAGE if pattern.search(text)), None)


def _undamaged(field: str, text: str) -> str:
    if found := damage(text):
        raise PayloadError(field, f"{shown(text)} {found}")
    return text


def _forms(text: str) -> set[str]:
    """The text, and what it may have been before it was encoded or decoded wrongly."""
    forms = {text.strip()}
    for _ in range(_ROUNDS):
        forms |= {form for known in forms for form in _undone(known)}
    return forms


def _undone(text: str) -> set[str]:
    forms = {unicodedata.normalize("NFC", text), html.unescape(text), unquote(text)}
    for encoding in ("latin-1", "cp1252"):
        try:
            forms.add(text.encode(encoding).decode("utf-8"))
        except UnicodeError:
            continue
    return forms


def _fits(form: str, known: str) -> bool:
    """Whether the known text becomes the form when letters beyond ASCII are lost: replaced, left out, or without accents."""
    if _LOST.search(form):
        return re.fullmatch(_LOST.sub(_letters, re.escape(form).replace(r"\?", "?")), known) is not None
    if not form.isascii():
        return False
    left_out = "".join(letter for letter in known if letter.isascii())
    decomposed = unicodedata.normalize("NFKD", known)
    return form in (left_out, "".join(letter for letter in decomposed if letter.isascii()))


def _letters(lost: re.Match[str]) -> str:
    """As many letters beyond ASCII as may have left such marks: one each, or one for each two, its bytes in UTF-8."""
    marks = len(lost[0])
    return rf"[^\x00-\x7f]{{{(marks + 1) // 2},{marks}}}"
