"""Trino's expressions, by precedence: OR, AND, NOT, predicates, ||, + -, * / %, signs, AT TIME ZONE."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.athena.language import nodes
from local.athena.language.cursor import Cursor
from local.athena.language.errors import Position
from local.athena.language.primaries import PrimaryParser

if TYPE_CHECKING:
    from collections.abc import Callable

_COMPARISONS = ("=", "<>", "!=", "<", "<=", ">", ">=")
_QUANTIFIERS = ("ALL", "ANY", "SOME")


class ExpressionParser(PrimaryParser, Cursor):
    """Reads expressions; `query` and what belongs to it comes from the parser of queries."""

    def expression(self) -> nodes.Expression:
        """An expression.

        Raises:
            AthenaQueryError: what comes next is none of Trino's.
        """
        return self._logical("OR", lambda: self._logical("AND", self._negation))

    def value(self) -> nodes.Expression:
        """A value: an expression without predicates and logic, unless in brackets."""
        left = self._chain(("+", "-"), lambda: self._chain(("*", "/", "%"), self._signed))
        while self.sees("||"):
            at = self.advance().at
            right = self._chain(("+", "-"), lambda: self._chain(("*", "/", "%"), self._signed))
            left = nodes.Binary(at, "||", left, right)
        return left

    # --- logic and predicates --------------------------------------------------------------------------------------------

    def _logical(self, word: str, term: Callable[[], nodes.Expression]) -> nodes.Expression:
        at = self.at
        terms = [term()]
        while self.takes(word):
            terms.append(term())
        if len(terms) == 1:
            return terms[0]
        return nodes.Logical(at, "OR" if word == "OR" else "AND", tuple(terms))

    def _negation(self) -> nodes.Expression:
        at = self.at
        if self.takes("NOT"):
            return nodes.Not(at, self._negation())
        return self._predicate(self.value())

    def _predicate(self, value: nodes.Expression) -> nodes.Expression:
        at = self.at
        if self.sees_any(*_COMPARISONS):
            return self._comparison(value)
        if self.takes("IS"):
            return self._is(value, at)
        is_negated = self.takes("NOT")
        found: nodes.Expression
        if self.takes("BETWEEN"):
            low = self.value()
            self.expect("AND")
            found = nodes.Between(at, value, low, self.value())
        elif self.takes("IN"):
            found = self._in(value, at)
        elif self.takes("LIKE"):
            pattern = self.value()
            found = nodes.Like(at, value, pattern, self.value() if self.takes("ESCAPE") else None)
        elif is_negated:
            self.fail("'BETWEEN'", "'IN'", "'LIKE'")
        else:
            return value
        return nodes.Not(at, found) if is_negated else found

    def _comparison(self, value: nodes.Expression) -> nodes.Expression:
        at, operator = self.at, self.advance().text
        operator = "<>" if operator == "!=" else operator
        if self.sees_any(*_QUANTIFIERS) and self.ahead().text == "(":
            quantifier = self.advance().word
            return nodes.Quantified(at, operator, quantifier, value, self.enclosed(self.query))
        return nodes.Binary(at, operator, value, self.value())

    def _is(self, value: nodes.Expression, at: Position) -> nodes.Expression:
        is_negated = self.takes("NOT")
        found: nodes.Expression
        if self.takes("NULL"):
            found = nodes.IsNull(at, value)
        else:
            if not self.sees("DISTINCT"):
                self.fail("'NOT'", "'NULL'", "'DISTINCT'")
            self.expect("DISTINCT", "FROM")
            found = nodes.IsDistinct(at, value, self.value())
        return nodes.Not(at, found) if is_negated else found

    def _in(self, value: nodes.Expression, at: Position) -> nodes.Expression:
        self.expect("(")
        found: nodes.Expression
        if self.sees_query():
            found = nodes.InQuery(at, value, self.query())
        else:
            found = nodes.InList(at, value, self.listed(self.expression))
        self.expect(")")
        return found

    # --- arithmetic ------------------------------------------------------------------------------------------------------

    def _chain(self, operators: tuple[str, ...], operand: Callable[[], nodes.Expression]) -> nodes.Expression:
        left = operand()
        while self.sees_any(*operators):
            token = self.advance()
            left = nodes.Binary(token.at, token.text, left, operand())
        return left

    def _signed(self) -> nodes.Expression:
        at = self.at
        if self.sees("-") or self.sees("+"):
            operator = self.advance().text
            operand = self._signed()
            if operator == "-" and isinstance(operand, nodes.Constant) and type(operand.value) in {int, float}:
                assert isinstance(operand.value, int | float)
                return nodes.Constant(at, -operand.value)
            return nodes.Unary(at, "-" if operator == "-" else "+", operand)
        value = self.primary()
        while self.sees("AT"):
            at = self.expect("AT").at
            self.expect("TIME", "ZONE")
            value = nodes.AtTimeZone(at, value, self.primary())
        return value
