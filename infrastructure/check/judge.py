"""What a policy allows, by IAM's rules for what the program's policies have: statements that allow, and conditions on texts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any


def allows(document: str, action: str, resource: str, context: Mapping[str, str]) -> bool:
    """Whether some statement names the action and the resource, and its conditions hold.

    Args:
        document: the policy's JSON.
        context: the request's condition keys.
    """
    return any(
        action in item["Action"]
        and any(fnmatchcase(resource, pattern) for pattern in item["Resource"])
        and _holds(item.get("Condition", {}), context)
        for item in json.loads(document)["Statement"]
    )


def _holds(condition: Mapping[str, Mapping[str, Any]], context: Mapping[str, str]) -> bool:
    wanted = [(name, values) for test in condition.values() for name, values in test.items()]
    return all(
        any(
            fnmatchcase(context.get(name, ""), pattern) for pattern in ([values] if isinstance(values, str) else values)
        )
        for name, values in wanted
    )
