"""What a query says, as a tree; each node knows its place in the text, which is where Trino's messages point."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal as OneOf

from local.athena.language.errors import Position


@dataclass(frozen=True, slots=True)
class Node:
    """A part of a query."""

    at: Position


@dataclass(frozen=True, slots=True)
class Name(Node):
    """One identifier; `text` as written, which is the name of a result's column."""

    text: str

    @property
    def key(self) -> str:
        """By which it is looked up: Trino's names do not differ by case, quoted ones neither."""
        return self.text.lower()


@dataclass(frozen=True, slots=True)
class TypeName(Node):
    """A type as written: its name in small letters, its numbers, its inner types and their names."""

    name: str
    numbers: tuple[int, ...] = ()
    inner: tuple[TypeName, ...] = ()
    labels: tuple[str | None, ...] = ()


# --- expressions -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reference(Node):
    """A column, or a lambda's argument, by its name alone."""

    name: Name


@dataclass(frozen=True, slots=True)
class Dereference(Node):
    """A field of a row, or a column by its relation's name."""

    base: Expression
    field: Name


@dataclass(frozen=True, slots=True)
class Constant(Node):
    """A literal whose value Python holds: NULL, a boolean, an integer, a double, a text, bytes."""

    value: bool | int | float | str | bytes | None


@dataclass(frozen=True, slots=True)
class DecimalConstant(Node):
    """A decimal number as written."""

    digits: str


@dataclass(frozen=True, slots=True)
class TypedConstant(Node):
    """A text with its type before it, such as DATE '2025-06-30'."""

    type: TypeName
    text: str


@dataclass(frozen=True, slots=True)
class IntervalConstant(Node):
    """INTERVAL '1' DAY."""

    text: str
    unit: str
    is_negative: bool
    to: str | None


@dataclass(frozen=True, slots=True)
class Parameter(Node):
    """A question mark; counted from 0."""

    number: int


@dataclass(frozen=True, slots=True)
class Unary(Node):
    """A sign before a value."""

    operator: OneOf["-", "+"]
    operand: Expression


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """Arithmetic, ||, a comparison; the place is the operator's."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Logical(Node):
    """AND or OR of two or more."""

    operator: OneOf["AND", "OR"]
    terms: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Not(Node):
    """NOT."""

    operand: Expression


@dataclass(frozen=True, slots=True)
class Between(Node):
    """BETWEEN."""

    value: Expression
    low: Expression
    high: Expression


@dataclass(frozen=True, slots=True)
class InList(Node):
    """IN with a list."""

    value: Expression
    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class InQuery(Node):
    """IN with a query."""

    value: Expression
    query: QueryNode


@dataclass(frozen=True, slots=True)
class Like(Node):
    """LIKE."""

    value: Expression
    pattern: Expression
    escape: Expression | None


@dataclass(frozen=True, slots=True)
class IsNull(Node):
    """IS NULL."""

    value: Expression


@dataclass(frozen=True, slots=True)
class IsDistinct(Node):
    """IS DISTINCT FROM."""

    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Quantified(Node):
    """A comparison with ALL, ANY or SOME of a query."""

    operator: str
    quantifier: str
    value: Expression
    query: QueryNode


@dataclass(frozen=True, slots=True)
class Exists(Node):
    """EXISTS."""

    query: QueryNode


@dataclass(frozen=True, slots=True)
class Subquery(Node):
    """A query as a value."""

    query: QueryNode


@dataclass(frozen=True, slots=True)
class CaseExpression(Node):
    """CASE, with an operand or without."""

    operand: Expression | None
    branches: tuple[tuple[Expression, Expression], ...]
    otherwise: Expression | None


@dataclass(frozen=True, slots=True)
class Cast(Node):
    """CAST and TRY_CAST."""

    value: Expression
    type: TypeName
    is_try: bool


@dataclass(frozen=True, slots=True)
class AtTimeZone(Node):
    """AT TIME ZONE."""

    value: Expression
    zone: Expression


@dataclass(frozen=True, slots=True)
class Extract(Node):
    """EXTRACT(field FROM value)."""

    field: str
    value: Expression


@dataclass(frozen=True, slots=True)
class ArrayOf(Node):
    """ARRAY[...]."""

    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class RowOf(Node):
    """ROW(...) or a list in brackets."""

    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Subscript(Node):
    """base[index]."""

    base: Expression
    index: Expression


@dataclass(frozen=True, slots=True)
class Lambda(Node):
    """x -> expression."""

    parameters: tuple[Name, ...]
    body: Expression


@dataclass(frozen=True, slots=True)
class Sort(Node):
    """One item of an ORDER BY; Trino's default is that nulls come last, up or down."""

    value: Expression
    is_descending: bool
    nulls_first: bool

    @property
    def direction(self) -> str:
        """Its words, the same for Trino and DuckDB."""
        return f"{'DESC' if self.is_descending else 'ASC'} NULLS {'FIRST' if self.nulls_first else 'LAST'}"


