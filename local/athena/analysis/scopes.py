"""What a name in a query can mean: the columns of its relations, those of the queries around it, a lambda's arguments."""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING

from local.athena.analysis.fields import Field
from local.athena.analysis.values import Value
from local.athena.language.errors import AthenaQueryError, NotOnLaptopError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from local.athena.language.nodes import Name


@dataclass(slots=True)
class Scope:
    """The names of one query.

    Attributes:
        fields: what it can read.
        outer: the scope of the query around it.
        arguments: of the lambdas around an expression, by name.
        correlated: the columns of outer scopes that it was found to read.
    """

    fields: list[Field] = field(default_factory=list)
    outer: Scope | None = None
    arguments: dict[str, Value] = field(default_factory=dict)
    correlated: list[Field] = field(default_factory=list)

    def find(self, names: Sequence[Name]) -> Field | None:
        """A column by its name, perhaps with its relation's names before it.

        Raises:
            AthenaQueryError: it is ambiguous.
        """
        *qualifiers, column = (name.key for name in names)
        found = [known for known in self.fields if known.name == column and _is_of(known, qualifiers)]
        if len(found) > 1:
            text = ".".join(name.text for name in names)
            raise AthenaQueryError.at(names[0].at, "AMBIGUOUS_NAME", f"Column '{text}' is ambiguous")
        if found:
            return found[0]
        outer = self.outer.find(names) if self.outer else None
        if outer:
            self.correlated.append(outer)
        return outer

    def unknown(self, names: Sequence[Name]) -> AthenaQueryError:
        """The error for a column that is not there, with the names that are near."""
        text = ".".join(name.text for name in names)
        if names[-1].text.startswith("$"):
            return NotOnLaptopError(f'"{names[-1].text}"', names[0].at)
        message = f"Column '{text}' cannot be resolved or requester is not authorized to access requested resources"
        known = [known.name for known in self.visible() if known.name]
        return AthenaQueryError.at(names[0].at, "COLUMN_NOT_FOUND", message + nearest(names[-1].key, known))

    def visible(self) -> Iterable[Field]:
        """Every column, the nearest first."""
        yield from self.fields
        if self.outer:
            yield from self.outer.visible()


def nearest(name: str, known: Iterable[str]) -> str:
    """What to add to a message on a name that is not there."""
    close = get_close_matches(name, sorted(set(known)), n=3)
    return f". Near names: {', '.join(close)}" if close else ""


def _is_of(known: Field, qualifiers: Sequence[str]) -> bool:
    return not qualifiers or list(known.qualifiers[-len(qualifiers) :]) == list(qualifiers)
