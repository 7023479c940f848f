"""Least privilege as a proof: which rights no recorded call needed. Pure.

A right is the least that a policy can take back: one action on one resource, under one value of each condition. It is needed
when some recorded call of its role would be refused without it; so of two rights that allow the same, neither is needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

from local.rights.iam import Document, Grant

if TYPE_CHECKING:
    from local.rights.iam import Call
    from local.rights.privileges import TrailEntry


@dataclass(frozen=True, slots=True)
class Right:
    """What one role may do, at its least."""

    role: str
    action: str
    resource: str
    condition: tuple[tuple[str, str, str], ...] = ()
    """Operator, key and value of each condition."""

    def covers(self, call: Call) -> bool:
        """Whether this is what allows the call."""
        condition = {operator: {key: value} for operator, key, value in self.condition}
        return Grant(self.action, self.resource, condition).covers(call)

    def __str__(self) -> str:
        """The right in one line."""
        where = "".join(f" where {key} is {value}" for _, key, value in self.condition)
        return f"{self.role}: {self.action} on {self.resource}{where}"


def rights(role: str, documents: Iterable[Document]) -> list[Right]:
    """A role's rights, as its policies give them."""
    return [
        Right(role, grant.action, grant.resource, condition)
        for document in documents
        for grant in document.allowed
        for condition in _conditions(grant.condition)
    ]


def needed(given: Iterable[Right], trail: Iterable[TrailEntry]) -> set[Right]:
    """The rights without which some recorded call would be refused."""
    by_role: dict[str, list[Right]] = {}
    for right in given:
        by_role.setdefault(right.role, []).append(right)
    found = set()
    for role, call in _distinct(trail):
        covering = [right for right in by_role.get(role, []) if right.covers(call)]
        if len(covering) == 1:
            found.add(covering[0])
    return found


def refused(trail: Iterable[TrailEntry]) -> list[TrailEntry]:
    """The recorded calls that were not allowed."""
    return [entry for entry in trail if not entry.allowed]


def _conditions(condition: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[tuple[str, str, str], ...]]:
    """Every way to meet a statement's conditions: all keys, of each key one value."""
    keys = [(operator, key, values) for operator, keys in condition.items() for key, values in keys.items()]
    choices = [[(operator, key, value) for value in _listed(values)] for operator, key, values in keys]
    return product(*choices)


def _distinct(trail: Iterable[TrailEntry]) -> Iterable[tuple[str, Call]]:
    calls = {
        (entry.role, entry.call.action, entry.call.resource, tuple(sorted(entry.call.context.items()))): entry.call
        for entry in trail
    }
    return [(key[0], call) for key, call in calls.items()]


def _listed(values: str | Sequence[str]) -> Sequence[str]:
    return [values] if isinstance(values, str) else values