@dataclass(frozen=True, slots=True)
class Bound(Node):
    """An end of a window's frame: UNBOUNDED PRECEDING, CURRENT ROW, n FOLLOWING, …"""

    words: str
    value: Expression | None = None


@dataclass(frozen=True, slots=True)
class Frame(Node):
    """A window's frame."""

    unit: str
    start: Bound
    end: Bound | None


@dataclass(frozen=True, slots=True)
class WindowNode(Node):
    """OVER (...)."""

    partition: tuple[Expression, ...] = ()
    order: tuple[Sort, ...] = ()
    frame: Frame | None = None


@dataclass(frozen=True, slots=True)
class FunctionCall(Node):
    """A function's call; `name` in small letters."""

    name: str
    arguments: tuple[Expression, ...]
    is_star: bool = False
    is_distinct: bool = False
    order: tuple[Sort, ...] = ()
    where: Expression | None = None
    nulls: str | None = None
    window: WindowNode | Name | None = None


@dataclass(frozen=True, slots=True)
class JsonCall(Node):
    """json_exists, json_value or json_query, with their own clauses."""

    name: str
    value: Expression
    path: str
    returning: TypeName | None
    wrapper: str
    on_empty: str
    on_error: str


Expression = (
    Reference
    | Dereference
    | Constant
    | DecimalConstant
    | TypedConstant
    | IntervalConstant
    | Parameter
    | Unary
    | Binary
    | Logical
    | Not
    | Between
    | InList
    | InQuery
    | Like
    | IsNull
    | IsDistinct
    | Quantified
    | Exists
    | Subquery
    | CaseExpression
    | Cast
    | AtTimeZone
    | Extract
    | ArrayOf
    | RowOf
    | Subscript
    | Lambda
    | FunctionCall
    | JsonCall
)

# --- queries ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Item(Node):
    """An expression of a SELECT list, with its alias; `text` as written."""

    value: Expression
    alias: Name | None
    text: str


@dataclass(frozen=True, slots=True)
class Star(Node):
    """All columns, or all of one relation."""

    of: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class TableName(Node):
    """A table by its name of one to three parts."""

    parts: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class NestedQuery(Node):
    """A query in brackets in a FROM."""

    query: QueryNode
    is_lateral: bool


@dataclass(frozen=True, slots=True)
class Unnest(Node):
    """UNNEST(...)."""

    values: tuple[Expression, ...]
    has_ordinality: bool


@dataclass(frozen=True, slots=True)
class Aliased(Node):
    """A relation by another name, perhaps with other names for its columns."""

    relation: Relation
    alias: Name
    columns: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class Join(Node):
    """Two relations."""

    kind: OneOf["CROSS", "INNER", "LEFT", "RIGHT", "FULL"]
    left: Relation
    right: Relation
    on: Expression | None = None
    using: tuple[Name, ...] = ()


Relation = TableName | NestedQuery | Unnest | Aliased | Join


@dataclass(frozen=True, slots=True)
class Grouping(Node):
    """An element of a GROUP BY: sets of expressions, of one kind."""

    kind: OneOf["SIMPLE", "ROLLUP", "CUBE", "GROUPING SETS"]
    sets: tuple[tuple[Expression, ...], ...]


@dataclass(frozen=True, slots=True)
class Select(Node):
    """SELECT, without what comes after its HAVING."""

    items: tuple[Item | Star, ...]
    is_distinct: bool
    source: Relation | None
    where: Expression | None
    groups: tuple[Grouping, ...] | None
    having: Expression | None
    windows: tuple[tuple[Name, WindowNode], ...]


@dataclass(frozen=True, slots=True)
class Values(Node):
    """VALUES."""

    rows: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class SetOperation(Node):
    """UNION, INTERSECT or EXCEPT."""

    operator: str
    is_all: bool
    left: Body
    right: Body


@dataclass(frozen=True, slots=True)
class CommonTable(Node):
    """One query of a WITH."""

    name: Name
    columns: tuple[Name, ...]
    query: QueryNode


@dataclass(frozen=True, slots=True)
class QueryNode(Node):
    """A whole query."""

    tables: tuple[CommonTable, ...]
    body: Body
    order: tuple[Sort, ...]
    offset: Constant | Parameter | None
    limit: Constant | Parameter | None


Body = Select | Values | SetOperation | TableName | QueryNode
