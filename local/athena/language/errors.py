"""What Athena says of a query that it does not answer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a query's text, both from 1."""

    line: int
    column: int

    def __str__(self) -> str:
        return f"line {self.line}:{self.column}"


class AthenaQueryError(Exception):
    """A query that Athena would fail; the text is its StateChangeReason."""

    @classmethod
    def at(cls, position: Position, code: str, message: str) -> AthenaQueryError:
        """An error of Trino's code at a place of the text."""
        return cls(f"{code}: {position}: {message}")


class NotOnLaptopError(AthenaQueryError):
    """What Athena has and the account on the laptop has not.

    Args:
        name: of the function or the construct.
        position: where the query asks for it.
    """

    def __init__(self, name: str, position: Position | None = None) -> None:
        place = f"{position}: " if position else ""
        super().__init__(f"NOT_SUPPORTED on the laptop: {place}{name}; Athena has it")
