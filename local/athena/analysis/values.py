"""An expression that has been understood: its text in DuckDB's words, its type, and what it reads."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from local.athena.language.errors import NotOnLaptopError, Position
from local.athena.types import SESSION_ZONE, SqlType, without_zone

if TYPE_CHECKING:
    from local.athena.analysis.fields import Field


@dataclass(frozen=True, slots=True)
class Value:
    """An expression.

    Attributes:
        text: in DuckDB's words.
        type: Trino's.
        at: where the query says it.
        reads: the columns that it needs and no aggregate function has taken in.
        constant: the literal's value, where it is a literal; see `is_constant`.
    """

    text: str
    type: SqlType
    at: Position
    reads: frozenset[Field] = frozenset()
    is_constant: bool = False
    constant: Any = None
    has_aggregate: bool = False
    has_window: bool = False
    is_volatile: bool = False
    is_bare: bool = field(default=False)
    """Whether its text needs no brackets, whatever stands beside it."""

    @property
    def enclosed(self) -> str:
        """The text, safe beside an operator."""
        return self.text if self.is_bare else f"({self.text})"

    def cast(self, kind: SqlType) -> Value:
        """The value as one of a type that it becomes without loss of meaning."""
        if without_zone(self.type) == without_zone(kind):
            return replace(self, type=kind)
        if _same_in_duckdb(self.type, kind):
            return replace(self, type=kind)
        if kind.base == "timestamp with time zone" and self.type.base in {"date", "timestamp"}:
            text = f"timezone('{SESSION_ZONE}', CAST({self.text} AS TIMESTAMP))"
            return replace(self, text=text, type=kind, is_bare=True, is_constant=False)
        if _has_zone(kind) and kind.inner and self.type.base != "unknown":
            raise NotOnLaptopError("a timestamp becoming one with a time zone inside another value", self.at)
        return replace(self, text=f"CAST({self.text} AS {kind.duckdb})", type=kind, is_bare=True)


def _same_in_duckdb(left: SqlType, right: SqlType) -> bool:
    if left.base == "unknown" or right.base == "unknown":
        return False
    return left.duckdb == right.duckdb and left.zone == right.zone


def _has_zone(kind: SqlType) -> bool:
    return bool(kind.zone) or any(map(_has_zone, kind.inner))


def made(text: str, kind: SqlType, at: Position, *parts: Value, is_bare: bool = True) -> Value:
    """A value made of others.

    Args:
        text: in DuckDB's words; a call, or something in brackets, unless `is_bare` says otherwise.
        kind: its type.
        at: where the query says it.
        parts: what it was made of.
        is_bare: whether its text needs no brackets.
    """
    return Value(
        text,
        kind,
        at,
        frozenset().union(*(part.reads for part in parts)),
        has_aggregate=any(part.has_aggregate for part in parts),
        has_window=any(part.has_window for part in parts),
        is_volatile=any(part.is_volatile for part in parts),
        is_bare=is_bare,
    )


def quoted(name: str) -> str:
    """A name for DuckDB."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text for DuckDB."""
    return "'" + text.replace("'", "''") + "'"
