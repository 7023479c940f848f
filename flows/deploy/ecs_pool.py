"""The base job template of the work pool `bovespa-ecs`: Prefect's own for its type, with what the Pulumi stack made as defaults.

Every deployment then runs there without a word about ECS. Pure: JSON in, JSON out.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from flows.errors import SettingsError

CPU, MEMORY = 512, 1024
"""Half a virtual processor and a gigabyte: a run takes 0.46 GB at most, measured on the recorded sample."""

_OUTPUTS = (
    *("ecs_cluster", "ecs_task_family", "ecs_task_role", "ecs_execution_role", "ecs_log_group"),
    *("ecs_vpc", "ecs_subnets", "ecs_security_group", "ecr_repository", "prefect_secret"),
)


def filled(
    template: Mapping[str, Any], outputs: Mapping[str, Any], *, tag: str, region: str, credentials: str
) -> dict[str, Any]:
    """The template with the stack's resources as its defaults.

    Args:
        template: base job template of the type `ecs:push` or `ecs`.
        outputs: of the Pulumi stack, with `ecsOrchestration`.
        tag: of the image in the stack's repository.
        region: AWS region of the stack.
        credentials: id of Prefect's block with the submitting user's key.

    Raises:
        SettingsError: the stack has no ECS, or the template is of another type.
    """
    if missing := [name for name in _OUTPUTS if not outputs.get(name)]:
        raise SettingsError(f"the stack has no {', '.join(missing)}: set ecsOrchestration and run pulumi up")
    defaults = {
        "image": f"{outputs['ecr_repository']}:{tag}",
        "aws_credentials": {"$ref": {"block_document_id": credentials}},
        "cluster": outputs["ecs_cluster"],
        "family": outputs["ecs_task_family"],
        "cpu": CPU,
        "memory": MEMORY,
        "launch_type": "FARGATE",
        "task_role_arn": outputs["ecs_task_role"],
        "execution_role_arn": outputs["ecs_execution_role"],
        "vpc_id": outputs["ecs_vpc"],
        "network_configuration": _network(outputs),
        "prefect_api_key_secret_arn": outputs["prefect_secret"],
        "match_latest_revision_in_family": True,
        "configure_cloudwatch_logs": True,
        "cloudwatch_logs_options": _logging(str(outputs["ecs_log_group"]), region),
        "env": {
            "BOVESPA_ENVIRONMENT": outputs.get("environment", ""),
            "BOVESPA_BUCKET_SUFFIX": outputs.get("bucket_suffix", ""),
            "AWS_DEFAULT_REGION": region,
            # Without it `prefect flow-run execute`, the container's first process, hands SIGTERM on to nobody: the flow
            # would be killed with its lease. With it the run ends in order, and is scheduled again.
            "PREFECT_FLOW_RUN_EXECUTE_SIGTERM_BEHAVIOR": "reschedule",
        },
    }
    return _with_defaults(template, defaults)


def _network(outputs: Mapping[str, Any]) -> dict[str, Any]:
    # A public address is the way out to B3 and Prefect without a NAT gateway, which would cost more than all the rest.
    return {
        "subnets": list(outputs["ecs_subnets"]),
        "securityGroups": [outputs["ecs_security_group"]],
        "assignPublicIp": "ENABLED",
    }


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
