"""Who may start the flows' tasks, and what a task needs before the flow begins: policies as data."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from infrastructure.policies import PolicyStatement, allow, trusting

TASKS = "ecs-tasks.amazonaws.com"
TASK_FAMILY = "bovespa-flows"
"""The family of the work pool's task definitions, which Prefect registers."""


@dataclass(frozen=True, slots=True)
class TaskResources:
    """The ARNs of what the tasks are run by and with, and the family of their definitions."""

    cluster: str
    task_role: str
    execution_role: str
    family: str = TASK_FAMILY


def task_trust(cluster_arn: str) -> str:
    """The policy by which tasks of this account and region, and of no other, take a role."""
    partition, _, region, account = cluster_arn.split(":")[1:5]
    return trusting(
        TASKS,
        {
            "StringEquals": {"aws:SourceAccount": account},
            # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
            "ArnLike": {"aws:SourceArn": f"arn:{partition}:ecs:{region}:{account}:*"},
        },
    )


def execution_policy(repository_arn: str, log_group_arn: str, secret_arn: str) -> str:
    """Fargate itself: fetches the image, hands the one secret to the container, writes its log."""
    return allow(
        [
            # A token is for the whole registry: the action knows no resources.
            PolicyStatement(["ecr:GetAuthorizationToken"], ["*"]),
            PolicyStatement(
                ["ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"], [repository_arn]
            ),
            PolicyStatement(["logs:CreateLogStream", "logs:PutLogEvents"], [f"{log_group_arn}:*"]),
            PolicyStatement(["secretsmanager:GetSecretValue"], [secret_arn]),
        ]
    )


def submitter_policy(arns: TaskResources) -> str:
    """Prefect: registers task definitions, runs them in the one cluster with the two roles, watches and stops the tasks.

    What a definition may do is bounded by the roles that may be passed to it. The calls are those of prefect-aws' ECS worker;
    registering, and describing what is registered, know no resources (https://github.com/aws/containers-roadmap/issues/929).
    """
    ecs, _, cluster = arns.cluster.partition(":cluster/")
    in_cluster: dict[str, Any] = {"ArnEquals": {"ecs:cluster": arns.cluster}}
    tasks = [f"{ecs}:task/{cluster}/*"]
    return allow(
        [
            PolicyStatement(["ecs:RegisterTaskDefinition", "ecs:DescribeTaskDefinition"], ["*"]),
            PolicyStatement(["ecs:RunTask"], [f"{ecs}:task-definition/{arns.family}:*"], in_cluster),
            PolicyStatement(["ecs:TagResource"], tasks, {"StringEquals": {"ecs:CreateAction": "RunTask"}}),
            PolicyStatement(["ecs:DescribeTasks", "ecs:StopTask"], tasks, in_cluster),
            PolicyStatement(
                ["iam:PassRole"],
                [arns.task_role, arns.execution_role],
                {"StringEquals": {"iam:PassedToService": TASKS}},
            ),
            # Prefect looks whether the subnets are the VPC's; neither call knows resources.
            PolicyStatement(["ec2:DescribeVpcs", "ec2:DescribeSubnets"], ["*"]),
        ]
    )


def assuming(role_arn: str) -> str:
    """The user whose key Prefect has: takes the role, and can do nothing else."""
    return allow([PolicyStatement(["sts:AssumeRole"], [role_arn])])


def assumed_by(user_arn: str) -> str:
    """The policy by which one user takes a role."""
    statement = {"Effect": "Allow", "Principal": {"AWS": user_arn}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def recent_images(kept: int) -> str:
    """The repository's lifecycle: the last images are kept."""
    selection = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": kept}
    rule = {"rulePriority": 1, "description": f"The last {kept}", "selection": selection, "action": {"type": "expire"}}
    return json.dumps({"rules": [rule]})
