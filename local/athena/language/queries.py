"""Trino's queries: SELECT with its clauses, VALUES, UNION and the like, and what they read from."""

from __future__ import annotations

from local.athena.language import nodes
from local.athena.language.errors import AthenaQueryError, NotOnLaptopError, Position
from local.athena.language.expressions import ExpressionParser
from local.athena.language.relations import RelationParser
from local.athena.language.tokens import TokenKind

_STATEMENTS = ("'SELECT'", "'TABLE'", "'VALUES'", "'WITH'", "'SHOW'", "'DESCRIBE'", "<query>")


class QueryParser(RelationParser, ExpressionParser):
    """Reads a whole query."""

    def statement(self) -> nodes.QueryNode:
        """The query that the text is, up to its end.

        Raises:
            AthenaQueryError: it is none, or more than one.
            NotOnLaptopError: a construct that the laptop has not.
        """
        if not self.sees_query():
            self.fail(*_STATEMENTS)
        try:
            query = self.query()
        except NotOnLaptopError:
            raise
        except AthenaQueryError as error:
            raise self.to_the_point(error) from error
        if self.takes(";") and self.token.kind is not TokenKind.END:
            raise AthenaQueryError("SYNTAX_ERROR: Only one sql statement is allowed")
        if self.token.kind is not TokenKind.END:
            try:
                self.fail()
            except AthenaQueryError as error:
                raise self.to_the_point(error) from error
        return query

    def sees_query(self) -> bool:
        """Whether a query comes next, perhaps in brackets."""
        count = 0
        while self.ahead(count).text == "(":
            count += 1
        word = self.ahead(count).word
        return word in {"SELECT", "VALUES", "WITH"} or (word == "TABLE" and count == 0)

    def query(self) -> nodes.QueryNode:
        """A query with its WITH, ORDER BY, OFFSET and LIMIT."""
        at = self.at
        tables = self._tables() if self.takes("WITH") else ()
        body = self._body()
        order = self.listed(self.sort) if self.takes("ORDER", "BY") else ()
        offset = limit = None
        if self.takes("OFFSET"):
            offset = self._count()
            if self.sees_any("ROW", "ROWS"):
                self.advance()
        if self.takes("LIMIT"):
            limit = None if self.takes("ALL") else self._count()
        elif self.takes("FETCH"):
            limit = self._fetch()
        if not (tables or order or offset or limit) and isinstance(body, nodes.QueryNode):
            return body
        return nodes.QueryNode(at, tables, body, order, offset, limit)

    def sort(self) -> nodes.Sort:
        """One item of an ORDER BY."""
        at = self.at
        value = self.expression()
        is_descending = self.takes("DESC")
        if not is_descending:
            self.takes("ASC")
        nulls_first = False
        if self.takes("NULLS"):
            if not self.sees_any("FIRST", "LAST"):
                self.fail("'FIRST'", "'LAST'")
            nulls_first = self.advance().word == "FIRST"
        return nodes.Sort(at, value, is_descending, nulls_first)

    def window(self) -> nodes.WindowNode:
        """A window's specification."""
        at = self.at
        if self.sees_name() and not self.sees_any("PARTITION", "ROWS", "RANGE", "GROUPS"):
            raise NotOnLaptopError("a window that extends another", at)
        partition = self.listed(self.expression) if self.takes("PARTITION", "BY") else ()
        order = self.listed(self.sort) if self.takes("ORDER", "BY") else ()
        frame = None
        if self.sees_any("ROWS", "RANGE", "GROUPS"):
            unit = self.advance()
            start, end = self._bounds()
            frame = nodes.Frame(unit.at, unit.word, start, end)
        return nodes.WindowNode(at, partition, order, frame)

    # --- parts -----------------------------------------------------------------------------------------------------------

    def _bounds(self) -> tuple[nodes.Bound, nodes.Bound | None]:
        if not self.takes("BETWEEN"):
            return self._bound(), None
        start = self._bound()
        self.expect("AND")
        return start, self._bound()

    def _bound(self) -> nodes.Bound:
        at = self.at
        if self.takes("CURRENT"):
            self.expect("ROW")
            return nodes.Bound(at, "CURRENT ROW")
        value = None if self.takes("UNBOUNDED") else self.expression()
        if not self.sees_any("PRECEDING", "FOLLOWING"):
            self.fail("'PRECEDING'", "'FOLLOWING'")
        return nodes.Bound(at, self.advance().word, value)

    def _count(self) -> nodes.Constant | nodes.Parameter:
        at = self.at
        if self.takes("?"):
            return nodes.Parameter(at, self.next_parameter())
        return nodes.Constant(at, self.integer())

    def _fetch(self) -> nodes.Constant | nodes.Parameter:
        if not self.sees_any("FIRST", "NEXT"):
            self.fail("'FIRST'", "'NEXT'")
        self.advance()
        count = nodes.Constant(self.at, 1) if self.sees_any("ROW", "ROWS") else self._count()
        if not self.sees_any("ROW", "ROWS"):
            self.fail("'ROW'", "'ROWS'")
        self.advance()
        if self.sees("WITH"):
            raise NotOnLaptopError("FETCH … WITH TIES", self.at)
        self.expect("ONLY")
        return count

    def _tables(self) -> tuple[nodes.CommonTable, ...]:
        if self.sees("RECURSIVE"):
            raise NotOnLaptopError("WITH RECURSIVE", self.at)
        return self.listed(self._common_table)

    def _common_table(self) -> nodes.CommonTable:
        name = self.name()
        columns = self.enclosed(lambda: self.listed(self.name)) if self.sees("(") else ()
        self.expect("AS")
        return nodes.CommonTable(name.at, name, columns, self.enclosed(self.query))

    def _body(self) -> nodes.Body:
        left = self._intersection()
        while self.sees_any("UNION", "EXCEPT"):
            left = self._set_operation(left, self._intersection)
        return left

    def _intersection(self) -> nodes.Body:
        left = self._simple_body()
        while self.sees("INTERSECT"):
            left = self._set_operation(left, self._simple_body)
        return left

    def _set_operation(self, left: nodes.Body, part: object) -> nodes.SetOperation:
        token = self.advance()
        is_all = self.takes("ALL")
        if not is_all:
            self.takes("DISTINCT")
        assert callable(part)
        return nodes.SetOperation(token.at, token.word, is_all, left, part())

    def _simple_body(self) -> nodes.Body:
        at = self.at
        if self.takes("SELECT"):
            return self._select(at)
        if self.takes("VALUES"):
            return nodes.Values(at, self.listed(self.expression))
        if self.takes("TABLE"):
            return nodes.TableName(self.at, self.qualified_name())
        if self.sees("("):
            return self.enclosed(self.query)
        return self.fail("'('", "'SELECT'", "'TABLE'", "'VALUES'")

    def _select(self, at: Position) -> nodes.Select:
        is_distinct = self.takes("DISTINCT")
        if not is_distinct:
            self.takes("ALL")
        items = self.listed(self._item)
        source = self.relations() if self.takes("FROM") else None
        where = self.expression() if self.takes("WHERE") else None
        groups = self._groups() if self.takes("GROUP", "BY") else None
        having = self.expression() if self.takes("HAVING") else None
        windows = self.listed(self._named_window) if self.takes("WINDOW") else ()
        return nodes.Select(at, items, is_distinct, source, where, groups, having, windows)

    def _named_window(self) -> tuple[nodes.Name, nodes.WindowNode]:
        name = self.name()
        self.expect("AS")
        return name, self.enclosed(self.window)

    def _item(self) -> nodes.Item | nodes.Star:
        at, start = self.at, self.token.start
        if self.takes("*"):
            return nodes.Star(at, ())
        if of := self.tries(self._relation_star):
            return nodes.Star(at, of)
        value = self.expression()
        text = self.since(start)
        alias = None
        if self.takes("AS") or (self.sees_name() and not self._sees_clause()):
            alias = self.name()
        return nodes.Item(at, value, alias, text)

    def _sees_clause(self) -> bool:
        # Words that may be names, too: they are where nothing follows that would belong to their clause.
        return self.sees_any("LIMIT", "OFFSET", "FETCH", "WINDOW") and not (
            self.ahead().text in {",", ")", ";"} or self.ahead().word == "FROM" or self.ahead().kind is TokenKind.END
        )

    def _relation_star(self) -> tuple[nodes.Name, ...]:
        names = [self.name()]
        self.expect(".")
        while not self.takes("*"):
            names.append(self.name())
            self.expect(".")
        if self.sees("AS", "("):
            raise NotOnLaptopError("aliases of an all-columns expression", self.at)
        return tuple(names)

    def _groups(self) -> tuple[nodes.Grouping, ...]:
        if self.takes("DISTINCT"):
            raise NotOnLaptopError("GROUP BY DISTINCT", self.at)
        self.takes("ALL")
        return self.listed(self._grouping)

    def _grouping(self) -> nodes.Grouping:
        at = self.at
        if self.takes("GROUPING", "SETS"):
            sets = self.enclosed(lambda: self.listed(self._grouping_set))
            return nodes.Grouping(at, "GROUPING SETS", sets)
        if self.sees("ROLLUP") or self.sees("CUBE"):
            word = self.advance().word
            sets = self.enclosed(lambda: self.listed(self._grouping_set))
            return nodes.Grouping(at, "ROLLUP" if word == "ROLLUP" else "CUBE", sets)
        return nodes.Grouping(at, "SIMPLE", (self._grouping_set(),))

    def _grouping_set(self) -> tuple[nodes.Expression, ...]:
        if self.takes("(", ")"):
            return ()
        found = self.expression()
        return found.items if isinstance(found, nodes.RowOf) else (found,)
