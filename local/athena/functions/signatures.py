"""Functions by name and by the types that they take, and which of a name's several is meant.

A signature is written as Trino's documentation writes it, such as `element_at(array(T), bigint) -> T`. T, K, V and U stand for
any type; `@0` is the type of the first argument.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from inspect import Parameter
from inspect import Signature as ArgumentNames
from math import isnan
from typing import Any

from local.athena.functions.errors import not_on_laptop
from local.athena.language.cursor import Cursor
from local.athena.language.nodes import TypeName
from local.athena.language.type_names import parse_type
from local.athena.types import (
    DATE,
    LONGEST,
    TIMESTAMP,
    SqlType,
    array,
    as_decimal,
    coerces,
    common_type,
    varchar,
    without_zone,
)

_VARIABLES = frozenset("TKVU")
_SIGNATURE = re.compile(r"(\w+)\((.*)\) -> (.+)")
_ANY_NUMBERS = {"varchar", "decimal", "timestamp", "timestamp with time zone"}


@dataclass(frozen=True, slots=True)
class Signature:
    """One form of a function.

    Attributes:
        name: in small letters.
        parameters: the types that it takes, with variables.
        is_variadic: whether the last parameter may come any number of times.
        returns: its type, with variables; or the place of the argument whose type it has; or what makes it of theirs.
        body: DuckDB's text with `{0}` for the arguments, or a Python function.
        takes_nulls: whether a Python function is called where an argument is null; else the result is null.
        is_volatile: whether each call may give another value.
    """

    name: str
    parameters: tuple[SqlType, ...]
    is_variadic: bool
    returns: SqlType | int | Callable[[list[SqlType]], SqlType]
    body: str | Callable[..., Any]
    takes_nulls: bool = False
    is_volatile: bool = False

    @property
    def shown(self) -> str:
        """As Trino lists the forms of a function."""
        return f"{self.name}({', '.join(map(str, self.parameters))}{', ...' if self.is_variadic else ''})"

    def padded(self, count: int) -> tuple[SqlType, ...] | None:
        """The parameters for so many arguments; None where it does not take so many."""
        if self.is_variadic and count >= len(self.parameters):
            return self.parameters + self.parameters[-1:] * (count - len(self.parameters))
        return self.parameters if len(self.parameters) == count else None

    def returned(self, kinds: Iterable[SqlType], bound: dict[str, SqlType]) -> SqlType:
        """The type of a call."""
        if isinstance(self.returns, SqlType):
            return substituted(self.returns, bound)
        return list(kinds)[self.returns] if isinstance(self.returns, int) else self.returns(list(kinds))


def signature(text: str, body: str | Callable[..., Any], **more: bool) -> Signature:
    """A signature as written."""
    found = _SIGNATURE.fullmatch(text)
    assert found, text
    name, parameters, returns = found.groups()
    is_variadic = parameters.endswith(", ...")
    kinds = _types(parameters.removesuffix(", ..."))
    return Signature(name, kinds, is_variadic, _returns(returns), body, **more)


def _returns(text: str) -> SqlType | int | Callable[[list[SqlType]], SqlType]:
    if text in _COMPUTED:
        return _COMPUTED[text]
    return int(text[1:]) if text.startswith("@") else _types(text)[0]


def _array_of_first(kinds: list[SqlType]) -> SqlType:
    return array(kinds[0])


def _replaced(kinds: list[SqlType]) -> SqlType:
    length, new = _length(kinds[0]), _length(kinds[2])
    return _varchar(length + new * (length + 1))


def _matches_replaced(kinds: list[SqlType]) -> SqlType:
    length, new = _length(kinds[0]), _length(kinds[2])
    return _varchar(length + max(length * new // 2, new) * (length + 1))


def _escaped(kinds: list[SqlType]) -> SqlType:
    return _varchar(_length(kinds[0]) * 12)


def _length(kind: SqlType) -> int:
    return kind.numbers[0] if kind.numbers else LONGEST


def _varchar(length: int) -> SqlType:
    return varchar(length if length < LONGEST else None)


_COMPUTED: dict[str, Callable[[list[SqlType]], SqlType]] = {
    "array(@0)": _array_of_first,
    "@replaced": _replaced,
    "@matches_replaced": _matches_replaced,
    "@escaped": _escaped,
}
"""The types that depend on the lengths of the arguments' texts."""


def _types(text: str) -> tuple[SqlType, ...]:
    if not text:
        return ()
    cursor = Cursor(text)
    return tuple(map(_pattern, cursor.listed(lambda: parse_type(cursor))))


def _pattern(name: TypeName) -> SqlType:
    base = name.name.upper() if name.name.upper() in _VARIABLES else name.name
    return SqlType(base, name.numbers, tuple(map(_pattern, name.inner)), name.labels)


# --- which of several ------------------------------------------------------------------------------------------------


def bind(parameters: tuple[SqlType, ...], kinds: list[SqlType], *, exactly: bool) -> dict[str, SqlType] | None:
    """What the variables stand for, where values of these types can be given; else None."""
    bound: dict[str, SqlType] = {}
    for pattern, kind in zip(parameters, kinds, strict=True):
        if not _matches(pattern, kind, bound, exactly=exactly):
            return None
    return bound


