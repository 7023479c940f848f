"""Orchestration: what a Prefect work pool of the type ECS push needs to run the flows on Fargate.

No key is in here, nor in the stack's configuration, state or outputs. The secret is made empty, and the value, Prefect's API
key, put into it by hand; so is the access key made by hand that Prefect Cloud has of the submitting user, who can only take
the submitting role.
"""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from infrastructure.orchestration_policies import (
    TASK_FAMILY,
    TaskResources,
    assumed_by,
    assuming,
    execution_policy,
    recent_images,
    submitter_policy,
    task_trust,
)
from infrastructure.settings import StackSettings

LOG_GROUP = "/bovespa/flows"
SECRET = "bovespa/prefect-api-key"  # noqa: S105 - its name
SUBMITTER = "bovespa-prefect-submitter"

_KEPT_IMAGES = 10
_RECOVERY_DAYS = 7  # the least


class Orchestration(pulumi.ComponentResource):
    """The cluster, the image's repository, the secret, the network and the three roles."""

    def __init__(
        self,
        name: str,
        settings: StackSettings,
        flow_policy: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("bovespa:orchestration:Orchestration", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        self._tags, self._named = settings.tags, settings.named
        self.cluster = self._cluster()
        self.repository = self._repository()
        self.log_group = self._log(settings)
        self.secret = self._secret()
        trust = self.cluster.arn.apply(task_trust)
        self.task_role = self._role("flows-task", trust, flow_policy)
        needs = pulumi.Output.all(self.repository.arn, self.log_group.arn, self.secret.arn)
        self.execution_role = self._role("flows-execution", trust, needs.apply(lambda found: execution_policy(*found)))
        self.submitter_role = self._submitter()
        self.vpc_id, self.subnet_ids = _network(settings)
        self.security_group = self._security_group()
        self.register_outputs({"cluster": self.cluster.name})

    def outputs(self) -> dict[str, pulumi.Output[object]]:
        """What the work pool's configuration is made of, by the names of the stack's outputs."""
        return {
            "ecs_cluster": self.cluster.arn,
            "ecs_task_family": pulumi.Output.from_input(self._named(TASK_FAMILY)),
            "ecs_task_role": self.task_role.arn,
            "ecs_execution_role": self.execution_role.arn,
            "ecs_submitter_role": self.submitter_role.arn,
            "ecs_log_group": self.log_group.name,
            "ecs_vpc": self.vpc_id,
            "ecs_subnets": self.subnet_ids,
            "ecs_security_group": self.security_group.id,
            "ecr_repository": self.repository.repository_url,
            "prefect_secret": self.secret.arn,
        }

    def _cluster(self) -> aws.ecs.Cluster:
        # No capacity providers: a task of the launch type Fargate needs none, and in an account's first cluster they
        # would race the role that ECS makes for itself.
        return aws.ecs.Cluster(
            "flows",
            name=self._named("bovespa"),
            # Each task's metrics would cost more than its run.
            settings=[aws.ecs.ClusterSettingArgs(name="containerInsights", value="disabled")],
            tags=self._tags,
            opts=self._child,
        )

    def _repository(self) -> aws.ecr.Repository:
        repository = aws.ecr.Repository(
            "flows",
            name=self._named("bovespa-flows"),
            # A tag is one image for ever, so that a deployment can be gone back to.
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration=aws.ecr.RepositoryImageScanningConfigurationArgs(scan_on_push=True),
            # Images can be built again; with them in it, a repository cannot be destroyed.
            force_delete=True,
            tags=self._tags,
            opts=self._child,
        )
        aws.ecr.LifecyclePolicy(
            "flows", repository=repository.name, policy=recent_images(_KEPT_IMAGES), opts=self._child
        )
        return repository

    def _log(self, settings: StackSettings) -> aws.cloudwatch.LogGroup:
        return aws.cloudwatch.LogGroup(
            "flows",
            name=self._named(LOG_GROUP),
            retention_in_days=settings.log_retention_days,
            tags=self._tags,
            opts=self._child,
        )

    def _secret(self) -> aws.secretsmanager.Secret:
        return aws.secretsmanager.Secret(
            "prefect-api-key",
            name=self._named(SECRET),
            description="Prefect's API key, by which the flows' tasks report; the value is put by hand",
            recovery_window_in_days=_RECOVERY_DAYS,
            tags=self._tags,
            opts=self._child,
        )

    def _role(self, name: str, trust: pulumi.Input[str], policy: pulumi.Input[str]) -> aws.iam.Role:
        role = aws.iam.Role(name, assume_role_policy=trust, tags=self._tags, opts=self._child)
        aws.iam.RolePolicy(name, role=role.id, policy=policy, opts=self._child)
        return role

    def _submitter(self) -> aws.iam.Role:
        user = aws.iam.User(
            "flows-submitter",
            name=self._named(SUBMITTER),
            # Its access keys are made by hand; with one left, a user cannot be destroyed.
            force_destroy=True,
            tags=self._tags,
            opts=self._child,
        )
        arns = pulumi.Output.all(
            cluster=self.cluster.arn,
            task_role=self.task_role.arn,
            execution_role=self.execution_role.arn,
            family=self._named(TASK_FAMILY),
        )
        policy = arns.apply(lambda found: submitter_policy(TaskResources(**found)))
        role = self._role("flows-submitter", user.arn.apply(assumed_by), policy)
        aws.iam.UserPolicy("flows-submitter", user=user.name, policy=role.arn.apply(assuming), opts=self._child)
        return role

    def _security_group(self) -> aws.ec2.SecurityGroup:
        return aws.ec2.SecurityGroup(
            "flows",
            name=self._named("bovespa-flows"),
            description="Tasks of the flows: HTTPS to B3, AWS and Prefect, and nobody in",
            vpc_id=self.vpc_id,
            ingress=[],
            egress=[
                aws.ec2.SecurityGroupEgressArgs(protocol="tcp", from_port=443, to_port=443, cidr_blocks=["0.0.0.0/0"])
            ],
            tags=self._tags,
            opts=self._child,
        )


def _network(settings: StackSettings) -> tuple[pulumi.Output[str], pulumi.Output[list[str]]]:
    vpc = pulumi.Output.from_input(settings.vpc_id) if settings.vpc_id else aws.ec2.get_vpc_output(default=True).id
    if settings.subnet_ids:
        return vpc, pulumi.Output.from_input(list(settings.subnet_ids))
    of_vpc = aws.ec2.GetSubnetsFilterArgs(name="vpc-id", values=[vpc])
    return vpc, aws.ec2.get_subnets_output(filters=[of_vpc]).ids
