"""A query's text in tokens, as Trino's lexer makes them.

Source: the lexer's rules of SqlBase.g4, https://github.com/trinodb/trino/tree/master/core/trino-grammar.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto

from local.athena.language.errors import AthenaQueryError, Position


class TokenKind(Enum):
    """What a token is."""

    WORD = auto()
    QUOTED = auto()
    STRING = auto()
    UNICODE_STRING = auto()
    BINARY = auto()
    INTEGER = auto()
    DECIMAL = auto()
    DOUBLE = auto()
    SYMBOL = auto()
    END = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """One token: its text as written, and where it stands."""

    kind: TokenKind
    text: str
    at: Position
    start: int
    end: int

    @property
    def word(self) -> str:
        """The keyword that it may be, in capitals; nothing where it is no word."""
        return self.text.upper() if self.kind is TokenKind.WORD else ""

    @property
    def shown(self) -> str:
        """As an error message quotes it."""
        return "<EOF>" if self.kind is TokenKind.END else self.text


_TOKEN = re.compile(
    r"""
      (?P<blank>\s+|--[^\r\n]*\r?\n?|/\*.*?\*/)
    | (?P<unicode_string>[Uu]&'(?:[^']|'')*')
    | (?P<binary>[Xx]'(?:[^']|'')*')
    | (?P<string>'(?:[^']|'')*')
    | (?P<quoted>"(?:[^"]|"")*")
    | (?P<backquoted>`(?:[^`]|``)*`)
    | (?P<double>(?:\d+(?:\.\d*)?|\.\d+)[Ee][+-]?\d+)
    | (?P<decimal>\d+\.\d*|\.\d+)
    | (?P<digits>\d+[A-Za-z_][A-Za-z0-9_]*)
    | (?P<integer>\d+)
    | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<symbol><>|!=|<=|>=|\|\||->|=>|[=<>+\-*/%()\[\],.;?:])
    """,
    re.VERBOSE | re.DOTALL,
)
_KINDS = {
    "unicode_string": TokenKind.UNICODE_STRING,
    "binary": TokenKind.BINARY,
    "string": TokenKind.STRING,
    "quoted": TokenKind.QUOTED,
    "double": TokenKind.DOUBLE,
    "decimal": TokenKind.DECIMAL,
    "integer": TokenKind.INTEGER,
    "word": TokenKind.WORD,
    "symbol": TokenKind.SYMBOL,
}
_REFUSED = {
    "backquoted": "backquoted identifiers are not supported; use double quotes to quote identifiers",
    "digits": "identifiers must not start with a digit; surround the identifier with double quotes",
}


def tokens_of(text: str, *, takes_backquotes: bool = False) -> list[Token]:
    """The tokens of a text, without comments, and an end.

    Args:
        text: a statement.
        takes_backquotes: whether names may stand in backquotes, as in Hive's statements.

    Raises:
        AthenaQueryError: a character that begins no token, a name that Trino does not take.
    """
    found: list[Token] = []
    offset, line, begin = 0, 1, 0
    while offset < len(text):
        at = Position(line, offset - begin + 1)
        match = _TOKEN.match(text, offset)
        if not match:
            raise AthenaQueryError.at(at, "SYNTAX_ERROR", f"mismatched input '{text[offset]}'")
        kind = str(match.lastgroup)
        if kind == "backquoted" and takes_backquotes:
            kind = "quoted"
        if kind in _REFUSED:
            raise AthenaQueryError.at(at, "SYNTAX_ERROR", _REFUSED[kind])
        if kind != "blank":
            found.append(Token(_KINDS[kind], match[0], at, offset, match.end()))
        if newlines := match[0].count("\n"):
            line += newlines
            begin = offset + match[0].rindex("\n") + 1
        offset = match.end()
    return [*found, Token(TokenKind.END, "", Position(line, offset - begin + 1), offset, offset)]
