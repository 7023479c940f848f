"""Walking along a query's tokens: what comes next, and what must come."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn, TypeVar

from local.athena.language.errors import AthenaQueryError, NotOnLaptopError, Position
from local.athena.language.nodes import Name
from local.athena.language.tokens import Token, TokenKind, tokens_of

Part = TypeVar("Part")

_RESERVED = """
ALTER AND AS BETWEEN BY CASE CAST CONSTRAINT CREATE CROSS CUBE CURRENT_CATALOG CURRENT_DATE CURRENT_PATH
CURRENT_ROLE CURRENT_SCHEMA CURRENT_TIME CURRENT_TIMESTAMP CURRENT_USER DEALLOCATE DELETE DESCRIBE DISTINCT DROP
ELSE END ESCAPE EXCEPT EXECUTE EXISTS EXTRACT FALSE FOR FROM FULL GROUP GROUPING HAVING IN INNER INSERT INTERSECT
INTO IS JOIN JSON_ARRAY JSON_EXISTS JSON_OBJECT JSON_QUERY JSON_VALUE LEFT LIKE LISTAGG LOCALTIME LOCALTIMESTAMP
NATURAL NORMALIZE NOT NULL ON OR ORDER OUTER PREPARE RECURSIVE RIGHT ROLLUP SELECT SKIP TABLE THEN TRIM TRUE UESCAPE
UNION UNNEST USING VALUES WHEN WHERE WITH
"""

RESERVED = frozenset(_RESERVED.split())
"""Words that no name can be without quotes: https://trino.io/docs/current/language/reserved.html."""


class Cursor:
    """A place among the tokens of a text.

    Args:
        text: a statement.
        takes_backquotes: whether names may stand in backquotes, as in Hive's statements.

    Raises:
        AthenaQueryError: it has no tokens of Trino's.
    """

    def __init__(self, text: str, *, takes_backquotes: bool = False) -> None:
        self.text = text
        self._tokens = tokens_of(text, takes_backquotes=takes_backquotes)
        self._index = 0
        self._furthest: tuple[int, AthenaQueryError | None] = (-1, None)

    @property
    def token(self) -> Token:
        """The one that comes next."""
        return self._tokens[self._index]

    @property
    def at(self) -> Position:
        """Where the next token stands."""
        return self.token.at

    def ahead(self, count: int = 1) -> Token:
        """A token after the next."""
        return self._tokens[min(self._index + count, len(self._tokens) - 1)]

    def advance(self) -> Token:
        """Go on; returns the token that was next."""
        token = self.token
        self._index = min(self._index + 1, len(self._tokens) - 1)
        return token

    def sees(self, *words: str) -> bool:
        """Whether these words or symbols come next, in order."""
        return all(word in (self.ahead(i).word, self._symbol(i)) for i, word in enumerate(words))

    def sees_any(self, *words: str) -> bool:
        """Whether one of these words or symbols comes next."""
        return any(self.sees(word) for word in words)

    def takes(self, *words: str) -> bool:
        """Go past these words or symbols, where they come next."""
        if not self.sees(*words):
            return False
        for _ in words:
            self.advance()
        return True

    def expect(self, *words: str) -> Token:
        """Go past these words or symbols; returns the last one's token.

        Raises:
            AthenaQueryError: another comes next.
        """
        for word in words:
            if not self.sees(word):
                self.fail(f"'{word}'")
            token = self.advance()
        return token

    def fail(self, *expected: str) -> NoReturn:
        """The next token cannot stand there.

        Raises:
            AthenaQueryError: always.
        """
        hint = f". Expecting: {', '.join(expected)}" if expected else ""
        raise AthenaQueryError.at(self.at, "SYNTAX_ERROR", f"mismatched input '{self.token.shown}'{hint}")

    def name(self) -> Name:
        """An identifier.

        Raises:
            AthenaQueryError: none comes next.
        """
        if not self.sees_name():
            self.fail("<identifier>")
        token = self.advance()
        if token.kind is not TokenKind.QUOTED:
            return Name(token.at, token.text)
        mark = token.text[0]
        text = token.text[1:-1].replace(mark * 2, mark)
        if not text:
            raise AthenaQueryError.at(token.at, "SYNTAX_ERROR", "Zero-length delimited identifier not allowed")
        return Name(token.at, text)

    def sees_name(self) -> bool:
        """Whether an identifier comes next."""
        return self.token.kind is TokenKind.QUOTED or (bool(self.token.word) and self.token.word not in RESERVED)

    def string(self) -> str:
        """A text in quotes.

        Raises:
            AthenaQueryError: none comes next.
        """
        if self.token.kind is not TokenKind.STRING:
            self.fail("<string>")
        return self.advance().text[1:-1].replace("''", "'")

    def integer(self) -> int:
        """A whole number.

        Raises:
            AthenaQueryError: none comes next.
        """
        if self.token.kind is not TokenKind.INTEGER:
            self.fail("<integer>")
        return int(self.advance().text)

    def listed(self, part: Callable[[], Part]) -> tuple[Part, ...]:
        """One part or more, with commas between them."""
        parts = [part()]
        while self.takes(","):
            parts.append(part())
        return tuple(parts)

    def enclosed(self, part: Callable[[], Part]) -> Part:
        """A part in round brackets."""
        self.expect("(")
        found = part()
        self.expect(")")
        return found

    def since(self, start: int) -> str:
        """The text from a character on, up to the last token gone past."""
        return self.text[start : self._tokens[self._index - 1].end]

    def tries(self, part: Callable[[], Part]) -> Part | None:
        """A part where it can be read; else nothing, and the cursor stays.

        Raises:
            NotOnLaptopError: it can be read, and the laptop has it not.
        """
        index = self._index
        try:
            return part()
        except NotOnLaptopError:
            raise
        except AthenaQueryError as error:
            self._furthest = max(self._furthest, (self._index, error), key=lambda failed: failed[0])
            self._index = index
            return None

    def to_the_point(self, error: AthenaQueryError) -> AthenaQueryError:
        """Of this error and those that `tries` went past, the one that is furthest in the text."""
        index, other = self._furthest
        return other if other and index > self._index else error

    def _symbol(self, count: int) -> str:
        token = self.ahead(count)
        return token.text if token.kind is TokenKind.SYMBOL else ""
