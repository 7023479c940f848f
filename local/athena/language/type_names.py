"""Types as a query writes them."""

from __future__ import annotations

from local.athena.language.cursor import Cursor
from local.athena.language.nodes import TypeName
from local.athena.language.tokens import TokenKind

_ALIASES = {"int": "integer", "dec": "decimal", "numeric": "decimal"}


def parse_type(cursor: Cursor) -> TypeName:
    """The type that comes next.

    Raises:
        AthenaQueryError: it is not written as Trino's are.
    """
    found = _simple(cursor)
    while cursor.takes("ARRAY"):
        if cursor.takes("["):
            cursor.integer()
            cursor.expect("]")
        found = TypeName(found.at, "array", inner=(found,))
    return found


def _simple(cursor: Cursor) -> TypeName:
    at = cursor.at
    if cursor.sees("ROW", "("):
        cursor.advance()
        fields = cursor.enclosed(lambda: cursor.listed(lambda: _row_field(cursor)))
        return TypeName(at, "row", inner=tuple(kind for _, kind in fields), labels=tuple(label for label, _ in fields))
    if cursor.takes("DOUBLE", "PRECISION"):
        return TypeName(at, "double")
    if cursor.sees("INTERVAL"):
        return _interval(cursor)
    if cursor.sees_any("TIME", "TIMESTAMP"):
        return _time(cursor)
    name = cursor.name().key
    if cursor.takes("<"):
        inner = cursor.listed(lambda: parse_type(cursor))
        cursor.expect(">")
        return TypeName(at, name, inner=inner)
    numbers: tuple[int, ...] = ()
    inner = ()
    if cursor.takes("("):
        if cursor.token.kind is TokenKind.INTEGER:
            numbers = cursor.listed(cursor.integer)
        else:
            inner = cursor.listed(lambda: parse_type(cursor))
        cursor.expect(")")
    return TypeName(at, _ALIASES.get(name, name), numbers, inner)


def _row_field(cursor: Cursor) -> tuple[str | None, TypeName]:
    follows = cursor.ahead()
    if (
        cursor.sees_name()
        and (follows.word or follows.kind is TokenKind.QUOTED)
        and not cursor.sees("DOUBLE", "PRECISION")
    ):
        is_named = follows.word not in {"WITH", "WITHOUT", "ARRAY"}
        return (cursor.name().text if is_named else None), parse_type(cursor)
    return None, parse_type(cursor)


def _interval(cursor: Cursor) -> TypeName:
    at = cursor.expect("INTERVAL").at
    if cursor.takes("YEAR", "TO", "MONTH"):
        return TypeName(at, "interval year to month")
    cursor.expect("DAY", "TO", "SECOND")
    return TypeName(at, "interval day to second")


def _time(cursor: Cursor) -> TypeName:
    word = cursor.advance()
    numbers = (cursor.enclosed(cursor.integer),) if cursor.sees("(") else ()
    name = word.word.lower()
    if cursor.takes("WITH", "TIME", "ZONE"):
        name += " with time zone"
    elif cursor.sees("WITHOUT"):
        cursor.expect("WITHOUT", "TIME", "ZONE")
    return TypeName(word.at, name, numbers)
