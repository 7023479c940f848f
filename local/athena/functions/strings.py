"""Trino's functions of texts.

Source: https://trino.io/docs/current/functions/string.html.
"""

from __future__ import annotations

import sys
import unicodedata
from typing import Literal

from local.athena.functions.errors import invalid_argument, not_on_laptop

_BLANKS = (
    " \t\n\x0b\x0c\r\x1c\x1d\x1e\x1f\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2008\u2009\u200a"
    "\u2028\u2029\u205f\u3000"
)
"""What Trino's trim takes away: https://trino.io/docs/current/functions/string.html#trim."""

_SOUNDS = {**dict.fromkeys("BFPV", "1"), **dict.fromkeys("CGJKQSXZ", "2"), **dict.fromkeys("DT", "3"), "L": "4"}
_SOUNDS |= {**dict.fromkeys("MN", "5"), "R": "6"}


def upper(text: str) -> str:
    """In capitals, character by character: ß stays."""
    if text.isascii():
        return text.upper()
    return "".join(_one_or(one, one.upper(), one.title()) for one in text)


def lower(text: str) -> str:
    """In small letters, character by character."""
    if text.isascii():
        return text.lower()
    return "".join(_one_or(one, one.lower(), one.lower().removesuffix("\u0307")) for one in text)


def _one_or(one: str, *wanted: str) -> str:
    """The first of those wanted that is a single character, as the one is, which else stays."""
    return next((other for other in wanted if len(other) == 1), one)


def substring(text: str, start: int) -> str:
    """The text from a place on, from 1, or from the end where negative."""
    return substring_of(text, start, len(text))


def substring_of(text: str, start: int, length: int) -> str:
    """So many characters from a place on; nothing from place 0, or from before the text."""
    if start == 0 or length <= 0 or abs(start) > len(text):
        return ""
    first = start - 1 if start > 0 else len(text) + start
    return text[first : first + length]


def split_part(text: str, delimiter: str, place: int) -> str | None:
    """The part at a place, from 1; null beyond the last."""
    if place <= 0:
        raise invalid_argument("Index must be greater than zero")
    parts = list(text) if not delimiter else text.split(delimiter)
    return parts[place - 1] if place <= len(parts) else None


def split(text: str, delimiter: str) -> list[str]:
    """The parts of a text."""
    if not delimiter:
        raise invalid_argument("The delimiter may not be the empty string")
    return text.split(delimiter)


def split_limited(text: str, delimiter: str, limit: int) -> list[str]:
    """At most so many parts; the last has the rest."""
    if not delimiter:
        raise invalid_argument("The delimiter may not be the empty string")
    if limit <= 0:
        raise invalid_argument("Limit must be positive")
    return text.split(delimiter, limit - 1)


def split_to_map(text: str, entry: str, pair: str) -> dict[str, str]:
    """A text of pairs as a map."""
    if not entry or not pair or entry == pair:
        raise invalid_argument("entryDelimiter and keyValueDelimiter must not be empty and not be the same")
    found: dict[str, str] = {}
    for part in text.split(entry) if text else []:
        halves = part.split(pair)
        if len(halves) != 2 or not halves[0]:  # noqa: PLR2004 - a key and a value
            raise invalid_argument(
                "Key-value delimiter must appear exactly once in each entry. Bad input: '" + part + "'"
            )
        if halves[0] in found:
            raise invalid_argument(f"Duplicate keys ({halves[0]}) are not allowed")
        found[halves[0]] = halves[1]
    return found


def lpad(text: str, size: int, padding: str) -> str:
    """The text brought to a size from the left; cut on its right where it is longer."""
    return _padding(text, size, padding) + text[:size]


def rpad(text: str, size: int, padding: str) -> str:
    """The text brought to a size from the right."""
    return text[:size] + _padding(text, size, padding)


