"""What a query reads from: tables, queries in brackets, UNNEST, joins."""

from __future__ import annotations

from typing import Literal

from local.athena.language import nodes
from local.athena.language.calls import CallParser
from local.athena.language.errors import AthenaQueryError, NotOnLaptopError, Position

_JOINS: dict[str, Literal["LEFT", "RIGHT", "FULL"]] = {"LEFT": "LEFT", "RIGHT": "RIGHT", "FULL": "FULL"}
_NOT_AN_ALIAS = ("TABLESAMPLE", "MATCH_RECOGNIZE", "LIMIT", "OFFSET", "FETCH", "WINDOW")


class RelationParser(CallParser):
    """Reads what comes after a FROM."""

    def relations(self) -> nodes.Relation:
        """Relations with commas between them, which is a cross join."""
        left = self._joined()
        while self.sees(","):
            at = self.advance().at
            left = nodes.Join(at, "CROSS", left, self._joined())
        return left

    def qualified_name(self) -> tuple[nodes.Name, ...]:
        """Names with dots between them."""
        names = [self.name()]
        while self.takes("."):
            names.append(self.name())
        return tuple(names)

    def _joined(self) -> nodes.Relation:
        left = self._aliased()
        while True:
            at = self.at
            if self.takes("CROSS"):
                self.expect("JOIN")
                left = nodes.Join(at, "CROSS", left, self._aliased())
            elif self.sees("NATURAL"):
                raise AthenaQueryError.at(at, "NOT_SUPPORTED", "Natural join not supported")
            elif self.sees_any("JOIN", "INNER", *_JOINS):
                left = self._join(left, at)
            else:
                return left

    def _join(self, left: nodes.Relation, at: Position) -> nodes.Relation:
        kind: Literal["INNER", "LEFT", "RIGHT", "FULL"] = "INNER"
        if self.sees_any(*_JOINS):
            kind = _JOINS[self.advance().word]
            self.takes("OUTER")
        else:
            self.takes("INNER")
        self.expect("JOIN")
        right = self._joined_right()
        if self.takes("ON"):
            return nodes.Join(at, kind, left, right, self.expression())
        if not self.sees("USING"):
            self.fail("'ON'", "'USING'")
        self.advance()
        return nodes.Join(at, kind, left, right, None, self.enclosed(lambda: self.listed(self.name)))

    def _joined_right(self) -> nodes.Relation:
        # a JOIN b JOIN c ON … ON …: what is joined may itself be a join, where another ON follows.
        return self.tries(self._nested_join) or self._aliased()

    def _nested_join(self) -> nodes.Relation:
        right = self._aliased()
        if not self.sees_any("JOIN", "INNER", *_JOINS):
            self.fail()
        right = self._join(right, self.at)
        if not self.sees_any("ON", "USING"):
            self.fail()
        return right

    def _aliased(self) -> nodes.Relation:
        relation = self._primary_relation()
        if self.sees("MATCH_RECOGNIZE"):
            raise NotOnLaptopError("MATCH_RECOGNIZE", self.at)
        if self.takes("AS") or (self.sees_name() and not self.sees_any(*_NOT_AN_ALIAS)):
            alias = self.name()
            columns = self.enclosed(lambda: self.listed(self.name)) if self.sees("(") else ()
            relation = nodes.Aliased(alias.at, relation, alias, columns)
        if self.sees("MATCH_RECOGNIZE"):
            raise NotOnLaptopError("MATCH_RECOGNIZE", self.at)
        if self.sees("TABLESAMPLE"):
            raise NotOnLaptopError("TABLESAMPLE", self.at)
        return relation

    def _primary_relation(self) -> nodes.Relation:
        at = self.at
        if self.takes("LATERAL"):
            return nodes.NestedQuery(at, self.enclosed(self.query), is_lateral=True)
        if self.takes("UNNEST"):
            values = self.enclosed(lambda: self.listed(self.expression))
            return nodes.Unnest(at, values, self.takes("WITH", "ORDINALITY"))
        if self.sees("TABLE", "("):
            raise NotOnLaptopError("table functions", at)
        if self.sees("("):
            return self._bracketed_relation()
        found = nodes.TableName(at, self.qualified_name())
        if self.sees("FOR"):
            raise NotOnLaptopError("FOR TIMESTAMP or VERSION AS OF", self.at)
        return found

    def _bracketed_relation(self) -> nodes.Relation:
        nested = self.tries(self._nested_query)
        if nested is not None:
            return nested
        return self.enclosed(self.relations_of_one)

    def _nested_query(self) -> nodes.Relation:
        at = self.expect("(").at
        query = self.query()
        self.expect(")")
        return nodes.NestedQuery(at, query, is_lateral=False)

    def relations_of_one(self) -> nodes.Relation:
        """A relation in brackets, which may be a join."""
        return self._joined()
