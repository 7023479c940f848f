"""Every IAM policy that is declared or handed to the flows: by `parliament`, by the actions and condition keys that there are,
and by the sizes that IAM takes.

`parliament` reads policies of identities; of trust and of resources, actions and condition keys are looked up all the same, in
policy_sentry's copy of AWS's service authorization reference.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

import parliament
from policy_sentry.querying.actions import get_action_data

from infrastructure.recording import Deployment

OF_IDENTITIES = ("aws:iam/rolePolicy:RolePolicy", "aws:iam/userPolicy:UserPolicy")
OF_RESOURCES = (
    *("aws:s3/bucketPolicy:BucketPolicy", "aws:sqs/queuePolicy:QueuePolicy", "aws:sns/topicPolicy:TopicPolicy"),
    *("aws:kms/key:Key", "aws:iam/role:Role"),
)
_CATALOG_ABOVE = "catalog and database are another statement's: IAM judges each resource by all of them"
EXPLAINED = {
    ("flows-submitter", "RESOURCE_STAR", "ecs:RegisterTaskDefinition"): (
        "a definition's family is no resource while it is registered: "
        "https://github.com/aws/containers-roadmap/issues/929; what it may do is bounded by the roles that may be passed"
    ),
    ("flow_policy", "RESOURCE_MISMATCH", "glue:BatchCreatePartition"): _CATALOG_ABOVE,
    ("flows-task", "RESOURCE_MISMATCH", "glue:BatchCreatePartition"): _CATALOG_ABOVE,
}
"""Findings of parliament that are none, by policy, issue and action, and why."""

GLOBAL_KEYS = ("aws:*",)
"""Condition keys that every request carries."""

# Characters, blanks not counted: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html.
_OF_ROLE, _OF_USER, _MANAGED, _TRUST = 10_240, 2_048, 6_144, 2_048


def check(deployment: Deployment) -> list[str]:
    """What is wrong with any policy, a line each."""
    return [text for name, kind, document in policies(deployment) for text in check_policy(name, kind, document)]


def policies(deployment: Deployment) -> Iterator[tuple[str, str, str]]:
    """Every policy: its name, the type of what has it, and its text."""
    for item in deployment.declared:
        for argument in ("policy", "assumeRolePolicy"):
            if item.type in (*OF_IDENTITIES, *OF_RESOURCES) and argument in item.inputs:
                yield item.name, item.type, item.inputs[argument]
    yield "flow_policy", "managed", deployment.outputs["flow_policy"]


def check_policy(name: str, kind: str, document: str) -> Iterator[str]:
    """What is wrong with one policy."""
    statements = json.loads(document)["Statement"]
    for statement in statements:
        yield from (f"policy {name}: {text}" for text in _check_statement(statement, identity=kind not in OF_RESOURCES))
    if kind not in OF_RESOURCES:
        for finding in parliament.analyze_policy_string(document).findings:
            if not _explained(name, finding):
                yield f"policy {name}: parliament {finding.issue}: {finding.detail}"
    limits = {"aws:iam/userPolicy:UserPolicy": _OF_USER, "aws:iam/role:Role": _TRUST, "managed": _MANAGED}
    size = len("".join(document.split()))
    if size > limits.get(kind, _OF_ROLE):
        yield f"policy {name}: {size} characters, of which IAM takes {limits.get(kind, _OF_ROLE)}"


def _explained(name: str, finding: Any) -> bool:  # noqa: ANN401 - parliament's
    details = finding.detail if isinstance(finding.detail, list) else [finding.detail]
    actions = [item["action"] if isinstance(item, dict) else item for item in details]
    return all((name, finding.issue, action) in EXPLAINED for action in actions)


def _check_statement(statement: dict[str, Any], *, identity: bool) -> Iterator[str]:
    keys = {key for test in statement.get("Condition", {}).values() for key in test}
    resources = _listed(statement.get("Resource", []))
    for action in _listed(statement["Action"]):
        if "*" in action:
            continue
        known = _known(action)
        if not known:
            yield f"there is no action {action}"
            continue
        if identity and "*" not in resources and {item["resource_arn_format"] for item in known} == {"*"}:
            yield f"{action} knows no resources, so that it is granted on * only; on {resources[0]} it grants nothing"
        supported = {part for item in known for part in item["condition_keys"]}
        for key in keys:
            if not any(fnmatchcase(key, pattern) for pattern in GLOBAL_KEYS) and not _supports(key, supported):
                yield f"{action} knows no condition on {key}"


def _supports(key: str, supported: set[str]) -> bool:
    return any(fnmatchcase(key, part.replace("${TagKey}", "*")) for part in supported)


@cache
def _known(action: str) -> list[dict[str, Any]]:
    service, _, name = action.partition(":")
    found = get_action_data(service, name)
    return list(found[service]) if found else []


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