def _padding(text: str, size: int, padding: str) -> str:
    if size < 0 or size > 2**31 - 1:
        raise invalid_argument(f"Target length must be in the range [0..{2**31 - 1}]")
    if not padding:
        raise invalid_argument("Padding string must not be empty")
    missing = max(size - len(text), 0)
    return (padding * (missing // len(padding) + 1))[:missing]


def strpos(text: str, part: str) -> int:
    """Where a part begins, from 1; 0 where it is not in the text."""
    return text.find(part) + 1


def strpos_instance(text: str, part: str, instance: int) -> int:
    """Where the part is found for the n-th time; from the end where negative."""
    if instance == 0:
        raise invalid_argument("'instance' must not be a positive or negative number.")
    if not part:
        return 1
    place = -1 if instance > 0 else len(text)
    for _ in range(abs(instance)):
        place = text.find(part, place + 1) if instance > 0 else text.rfind(part, 0, max(place + len(part) - 1, 0))
        if place < 0:
            return 0
    return place + 1


def replace(text: str, old: str, new: str) -> str:
    """The text with every old part replaced; an empty one stands before and after every character."""
    return text.replace(old, new)


def remove(text: str, old: str) -> str:
    """The text without a part."""
    return text.replace(old, "") if old else text


def trim(text: str) -> str:
    """Without blanks at its ends."""
    return text.strip(_BLANKS)


def ltrim(text: str) -> str:
    """Without blanks at its begin."""
    return text.lstrip(_BLANKS)


def rtrim(text: str) -> str:
    """Without blanks at its end."""
    return text.rstrip(_BLANKS)


def trim_of(text: str, characters: str) -> str:
    """Without any of these characters at its ends."""
    return text.strip(characters) if characters else text


def ltrim_of(text: str, characters: str) -> str:
    """Without any of these characters at its begin."""
    return text.lstrip(characters) if characters else text


def rtrim_of(text: str, characters: str) -> str:
    """Without any of these characters at its end."""
    return text.rstrip(characters) if characters else text


def chr_(number: int) -> str:
    """The character of a Unicode number."""
    if not 0 <= number <= sys.maxunicode:
        raise invalid_argument(f"Not a valid Unicode code point: {number}")
    return chr(number)


def codepoint(text: str) -> int:
    """The Unicode number of a single character."""
    if len(text) != 1:
        raise invalid_argument("Input string must be a single character string")
    return ord(text)


def reverse(text: str) -> str:
    """Backwards."""
    return text[::-1]


def translate(text: str, old: str, new: str) -> str:
    """Each character of the old ones replaced by the new one at its place, or left out."""
    table: dict[int, str | None] = {}
    for place, character in enumerate(old):
        table.setdefault(ord(character), new[place] if place < len(new) else None)
    return text.translate(table)


def normalize(form: Literal["NFC", "NFD", "NFKC", "NFKD"], text: str) -> str:
    """In one of Unicode's forms."""
    return unicodedata.normalize(form, text)


def starts_with(text: str, start: str) -> bool:
    """Whether a text begins so."""
    return text.startswith(start)


def levenshtein_distance(left: str, right: str) -> int:
    """How many characters must change."""
    row = list(range(len(right) + 1))
    for i, one in enumerate(left, 1):
        before, row[0] = row[0], i
        for j, other in enumerate(right, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (one != other))
    return row[-1]


def hamming_distance(left: str, right: str) -> int:
    """In how many places two texts of one length differ."""
    if len(left) != len(right):
        raise invalid_argument("The input strings to hamming_distance function must have the same length")
    return sum(one != other for one, other in zip(left, right, strict=True))


def soundex(text: str) -> str:
    """American Soundex."""
    letters = [one for one in text.upper() if one.isascii() and one.isalpha()]
    if not text or len(letters) != len(text):
        raise not_on_laptop("soundex of a text that is not of ASCII letters")
    codes = [_SOUNDS.get(one, "") for one in letters]
    found, last = letters[0], codes[0]
    for letter, code in zip(letters[1:], codes[1:], strict=True):
        if code and code != last:
            found += code
        if letter not in "HW":
            last = code
    return found.ljust(4, "0")[:4]
