"""Calls of functions, and of those that have a grammar of their own."""

from __future__ import annotations

from abc import abstractmethod

from local.athena.language import nodes
from local.athena.language.cursor import Cursor
from local.athena.language.errors import NotOnLaptopError, Position
from local.athena.language.tokens import TokenKind
from local.athena.language.type_names import parse_type

_NORMAL_FORMS = ("NFC", "NFD", "NFKC", "NFKD")
_JSON = {"JSON_EXISTS", "JSON_QUERY", "JSON_VALUE"}


class CallParser(Cursor):
    """Reads calls; the expressions in them come from the parser of expressions."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.parameters = 0

    @abstractmethod
    def expression(self) -> nodes.Expression:
        """An expression."""

    @abstractmethod
    def value(self) -> nodes.Expression:
        """A value."""

    @abstractmethod
    def query(self) -> nodes.QueryNode:
        """A query."""

    @abstractmethod
    def sort(self) -> nodes.Sort:
        """One item of an ORDER BY."""

    @abstractmethod
    def window(self) -> nodes.WindowNode:
        """A window's specification, in brackets."""

    def next_parameter(self) -> int:
        """The number of the next question mark."""
        self.parameters += 1
        return self.parameters - 1

    def call(self, at: Position, name: str) -> nodes.Expression:
        """The rest of a function's call, from its bracket on."""
        self.expect("(")
        if self.takes("*"):
            self.expect(")")
            return self._tail(nodes.FunctionCall(at, name, (), is_star=True))
        is_distinct = self.takes("DISTINCT")
        if not is_distinct and self.sees("ALL") and self.ahead().text not in {")", ","}:
            self.advance()
        arguments = () if self.sees(")") or self.sees("ORDER", "BY") else self.listed(self.expression)
        order = self.listed(self.sort) if self.takes("ORDER", "BY") else ()
        self.expect(")")
        return self._tail(nodes.FunctionCall(at, name, arguments, is_distinct=is_distinct, order=order))

    def _tail(self, call: nodes.FunctionCall) -> nodes.FunctionCall:
        where = None
        if self.takes("FILTER"):
            self.expect("(", "WHERE")
            where = self.expression()
            self.expect(")")
        nulls = None
        if self.sees("IGNORE", "NULLS") or self.sees("RESPECT", "NULLS"):
            nulls = self.advance().word
            self.advance()
        window: nodes.WindowNode | nodes.Name | None = None
        if self.takes("OVER"):
            window = self.enclosed(self.window) if self.sees("(") else self.name()
        return nodes.FunctionCall(
            call.at, call.name, call.arguments, call.is_star, call.is_distinct, call.order, where, nulls, window
        )

    # --- functions with words among their arguments ----------------------------------------------------------------------

    def special(self, word: str) -> nodes.Expression | None:  # noqa: C901, PLR0911, PLR0912 - one answer a word
        """A call with a grammar of its own; None where the word begins none."""
        if self.ahead().text != "(":
            return None
        if word in _JSON:
            return self._json(word)
        at = self.at
        if word == "GROUPING":
            self.advance()
            return self.call(at, "grouping")
        match word:
            case "CAST" | "TRY_CAST":
                return self._cast(word == "TRY_CAST")
            case "EXTRACT":
                return self._extract()
            case "TRIM":
                return self._trim()
            case "NORMALIZE":
                return self._normalize()
            case "ROW":
                self.advance()
                return nodes.RowOf(at, self.enclosed(lambda: self.listed(self.expression)))
            case "LISTAGG":
                return self._listagg()
            case "POSITION":
                return self._position()
            case "SUBSTRING":
                return self._substring()
            case "JSON_OBJECT" | "JSON_ARRAY":
                raise NotOnLaptopError(word.lower(), at)
            case _:
                return None

    def _cast(self, is_try: bool) -> nodes.Expression:  # noqa: FBT001 - which of the two words it was
        at = self.advance().at
        self.expect("(")
        value = self.expression()
        self.expect("AS")
        kind = parse_type(self)
        self.expect(")")
        return nodes.Cast(at, value, kind, is_try)

    def _extract(self) -> nodes.Expression:
        at = self.advance().at
        self.expect("(")
        field = self.name()
        self.expect("FROM")
        value = self.value()
        self.expect(")")
        return nodes.Extract(at, field.key, value)

    def _trim(self) -> nodes.Expression:
        at = self.advance().at
        self.expect("(")
        side = self.advance().word if self.sees_any("BOTH", "LEADING", "TRAILING") else ""
        characters = None if self.sees("FROM") else self.value()
        if self.takes("FROM"):
            source = self.value()
        elif side:
            assert characters is not None
            source, characters = characters, None
            self.fail("'FROM'")
        else:
            assert characters is not None
            source, characters = characters, self.value() if self.takes(",") else None
        self.expect(")")
        name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(side, "trim")
        return nodes.FunctionCall(at, name, (source,) if characters is None else (source, characters))

    def _normalize(self) -> nodes.Expression:
        at = self.advance().at
        self.expect("(")
        value = self.value()
        form = "NFC"
        if self.takes(","):
            if not self.sees_any(*_NORMAL_FORMS):
                self.fail(*(f"'{form}'" for form in _NORMAL_FORMS))
            form = self.advance().word
        self.expect(")")
        return nodes.FunctionCall(at, f"normalize_{form.lower()}", (value,))

    def _position(self) -> nodes.Expression:
        at = self.advance().at
        self.expect("(")
        part = self.value()
        if not self.takes("IN"):
            self.fail("'IN'")
        whole = self.value()
        self.expect(")")
        return nodes.FunctionCall(at, "strpos", (whole, part))

    def _substring(self) -> nodes.Expression:
        at = self.advance().at
        self.expect("(")
        arguments = [self.expression()]
        if self.takes("FROM"):
            arguments.append(self.value())
            if self.takes("FOR"):
                arguments.append(self.value())
        else:
            while self.takes(","):
                arguments.append(self.expression())
        self.expect(")")
        return nodes.FunctionCall(at, "substring", tuple(arguments))

    def _listagg(self) -> nodes.Expression:
        at = self.advance().at
        self.expect("(")
        is_distinct = self.takes("DISTINCT")
        value = self.expression()
        separator = nodes.Constant(self.at, self.string() if self.takes(",") else "")
        if self.sees("ON"):
            raise NotOnLaptopError("listagg's ON OVERFLOW", self.at)
        self.expect(")", "WITHIN", "GROUP", "(", "ORDER", "BY")
        order = self.listed(self.sort)
        self.expect(")")
        call = nodes.FunctionCall(at, "listagg", (value, separator), is_distinct=is_distinct, order=order)
        return self._tail(call)

    def _json(self, word: str) -> nodes.Expression:
        at = self.advance().at
        self.expect("(")
        value = self.expression()
        if self.sees("FORMAT"):
            raise NotOnLaptopError(f"{word}'s FORMAT", self.at)
        self.expect(",")
        if self.token.kind is not TokenKind.STRING:
            self.fail("<string>")
        path = self.string()
        if self.sees("PASSING"):
            raise NotOnLaptopError(f"{word}'s PASSING", self.at)
        returning = parse_type(self) if self.takes("RETURNING") else None
        wrapper = self._wrapper() if word == "JSON_QUERY" else ""
        on = {"EMPTY": "", "ERROR": ""}
        while not self.sees(")"):
            behaviour = self._behaviour()
            self.expect("ON")
            if not self.sees_any(*on):
                self.fail("'EMPTY'", "'ERROR'")
            on[self.advance().word] = behaviour
        self.expect(")")
        return nodes.JsonCall(at, word.lower(), value, path, returning, wrapper, on["EMPTY"], on["ERROR"])

    def _wrapper(self) -> str:
        if self.takes("WITHOUT"):
            self.takes("ARRAY")
            self.expect("WRAPPER")
        elif self.takes("WITH"):
            is_conditional = self.takes("CONDITIONAL")
            if not is_conditional:
                self.takes("UNCONDITIONAL")
            self.takes("ARRAY")
            self.expect("WRAPPER")
            return "CONDITIONAL" if is_conditional else "UNCONDITIONAL"
        return ""

    def _behaviour(self) -> str:
        if self.sees_any("ERROR", "NULL", "TRUE", "FALSE", "UNKNOWN"):
            return self.advance().word
        raise NotOnLaptopError("this clause of a JSON function", self.at)
