"""Trino's primary expressions: constants, names, calls, and the functions that have words among their arguments."""

from __future__ import annotations

import re
import string
import sys
from abc import abstractmethod

from local.athena.language import nodes
from local.athena.language.calls import CallParser
from local.athena.language.cursor import RESERVED
from local.athena.language.errors import AthenaQueryError, Position
from local.athena.language.tokens import Token, TokenKind
from local.athena.language.type_names import parse_type

_TYPED = {"DATE", "TIME", "TIMESTAMP", "DECIMAL", "DOUBLE", "REAL", "BIGINT", "SMALLINT", "TINYINT", "INTEGER", "JSON"}
_TYPED |= {"VARCHAR", "CHAR", "BOOLEAN", "IPADDRESS", "UUID", "VARBINARY"}
_NOW = {"CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP", "LOCALTIME", "LOCALTIMESTAMP", "CURRENT_USER"}
_NOW |= {"CURRENT_CATALOG", "CURRENT_SCHEMA", "CURRENT_PATH"}
_UNITS = ("YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND")
_LARGEST_BIGINT = 2**63


class PrimaryParser(CallParser):
    """Reads what has no operator around it."""

    @abstractmethod
    def sees_query(self) -> bool:
        """Whether a query comes next."""

    def primary(self) -> nodes.Expression:
        """A value with its subscripts and fields."""
        value = self._simple()
        while True:
            if self.sees("["):
                at = self.advance().at
                value = nodes.Subscript(at, value, self.value())
                self.expect("]")
            elif self.sees("."):
                self.advance()
                field = self.name()
                value = nodes.Dereference(value.at, value, field)
            else:
                return value

    def _simple(self) -> nodes.Expression:
        token = self.token
        if token.kind is TokenKind.WORD:
            return self._worded(token)
        if token.kind is TokenKind.QUOTED:
            return self.named()
        if self.sees("("):
            return self._bracketed()
        if self.sees("?"):
            self.advance()
            return nodes.Parameter(token.at, self.next_parameter())
        return self._constant(token)

    def _constant(self, token: Token) -> nodes.Expression:
        text, at = token.text, token.at
        match token.kind:
            case TokenKind.INTEGER:
                value = int(text)
                if value > _LARGEST_BIGINT:
                    raise AthenaQueryError.at(at, "SYNTAX_ERROR", f"Invalid numeric literal: {text}")
                found: nodes.Expression = nodes.Constant(at, value)
            case TokenKind.DOUBLE:
                found = nodes.Constant(at, float(text))
            case TokenKind.DECIMAL:
                found = nodes.DecimalConstant(at, text)
            case TokenKind.STRING:
                found = nodes.Constant(at, text[1:-1].replace("''", "'"))
            case TokenKind.UNICODE_STRING:
                return self._unicode(token)
            case TokenKind.BINARY:
                found = nodes.Constant(at, _bytes(text[2:-1], at))
            case _:
                self.fail("<expression>")
        self.advance()
        return found

    def _unicode(self, token: Token) -> nodes.Expression:
        self.advance()
        escape = "\\"
        if self.takes("UESCAPE"):
            escape = self.string()
            if len(escape) != 1 or escape in "+'\"" or escape.isspace() or escape in string.hexdigits:
                raise AthenaQueryError.at(token.at, "SYNTAX_ERROR", "Invalid Unicode escape character")
        body = token.text[3:-1].replace("''", "'")
        one = re.escape(escape)
        found = re.sub(rf"{one}(?:([0-9A-Fa-f]{{4}})|\+([0-9A-Fa-f]{{6}})|({one})|)", _character, body)
        return nodes.Constant(token.at, found)

    def _worded(self, token: Token) -> nodes.Expression:  # noqa: PLR0911 - one answer a word
        word, at = token.word, token.at
        if word in {"NULL", "TRUE", "FALSE"}:
            self.advance()
            return nodes.Constant(at, {"NULL": None, "TRUE": True, "FALSE": False}[word])
        if word in _NOW:
            return self._instant(word)
        if word == "INTERVAL" and (self.ahead().kind is TokenKind.STRING or self.ahead().text in {"-", "+"}):
            return self._interval()
        if word in _TYPED and (typed := self.tries(self._typed)):
            return typed
        if self.sees("ARRAY", "["):
            self.advance()
            return nodes.ArrayOf(at, self._items())
        if word == "CASE":
            return self._case()
        if word == "EXISTS":
            self.advance()
            return nodes.Exists(at, self.enclosed(self.query))
        if special := self.special(word):
            return special
        if word in RESERVED:
            self.fail("<expression>")
        return self.named()

    def named(self) -> nodes.Expression:
        """A name: of a column, of a function that is called, or of a lambda's argument.

        Raises:
            AthenaQueryError: it is none.
        """
        name = self.name()
        if self.takes("->"):
            return nodes.Lambda(name.at, (name,), self.expression())
        if self.sees("("):
            return self.call(name.at, name.key)
        return nodes.Reference(name.at, name)

    def _items(self) -> tuple[nodes.Expression, ...]:
        self.expect("[")
        items = () if self.sees("]") else self.listed(self.expression)
        self.expect("]")
        return items

    def _instant(self, word: str) -> nodes.Expression:
        at = self.advance().at
        arguments: tuple[nodes.Expression, ...] = ()
        if self.sees("("):
            arguments = (nodes.Constant(at, self.enclosed(self.integer)),)
        return nodes.FunctionCall(at, word.lower(), arguments)

    def _typed(self) -> nodes.Expression:
        at = self.at
        kind = parse_type(self)
        return nodes.TypedConstant(at, kind, self.string())

    def _interval(self) -> nodes.Expression:
        at = self.expect("INTERVAL").at
        is_negative = self.takes("-")
        if not is_negative:
            self.takes("+")
        text = self.string()
        if not self.sees_any(*_UNITS):
            self.fail(*(f"'{unit}'" for unit in _UNITS))
        unit = self.advance().word
        to = self.advance().word if self.takes("TO") else None
        return nodes.IntervalConstant(at, text, unit, is_negative, to)

    def _case(self) -> nodes.Expression:
        at = self.expect("CASE").at
        operand = None if self.sees("WHEN") else self.expression()
        branches = []
        while self.takes("WHEN"):
            condition = self.expression()
            self.expect("THEN")
            branches.append((condition, self.expression()))
        if not branches:
            self.fail("'WHEN'")
        otherwise = self.expression() if self.takes("ELSE") else None
        self.expect("END")
        return nodes.CaseExpression(at, operand, tuple(branches), otherwise)

    def _bracketed(self) -> nodes.Expression:
        at = self.at
        if (parameters := self.tries(self._lambda_parameters)) is not None:
            return nodes.Lambda(at, parameters, self.expression())
        self.expect("(")
        if self.sees_query():
            query = self.query()
            self.expect(")")
            return nodes.Subquery(at, query)
        items = self.listed(self.expression)
        self.expect(")")
        return items[0] if len(items) == 1 else nodes.RowOf(at, items)

    def _lambda_parameters(self) -> tuple[nodes.Name, ...]:
        self.expect("(")
        parameters = () if self.sees(")") else self.listed(self.name)
        self.expect(")", "->")
        return parameters


def _bytes(digits: str, at: Position) -> bytes:
    try:
        return bytes.fromhex("".join(digits.split()))
    except ValueError as error:
        raise AthenaQueryError.at(at, "SYNTAX_ERROR", "Binary literal can only contain hexadecimal digits") from error


def _character(match: re.Match[str]) -> str:
    if match[3]:
        return match[3]
    digits = match[1] or match[2]
    if not digits or int(digits, 16) > sys.maxunicode:
        raise AthenaQueryError(f"SYNTAX_ERROR: Incomplete escape sequence: {match[0]}")
    return chr(int(digits, 16))
