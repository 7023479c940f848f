"""Provisions the account with the same Pulumi program as AWS.

The program runs in this process under Pulumi's own test monitor; each resource that it declares is created with boto3, by
the function that the table below names for its type. A type that is not in the table, or an argument that the function
does not take, is an error: what would not be in AWS must not seem to be on the laptop.
"""

from __future__ import annotations

import asyncio
import logging
import runpy
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pulumi
from botocore.exceptions import BotoCoreError, ClientError
from pulumi.runtime.settings import SETTINGS
from pulumi.runtime.stack import Stack, run_pulumi_func

from infrastructure.account import CONNECT
from local.account import ACCOUNT_ID
from local.provision import compute as provision_compute
from local.provision import monitoring as provision_monitoring
from local.provision import orchestration as provision_orchestration
from local.provision import query as provision_query
from local.provision import storage as provision_storage
from local.provision.arguments import ProvisionError, ResourceArguments
from local.provision.clients import Clients, Made
from local.provision.questions import ANSWERS
from local.rights.keys import FLOW_ROLE

if TYPE_CHECKING:
    from pathlib import Path

    from local.account.access import AccountAccess
    from local.account.provisioned import Provisioned

PROJECT = "pipeline-bovespa"
STACK = "local"

log = logging.getLogger(__name__)


Create = Callable[[Clients, str, ResourceArguments], Made]

RESOURCES: dict[str, Create] = {
    "aws:s3/bucket:Bucket": provision_storage.bucket,
    "aws:s3/bucketVersioning:BucketVersioning": provision_storage.bucket_versioning,
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        provision_storage.bucket_encryption
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": provision_storage.bucket_lifecycle,
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": provision_storage.bucket_public_access,
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": provision_storage.bucket_ownership,
    "aws:s3/bucketPolicy:BucketPolicy": provision_storage.bucket_policy,
    "aws:s3/bucketNotification:BucketNotification": provision_storage.bucket_notification,
    "aws:s3/bucketObjectv2:BucketObjectv2": provision_storage.bucket_object,
    "aws:iam/role:Role": provision_compute.role,
    "aws:iam/rolePolicy:RolePolicy": provision_compute.role_policy,
    "aws:cloudwatch/logGroup:LogGroup": provision_compute.log_group,
    "aws:lambda/function:Function": provision_compute.function,
    "aws:lambda/permission:Permission": provision_compute.permission,
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": provision_compute.event_invoke_config,
    "aws:glue/job:Job": provision_compute.job,
    "aws:glue/catalogDatabase:CatalogDatabase": provision_query.database,
    "aws:glue/catalogTable:CatalogTable": provision_query.table,
    "aws:glue/partitionIndex:PartitionIndex": provision_query.partition_index,
    "aws:sqs/queue:Queue": provision_monitoring.queue,
    "aws:sqs/queuePolicy:QueuePolicy": provision_monitoring.queue_policy,
    "aws:kms/key:Key": provision_monitoring.key,
    "aws:sns/topic:Topic": provision_monitoring.topic,
    "aws:sns/topicPolicy:TopicPolicy": provision_monitoring.topic_policy,
    "aws:sns/topicSubscription:TopicSubscription": provision_monitoring.topic_subscription,
    "aws:cloudwatch/metricAlarm:MetricAlarm": provision_monitoring.metric_alarm,
    "aws:cloudwatch/dashboard:Dashboard": provision_monitoring.dashboard,
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": provision_monitoring.log_metric_filter,
    "aws:cloudwatch/eventRule:EventRule": provision_monitoring.event_rule,
    "aws:cloudwatch/eventTarget:EventTarget": provision_monitoring.event_target,
    "aws:scheduler/schedule:Schedule": provision_monitoring.schedule,
    "aws:budgets/budget:Budget": provision_monitoring.budget,
    "aws:ecs/cluster:Cluster": provision_orchestration.cluster,
    "aws:ecr/repository:Repository": provision_orchestration.repository,
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": provision_orchestration.lifecycle_policy,
    "aws:secretsmanager/secret:Secret": provision_orchestration.secret,
    "aws:ec2/securityGroup:SecurityGroup": provision_orchestration.security_group,
    "aws:iam/user:User": provision_orchestration.user,
    "aws:iam/userPolicy:UserPolicy": provision_orchestration.user_policy,
    "pulumi-python:dynamic/bovespa:VisualForm": provision_orchestration.visual_form,
    "aws:athena/workgroup:Workgroup": provision_query.workgroup,
    "aws:athena/namedQuery:NamedQuery": provision_query.named_query,
}


