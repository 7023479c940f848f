"""GetPartitions' Expression, as a condition on the rows of the state.

Source of the grammar: https://docs.aws.amazon.com/glue/latest/webapi/API_GetPartitions.html.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from local.account.gateway import ServiceError
from local.glue.partition_choice import as_number, stated

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_NUMBERS = ("int", "bigint", "long", "tinyint", "smallint")
_ALLOWED = (
    *(exp.And, exp.Or, exp.Not, exp.Paren, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.In, exp.Between),
    *(exp.Like, exp.Is, exp.Null, exp.Neg, exp.Literal, exp.Column, exp.Identifier, exp.Cast, exp.DataType),
)


def filter_to_sql(expression: str, keys: Sequence[Mapping[str, str]]) -> str:
    """The expression as SQLite's, over the column `partition_values`.

    Args:
        expression: what GetPartitions was given.
        keys: the table's partition columns, with `Name` and `Type`.

    Raises:
        ServiceError: InvalidInputException: it is not an expression over these columns.
    """
    try:
        parsed = sqlglot.parse_one(expression)
    except SqlglotError as error:
        raise ServiceError("InvalidInputException", f"Unsupported expression '{expression}'") from error
    positions = {key["Name"].lower(): (index, key["Type"].lower()) for index, key in enumerate(keys)}
    for node in parsed.walk():
        if not isinstance(node, _ALLOWED):
            raise ServiceError("InvalidInputException", f"Unsupported expression '{expression}'")
        if isinstance(node, exp.Column) and node.name.lower() not in positions:
            raise ServiceError("InvalidInputException", f"{node.name} is not a partition column")
    text: str = parsed.transform(_number, positions).transform(_value, positions).sql(dialect="sqlite")
    return text


def _number(node: exp.Expression, positions: Mapping[str, tuple[int, str]]) -> exp.Expression:
    # Glue takes year = '2025' for an int column too.
    if not (isinstance(node, exp.Literal) and node.is_string and node.name.isdigit() and node.parent):
        return node
    beside = node.parent.find_all(exp.Column)
    is_number = any(positions[column.name.lower()][1] in _NUMBERS for column in beside)
    return exp.Literal.number(node.name) if is_number else node


def _value(node: exp.Expression, positions: Mapping[str, tuple[int, str]]) -> exp.Expression:
    if not isinstance(node, exp.Column):
        return node
    index, kind = positions[node.name.lower()]
    value = stated(index)
    return sqlglot.parse_one(as_number(value) if kind in _NUMBERS else value, dialect="sqlite")
