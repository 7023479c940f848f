"""IAM's decision: whether a role's policy documents allow a call. Pure; conditions that it does not know are refused.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html. Only identity-based policies
count here: an explicit Deny first, then any Allow, else denied.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any


@dataclass(frozen=True, slots=True)
class Call:
    """One thing that a request does: an IAM action, on a resource's ARN, with the condition keys that it carries."""

    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Grant:
    """The least that a document can allow: one action on one resource (pattern), under the statement's conditions."""

    action: str
    resource: str
    condition: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def covers(self, call: Call) -> bool:
        """Whether this is what allows, or denies, the call."""
        return (
            _is_like(self.action.lower(), call.action.lower())
            and _is_like(self.resource, call.resource)
            and all(_holds(operator, keys, call.context) for operator, keys in self.condition.items())
        )


@dataclass(frozen=True, slots=True)
class Document:
    """A policy document, taken apart."""

    allowed: tuple[Grant, ...]
    denied: tuple[Grant, ...]


@lru_cache(maxsize=256)
def parse(text: str) -> Document:
    """A policy document's grants.

    Raises:
        ValueError: it has an element or an operator that this module does not know.
    """
    found: dict[str, list[Grant]] = {"Allow": [], "Deny": []}
    for statement in _listed(json.loads(text)["Statement"]):
        if unknown := statement.keys() - {"Sid", "Effect", "Action", "Resource", "Condition"}:
            raise ValueError(f"policy: {', '.join(sorted(unknown))} is not known to the account on the laptop")
        found[statement["Effect"]].extend(_grants(statement))
    return Document(tuple(found["Allow"]), tuple(found["Deny"]))


def is_allowed(documents: Iterable[Document], call: Call) -> bool:
    """Whether a role with these documents may do it."""
    documents = tuple(documents)
    if any(grant.covers(call) for document in documents for grant in document.denied):
        return False
    return any(grant.covers(call) for document in documents for grant in document.allowed)


def _grants(statement: Mapping[str, Any]) -> Iterator[Grant]:
    condition = statement.get("Condition", {})
    for operator in condition:
        if operator not in _OPERATORS:
            raise ValueError(f"policy: condition {operator} is not known to the account on the laptop")
    for action in _listed(statement["Action"]):
        for resource in _listed(statement["Resource"]):
            yield Grant(action, resource, condition)


def _holds(operator: str, keys: Mapping[str, Any], context: Mapping[str, str]) -> bool:
    known = {name.lower(): value for name, value in context.items()}
    matches = _OPERATORS[operator]
    # A key that the request does not carry matches nothing.
    return all(
        name.lower() in known and any(matches(pattern, known[name.lower()]) for pattern in _listed(patterns))
        for name, patterns in keys.items()
    )


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = (".*" if part == "*" else "." if part == "?" else re.escape(part) for part in re.split(r"([*?])", pattern))
    return re.compile("".join(parts), re.DOTALL)


def _is_like(pattern: str, value: str) -> bool:
    return _compiled(pattern).fullmatch(value) is not None


_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": str.__eq__,
    "StringLike": _is_like,
    "ArnEquals": _is_like,
    "ArnLike": _is_like,
}


def _listed(value: Any) -> list[Any]:  # noqa: ANN401 - one or many, as IAM's JSON has it
    return value if isinstance(value, list) else [value]
