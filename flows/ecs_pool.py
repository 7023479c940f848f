"""The base job template of the work pool `bovespa-ecs`: Prefect's own for its type, with what the Pulumi stack made as defaults.

Every deployment then runs there without a word about ECS. Pure: JSON in, JSON out.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from flows.errors import SettingsError

FAMILY = "bovespa-flows"
CPU, MEMORY = 512, 2048
"""Half a virtual processor and two gigabytes, the least that leaves Great Expectations and pandas room."""

_OUTPUTS = ("ecs_cluster", "ecs_task_role", "ecs_execution_role", "ecr_repository", "prefect_secret", "ecs_log_group")


def filled(template: Mapping[str, Any], outputs: Mapping[str, Any], *, tag: str, region: str) -> dict[str, Any]:
    """The template with the stack's resources as its defaults.

    Args:
        template: base job template of the type `ecs:push` or `ecs`.
        outputs: of the Pulumi stack, with `ecsOrchestration`.
        tag: of the image in the stack's repository.
        region: AWS region of the stack.

    Raises:
        SettingsError: the stack has no ECS, or the template is of another type.
    """
    if missing := [name for name in _OUTPUTS if not outputs.get(name)]:
        raise SettingsError(f"the stack has no {', '.join(missing)}: set ecsOrchestration and run pulumi up")
    defaults = {
        "image": f"{outputs['ecr_repository']}:{tag}",
        "cluster": outputs["ecs_cluster"],
        "family": FAMILY,
        "cpu": CPU,
        "memory": MEMORY,
        "launch_type": "FARGATE",
        "task_role_arn": outputs["ecs_task_role"],
        "execution_role_arn": outputs["ecs_execution_role"],
        "prefect_api_key_secret_arn": outputs["prefect_secret"],
        "match_latest_revision_in_family": True,
        "configure_cloudwatch_logs": True,
        "cloudwatch_logs_options": _logging(str(outputs["ecs_log_group"]), region),
        "env": {"BOVESPA_BUCKET_SUFFIX": outputs.get("bucket_suffix", ""), "AWS_DEFAULT_REGION": region},
    }
    return _with_defaults(template, defaults)


def _logging(group: str, region: str) -> dict[str, str]:
    # The group is the stack's, so that it has its retention: nothing may make another.
    return {"awslogs-group": group, "awslogs-region": region, "awslogs-create-group": "false"}


def _with_defaults(template: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = copy.deepcopy(dict(template))
    properties = body.get("variables", {}).get("properties", {})
    if unknown := sorted(set(defaults) - set(properties)):
        raise SettingsError(f"no template of an ECS work pool: it has no variables {', '.join(unknown)}")
    for name, default in defaults.items():
        properties[name]["default"] = default
    return body