class _ProvisioningMocks(pulumi.runtime.Mocks):
    """Stands where Pulumi's engine and its AWS provider stand."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self.errors: list[ProvisionError] = []

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        """Create what the program declares; components are only names."""
        if not args.custom:
            return args.name, dict(args.inputs)
        try:
            identity, outputs = self._create(args)
        except ProvisionError as error:
            # Kept, because what the program then sees and says is Pulumi's wording of it.
            self.errors.append(error)
            raise
        return identity, {**args.inputs, **outputs}

    def _create(self, args: pulumi.runtime.MockResourceArgs) -> Made:
        create = RESOURCES.get(args.typ)
        if create is None:
            raise ProvisionError(f"{args.typ} {args.name!r}: the account on the laptop does not know this type")
        arguments = ResourceArguments(args.inputs)
        try:
            made = create(self._clients, args.name, arguments)
            arguments.finish()
        except (ProvisionError, ClientError, BotoCoreError) as error:
            raise ProvisionError(f"{args.typ} {args.name!r}: {error}") from error
        return made

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        """Answer the program's questions about the account."""
        try:
            return self._answer(args), []
        except ProvisionError as error:
            self.errors.append(error)
            raise

    def _answer(self, args: pulumi.runtime.MockCallArgs) -> dict[str, Any]:
        if args.token not in ANSWERS:
            raise ProvisionError(f"{args.token}: the account on the laptop cannot answer this")
        try:
            return ANSWERS[args.token](self._clients, args.args)
        except (ClientError, BotoCoreError) as error:
            raise ProvisionError(f"{args.token}: {error}") from error


def connect(access: AccountAccess, may_invoke: Callable[[str, str], bool], provisioned: Provisioned) -> Clients:
    """The clients of every service; each takes longer to make than most of what is done with it."""
    services = (
        *("s3", "iam", "lambda", "logs", "glue", "athena"),
        *("sqs", "sns", "kms", "cloudwatch", "events", "scheduler", "budgets"),
    )
    connected = provisioned.connected
    made = {"lambda_" if service == "lambda" else service: connected(service) for service in services}
    return Clients(access.region, ACCOUNT_ID, may_invoke, connected, provisioned=provisioned, **made)


def provision(program: Path, clients: Clients) -> dict[str, Any]:
    """Run the Pulumi program against the account.

    Returns:
        What the program exports.

    Raises:
        ProvisionError: it declares what cannot be created; the message names the resource.
        Exception: whatever else the program, which is anybody's Python, ends with.
    """
    monitor, outputs = _ProvisioningMocks(clients), dict[str, Any]()
    # What an earlier program in this process left; Pulumi's own test decorator begins so too.
    SETTINGS.outputs.clear()
    CONNECT.set(clients.further)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.set_default_executor(ThreadPoolExecutor(max_workers=8))
    # One refused resource fails everything that waits for it; the monitor has the cause, and the rest is its echo.
    loop.set_exception_handler(lambda _, context: log.debug("%s", context["message"]))
    try:
        pulumi.runtime.set_mocks(monitor, project=PROJECT, stack=STACK, preview=False, logger=log)
        loop.run_until_complete(run_pulumi_func(lambda: _run(program, outputs)))
    finally:
        asyncio.set_event_loop(None)
        loop.close()
        if monitor.errors:
            # Raised here, the first cause comes before whatever the program made of it.
            raise monitor.errors[0]
    return outputs


def grant_flow_role(clients: Clients, outputs: Mapping[str, Any]) -> None:
    """Make the role of the flows, where the program exports its policy; in AWS it is made where the flows run."""
    if "flow_policy" in outputs:
        made = {"AssumeRolePolicyDocument": '{"Statement": []}', "Description": "The flows on the laptop"}
        clients.provisioned.make("iam", "create_role", RoleName=FLOW_ROLE, **made)
        policy = {"RoleName": FLOW_ROLE, "PolicyName": "flow", "PolicyDocument": outputs["flow_policy"]}
        clients.provisioned.make("iam", "put_role_policy", **policy)


def _run(program: Path, outputs: dict[str, Any]) -> None:
    runpy.run_path(str(program), run_name="__main__")
    stack = pulumi.runtime.get_root_resource()
    assert isinstance(stack, Stack)
    pulumi.Output.all(**stack.outputs).apply(outputs.update)
