"""Java's regular expressions with Python's: what is the same in both, translated; all else refused.

Source: https://trino.io/docs/current/functions/regexp.html.
"""

from __future__ import annotations

import re
from functools import lru_cache

from local.athena.functions.errors import invalid_argument, not_on_laptop

_PART = re.compile(
    r"""
      \\(?P<escaped>.)
    | (?P<named>\(\?<(?P<name>[A-Za-z][A-Za-z0-9]*)>)
    | (?P<group>\(\?(?::|=|!|<=|<!|>|[imsx]+[:)]))
    | (?P<strange>\(\?)
    | (?P<set>\[\^?\]?(?:\\.|[^\]\\])*\])
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_SAME_ESCAPES = set("dDwWsSbBAtnrf0123456789.\\|()[]{}^$*+?-/'\"&%#@!<>=~`:;, _")
_OF_TEXT = re.compile(r"\\[dDwWsSbB]|\(\?[msx]*i")
_STRANGE_SETS = ("[:", "&&", "[.", "[=")
_REFERENCE = re.compile(r"\\(.)|\$(\d)|\$\{(\w+)\}|(\$|\\)", re.DOTALL)


@lru_cache(maxsize=256)
def compiled(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """A pattern of Java's.

    Raises:
        TrinoError: it is none, or has what Python reads otherwise.
    """
    text = "".join(_translated(part, pattern) for part in _PART.finditer(pattern))
    try:
        return re.compile(text, flags)
    except re.error as error:
        raise invalid_argument(f"Invalid regular expression: {pattern}") from error


def _translated(part: re.Match[str], pattern: str) -> str:
    if part["strange"]:
        raise not_on_laptop(f"the regular expression '{pattern}'")
    if part["escaped"]:
        if part["escaped"] == "z":
            return r"\Z"
        if part["escaped"] not in _SAME_ESCAPES:
            raise not_on_laptop(f"the regular expression '{pattern}'")
        return part[0] if part["escaped"].isalnum() else re.escape(part["escaped"])
    if part["named"]:
        return f"(?P<{part['name']}>"
    if part["set"]:
        return _translated_set(part["set"], pattern)
    return part[0]


def _translated_set(found: str, pattern: str) -> str:
    body = found[1:-1]
    escapes = re.findall(r"\\(.)", body)
    if any(strange in found[1:] for strange in _STRANGE_SETS) or "[" in body.replace("\\[", ""):
        raise not_on_laptop(f"the regular expression '{pattern}'")
    if any(escape not in _SAME_ESCAPES - set("bBA") for escape in escapes):
        raise not_on_laptop(f"the regular expression '{pattern}'")
    return found


def matcher(pattern: str, text: str) -> re.Pattern[str]:
    """A pattern for one text.

    Raises:
        TrinoError: what the pattern says of letters and digits is not the same for ASCII and for Unicode, in this text; or
            the text ends in a line's end, before which Java's $ would match.
    """
    found = compiled(pattern)
    if not text.isascii() and _OF_TEXT.search(pattern):
        narrow = compiled(pattern, re.ASCII)
        if [match.span() for match in found.finditer(text)] != [match.span() for match in narrow.finditer(text)]:
            raise not_on_laptop(f"the regular expression '{pattern}' of a text that is not ASCII")
    if "$" in pattern and text.endswith(("\r", "\u0085", "\u2028", "\u2029")):
        raise not_on_laptop(f"the regular expression '{pattern}' of a text that ends in a line's end")
    return found


def regexp_like(text: str, pattern: str) -> bool:
    """Whether a text has a match."""
    return bool(matcher(pattern, text).search(text))


def regexp_extract(text: str, pattern: str) -> str | None:
    """The first match."""
    found = matcher(pattern, text).search(text)
    return found[0] if found else None


def regexp_extract_group(text: str, pattern: str, group: int) -> str | None:
    """A group of the first match."""
    expression = matcher(pattern, text)
    _check_group(expression, group)
    found = expression.search(text)
    return found[group] if found else None


def regexp_extract_all(text: str, pattern: str) -> list[str]:
    """All matches."""
    return [found[0] for found in matcher(pattern, text).finditer(text)]


def regexp_extract_all_group(text: str, pattern: str, group: int) -> list[str | None]:
    """A group of all matches."""
    expression = matcher(pattern, text)
    _check_group(expression, group)
    return [found[group] for found in expression.finditer(text)]


def _check_group(expression: re.Pattern[str], group: int) -> None:
    if group < 0:
        raise invalid_argument("Group cannot be negative")
    if group > expression.groups:
        raise invalid_argument(f"Pattern has {expression.groups} groups. Cannot access group {group}")


def regexp_count(text: str, pattern: str) -> int:
    """How many matches there are."""
    return sum(1 for _ in matcher(pattern, text).finditer(text))


def regexp_position(text: str, pattern: str) -> int:
    """Where the first match begins, from 1; -1 without one."""
    found = matcher(pattern, text).search(text)
    return found.start() + 1 if found else -1


def regexp_split(text: str, pattern: str) -> list[str]:
    """What lies between the matches."""
    parts, offset = [], 0
    for found in matcher(pattern, text).finditer(text):
        parts.append(text[offset : found.start()])
        offset = found.end()
    return [*parts, text[offset:]]


def regexp_remove(text: str, pattern: str) -> str:
    """The text without its matches."""
    return matcher(pattern, text).sub("", text)


def regexp_replace(text: str, pattern: str, replacement: str) -> str:
    """The text with every match replaced; `$1` and `${name}` stand for groups."""
    expression = matcher(pattern, text)
    return expression.sub(lambda found: _replaced(expression, found, replacement), text)


def _replaced(expression: re.Pattern[str], found: re.Match[str], replacement: str) -> str:
    def part(match: re.Match[str]) -> str:
        if match[1] in {"$", "\\"}:
            return match[1]
        if match[1] or match[4]:
            raise invalid_argument(f"Invalid replacement sequence: {replacement}")
        return _group(expression, found, match[2] or match[3])

    return _REFERENCE.sub(part, replacement)


def _group(expression: re.Pattern[str], found: re.Match[str], name: str) -> str:
    if name.isdecimal():
        if int(name) > expression.groups:
            raise invalid_argument(f"Invalid replacement sequence: unknown group {{ {name} }}.")
        return found[int(name)] or ""
    if name not in expression.groupindex:
        raise invalid_argument(f"Invalid replacement sequence: unknown group {{ {name} }}.")
    return found[name] or ""