def substituted(pattern: SqlType, bound: dict[str, SqlType]) -> SqlType:
    """A type with its variables replaced."""
    if pattern.base in _VARIABLES:
        return bound.get(pattern.base, SqlType("unknown"))
    return SqlType(
        pattern.base, pattern.numbers, tuple(substituted(kind, bound) for kind in pattern.inner), pattern.labels
    )


def target(pattern: SqlType, kind: SqlType, bound: dict[str, SqlType]) -> SqlType:
    """The type as which an argument is given."""
    if pattern.base == "decimal" and not pattern.numbers and kind.is_number:
        return as_decimal(kind)
    if pattern.base in _ANY_NUMBERS and not pattern.numbers:
        if kind.base == pattern.base:
            return kind
        return {"timestamp": TIMESTAMP}.get(pattern.base, pattern)
    if pattern.base == "function":
        return kind
    return substituted(pattern, bound)


def _matches(pattern: SqlType, kind: SqlType, bound: dict[str, SqlType], *, exactly: bool) -> bool:
    if pattern.base in _VARIABLES:
        common = common_type(bound[pattern.base], kind) if pattern.base in bound else kind
        if common is None or kind.base == "function":
            return False
        bound[pattern.base] = common
        return True
    if pattern.base == "function" or kind.base == "function":
        return pattern.base == kind.base
    if pattern.inner and kind.base != "unknown":
        return (
            kind.base == pattern.base
            and len(kind.inner) == len(pattern.inner)
            and all(_matches(*pair, bound, exactly=exactly) for pair in zip(pattern.inner, kind.inner, strict=True))
        )
    if kind.base == pattern.base:
        return not pattern.numbers or pattern.numbers == kind.numbers
    return not exactly and _becomes(kind, pattern)


def _becomes(kind: SqlType, pattern: SqlType) -> bool:
    if kind.base == "unknown":
        return True
    if pattern.base == "decimal":
        return kind.is_integer
    if pattern.base == "timestamp":
        return kind == DATE
    if pattern.base == "timestamp with time zone":
        return kind.base in {"date", "timestamp"}
    return coerces(without_zone(kind), pattern)


@dataclass
class Udfs:
    """The Python functions that a query calls, each by the name that DuckDB gets for it."""

    used: dict[str, tuple[Callable[..., Any], list[str], str]] = field(default_factory=dict)

    def call(
        self,
        function: Callable[..., Any],
        arguments: Sequence[str],
        kinds: Sequence[SqlType],
        returns: SqlType,
        *,
        takes_nulls: bool = False,
    ) -> str:
        """DuckDB's text of a call.

        Args:
            function: Python's.
            arguments: DuckDB's texts.
            kinds: their types.
            returns: the function's type.
            takes_nulls: whether it is called where an argument is null; else the result is null.
        """
        # DuckDB takes a NaN that Python gives for a null, and a text of it for a NaN.
        is_float = returns.base in {"double", "real"}
        parameters, result = [kind.duckdb for kind in kinds], "VARCHAR" if is_float else returns.duckdb
        name = self._name(function, parameters, result)
        if name not in self.used:
            checked = _without_nan(function) if any(map(_holds_floats, [*kinds, returns])) else function
            called = _of_arity(checked, len(kinds), takes_nulls=takes_nulls, as_text=is_float)
            called.original = function  # type: ignore[attr-defined]  # `__wrapped__` would give DuckDB its signature
            self.used[name] = called, parameters, result
        text = f"{name}({', '.join(arguments)})"
        return f"CAST({text} AS {returns.duckdb})" if is_float else text

    def _name(self, function: Callable[..., Any], parameters: list[str], result: str) -> str:
        for name, (other, *types) in self.used.items():
            if getattr(other, "original", None) is function and types == [parameters, result]:
                return name
        return f"{function.__name__.strip('_')}_{len(self.used)}"


def _holds_floats(kind: SqlType) -> bool:
    return any(inner.base in {"double", "real"} or _holds_floats(inner) for inner in kind.inner)


def _without_nan(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that refuses arrays, maps and rows with a NaN in them, which DuckDB takes for a null."""

    def call(*arguments: object) -> object:
        found = function(*arguments)
        if any(map(_has_nan, [*arguments, found])):
            raise not_on_laptop("NaN in an array, a map or a row that a function takes or gives")
        return found

    return call


def _has_nan(value: object) -> bool:
    if isinstance(value, dict):
        return any(_has_nan(one) or (isinstance(one, float) and isnan(one)) for one in (*value, *value.values()))
    if isinstance(value, list):
        return any(_has_nan(one) or (isinstance(one, float) and isnan(one)) for one in value)
    return False


def _of_arity(function: Callable[..., Any], count: int, *, takes_nulls: bool, as_text: bool) -> Callable[..., Any]:
    def call(*arguments: object) -> object:
        if not takes_nulls and None in arguments:
            return None
        found = function(*arguments)
        return repr(found) if as_text and found is not None else found

    names = (Parameter(f"argument_{place}", Parameter.POSITIONAL_OR_KEYWORD) for place in range(count))
    call.__signature__ = ArgumentNames(list(names))  # type: ignore[attr-defined]  # DuckDB counts them
    return call
